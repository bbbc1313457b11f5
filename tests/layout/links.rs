//! Relative links between documents lead to files that exist, and their anchors to headings of those files.

use std::path::{Path, PathBuf};

/// Collects the Markdown files below a folder, skipping built and installed ones.
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

/// Returns the lines of a document outside code blocks.
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

/// Returns the anchor that GitHub generates for a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn links_between_documents_resolve() {
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
