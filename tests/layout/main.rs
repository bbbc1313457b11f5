//! Rules for the source tree: which module may use which.

mod circles;
mod cited;
mod links;
mod order;
mod wildcards;

use std::path::{Path, PathBuf};

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

/// Every Rust file under `src/`, by its path there.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rust = files(&root).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        (name, std::fs::read_to_string(&path).unwrap())
    })
    .collect()
}

/// Whether a text has this as a whole word, or as the start of a path.
fn names(text: &str, word: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let after = text[at + word.len()..].chars().next();
        !text[..at].ends_with(part) && (word.ends_with(':') || !after.is_some_and(part))
    })
}

/// Only these files have any of these names.
fn only(own: impl Fn(&str) -> bool, words: &[&str]) {
    let mut named_at_home = false;
    for (file, text) in sources() {
        for word in words.iter().filter(|word| names(&text, word)) {
            assert!(own(&file), "src/{file} names {word}");
            named_at_home = true;
        }
    }
    assert!(named_at_home, "no file has any of the names");
}

#[test]
fn platform_crates_are_used_only_in_worker() {
    only(
        |file| file == "worker.rs" || file.starts_with("worker/"),
        &["worker::", "wasm_bindgen", "wasm_bindgen_futures", "js_sys", "web_sys", "console_error_panic_hook"],
    );
}

/// Including statements assembled at run time.
#[test]
fn sql_is_written_only_in_the_store() {
    only(
        |file| file == "store.rs" || file.starts_with("store/"),
        &["SELECT", "UPDATE", "INSERT", "DELETE FROM", "WHERE"],
    );
}

#[test]
fn domain_uses_no_other_module() {
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("credential")) {
        for room in [
            "answer",
            "caller",
            "face",
            "jwt",
            "operation",
            "refusal",
            "request",
            "route",
            "service",
            "settings",
            "store",
        ] {
            assert!(!names(&text, &format!("crate::{room}")), "src/{file} names crate::{room}");
        }
    }
}

/// Of `request` only the reader of JSON.
#[test]
fn signed_tokens_use_only_the_domain_and_the_json_reader() {
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("jwt")) {
        for room in ["answer", "caller", "face", "operation", "refusal", "route", "service", "settings", "store"] {
            assert!(!names(&text, &format!("crate::{room}")), "src/{file} names crate::{room}");
        }
        assert!(
            !names(&text.replace("crate::request::json;", ""), "crate::request"),
            "src/{file} names crate::request"
        );
    }
}

#[test]
fn store_and_refusals_use_no_face_or_route() {
    let rooms = |file: &str| file.starts_with("store") || file == "refusal.rs";
    for (file, text) in sources().into_iter().filter(|(file, _)| rooms(file)) {
        for room in ["answer", "face", "operation", "route", "service"] {
            assert!(!names(&text, &format!("crate::{room}")), "src/{file} names crate::{room}");
        }
    }
}

#[test]
fn name_search_matches_whole_words() {
    assert!(names("use worker::Request;", "worker::") && names("(worker::D1Database", "worker::"));
    assert!(names("wasm_bindgen::JsValue", "wasm_bindgen") && names("use js_sys;", "js_sys"));
    assert!(!names("crate::coworker::x", "worker::") && !names("no_js_sys_here", "js_sys"));
}

/// A longer file has two subjects: split it.
#[test]
fn source_files_have_at_most_400_lines() {
    let files = sources();
    let long: Vec<_> = files.iter().filter(|(_, text)| text.lines().count() > 400).map(|(file, _)| file).collect();
    assert_eq!(long, Vec::<&String>::new());
}

/// The README is a front door: details belong to `docs/`.
#[test]
fn readme_has_at_most_150_lines() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
}
