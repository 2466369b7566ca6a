//! What the service asks of a network's file.

use crate::{
    files::{FIVE, mixed},
    world::akash,
};
use depin_economy::Spec;
use depin_quantity::{Instant, Name};
use depin_services::{Live, Service as _, descriptor::LEASING, leasing::Leasing};

fn problems(toml: &str) -> String {
    let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
    Leasing::read(&spec, Instant::default()).err().map_or_else(String::new, |errors| errors.to_string())
}

#[test]
fn the_file_of_the_document_runs_with_nothing_beyond_it() {
    let spec = Spec::parse(FIVE[3].1).unwrap();
    let Ok(Live::Leasing(Leasing { params })) = Live::read(&spec, Instant::default()) else { panic!("it leases") };
    assert_eq!((params.bids_most, params.reclaim, params.resume_within, params.reporter), (20, None, None, None));
    assert!(params.rules.pledges && params.rules.bid_deposits && !params.rules.returns_deposits && !params.rules.units_earn);
    assert_eq!(params.denoms.token("uakt"), Some(Name::literal("AKT")));
    assert_eq!(params.denoms.token("uact"), None);
    assert_eq!(LEASING.read_parameters(&spec).unwrap().len(), 6, "the figures of the file");
}

#[test]
fn leases_run_under_every_economy() {
    for (emission, (earns, _)) in FIVE.iter().enumerate() {
        for (payment, (pays, _)) in FIVE.iter().enumerate() {
            let made = mixed("leasing", emission, payment, emission);
            assert_eq!(problems(&made.toml), "", "{earns} paid as {pays}");
        }
    }
}

#[test]
fn denominations_are_mapped_by_the_file() {
    let denom = "[service.leasing.denom]\nuact = \"USDC\"\nparameter = true\nwhy = \"a millionth of a dollar\"\n";
    let spec = Spec::parse(&akash(&[], denom)).unwrap();
    let params = Leasing::read(&spec, Instant::default()).unwrap().params;
    assert_eq!(params.denoms.token("uact"), Some(Name::literal("USDC")));
    assert!(LEASING.read_parameters(&spec).unwrap().iter().any(|setting| setting.path == "denom.uact"));
    assert!(problems(&akash(&[], &denom.replace("USDC", "DOGE"))).contains("leases are not paid in this token"));
}

#[test]
fn what_a_job_could_not_send_is_a_problem_of_the_file() {
    let reserved = ("method = \"weighted\"\ncurrencies", "method = \"reserved\"\ncurrencies");
    for (change, words) in [
        (("unstable = { source = \"akash-network/node x/market: close reason of a provider\" }\n", ""), "`unstable`"),
        (reserved, "leases have none"),
        (("within = \"5m\"", "within = \"0m\""), "no time at all"),
        (("most = 20\n", "most = 501\n"), "most"),
    ] {
        let Ok(spec) = Spec::parse(&akash(&[change], "")) else { continue };
        let errors = Leasing::read(&spec, Instant::default()).unwrap_err().to_string();
        assert!(errors.contains(words), "{errors}");
    }
    let reclaim = "[service.leasing.reclaim]\nleast = \"2h\"\nmost = \"1h\"\nsource = \"x\"\n";
    assert!(problems(&akash(&[], reclaim)).contains("`least` is above `most`"));
    let unknown = "[service.leasing.bids]\nmost = 1\nsource = \"x\"\n";
    assert!(problems(&akash(&[], unknown)).contains("bids"));
}
