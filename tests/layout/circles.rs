//! No circular imports among source files. An edge is a path in a `use` or in code; a `mod` line is not an edge.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;

use super::sources;

/// Files that are still part of a cycle.
const LEFT: [&str; 0] = [];

/// The module path of a file: `face/postern.rs` is `face::postern`.
fn modules(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The tokens of a Rust file, without code that is compiled for tests only.
fn words(text: &str) -> Vec<String> {
    let mut file = syn::parse_file(text).expect("Rust");
    let for_tests = |item: &syn::Item| {
        let syn::Item::Mod(module) = item else { return false };
        module.attrs.iter().any(|attribute| attribute.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]")
    };
    file.attrs.clear();
    file.items.retain(|item| !for_tests(item));
    let mut text = file.to_token_stream().to_string();
    // Tokens within a macro may have no spaces between them.
    for sign in ["::", "{", "}", "(", ")", "[", "]", "<", ">", ",", ";", "&", "!"] {
        text = text.replace(sign, &format!(" {sign} "));
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// Reads a path, or a tree of paths, after its first word; adds each to `paths`.
fn tree(words: &[String], at: &mut usize, path: &[String], paths: &mut Vec<Vec<String>>) {
    let mut path = path.to_vec();
    while words.get(*at).is_some_and(|word| word == "::") {
        *at += 1;
        let word = words.get(*at).map_or("", String::as_str);
        if word == "{" {
            *at += 1;
            while let Some(word) = words.get(*at).filter(|word| *word != "}") {
                *at += 1;
                if word != "," {
                    let step: Vec<_> = path.iter().chain([word]).cloned().collect();
                    tree(words, at, &step, paths);
                }
            }
            *at += 1;
            return;
        }
        if !word.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_') {
            break;
        }
        path.push(word.to_owned());
        *at += 1;
    }
    paths.push(path);
}

/// The files that a file's paths refer to.
fn edges(file: &str, text: &str, files: &BTreeSet<&str>) -> BTreeSet<String> {
    let (own, words) = (modules(file), words(text));
    let is_file = |modules: &[String]| files.get(format!("{}.rs", modules.join("/")).as_str()).copied();
    let is_child = |word: &str| is_file(&[own.as_slice(), &[word.to_owned()]].concat()).is_some();
    let mut paths = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let begins = ["crate", "super", "self"].contains(&word.as_str()) || is_child(word);
        if begins && (index == 0 || words[index - 1] != "::") {
            tree(&words, &mut (index + 1), std::slice::from_ref(word), &mut paths);
        }
    }
    let leads = |path: &Vec<String>| {
        let mut modules = if path[0] == "crate" { Vec::new() } else { own.clone() };
        for word in path.iter().filter(|word| *word != "crate" && *word != "self") {
            if word == "super" {
                modules.pop();
            } else {
                modules.push(word.clone());
            }
        }
        (1..=modules.len()).rev().find_map(|length| is_file(&modules[..length])).map(str::to_owned)
    };
    // A path of one word refers to no file.
    let paths = paths.iter().filter(|path| path.len() > 1);
    paths.filter_map(leads).filter(|leads_to| leads_to != file).collect()
}

/// The files on a cycle.
fn circular(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<&str> {
    let leads_back = |file: &&String| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![*file]);
        while let Some(from) = next.pop() {
            let fresh = graph.get(from).into_iter().flatten().filter(|to| reached.insert(to.as_str()));
            next.extend(fresh.collect::<Vec<_>>());
        }
        reached.contains(file.as_str())
    };
    graph.keys().filter(leads_back).map(String::as_str).collect()
}

fn graph(sources: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let files: BTreeSet<_> = sources.iter().map(|(file, _)| file.as_str()).collect();
    sources.iter().map(|(file, text)| (file.clone(), edges(file, text, &files))).collect()
}

#[test]
fn source_files_have_no_circular_imports() {
    let graph = graph(&sources());
    let lines: Vec<_> = circular(&graph).into_iter().map(|file| format!("{file} -> {:?}", graph[file])).collect();
    assert_eq!(circular(&graph), LEFT, "{}", lines.join("\n"));
    assert!(graph["route.rs"].contains("face/postern.rs"), "no edge is found");
}

#[test]
fn import_graph_includes_paths_in_use_and_in_code() {
    let source = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let house = |inner: &str| {
        graph(&[
            source("lib.rs", "mod a; mod b;"),
            source("a.rs", "mod inner; use crate::{b::B, c::{D, e}}; /* crate::d::X */ fn f() { inner::g(); }"),
            source("a/inner.rs", inner),
            source("b.rs", "#[cfg(test)] mod tests { use crate::a::f; }"),
            source("c.rs", ""),
            source("c/e.rs", ""),
        ])
    };
    let graph = house("fn g() {}");
    assert_eq!(graph["a.rs"], ["a/inner.rs", "b.rs", "c.rs", "c/e.rs"].map(str::to_owned).into());
    assert_eq!(circular(&graph), [""; 0]);
    for back in
        ["use super::f;", "fn g() { super::f() }", "fn g() { assert!(crate::a::f()) }", "use super::{inner, f};"]
    {
        assert_eq!(circular(&house(back)), ["a.rs", "a/inner.rs"], "{back}");
    }
}
