//! The descriptor agrees with itself, and says what a network's file lacks or has too much.

use depin_economy::Spec;
use depin_quantity::{Instant, Name};
use depin_services::{
    Live,
    descriptor::{Aspect, COVERAGE, Finding, METERED, SERVICES, STORAGE, Service, Severity, service},
};
use std::collections::BTreeSet;

const FILECOIN: &str = include_str!("../../../networks/filecoin/network.toml");
const HELIUM: &str = include_str!("../../../networks/helium/network.toml");

fn findings(of: &Service, text: &str) -> Vec<Finding> {
    of.findings(&Spec::parse(text).unwrap_or_else(|errors| panic!("{errors}")))
}

/// The findings at a path, without those of the file as it is.
fn at(of: &Service, text: &str, path: &str) -> Vec<(Severity, String)> {
    let found = findings(of, text).into_iter().filter(|finding| finding.path == path);
    found.map(|finding| (finding.severity, finding.message)).collect()
}

#[test]
fn every_service_is_found_by_its_name() {
    for one in SERVICES {
        assert!(std::ptr::eq(service(one.name.as_str()).unwrap(), one));
    }
    assert!(service("farming").is_none());
}

#[test]
fn every_name_is_there_once_and_every_kind_is_counted_on_a_metric() {
    for one in SERVICES {
        let once =
            |names: Vec<Name>| assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}: {names:?}", one.name);
        once(one.metrics.iter().map(|metric| metric.name).collect());
        once(one.streams.iter().map(|kind| kind.name).chain(one.charges.iter().map(|kind| kind.name)).collect());
        once(one.pledges.iter().map(|kind| kind.name).collect());
        once(one.faults.iter().map(|kind| kind.name).collect());
        let streams = one.streams.iter().map(|kind| kind.basis);
        let charges = one.charges.iter().map(|kind| kind.basis);
        let pledges = one.pledges.iter().map(|kind| kind.basis);
        let counted = streams.chain(charges).chain(pledges).chain(one.faults.iter().map(|kind| kind.affected));
        for basis in counted {
            assert!(one.metric(basis).is_some(), "{} counts on `{basis}`, which it does not metric", one.name);
        }
        let earns = one.metrics_of(Aspect::Capacity).chain(one.metrics_of(Aspect::Usage)).count();
        assert!(
            earns > 0 && !one.streams.is_empty() | !one.charges.is_empty(),
            "{}: nothing to reward, or nothing to pay",
            one.name
        );
    }
}

#[test]
fn a_metric_that_is_bound_to_nothing_is_a_warning_and_one_of_another_service_an_error() {
    let without = FILECOIN
        .replace("raw-bytes = { bond = \"deal\" }", "frames = { bond = \"deal\" }")
        .replace("boost = { of = \"raw-bytes\"", "boost = { of = \"frames\"");
    let unbound = at(&STORAGE, &without, "bind.raw-bytes");
    assert!(matches!(&unbound[..], [(Severity::Warning, message)] if message.contains("bound to nothing")), "{unbound:?}");
    let foreign = at(&STORAGE, &without, "bind.frames");
    assert!(matches!(&foreign[..], [(Severity::Error, message)] if message.contains("no metric `frames`")), "{foreign:?}");
    assert!(at(&STORAGE, FILECOIN, "bind.raw-bytes").is_empty());
}

#[test]
fn a_kind_that_the_service_never_says_is_a_warning_and_a_reason_without_a_rule_an_error() {
    let more = format!("{FILECOIN}\n[incentive.fault.late]\ntoken = \"FIL\"\nfee = \"nothing\"\nsource = \"nobody\"\n");
    let fault = at(&STORAGE, &more, "incentive.fault.late");
    assert!(matches!(&fault[..], [(Severity::Warning, message)] if message.contains("no kind of fault `late`")), "{fault:?}");
    let agreed = FILECOIN.lines().filter(|line| !line.starts_with("agreed = ")).collect::<Vec<_>>().join("\n");
    let reason = at(&STORAGE, &agreed, "utility.stream.deal.close");
    assert!(matches!(&reason[..], [(Severity::Error, message)] if message.contains("`agreed`")), "{reason:?}");
}

#[test]
fn a_payment_without_a_rule_is_a_warning() {
    let renamed = FILECOIN.replace("utility.stream.deal", "utility.stream.lease").replace("bond = \"deal\"", "bond = \"lease\"");
    let deal = at(&STORAGE, &renamed, "utility.stream.deal");
    assert!(matches!(&deal[..], [(Severity::Warning, message)] if message.contains("every use of it is refused")), "{deal:?}");
}

#[test]
fn changes_are_looked_at_too() {
    assert!(findings(&COVERAGE, HELIUM).iter().all(|finding| finding.severity == Severity::Warning));
    let other = HELIUM.replace("gauge = \"credits-burnt\"", "gauge = \"credits-lost\"");
    let score = at(&COVERAGE, &other, "incentive.score.sub-networks");
    assert!(matches!(&score[..], [(Severity::Warning, message)] if message.contains("`credits-lost`")), "{score:?}");
}

