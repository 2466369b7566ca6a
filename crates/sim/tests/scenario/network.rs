//! Keys of a network's file.

use depin_economy::Spec;
use depin_networks::{NETWORKS, network_file};
use depin_quantity::Name;
use depin_sim::scenario::{Assignment, Draft, Provenance, network_keys, network_with_events, set_network, still_in_force};
use proptest::prelude::*;

fn set(network: &str, key: &str, value: &str, against: Option<&str>) -> Result<String, String> {
    let one = Assignment { against: against.map(str::to_owned), ..Assignment::new(key, value) };
    set_network(network_file(network).unwrap(), network, &[one]).map_err(|found| found.to_string())
}

fn value(text: &str, key: &str) -> String {
    let keys = network_keys(text, "a").unwrap();
    keys.into_iter().find(|one| one.path == key).unwrap_or_else(|| panic!("{key}")).value
}

#[test]
fn a_list_row_is_named_by_its_payee_and_keys_say_where_they_come_from() {
    let keys = network_keys(network_file("akash").unwrap(), "akash").unwrap();
    let payee = keys.iter().find(|key| key.path == "network.utility.stream.lease.pays.payee.share").unwrap();
    assert_eq!(payee.value, "\"90%\"");
    assert!(matches!(&payee.provenance, Provenance::Source(source) if source.contains("take rate of 10 %")));
    assert!(keys.iter().any(|key| key.path == "network.utility.stream.lease.pays-other.pool.stakers.share"));
    assert!(keys.iter().all(|key| !key.path.ends_with(".source") && !key.path.ends_with(".why")));
    let vest = keys.iter().find(|key| key.path == "network.supply.AKT.allocation.team.vest.[1].after").unwrap();
    assert_eq!(vest.value, "\"212d\"");
}

#[test]
fn every_value_of_every_network_can_be_set_to_what_it_is() {
    for (name, text) in NETWORKS {
        for key in network_keys(text, name).unwrap().iter().filter(|key| key.places == 1) {
            let same = set_network(text, name, &[Assignment::new(&key.path, &key.value)]);
            assert!(same.is_ok_and(|same| same == text), "{name}: {}", key.path);
        }
    }
}

#[test]
fn a_set_share_is_taken_from_the_others_in_proportion() {
    let made = set("akash", "network.utility.stream.lease.pays.payee.share", "80%", None).unwrap();
    let of = |payee: &str| value(&made, &format!("network.utility.stream.lease.pays.{payee}.share"));
    assert_eq!(
        (of("payee"), of("treasury.ecosystem"), of("pool.stakers")),
        ("\"80%\"".into(), "\"10%\"".into(), "\"10%\"".into())
    );
    // `share` may be left out, and pools of one token share as rows do.
    let made = set("io.net", "network.incentive.pool.capacity", "60%", None).unwrap();
    assert_eq!(value(&made, "network.incentive.pool.stakers.share"), "\"40%\"");
    let made = set("akash", "network.utility.stream.lease.pays.payee", "70%", None).unwrap();
    assert_eq!(value(&made, "network.utility.stream.lease.pays.pool.stakers.share"), "\"15%\"");
}

#[test]
fn a_set_share_can_be_taken_from_one_alone() {
    let pays = |payee: &str| format!("network.utility.stream.lease.pays-other.{payee}.share");
    let made = set("akash", &pays("burn"), "15%", Some(&pays("payee"))).unwrap();
    assert_eq!((value(&made, &pays("payee")), value(&made, &pays("pool.stakers"))), ("\"75%\"".into(), "\"5%\"".into()));
    let none = set("akash", &pays("burn"), "95%", Some(&pays("pool.stakers"))).unwrap_err();
    assert!(none.contains("the others have 5% to give, and 85% is asked for"), "{none}");
    let other = set("akash", &pays("burn"), "15%", Some("network.incentive.pool.stakers.share")).unwrap_err();
    assert!(other.contains("does not share with"), "{other}");
}

