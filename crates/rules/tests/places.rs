//! The places that ARCHITECTURE.md names are there, so that a reader who follows it finds the rule.

use std::path::Path;

#[test]
fn every_source_that_the_architecture_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the file at the root of the repository");
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|word| word.contains("/src/")).collect();
    assert!(named.len() > 10, "only {named:?}");
    for place in named {
        let place = place.trim_start_matches("crates/");
        assert!(root.join("crates").join(place).exists(), "ARCHITECTURE.md names {place}, which is not there");
    }
    let folders = text.split("| folder of `economy/src` |").nth(1).and_then(|rest| rest.split("\n\n").next());
    let first_cells = folders.expect("a table of folders").lines().skip(2).filter_map(|row| row.split('|').nth(1));
    let mut listed: Vec<&str> = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    listed.sort_unstable();
    let source = std::fs::read_dir(root.join("crates/economy/src")).expect("a folder of the repository");
    let entries = source.map(|entry| entry.expect("an entry"));
    let mut there: Vec<String> =
        entries.filter(|entry| entry.path().is_dir()).map(|entry| format!("{}/", entry.file_name().to_string_lossy())).collect();
    there.sort_unstable();
    assert_eq!(listed, there, "the table of folders and the folders differ");
}
