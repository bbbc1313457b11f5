//! No wildcard arm in a `match` on one of our enums: the compiler then reports every match that a new variant needs.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Expr, ExprMatch, ItemEnum, Pat, Path};

use super::sources;

#[derive(Default)]
struct Enums(BTreeSet<String>);

impl<'ast> Visit<'ast> for Enums {
    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.0.insert(item.ident.to_string());
    }
}

/// The enums whose variants a pattern names.
struct Named<'a> {
    enums: &'a BTreeSet<String>,
    found: bool,
}

impl<'ast> Visit<'ast> for Named<'_> {
    // A guard is not part of a pattern.
    fn visit_expr(&mut self, _: &'ast Expr) {}

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let of = names.len().checked_sub(2).and_then(|at| names.get(at));
        self.found |= of.is_some_and(|of| of == "Self" || self.enums.contains(of));
    }
}

struct Matches<'a> {
    enums: &'a BTreeSet<String>,
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

impl<'ast> Visit<'ast> for Matches<'_> {
    fn visit_expr_match(&mut self, item: &'ast ExprMatch) {
        let names = |pattern: &Pat| {
            let mut named = Named { enums: self.enums, found: false };
            named.visit_pat(pattern);
            named.found
        };
        if item.arms.iter().any(|arm| names(&arm.pat)) {
            self.wildcards += item.arms.iter().filter(|arm| takes_anything(&arm.pat)).count();
        }
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
        let mut matches = Matches { enums: &enums.0, wildcards: 0 };
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
    ] {
        assert_eq!(count(seen), 1, "{seen}");
    }
    for right in ["Ours::A => 1, Ours::B => 2", "Some(1) => 1, _ => 2", "\"a\" => 1, _ => 2", "Theirs::A => 1, _ => 2"]
    {
        assert_eq!(count(right), 0, "{right}");
    }
}
