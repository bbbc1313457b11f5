//! Types that hold a secret, directly or in a member, cannot be compared or used as a key of a map.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::marker::PhantomData;

use postern::caller::Caller;
use postern::credential::secret::{Keyring, Keys, Proof, Sealed, Token};
use postern::credential::validate::{Change, NewSecret};
use postern::settings::Settings;
use postern::store::after::{After, Rekey};
use postern::store::command::{Command, Idempotency, NewRow};
use syn::visit::Visit;
use syn::{Attribute, Fields, ItemEnum, ItemStruct};

use crate::source;

/// Does not compile where a type has one of these traits: what has it has the constant twice over, and its own comes first.
macro_rules! cannot {
    ($($type:ty),* : $($trait:path),*) => {
        cannot!(@each [$($type),*] [$($trait),*]);
    };
    (@each [$($type:ty),*] $traits:tt) => {
        $(cannot!(@one $type, $traits);)*
    };
    (@one $type:ty, [$($trait:path),*]) => {
        $(const _: () = {
            struct Asked<T>(PhantomData<T>);
            trait Lacks {
                const LACKS: bool = true;
            }
            impl<T> Lacks for Asked<T> {}
            #[allow(dead_code, reason = "of a type that lacks the trait nothing asks for it")]
            impl<T: $trait> Asked<T> {
                const LACKS: bool = false;
            }
            assert!(<Asked<$type>>::LACKS, "what holds a secret cannot be compared (secrets_compared/types.rs)");
        };)*
    };
}

// Eq, PartialOrd and Ord come only with PartialEq.
cannot!(
    Token, Proof, Sealed, Keys, Keyring, Settings, NewSecret, Caller, Change, NewRow, Idempotency, Command, After, Rekey:
    PartialEq, PartialEq<str>, Hash
);

/// The types of values, of this crate and of others, that are or hold a secret, a digest of one or a key.
const ROOTS: [&str; 4] = ["Zeroizing", "Hmac", "Aes256Gcm", "Sealed"];

/// The members that do so as plain texts.
const MEMBERS: [&str; 4] = ["digest", "sealed", "caller_sealed", "access_token"];

/// A type of ours: the names of the types of its members, those that have a telling name, and what it derives.
#[derive(Default)]
struct Shape {
    of: BTreeSet<String>,
    tells: bool,
    derives: BTreeSet<String>,
}

#[derive(Default)]
struct Types {
    /// The file that is read.
    file: String,
    /// By file and name: two files may each have one of that name.
    all: BTreeMap<(String, String), Shape>,
}

impl Shape {
    fn holds(&self, holders: &BTreeSet<String>) -> bool {
        self.tells || !self.of.is_disjoint(holders)
    }
}

struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.0.insert(ident.to_string());
    }
}

impl Types {
    fn add(&mut self, name: &syn::Ident, attributes: &[Attribute], fields: &[&Fields]) {
        let shape = self.all.entry((self.file.clone(), name.to_string())).or_default();
        for field in fields.iter().flat_map(|fields| fields.iter()) {
            let mut names = Names(BTreeSet::new());
            names.visit_type(&field.ty);
            shape.tells |= field.ident.as_ref().is_some_and(|name| MEMBERS.contains(&name.to_string().as_str()));
            shape.of.append(&mut names.0);
        }
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            let mut names = Names(BTreeSet::new());
            let paths = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
            attribute.parse_args_with(paths).expect("names").iter().for_each(|path| names.visit_path(path));
            shape.derives.append(&mut names.0);
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.add(&item.ident, &item.attrs, &[&item.fields]);
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        let fields: Vec<_> = item.variants.iter().map(|variant| &variant.fields).collect();
        self.add(&item.ident, &item.attrs, &fields);
        syn::visit::visit_item_enum(self, item);
    }
}

/// The names of the types that hold a secret, whatever is between.
fn holders(types: &Types) -> BTreeSet<String> {
    let mut holders: BTreeSet<String> = ROOTS.map(str::to_owned).into();
    loop {
        let before = holders.len();
        let more = types.all.iter().filter(|(_, shape)| shape.holds(&holders));
        let more: Vec<_> = more.map(|((_, name), _)| name.clone()).collect();
        holders.extend(more);
        if holders.len() == before {
            return holders;
        }
    }
}

#[test]
fn types_that_hold_a_secret_derive_no_comparison() {
    let mut types = Types::default();
    for (file, text) in source::files("rs") {
        types.file = file;
        types.visit_file(&source::read(&text));
    }
    let holders = holders(&types);
    for known in ["Token", "Keys", "Settings", "Caller", "Command", "After", "ParsedRequest", "Revealed", "Judged"] {
        assert!(holders.contains(known), "{known} is seen to hold one: {holders:?}");
    }
    let comparable: Vec<_> = types
        .all
        .iter()
        .filter(|((_, name), shape)| {
            (shape.holds(&holders) || ROOTS.contains(&name.as_str()))
                && ["PartialEq", "Hash"].iter().any(|derived| shape.derives.contains(*derived))
        })
        .map(|(name, _)| name)
        .collect();
    assert!(comparable.is_empty(), "these hold a secret, and derive a comparison: {comparable:?}");
}