#[test]
fn parameters_are_read_by_the_descriptor_and_wrong_ones_are_problems() {
    let read = |text: &str| STORAGE.read_parameters(&Spec::parse(text).unwrap());
    let settings = read(FILECOIN).unwrap();
    assert_eq!(settings.len(), STORAGE.parameters.iter().map(|table| table.figures.len()).sum::<usize>());
    assert!(settings.iter().any(|setting| setting.path == "proving.challenges" && setting.value == "5"), "{settings:?}");
    for (right, wrong, words) in [
        ("challenges = 5", "challenges = 500", "challenges"),
        ("challenges = 5", "chalenges = 5", "chalenges"),
        ("[service.storage.set]", "[service.storage.sett]", "set"),
    ] {
        let errors = read(&FILECOIN.replace(right, wrong)).unwrap_err();
        assert!(errors.to_string().contains(words), "{errors}");
    }
    assert!(METERED.read_parameters(&Spec::parse(FILECOIN).unwrap()).is_err(), "a file without the section");
}

#[test]
fn usual_values_are_written_as_a_file_writes_them() {
    let text = |service: &Service, key: &str| {
        let figures = service.parameters.iter().flat_map(|table| table.figures);
        figures.into_iter().find(|figure| figure.key == key).map(|figure| figure.value.to_string())
    };
    assert_eq!(text(&METERED, "units-most").as_deref(), Some("1_000_000_000"));
    assert_eq!(text(&STORAGE, "term-most").as_deref(), Some("\"1278d\""));
}

#[test]
fn a_lottery_of_what_is_accrued_anew_is_an_error() {
    let lottery = HELIUM.replacen(
        "method = \"batch\"\nsource = \"document: hotspots earn",
        "method = \"winners\"\nsource = \"document: hotspots earn",
        1,
    );
    let found = at(&COVERAGE, &lottery, "incentive.pool.coverage.method");
    assert!(
        matches!(&found[..], [(Severity::Error, message)] if message.contains("nobody can win pool `coverage`")),
        "{found:?}"
    );
    let current = FILECOIN.replacen("method = \"expected\"\npay-every = \"1d\"", "method = \"winners\"", 1);
    assert_eq!(at(&STORAGE, &current, "incentive.pool.blocks.method"), []);
}

#[test]
fn a_misspelt_metric_finds_the_one_that_was_meant() {
    let text = FILECOIN.replace("raw-bytes", "raw-byte");
    let found = findings(&STORAGE, &text).into_iter().find(|finding| finding.path == "bind.raw-byte").unwrap();
    assert_eq!((found.severity, found.hint.as_str()), (Severity::Error, "did you mean `raw-bytes`?"));
}

#[test]
fn bounds_of_a_services_figures_are_in_order() {
    for (from, to, message) in [
        ("term-least = \"1h\"", "term-least = \"2000d\"", "`term-least` is above `term-most`"),
        ("least = \"128B\"\nmost", "least = \"64GiB\"\nmost", "`least` is above `most`"),
        ("length = \"30m\"", "length = \"0m\"", "`length` is no time at all"),
    ] {
        assert!(FILECOIN.contains(from), "{from}");
        let spec = Spec::parse(&FILECOIN.replacen(from, to, 1)).unwrap();
        let errors = STORAGE.read_parameters(&spec).unwrap_err();
        assert!(errors.problems().iter().any(|p| p.message.contains(message)), "{errors}");
    }
}

#[test]
fn a_window_that_does_not_fit_is_told_one_that_does() {
    let text = FILECOIN.replacen("period = \"1d\"", "period = \"10m\"", 1);
    assert_ne!(text, FILECOIN);
    let error = Live::read(&Spec::parse(&text).unwrap(), Instant::default()).err().unwrap().to_string();
    assert!(error.contains("half the proving period") && error.contains("length = \"5m\""), "{error}");
}

/// The check asks the service about files with mistakes too: what could be read of them has no more that is wrong.
#[test]
fn a_file_with_mistakes_is_judged_by_what_could_be_read_of_it() {
    let lines: Vec<&str> = FILECOIN.lines().collect();
    for skip in 0..lines.len() {
        let text: String = lines.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, line)| format!("{line}\n")).collect();
        let Err(errors) = Spec::parse(&text) else { continue };
        let Some(draft) = Spec::draft(&text) else { continue };
        let wrong: Vec<Finding> =
            STORAGE.findings(&draft).into_iter().filter(|finding| finding.severity == Severity::Error).collect();
        let told = lines[skip].contains("close]") || lines[skip].starts_with("terminated") || lines[skip].starts_with("agreed");
        assert!(wrong.is_empty() || told, "without line {skip} `{}`:\n{errors}\n{wrong:?}", lines[skip]);
    }
}
