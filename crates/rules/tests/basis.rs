//! A card marked *runs* does run a function of the economy or of a service, and the live rules call that function too.
//!
//! The paths come from the compiler, so they name functions that exist. Whether a card's code calls them, and whether live code
//! does, is read from the sources.

use depin_quantity::{Basis, RuleCard};
use depin_rules::rule_cards;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Every `.rs` file below a folder, as text without its tests.
fn sources(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file is text");
            let live = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = live.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            found.insert(path, code);
        }
    }
}

fn of_crates(names: &[&str]) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for name in names {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src"), &mut found);
    }
    found
}

/// Whether the code calls a function of this name; its definition is no call.
fn calls(code: &str, name: &str) -> bool {
    let wanted = format!("{name}(");
    code.match_indices(&wanted).any(|(at, _)| {
        let before = &code[..at];
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !before.ends_with("fn ")
    })
}

/// The text of a top-level item that begins at `at`: up to the first line that closes it.
fn item(code: &str, at: usize) -> &str {
    let end = code[at..].find("\n}").map_or(code.len(), |end| at + end);
    &code[at..end]
}

/// A card's code: its own, and that of the functions of its module which it calls.
fn code_of(card: &RuleCard, module: &str) -> String {
    let at = module.find(&format!("id: \"{}\"", card.id)).expect("the module has the card");
    let run = module[at..].find("run:").map_or(at, |run| at + run);
    let mut code = item(module, run).to_owned();
    let mut seen = BTreeSet::new();
    loop {
        let functions = module.match_indices("\nfn ").chain(module.match_indices("\npub fn "));
        let next = functions
            .filter_map(|(at, start)| {
                let name: String = module[at + start.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                (calls(&code, &name) && !seen.contains(&name)).then_some((at, name))
            })
            .next();
        let Some((at, name)) = next else { return code };
        code += item(module, at + 1);
        seen.insert(name);
    }
}

#[test]
fn what_a_card_runs_is_a_function_of_the_economy_or_of_a_service() {
    let mut running = 0;
    for card in rule_cards() {
        for path in card.basis.functions() {
            running += 1;
            let owner = path.trim_start_matches('<');
            let of_ours = ["depin_economy::", "depin_services::"].iter().any(|name| owner.starts_with(name));
            assert!(of_ours, "{} claims to run {path}, which neither the economy nor a service has", card.id);
        }
        assert_eq!(matches!(card.basis, Basis::Runs(_)), !card.basis.functions().is_empty(), "{} runs nothing", card.id);
    }
    assert!(running > 40, "only {running} functions");
}

#[test]
fn a_card_calls_what_it_claims_to_run_and_so_do_the_live_rules() {
    let rules = of_crates(&["rules"]);
    let live = of_crates(&["economy", "services", "ledger"]);
    for card in rule_cards() {
        let of_card = format!("id: \"{}\"", card.id);
        let module = rules.values().find(|code| code.contains(&of_card)).expect("every card is written somewhere");
        let code = code_of(card, module);
        for path in card.basis.functions() {
            let name = path.rsplit("::").next().expect("a path has a last part");
            let renamed = if name == "schedule" { "vesting_schedule" } else { name };
            assert!(calls(&code, renamed), "{} claims to run {path} and does not call it", card.id);
            assert!(live.values().any(|code| calls(code, name)), "{} claims to run {path}, which no live rule calls", card.id);
        }
    }
}

#[test]
fn a_definition_and_a_longer_name_are_no_calls() {
    assert!(calls("let a = split(b);", "split") && calls("x.split(b)", "split"));
    assert!(!calls("pub fn split(a: u8) {}", "split") && !calls("resplit(a)", "split"));
}
