//! What a file must say so that the service can run.

use crate::{
    files::{FIVE, mixed},
    world::*,
};
use depin_economy::Spec;
use depin_quantity::Span;
use depin_services::{
    Live, Service as _,
    coverage::{Coverage, CoverageMessage, Denied, PriceForm},
    descriptor::COVERAGE,
};

/// What is wrong with Helium's file after `from` was replaced by `to`.
fn wrong(from: &str, to: &str) -> String {
    let text = helium("");
    assert!(text.contains(from), "no `{from}` in the file");
    let spec = Spec::parse(&text.replace(from, to)).unwrap_or_else(|errors| panic!("{errors}"));
    Coverage::read(&spec, START).expect_err("this cannot run").to_string()
}

#[test]
fn the_service_runs_on_every_mix_of_the_five_economies() {
    let mut forms = Vec::new();
    for emission in 0..FIVE.len() {
        for payment in 0..FIVE.len() {
            for stake in 0..FIVE.len() {
                let toml = mixed("coverage", emission, payment, stake).toml;
                let spec = Spec::parse(&toml).unwrap_or_else(|errors| panic!("{errors}"));
                let live = Live::read(&spec, START).unwrap_or_else(|error| panic!("{emission}{payment}{stake}: {error}\n{toml}"));
                forms.push(live.coverage().unwrap().params.rules.form);
            }
        }
    }
    assert!(forms.contains(&PriceForm::Network) && forms.iter().any(|form| *form != PriceForm::Network), "{forms:?}");
}

#[test]
fn what_the_document_does_not_say_is_off() {
    let params = Net::document().service.params;
    assert_eq!((params.gate, params.arbiter, params.reporter, params.beacon.reciprocity), (None, None, None, None));
    assert_eq!((params.packet.unit, params.packet.late_after), (24, Span::from_secs(600)));
    assert_eq!((params.witness.target, params.witness.decay, params.witness.hz_off_most), (4, (4, 5), 100_000));
    let both = Net::with(&format!("{ARBITER}{GATE}"));
    assert_eq!(both.service.params.gate.map(|gate| (gate.minimum, gate.burn_from)), Some((100, 10)));
    assert!(both.service.params.arbiter.is_some());
}

/// New files have nothing that is beyond the document, and `depin check` does not ask for it.
#[test]
fn new_files_leave_out_what_is_extra() {
    let toml = mixed("coverage", 0, 0, 0).toml;
    let made = mixed("coverage", 1, 1, 1).toml;
    for key in ["coverage.gate]", "coverage.reciprocity]", "late-after =", "reveal-within ="] {
        assert!(!toml.contains(key) && !made.contains(key), "{key}");
    }
    assert_eq!((toml.contains("arbiter ="), made.contains("arbiter =")), (true, false), "Helium's own file names one");
    let spec = Spec::parse(&helium("")).unwrap();
    assert!(COVERAGE.findings(&spec).iter().all(|finding| !finding.path.starts_with("service.")));
    let spec = Spec::parse(&helium(&format!("{ARBITER}{GATE}"))).unwrap();
    assert!(COVERAGE.read_parameters(&spec).is_ok());
}

#[test]
fn figures_that_nobody_can_keep_are_refused() {
    assert!(wrong("interval = \"6h\"", "interval = \"14m\"").contains("the next one comes after"));
    assert!(wrong("decay = \"0.8\"", "decay = \"1.2\"").contains("a part of what the one before it added"));
    assert!(wrong("decay = \"0.8\"", "decay = \"0.80001\"").contains("three places"));
    assert!(wrong("witnesses-most = 14", "witnesses-most = 61").contains("witnesses-most"));
    assert!(wrong("entropy-valid = \"180s\"", "entropy-valid = \"59s\"").contains("nobody can do anything within"));
}

#[test]
fn packets_need_a_price() {
    let text = helium("");
    let refused = |text: &str| {
        let spec = Spec::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
        Coverage::read(&spec, START).expect_err("this cannot run").to_string()
    };
    let bound = "packet-units = { pool = \"data\", charge = \"packet\" }";
    assert!(text.contains(bound) && text.contains("hotspots = {}"));
    let by_hotspots = text.replacen(bound, "packet-units = { pool = \"data\" }", 1);
    let errors = refused(&by_hotspots.replacen("hotspots = {}", "hotspots = { charge = \"packet\" }", 1));
    assert!(errors.contains("not bound to their price"), "{errors}");
    // The later rules must keep what the first ones promised.
    let (first, later) = text.rsplit_once("[change.set.bind]").expect("the later rules bind metrics");
    let later = later.replace("pool = \"iot-data\", ", "").replace("hotspots = {}", "hotspots = { pool = \"iot-data\" }");
    let errors = refused(&format!("{first}[change.set.bind]{later}"));
    assert!(errors.contains("a change takes away"), "{errors}");
}

#[test]
fn a_gate_needs_a_price_that_does_not_move() {
    let dollars = (0..FIVE.len()).find_map(|payment| {
        let toml = mixed("coverage", 0, payment, 0).toml;
        let spec = Spec::parse(&toml).unwrap();
        let params = Coverage::read(&spec, START).unwrap().params;
        (params.rules.form == PriceForm::Dollars).then_some(toml)
    });
    let toml = dollars.expect("one of the five has prices in dollars");
    let at = toml.find("[service.coverage.beacon]").unwrap();
    let gated = format!("{}{GATE}\n{}", &toml[..at], &toml[at..]);
    let errors = Coverage::read(&Spec::parse(&gated).unwrap_or_else(|e| panic!("{e}")), START).unwrap_err().to_string();
    assert!(errors.contains("the price of packets moves"), "{errors}");
}

/// Somebody can act against hotspots that lie on a network that is made of the file as it is.
#[test]
fn the_file_names_who_keeps_the_denylist() {
    let mut net = Net::of(crate::files::FIVE[0].1);
    assert_eq!(net.service.params.arbiter, Some(depin_quantity::Name::literal("denylist")));
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let deny = CoverageMessage::Deny { who: Denied::Hotspot(hotspot(10)), reason: "heard nothing".to_owned() };
    assert_eq!(net.send(OWNER, &deny).unwrap_err().code(), "not-the-arbiter");
    net.send(KEEPER, &deny).unwrap();
}
