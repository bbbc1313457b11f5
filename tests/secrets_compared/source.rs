//! The source as the compiler parses it, without its tests.

use std::path::Path;

use quote::ToTokens;
use syn::{Attribute, File, Item};

/// Every file below `src/` with this extension, by its path there, without files of unit tests.
pub fn files(ending: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) && !path.ends_with("tests.rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 20, "too few files");
    files
}

/// A Rust file without the modules that are compiled for tests only.
pub fn read(text: &str) -> File {
    let mut file = syn::parse_file(text).expect("Rust");
    file.items.retain(|item| !matches!(item, Item::Mod(module) if is_for_tests(&module.attrs)));
    file
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| text(attribute) == "#[cfg(test)]")
}

/// The text of a part of the source, with spaces only where two words would otherwise join.
pub fn text(piece: &impl ToTokens) -> String {
    let spaced = piece.to_token_stream().to_string();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut text = String::new();
    for word in words {
        let apart = |letter: char| letter.is_alphanumeric() || letter == '_';
        if text.ends_with(apart) && word.starts_with(apart) {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}
