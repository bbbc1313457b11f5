//! What the docs cite exists: tests, and the files and functions that a request is followed through. A name in backticks of at least
//! four words counts as the name of a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files;

/// The texts of all files below a folder with one of these extensions.
fn texts(folder: &Path, ends: &[&str]) -> Vec<String> {
    let is_read = |path: &PathBuf| path.extension().is_some_and(|end| ends.iter().any(|one| end == *one));
    files(folder).into_iter().filter(is_read).map(|path| std::fs::read_to_string(path).unwrap()).collect()
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

/// `folder/file.rs:function`, `Type::function`, `file.rs` and `file.sql`, in backticks.
#[test]
fn every_file_and_function_that_architecture_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    let files = files(&root.join("src")).into_iter().chain(files(&root.join("tests"))).collect::<Vec<_>>();
    let of = |name: &str| {
        let end = format!("/{}", name.strip_prefix("src/").or(name.strip_prefix("tests/")).unwrap_or(name));
        files.iter().filter(move |path| path.to_string_lossy().ends_with(&end))
    };
    let defines = |path: &PathBuf, name: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        ["fn ", "struct ", "enum ", "static ", "const "].iter().any(|word| {
            text.match_indices(&format!("{word}{name}")).any(|(at, found)| {
                !text[at + found.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
            })
        })
    };
    let is_code = |text: &&str| !text.contains([' ', '*', '{', '$', '…']);
    let (mut checked, mut missing) = (0, Vec::new());
    for cited in document.split('`').skip(1).step_by(2).filter(is_code) {
        let is_file = |name: &str| Path::new(name).extension().is_some_and(|end| end == "rs" || end == "sql");
        let exists = match cited.split_once(':').filter(|(file, _)| is_file(file)) {
            Some((file, function)) => {
                let function = function.rsplit("::").next().unwrap_or_default();
                of(file).any(|path| defines(path, function))
            }
            None if is_file(cited) => of(cited).next().is_some(),
            None if cited.contains("::") => {
                let function = cited.rsplit("::").next().unwrap_or_default();
                files
                    .iter()
                    .filter(|path| path.extension().is_some_and(|end| end == "rs"))
                    .any(|path| defines(path, function))
            }
            None => continue,
        };
        checked += 1;
        if !exists {
            missing.push(cited);
        }
    }
    assert_eq!(missing, Vec::<&str>::new());
    assert!(checked > 60, "only {checked} names are found");
}
