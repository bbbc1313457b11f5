//! Every relative link of a document leads to a file that exists, and its anchor to a heading of that file.

use std::path::{Path, PathBuf};

/// Adds the documents of a folder and of the folders in it, but for those that were built or installed.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && !["build", "node_modules", "target"].contains(&&*name) {
                documents(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The lines of a document outside of code blocks.
fn prose(document: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(document).unwrap();
    let mut in_code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines.map(str::to_owned).collect()
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading() {
    let (mut found, mut followed, mut broken) = (Vec::new(), 0, Vec::new());
    documents(Path::new(env!("CARGO_MANIFEST_DIR")), &mut found);
    for document in found {
        for line in prose(&document) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if link.starts_with("http") {
                    continue;
                }
                let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
                let has =
                    |wanted: &str| prose(&target).iter().any(|line| line.starts_with('#') && anchor(line) == wanted);
                if !target.exists() || !(wanted.is_empty() || has(wanted)) {
                    broken.push(format!("{}: {link}", document.display()));
                }
                followed += 1;
            }
        }
    }
    assert!(followed > 50, "{followed} links are found");
    assert_eq!(broken, Vec::<String>::new());
}