#[test]
fn a_misspelt_key_is_told_the_one_that_was_meant_in_the_table_that_was_named() {
    let told = |key: &str| set("akash", key, "10%", None).unwrap_err();
    let said = told("network.utility.stream.lease.pays.pool.staker");
    assert!(said.contains("did you mean `network.utility.stream.lease.pays.pool.stakers.share`?"), "{said}");
    let said = told("network.utility.stream.lease.pays.burn");
    assert!(said.contains("did you mean `network.utility.stream.lease.pays."), "{said}");
    let said = told("network.utility.stream.lease.pays");
    assert!(said.contains("it holds several; one of them is `network.utility.stream.lease.pays.payee.share`"), "{said}");
}

#[test]
fn several_shares_set_at_once_leave_the_rest_to_those_that_were_not() {
    let pays = |payee: &str| format!("network.utility.stream.lease.pays-other.{payee}.share");
    let both = [Assignment::new(&pays("payee"), "60%"), Assignment::new(&pays("burn"), "30%")];
    let made = set_network(network_file("akash").unwrap(), "akash", &both).unwrap();
    assert_eq!((value(&made, &pays("payee")), value(&made, &pays("burn"))), ("\"60%\"".into(), "\"30%\"".into()));
    assert_eq!(
        (value(&made, &pays("treasury.ecosystem")), value(&made, &pays("pool.stakers"))),
        ("\"5%\"".into(), "\"5%\"".into())
    );
}

#[test]
fn what_the_network_check_refuses_is_refused_with_its_words() {
    let said = set("filecoin", "network.supply.FIL.cap.amount", "5 FIL", None).unwrap_err();
    assert!(said.contains("filecoin with network.supply.FIL.cap.amount=5 FIL"), "{said}");
    let said = set("filecoin", "network.incentive.pool.blocks.share", "0.5", None).unwrap_err();
    assert!(said.contains("is not a share"), "{said}");
    let said = set("filecoin", "network.incentive.pool.blocks.vest.over", "180 moons", None).unwrap_err();
    assert!(said.contains("180 moons"), "{said}");
    assert!(set("filecoin", "network.incentive.pool.blocks.vest.over", "1d\"", None).is_err());
}

#[test]
fn misspelt_keys_are_told_what_was_meant() {
    let said = set("akash", "network.incentive.pool.staker.share", "10%", None).unwrap_err();
    assert!(said.contains("did you mean `network.incentive.pool.stakers.share`?"), "{said}");
    let said = set("akash", "incentive.pool.stakers.share", "10%", None).unwrap_err();
    assert!(said.contains("write network.incentive.pool.stakers.share"), "{said}");
}

#[test]
fn a_share_that_moves_with_time_is_not_stretched() {
    let said = set("helium", "network.incentive.pool.reserve.share", "10%", None).unwrap_err();
    assert!(said.contains("moves with time") && said.contains("[[event]]"), "{said}");
}

/// Render's file with a change more, which says two of three shares anew.
fn restated() -> String {
    let change = "\n[[change]]\nat = 2026-06-01T00:00:00Z\nsource = \"a test\"\n\n[change.set.incentive.pool.work]\nshare = \"35%\"\n\n\
                  [change.set.incentive.pool.grants]\nshare = \"15%\"\n";
    format!("{}{change}", network_file("render").unwrap())
}

/// Shares of three pools in the last two parameter versions of a file.
fn shares(text: &str, pools: [&str; 3]) -> [[String; 3]; 2] {
    let spec = Spec::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    let [.., (_, first), (_, second)] = spec.later() else { panic!("two changes") };
    let of = |spec: &Spec| pools.map(|pool| spec.pool(Name::literal(pool)).unwrap().part.share_at(0).to_string());
    [of(first), of(second)]
}

