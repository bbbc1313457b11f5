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

/// Does not compile for a type with one of these traits: such a type has the constant twice, and its own comes first.
macro_rules! cannot {
    ($($type:ty),* : $($trait:path),*) => {
        cannot!(@each [$($type),*] [$($trait),*]);
    };
    (@each [$($type:ty),*] $traits:tt) => {
        $(cannot!(@one $type, $traits);)*
    };
    (@one $type:ty, [$($trait:path),*]) => {
        $(const _: () = {
            struct Probe<T>(PhantomData<T>);
            trait Lacks {
                const LACKS: bool = true;
            }
            impl<T> Lacks for Probe<T> {}
            #[allow(dead_code, reason = "unused for a type that lacks the trait")]
            impl<T: $trait> Probe<T> {
                const LACKS: bool = false;
            }
            assert!(<Probe<$type>>::LACKS, "a type with a secret cannot be compared (secrets_compared/types.rs)");
        };)*
    };
}

// Eq, PartialOrd and Ord come only with PartialEq.
cannot!(
    Token, Proof, Sealed, Keys, Keyring, Settings, NewSecret, Caller, Change, NewRow, Idempotency, Command, After, Rekey:
    PartialEq, PartialEq<str>, Hash
);

/// Types, of this crate and of others, that are or contain a secret, a digest of one or a key.
const ROOTS: [&str; 4] = ["Zeroizing", "Hmac", "Aes256Gcm", "Sealed"];

/// Members that are a digest or a secret in a plain text type.
const MEMBERS: [&str; 4] = ["digest", "sealed", "caller_sealed", "access_token"];

/// A type of Postern: the names of its members' types, its members with a name of `MEMBERS`, and its derives.
#[derive(Default)]
struct Shape {
    of: BTreeSet<String>,
    has_secret: bool,
    derives: BTreeSet<String>,
}

#[derive(Default)]
struct Types {
    /// The file being read.
    file: String,
    /// By file and name, since two files may each have a type of that name.
    all: BTreeMap<(String, String), Shape>,
}

impl Shape {
    fn contains_any(&self, holders: &BTreeSet<String>) -> bool {
        self.has_secret || !self.of.is_disjoint(holders)
    }
}

struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.0.insert(ident.to_string());
    }

    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        // A handler holds functions, which have such values as parameters and results only.
        if segment.ident != "Handler" {
            syn::visit::visit_path_segment(self, segment);
        }
    }
}

impl Types {
    fn add(&mut self, name: &syn::Ident, attributes: &[Attribute], fields: &[&Fields]) {
        let shape = self.all.entry((self.file.clone(), name.to_string())).or_default();
        for field in fields.iter().flat_map(|fields| fields.iter()) {
            let mut names = Names(BTreeSet::new());
            names.visit_type(&field.ty);
            shape.has_secret |= field.ident.as_ref().is_some_and(|name| MEMBERS.contains(&name.to_string().as_str()));
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

/// The names of the types that contain a secret, directly or through other types.
fn holders(types: &Types) -> BTreeSet<String> {
    let mut holders: BTreeSet<String> = ROOTS.map(str::to_owned).into();
    loop {
        let before = holders.len();
        let more = types.all.iter().filter(|(_, shape)| shape.contains_any(&holders));
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
        assert!(holders.contains(known), "{known} is not detected: {holders:?}");
    }
    let comparable: Vec<_> = types
        .all
        .iter()
        .filter(|((_, name), shape)| {
            (shape.contains_any(&holders) || ROOTS.contains(&name.as_str()))
                && ["PartialEq", "Hash"].iter().any(|derived| shape.derives.contains(*derived))
        })
        .map(|(name, _)| name)
        .collect();
    assert!(comparable.is_empty(), "types with a secret that derive a comparison: {comparable:?}");
}
