//! What a file must say so that the service can run, and what `depin check` tells of it.

use crate::files::{FIVE, mixed};
use depin_economy::Spec;
use depin_quantity::Instant;
use depin_services::{
    Service,
    descriptor::{METERED, Severity},
    metered::Metered,
};

const NOW: Instant = Instant::new(1_800_000_000_000);

fn toml() -> String {
    mixed("metered", 1, 1, 1).toml
}

/// What is wrong with the file after `from` was replaced by `to`.
fn wrong(from: &str, to: &str) -> String {
    let text = toml();
    assert!(text.contains(from), "no `{from}` in the file");
    let spec = Spec::parse(&text.replace(from, to)).unwrap_or_else(|errors| panic!("{errors}"));
    Metered::read(&spec, NOW).expect_err("this cannot run").to_string()
}

#[test]
fn a_new_file_has_disputes_with_an_arbiter_and_no_finding_about_them() {
    for n in 0..FIVE.len() {
        let spec = Spec::parse(&mixed("metered", n, n, n).toml).unwrap();
        let disputes = Metered::read(&spec, NOW).unwrap().params.disputes.expect("disputes");
        assert!(spec.roles().contains(&disputes.arbiter));
        let about = METERED.findings(&spec).into_iter().filter(|finding| finding.path.contains("dispute"));
        assert_eq!(about.map(|finding| finding.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    }
}

#[test]
fn disputes_need_an_arbiter_and_an_arbiter_needs_disputes() {
    let errors = wrong("arbiter = \"arbiter\"", "#");
    assert!(errors.contains("the file names no arbiter") && errors.contains("write arbiter = "), "{errors}");
    let table = toml().split("[service.metered.dispute]").nth(1).unwrap().to_owned();
    let errors = wrong(&format!("[service.metered.dispute]{table}"), "\n");
    assert!(errors.contains("nothing can be disputed"), "{errors}");
}

#[test]
fn a_file_without_an_arbiter_is_told_what_that_means() {
    let text = toml().split("[service.metered.dispute]").next().unwrap().replace("arbiter = \"arbiter\"", "#");
    let spec = Spec::parse(&text).unwrap();
    assert_eq!(Metered::read(&spec, NOW).unwrap().params.disputes, None);
    let found = METERED.findings(&spec).into_iter().find(|finding| finding.path == "service.metered").expect("a finding");
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.message.contains("without it batches are paid when they are reported"), "{found}");
}

#[test]
fn times_that_nobody_can_keep_and_words_that_say_nothing_are_refused() {
    assert!(wrong("answer-within = \"1d\"", "answer-within = \"59s\"").contains("nobody can do anything within"));
    assert!(wrong("undecided = \"operator\"", "undecided = \"nobody\"").contains("nobody"));
    let text = toml().replace("undecided = \"operator\"", "undecided = \"nobody\"");
    assert!(METERED.read_parameters(&Spec::parse(&text).unwrap()).is_err());
    assert!(wrong("units-most = 1_000_000_000", "units-most = 0").contains("units-most"));
    assert!(wrong("undecided-cost = \"50%\"", "").contains("undecided-cost"));
    assert!(wrong("least = 1_000,", "least = 0,").contains("a deposit has no least amount"));
}

#[test]
fn money_is_held_for_as_long_as_a_batch_can_be_undecided_and_a_day_more() {
    let order = "[utility.charge.order]";
    let section = toml().split(order).nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    let with = |most: &str| format!("{order}{}", section.replace("hold-most = \"30d\"", &format!("hold-most = \"{most}\"")));
    let errors = wrong(&format!("{order}{section}"), &with("7d"));
    assert!(errors.contains("undecided for 8d") && errors.contains("raise hold-most in [utility.charge.order]"), "{errors}");
    let enough = toml().replace(&format!("{order}{section}"), &with("8d"));
    assert!(Metered::read(&Spec::parse(&enough).unwrap(), NOW).is_ok());
    let deposit = toml().split("[utility.charge.dispute]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    let short = deposit.replace("hold-most = \"30d\"", "hold-most = \"4d\"");
    assert!(wrong(&deposit, &short).contains("a deposit must be held for at least 5d"));
}

#[test]
fn what_the_service_sends_must_fit_the_files_rules() {
    let deposit = toml().split("[utility.charge.dispute]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    let agreed = deposit.lines().filter(|line| !line.starts_with("priced")).collect::<Vec<_>>().join("\n");
    assert!(wrong(&deposit, &agreed).contains("priced by `contested-value`"));
    let change = "[[change]]\nafter = \"30d\"\nsource = \"a test\"\nremove = [\"incentive.fault.failed\"]\n\n[service.metered]";
    let errors = wrong("[service.metered]", change);
    assert!(errors.contains("a change takes away"), "{errors}");
}

/// What `depin check` says at a path after `from` was replaced by `to`.
fn found(from: &str, to: &str, path: &str) -> Vec<String> {
    let text = toml();
    assert!(text.contains(from), "no `{from}` in the file");
    let spec = Spec::parse(&text.replace(from, to)).unwrap_or_else(|errors| panic!("{errors}"));
    METERED.findings(&spec).iter().filter(|finding| finding.path == path).map(ToString::to_string).collect()
}

#[test]
fn a_pool_that_shares_by_units_alone_is_a_warning() {
    let text = toml();
    let spent = text.lines().find(|line| line.starts_with("spent = { pool")).expect("what was spent is bound").to_owned();
    let units = text.lines().find(|line| line.starts_with("units = {")).unwrap().to_owned();
    let pool = spent.split('"').nth(1).unwrap();
    assert!(found(&spent, &spent, "bind.units").is_empty());
    let by_units = text.replace(&spent, "spent = {}").replace(&units, &units.replace('{', &format!("{{ pool = \"{pool}\",")));
    let findings = METERED.findings(&Spec::parse(&by_units).unwrap_or_else(|errors| panic!("{errors}\n{by_units}")));
    let found: Vec<_> = findings.iter().filter(|finding| finding.path == "bind.units").collect();
    let [finding] = &found[..] else { panic!("{findings:?}") };
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("by `units` alone") && finding.hint.contains("spent = { pool"), "{finding}");
}

#[test]
fn faults_without_a_rule_are_warnings() {
    let text = toml();
    for kind in ["failed", "overstated", "expelled"] {
        let path = format!("incentive.fault.{kind}");
        let section = text.split(&format!("[{path}]")).nth(1).unwrap().split("\n[").next().unwrap();
        let found = found(&format!("[{path}]{section}"), "", &path);
        assert!(matches!(&found[..], [one] if one.contains("costs nobody anything")), "{found:?}");
    }
}

#[test]
fn a_unit_has_words() {
    for (unit, words) in [("", "is empty"), (" ", "is empty"), ("tile ", "ends with a blank"), (&"x".repeat(61), "too long")] {
        let errors = wrong("unit = \"map tile\"", &format!("unit = \"{unit}\""));
        assert!(errors.contains(words) && errors.contains("map tile"), "{errors}");
        let text = toml().replace("unit = \"map tile\"", &format!("unit = \"{unit}\""));
        assert!(METERED.read_parameters(&Spec::parse(&text).unwrap()).is_err(), "the check says it too");
    }
}