/// Each parameter version is balanced by itself: what a change says anew with what it does not say.
#[test]
fn a_share_that_a_change_says_anew_is_balanced_in_every_version() {
    let pools = ["work", "grants", "operations"];
    let set = |key: &str, value: &str| set_network(&restated(), "render", &[Assignment::new(key, value)]).unwrap();
    // The set one is not said in the second change, and the others are.
    let made = set("network.incentive.pool.operations.share", "60%");
    assert_eq!(shares(&made, pools), [["20%", "20%", "60%"], ["28%", "12%", "60%"]]);
    // One of the others is not said in it, and has to be.
    let made = set("network.incentive.pool.work", "40%");
    assert_eq!(shares(&made, pools), [["40%", "20%", "40%"], ["40%", "13.8461538%", "46.1538462%"]]);
    assert!(made.ends_with("[change.set.incentive.pool.operations]\nshare = \"46.1538462%\"\n\n"), "{made}");
    // Where the change has a table of it, it is said there.
    let titled = format!("{}\n[change.set.incentive.pool.operations]\nsource = \"another test\"\n", restated());
    let made = set_network(&titled, "render", &[Assignment::new("network.incentive.pool.work", "40%")]).unwrap();
    assert!(
        made.contains("[change.set.incentive.pool.operations]\nshare = \"46.1538462%\"\nsource = \"another test\""),
        "{made}"
    );
    let against = Assignment {
        against: Some("network.incentive.pool.operations".to_owned()),
        ..Assignment::new("network.incentive.pool.work", "40%")
    };
    let made = set_network(&restated(), "render", &[against]).unwrap();
    assert_eq!(shares(&made, pools), [["40%", "25%", "35%"], ["40%", "15%", "45%"]]);
    let none = set_network(&restated(), "render", &[Assignment::new("network.incentive.pool.work", "190%")]).unwrap_err();
    assert!(none.to_string().contains("190%"), "{none}");
}

/// A whole list that has one row has nobody to take from, and nobody to give to.
#[test]
fn a_share_that_is_alone_is_refused_with_the_way() {
    for payee in ["burn", "payee"] {
        let said = set("render", &format!("network.utility.charge.frame.pays.{payee}"), "60%", None).unwrap_err();
        assert!(said.contains("shares with nobody") && said.contains("a copy of the file"), "{said}");
    }
    let said = set("render", "network.utility.charge.frame.pays.burn", "100%", None);
    assert!(said.is_ok_and(|same| same == network_file("render").unwrap()), "it is all already");
}

/// What a change took away or said anew before a run begins is nothing that could be set for it.
#[test]
fn a_key_that_is_in_force_no_more_is_refused_with_what_is() {
    let start = |text: &str| {
        let scenario = Draft::builtin("baseline").unwrap().set("scenario.start", text).resolve("coverage").unwrap();
        scenario.horizon.start
    };
    let key = "network.incentive.pool.data.worth.usd-per-unit";
    let made = set("helium", key, "0.0002 USD", None).unwrap();
    let refused = still_in_force(&made, "helium", &[key], start("2025-01-01")).unwrap_err().to_string();
    assert!(refused.contains("is in force until 2023-04-18 only") && refused.contains("depin sim keys"), "{refused}");
    assert_eq!(still_in_force(&made, "helium", &[key], start("2022-01-01")), Ok(()));
    let render = network_file("render").unwrap();
    let refused = still_in_force(render, "render", &["network.utility.charge.frame.pays.payee"], start("2025-01-01"));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("since then there is `network.utility.charge.frame.pays.burn.share`"), "{refused}");
    for (name, text) in NETWORKS {
        let keys = network_keys(text, name).unwrap();
        let keys: Vec<&str> = keys.iter().map(|key| key.path.as_str()).filter(|path| path.ends_with(".fee.token")).collect();
        assert_eq!(still_in_force(text, name, &keys, start("2025-01-01")), Ok(()), "{name}");
    }
}

