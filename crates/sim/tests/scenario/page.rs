//! What the pages say is what there is.

use super::scenario;
use depin_sim::{
    facts::Fact,
    scenario::{Draft, FIELDS, SCENARIOS, SETTINGS},
};

const PAGE: &str = include_str!("../../../../docs/simulation.md");
const FACTS: &str = include_str!("../../../../docs/stylised-facts.md");

#[test]
fn the_page_has_every_key_with_what_it_means() {
    for field in FIELDS {
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{}` |", field.path)));
        let row = row.unwrap_or_else(|| panic!("{} is not on the page", field.path));
        assert!(row.ends_with(&format!("| {} |", field.about)) && row.contains(&format!("| {} |", field.unit)), "{row}");
        match field.default {
            None => assert!(row.contains("| must be said |"), "{row}"),
            Some(value) => assert!(row.contains(&format!("| {value} |")), "{row}"),
        }
    }
    for setting in SETTINGS {
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{}` |", setting.path)));
        assert!(row.is_some_and(|row| row.ends_with(&format!("| {} |", setting.about))), "{}", setting.path);
    }
    assert!(SCENARIOS.iter().all(|(name, _)| PAGE.contains(&format!("| `{name}` |"))));
}

#[test]
fn the_pages_examples_read() {
    let mut texts = PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (short, event) = (texts.next().unwrap(), texts.next().unwrap());
    let read = Draft::parse(short, "page.toml").unwrap().resolve("leasing").unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(read.demand["developers"].growth.value, 0.1);
    assert_ne!(read.demand["developers"], scenario("baseline", "leasing").demand["developers"]);
    let event = format!("[scenario]\nname = \"page\"\n{event}");
    let network = depin_networks::network_file("akash").unwrap();
    let read =
        Draft::parse(&event, "page.toml").unwrap().for_network(network, "akash", None).unwrap_or_else(|found| panic!("{found}"));
    let changed = depin_sim::scenario::network_with_events(network, "akash", &read).unwrap_or_else(|found| panic!("{found}"));
    assert!(changed.contains("share = \"10%\"") && changed.contains("at = 2027-01-01"), "the reserve gets the rest");
}

#[test]
fn the_page_of_facts_tells_each_of_them() {
    for fact in Fact::builtin() {
        assert!(FACTS.contains(&format!("`{}`", fact.id)), "{}", fact.id);
    }
}
