//! No wildcard arm in a `match` on one of our enums: the compiler then reports every match that a new variant needs.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Expr, ExprMatch, ItemEnum, Pat, PatIdent, Path};

use super::sources;

/// The names of our enums, and of their variants, which a file may import.
#[derive(Default)]
struct Enums {
    names: BTreeSet<String>,
    variants: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Enums {
    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.names.insert(item.ident.to_string());
        let variants = item.variants.iter().map(|variant| variant.ident.to_string());
        // Without a path, that is the one of Option.
        self.variants.extend(variants.filter(|variant| variant != "None"));
    }
}

/// Whether a pattern names a variant of our enums.
struct Named<'a> {
    enums: &'a Enums,
    found: bool,
}

impl<'ast> Visit<'ast> for Named<'_> {
    // A guard is not part of a pattern.
    fn visit_expr(&mut self, _: &'ast Expr) {}

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.found |= match names.as_slice() {
            [variant] => self.enums.variants.contains(variant),
            [.., of, _] => of == "Self" || self.enums.names.contains(of),
            [] => false,
        };
    }

    fn visit_pat_ident(&mut self, name: &'ast PatIdent) {
        self.found |= self.enums.variants.contains(&name.ident.to_string());
        syn::visit::visit_pat_ident(self, name);
    }
}

struct Matches<'a> {
    enums: &'a Enums,
    wildcards: usize,
}

/// Whether a pattern takes anything: `_`, a name, or a tuple of those.
fn takes_anything(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) => true,
        Pat::Ident(name) => name.subpat.is_none() && name.ident.to_string().starts_with(char::is_lowercase),
        Pat::Tuple(tuple) => tuple.elems.iter().all(takes_anything),
        _ => false,
    }
}

impl Matches<'_> {
    /// The number of patterns that take any value, beside others that name one of our variants; also within `Some`, `Ok` and `Err`.
    fn count(&self, patterns: &[&Pat]) -> usize {
        let names = |pattern: &&Pat| {
            let mut named = Named { enums: self.enums, found: false };
            named.visit_pat(pattern);
            named.found
        };
        let here = patterns.iter().filter(|pattern| takes_anything(pattern)).count();
        let here = if patterns.iter().any(names) { here } else { 0 };
        let within = ["Some", "Ok", "Err"].map(|wrapper| {
            let inner: Vec<_> = patterns.iter().filter_map(|pattern| inner(pattern, wrapper)).collect();
            if inner.is_empty() { 0 } else { self.count(&inner) }
        });
        here + within.iter().sum::<usize>()
    }
}

/// The pattern within a wrapper such as `Some`.
fn inner<'a>(pattern: &'a Pat, wrapper: &str) -> Option<&'a Pat> {
    match pattern {
        Pat::TupleStruct(found) if found.path.is_ident(wrapper) => found.elems.first(),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Matches<'_> {
    fn visit_expr_match(&mut self, item: &'ast ExprMatch) {
        let arms: Vec<_> = item.arms.iter().map(|arm| &arm.pat).collect();
        self.wildcards += self.count(&arms);
        syn::visit::visit_expr_match(self, item);
    }
}

/// The number of wildcard arms per file.
fn wildcards(sources: &[(String, String)]) -> BTreeMap<String, usize> {
    let files: Vec<_> = sources.iter().map(|(file, text)| (file, syn::parse_file(text).expect("Rust"))).collect();
    let mut enums = Enums::default();
    for (_, text) in &files {
        enums.visit_file(text);
    }
    let of = |text: &syn::File| {
        let mut text = text.clone();
        let for_tests = |item: &syn::Item| matches!(item, syn::Item::Mod(module) if module.ident == "tests");
        text.items.retain(|item| !for_tests(item));
        let mut matches = Matches { enums: &enums, wildcards: 0 };
        matches.visit_file(&text);
        matches.wildcards
    };
    files.iter().map(|(file, text)| ((*file).clone(), of(text))).filter(|(_, wildcards)| *wildcards > 0).collect()
}

#[test]
fn no_match_on_our_enums_has_a_wildcard_arm() {
    assert_eq!(wildcards(&sources()), BTreeMap::new());
}

#[test]
fn wildcard_arms_are_detected() {
    let count = |arms: &str| {
        let text = format!("enum Ours {{ A, B }} fn f() {{ match x {{ {arms} }} }}");
        wildcards(&[("a.rs".to_owned(), text)]).into_values().sum::<usize>()
    };
    for seen in [
        "Ours::A => 1, _ => 2",
        "Ours::A => 1, other => 2",
        "(Ours::A, 1) => 1, (_, _) => 2",
        "Some(Ours::A) => 1, _ => 2",
        "Some(Ours::A) => 1, Some(_) => 2, None => 3",
        "Ok(1) => 1, Err(Ours::A) => 1, Err(other) => 2",
        "A => 1, _ => 2",
    ] {
        assert_eq!(count(seen), 1, "{seen}");
    }
    for right in [
        "Ours::A => 1, Ours::B => 2",
        "Some(1) => 1, _ => 2",
        "\"a\" => 1, _ => 2",
        "Theirs::A => 1, _ => 2",
        "Ok(_) => 1, Err(Ours::A | Ours::B) => 2",
    ] {
        assert_eq!(count(right), 0, "{right}");
    }
}
