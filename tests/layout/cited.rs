//! Tests cited in the docs exist. A name in backticks of at least four words counts as the name of a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The texts of all files below a folder with one of these extensions.
fn texts(folder: &Path, ends: &[&str]) -> Vec<String> {
    let paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    let is_read = |path: &PathBuf| path.extension().is_some_and(|end| ends.iter().any(|one| end == *one));
    let read = files.iter().filter(|path| is_read(path)).map(|path| std::fs::read_to_string(path).unwrap());
    read.chain(folders.iter().flat_map(|folder| texts(folder, ends))).collect()
}

#[test]
fn every_test_cited_in_the_docs_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = ["src", "tests"].map(|folder| texts(&root.join(folder), &["rs", "py"])).concat().join("\n");
    let name = |text: &str| text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let functions: BTreeSet<String> =
        ["fn ", "def "].iter().flat_map(|word| code.split(word).skip(1).map(name).collect::<Vec<_>>()).collect();
    let documents = texts(&root.join("docs"), &["md"]).join("\n");
    let cited = documents.split('`').map(|text| text.rsplit("::").next().unwrap_or_default());
    let is_word = |letter: char| letter == '_' || letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_test = |text: &&str| !text.starts_with('_') && text.matches('_').count() >= 3 && text.chars().all(is_word);
    let cited: Vec<&str> = cited.filter(is_test).collect();
    assert!(cited.len() > 300, "{} names are found", cited.len());
    let missing: Vec<_> = cited.into_iter().filter(|name| !functions.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
