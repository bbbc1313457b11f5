//! The list of errors in docs/MODEL.md has the codes of `RULES`, in their order.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn docs_list_errors_in_the_order_of_the_rules() {
    let read = |path| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let rules: String = read("src/store/rules.rs");
    let mut codes: Vec<&str> =
        rules.lines().filter_map(|line| line.strip_prefix("    \"")?.split('"').next()).collect();
    // Several rules may have one code: the first of them counts.
    let mut seen = BTreeSet::new();
    codes.retain(|code| seen.insert(*code));
    let document = read("docs/MODEL.md");
    let section = document.split("\n## ").find(|section| section.starts_with("The order of refusals")).unwrap();
    let items = section.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let listed: Vec<&str> = items.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    assert_eq!(listed, codes);
}