/// Two of Helium's pools share by their scores what the others leave, once hotspots are not paid in HNT any more.
#[test]
fn an_event_sets_a_share_beside_pools_that_take_the_rest() {
    let text =
        "[scenario]\nname = \"mine\"\n[[event]]\nat = \"1y\"\nset = { \"network.incentive.pool.reserve.share\" = \"16%\" }\n";
    let network = network_file("helium").unwrap();
    let scenario = Draft::parse(text, "mine.toml").unwrap().for_network(network, "helium", None).unwrap();
    let spec = Spec::parse(&network_with_events(network, "helium", &scenario).unwrap()).unwrap();
    let [.., (_, last)] = spec.later() else { panic!("a change") };
    assert_eq!(last.pool(Name::literal("reserve")).unwrap().part.share_at(0).to_string(), "16%");
}

#[test]
fn comments_and_everything_else_stay_as_they_are() {
    let text = network_file("io.net").unwrap();
    let made = set("io.net", "network.incentive.pool.capacity.share", "60%", None).unwrap();
    let differ: Vec<(&str, &str)> = text.lines().zip(made.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(differ, [("share = \"90%\"", "share = \"60%\""), ("share = \"10%\"", "share = \"40%\"")]);
}

#[test]
fn an_event_changes_the_file_from_its_date_on() {
    let text = "[scenario]\nname = \"mine\"\n[[event]]\nat = \"1y\"\nset = { \"network.incentive.pool.capacity.share\" = \"60%\", \"network.utility.stream.hire.pays.burn\" = \"5%\" }\n";
    let network = network_file("io.net").unwrap();
    let scenario = Draft::parse(text, "mine.toml").unwrap().for_network(network, "io.net", None).unwrap();
    let made = network_with_events(network, "io.net", &scenario).unwrap();
    let spec = Spec::parse(&made).unwrap();
    let [(_, later)] = spec.later() else { panic!("{made}") };
    let share = |spec: &Spec, pool: &str| spec.pool(Name::literal(pool)).unwrap().part.share_at(0).to_string();
    assert_eq!(
        (share(&spec, "capacity"), share(later, "capacity"), share(later, "stakers")),
        ("90%".into(), "60%".into(), "40%".into())
    );
    assert!(made.contains("{ to = \"burn\", share = \"5%\""), "{made}");
    let quiet = Draft::builtin("baseline").unwrap().resolve("clusters").unwrap();
    assert_eq!(network_with_events(network, "io.net", &quiet).as_deref(), Ok(network));
}

/// The page's own example runs on networks of one version, once and for all: what events say is in the file before the model is made.
#[test]
fn a_model_takes_events_of_the_network() {
    for name in ["akash", "io.net", "filecoin", "helium", "render"] {
        let network = network_file(name).unwrap();
        let key = network_keys(network, name)
            .unwrap()
            .into_iter()
            .find(|key| key.path.ends_with(".share") && !key.value.starts_with('{'));
        let key = key.unwrap();
        let text = format!(
            "[scenario]\nname = \"mine\"\nyears = 2\n[[event]]\nat = \"1y\"\nset = {{ \"{}\" = {} }}\n",
            key.path, key.value
        );
        let scenario = Draft::parse(&text, "mine.toml").unwrap().for_network(network, name, None).unwrap();
        depin_sim::Model::new(network, scenario).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// The file's own later change stays later, and events of one day are one change.
#[test]
fn events_stand_where_their_date_is() {
    let network = network_file("io.net").unwrap();
    let own = "\n[[change]]\nat = 2026-06-01\nsource = \"a test\"\n[change.set.incentive.pool.capacity]\nshare = \"80%\"\n[change.set.incentive.pool.stakers]\nshare = \"20%\"\n";
    let network = format!("{network}{own}");
    let event = |at: &str, share: &str| {
        format!("[[event]]\nat = {at}\nset = {{ \"network.incentive.pool.capacity.share\" = \"{share}\" }}\n")
    };
    let text = format!(
        "[scenario]\nname = \"mine\"\nyears = 3\n{}{}{}{}",
        event("2027-01-01", "50%"),
        event("2026-01-01", "60%"),
        event("2026-01-01", "70%"),
        "[[event]]\nat = 2027-01-01\nset = { \"network.utility.stream.hire.pays.burn\" = \"5%\" }\n",
    );
    let scenario = Draft::parse(&text, "mine.toml").unwrap().for_network(&network, "io.net", None).unwrap();
    let spec = Spec::parse(&network_with_events(&network, "io.net", &scenario).unwrap()).unwrap();
    let shares: Vec<String> =
        spec.later().iter().map(|(_, spec)| spec.pool(Name::literal("capacity")).unwrap().part.share_at(0).to_string()).collect();
    assert_eq!(shares, ["70%", "80%", "50%"]);
    let same = format!("[scenario]\nname = \"mine\"\nyears = 3\n{}", event("2026-06-01", "50%"));
    let refused = Draft::parse(&same, "mine.toml").unwrap().for_network(&network, "io.net", None).unwrap_err();
    assert!(refused.to_string().contains("a change of its own at that very time"), "{refused}");
}

/// What an event cannot do is told where it stands in the scenario, before anything runs.
#[test]
fn events_of_the_network_are_checked_with_the_scenario() {
    let network = network_file("akash").unwrap();
    for (key, value, said) in [
        ("network.incentive.pool.stakers.share", "190%", "190%"),
        ("network.incentive.pool.stakerz.share", "90%", "did you mean `network.incentive.pool.stakers.share`?"),
    ] {
        let text = format!("[scenario]\nname = \"mine\"\n[[event]]\nat = \"1y\"\nset = {{ \"{key}\" = \"{value}\" }}\n");
        let found = Draft::parse(&text, "mine.toml").unwrap().check_for_network(network, "akash", None);
        let [one] = found.errors().collect::<Vec<_>>()[..] else { panic!("{found}") };
        assert_eq!((one.file.as_str(), one.line), ("mine.toml", 5), "{found}");
        assert!(found.to_string().contains(said), "{found}");
    }
}

/// A part for another service than the one that is read is looked at too.
#[test]
fn parts_for_other_services_are_checked() {
    let text = "[scenario]\nname = \"mine\"\n[for.storage.demand.enterprises]\ngrwth = 3\nsize = -4\n";
    let draft = Draft::parse(text, "mine.toml").unwrap();
    let of_network = draft.check_for_network(network_file("akash").unwrap(), "akash", None);
    for found in [of_network, draft.check("leasing").1] {
        let lines: Vec<usize> = found.errors().map(|one| one.line).collect();
        assert_eq!(lines, [4, 5], "{found}");
    }
}

proptest! {
    #[test]
    fn shares_keep_their_sum(parts in 0u32..=1_000_000_000) {
        let share = depin_quantity::Share::new(parts).unwrap().to_string();
        let key = "network.utility.stream.lease.pays-other.burn.share";
        if let Ok(made) = set("akash", key, &share, None) {
            let keys = network_keys(&made, "a").unwrap();
            let sum: u64 = keys
                .iter()
                .filter(|key| key.path.starts_with("network.utility.stream.lease.pays-other.") && key.path.ends_with(".share"))
                .map(|key| u64::from(key.value.trim_matches('"').parse::<depin_quantity::Share>().unwrap().get()))
                .sum();
            prop_assert_eq!(sum, 1_000_000_000);
        }
    }

    #[test]
    fn keys_and_values_may_be_anything(key in "\\PC{0,40}", value in "\\PC{0,20}", known in any::<bool>()) {
        let key = if known { "network.incentive.pool.capacity.share".to_owned() } else { key };
        let _ = set("io.net", &key, &value, None);
    }
}
