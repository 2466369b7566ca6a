//! What comes of a recipe: what is kept, what is converted, what is refused.

#[path = "drive/files.rs"]
mod files;

use depin_economy::Spec;
use depin_networks::{ComposeError, Recipe, compose};
use depin_quantity::Name;
use files::{FIVE, mixed};

const HELIUM: usize = 0;
const FILECOIN: usize = 1;
const RENDER: usize = 2;
const AKASH: usize = 3;
const IO: usize = 4;

fn recipe<'a>(service: &'a str, text: &'a str, unit: Option<&'a str>) -> Recipe<'a> {
    Recipe { name: Name::literal("mynet"), service, emission: text, payment: text, stake: text, unit }
}

fn amount(toml: &str, pick: impl Fn(&Spec) -> Option<u128>) -> u128 {
    pick(&Spec::parse(toml).unwrap()).unwrap()
}

#[test]
fn a_services_own_economy_is_its_file_word_for_word_under_another_name() {
    let made = mixed("storage", FILECOIN, FILECOIN, FILECOIN);
    let tail = |text: &str| text.split_once("[[token]]").unwrap().1.trim().to_owned();
    assert_eq!(tail(&made.toml), tail(FIVE[FILECOIN].1));
    assert!(made.toml.contains("name = \"mynet\"") && !made.toml.contains("variant = \"document\""));
}

#[test]
fn dated_changes_come_as_long_after_the_start_as_they_did() {
    let made = mixed("coverage", HELIUM, HELIUM, HELIUM);
    // 2019-08-01 to 2023-04-18.
    assert!(made.toml.contains("after = \"1356d\""), "{}", made.toml);
    assert_eq!(Spec::parse(&made.toml).unwrap().later().len(), 1);
}

#[test]
fn parts_come_from_the_latest_version_that_any_service_can_stand_under() {
    // Render's first parameter version emits nothing; Helium's second pays its own tokens per sub-network.
    let render = Spec::parse(&mixed("storage", RENDER, RENDER, RENDER).toml).unwrap();
    assert!(render.supply(Name::literal("RENDER")).unwrap().emission.is_some());
    let helium = Spec::parse(&mixed("storage", HELIUM, HELIUM, HELIUM).toml).unwrap();
    assert_eq!(helium.tokens().keys().map(Name::as_str).collect::<Vec<_>>(), ["DC", "HNT"]);
}

#[test]
fn amounts_of_another_token_are_the_same_part_of_the_cap() {
    // 1 FIL for 32 GiB of 2 billion is 0.4 IO of 800 million, for a device of four quarters.
    let made = mixed("clusters", IO, IO, FILECOIN);
    assert!(made.toml.contains("per-unit = \"0.4 IO\""), "{}", made.toml);
    // 200 IO for a device of 800 million is 500 FIL of 2 billion, for 32 GiB.
    let made = mixed("storage", FILECOIN, FILECOIN, IO);
    assert!(made.toml.contains("per-gib = \"15.625 FIL\""), "{}", made.toml);
    assert!(made.toml.contains("as a device of io.net pledges, the same part of the cap"), "{}", made.toml);
}

#[test]
fn what_changed_is_a_parameter_that_names_its_donor_and_what_did_not_keeps_its_source() {
    let made = mixed("leasing", FILECOIN, AKASH, IO);
    let spec = Spec::parse(&made.toml).unwrap();
    let of = |path: &str| format!("{:?}", spec.provenance().get(path));
    assert!(of("supply.FIL.cap").contains("Source") && of("supply.FIL.cap").contains("2 billion"));
    assert!(of("incentive.pledge.provider").contains("Parameter") && of("incentive.pledge.provider").contains("io.net"));
    assert!(of("amm-pool.FIL-USDC").contains("in FIL instead of AKT"), "{}", of("amm-pool.FIL-USDC"));
    assert!(!made.toml.contains("(as on "), "reasons are not nested:\n{}", made.toml);
}

#[test]
fn pools_for_capacity_and_usage_are_fed_alike_and_become_one_where_there_is_one_metric() {
    let spec = Spec::parse(&mixed("rendering", HELIUM, HELIUM, HELIUM).toml).unwrap();
    let pool = |metric: &str| spec.binding(metric.parse().unwrap()).and_then(|binding| binding.pool).map(|pool| pool.to_string());
    assert_eq!((pool("availability").as_deref(), pool("approved-value").as_deref()), (Some("coverage"), Some("data")));
    let one = Spec::parse(&mixed("leasing", HELIUM, HELIUM, HELIUM).toml).unwrap();
    let by_metric = one.pools().iter().filter(|(_, rule)| rule.method.by_metric()).count();
    assert_eq!(by_metric, 1);
}

#[test]
fn stakers_that_only_payments_feed_get_a_pool_of_their_own() {
    let made = mixed("storage", FILECOIN, AKASH, AKASH);
    let funded = amount(&made.toml, |spec| spec.pool(Name::literal("stakers")).map(|_| 1));
    assert_eq!(funded, 1);
    assert!(made.notes.iter().any(|note| note.contains("fed by payments alone")), "{:?}", made.notes);
}

#[test]
fn the_rules_name_every_part_and_every_decision() {
    let made = mixed("metered", FILECOIN, RENDER, IO);
    for words in ["Filecoin", "Render Network", "io.net", "map tile", "parameter version 2 of 2"] {
        assert!(made.rules.contains(words), "{words}:\n{}", made.rules);
    }
    let rules = made.rules.split_whitespace().collect::<Vec<_>>().join(" ");
    for note in &made.notes {
        assert!(rules.contains(note.as_str()), "{note}:\n{}", made.rules);
    }
    for line in made.rules.lines().filter(|line| !line.starts_with('|')) {
        assert!(line.chars().count() <= 130, "too long: {line}");
    }
}

#[test]
fn what_cannot_be_made_is_refused() {
    let filecoin = FIVE[FILECOIN].1;
    let error = |recipe: Recipe<'_>| compose(&recipe).unwrap_err();
    assert!(matches!(error(recipe("farming", filecoin, None)), ComposeError::Service { known, .. } if known.contains("metered")));
    assert!(matches!(error(recipe("storage", filecoin, Some("byte"))), ComposeError::Unit(_)));
    let long = "x".repeat(61);
    for unit in ["", " ", " tile", "a\nb", "\"", "\\", &long] {
        assert!(matches!(error(recipe("metered", filecoin, Some(unit))), ComposeError::BadUnit { .. }), "{unit:?}");
    }
    for wrong in ["", "[network", "[network]\nname = \"x\"\ntitle = \"X\"\nservice = \"farming\"\n"] {
        assert!(matches!(error(recipe("storage", wrong, None)), ComposeError::Donor { part: "emission", .. }), "{wrong:?}");
    }
}

#[test]
fn files_that_lack_half_of_everything_never_panic() {
    let filecoin = FIVE[FILECOIN].1;
    let lines: Vec<&str> = filecoin.lines().collect();
    for skip in 2..12 {
        let kept: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| i % skip != 0).map(|(_, line)| *line).collect();
        let text = kept.join("\n");
        for service in ["storage", "rendering", "metered"] {
            let _ = compose(&recipe(service, &text, None));
            let mixed = Recipe { emission: filecoin, ..recipe(service, &text, None) };
            let _ = compose(&mixed);
        }
    }
    for (_, text) in FIVE {
        for removed in ["[utility.", "[incentive.", "[supply.", "[clock.", "cap = ", "[bind]"] {
            let text = text.replace(removed, &removed.replace(['[', 'c'], "[z"));
            let _ = compose(&recipe("leasing", &text, None));
        }
    }
}

#[test]
fn whoever_works_is_paid_when_payments_are_burnt_and_the_emission_pays_stakers_alone() {
    let made = mixed("storage", AKASH, RENDER, AKASH);
    let spec = Spec::parse(&made.toml).unwrap_or_else(|errors| panic!("{errors}"));
    let work = spec.pool(Name::literal("work")).expect("there is a pool for work");
    assert!(work.method.by_metric());
    let stakers = spec.pool(Name::literal("stakers")).unwrap();
    let shares = [work, stakers].map(|pool| pool.part.share_at(0).get());
    assert_eq!(shares, [490_000_000, 490_000_000]);
    assert!(made.notes.iter().any(|note| note.contains("shares half of `stakers`")), "{:?}", made.notes);
    // Where customers pay, everything stays.
    let paid = mixed("storage", AKASH, AKASH, AKASH);
    assert!(Spec::parse(&paid.toml).unwrap().pool(Name::literal("work")).is_none());
}

#[test]
fn parts_of_a_file_with_one_source_take_it_along() {
    let page = include_str!("../../../docs/network-file.md");
    let own = page.split("```toml\n").last().and_then(|rest| rest.split("```").next()).unwrap();
    for (emission, payment, stake) in
        [(own, own, own), (own, FIVE[AKASH].1, own), (FIVE[IO].1, own, own), (FIVE[FILECOIN].1, FIVE[AKASH].1, own)]
    {
        let recipe = Recipe { name: Name::literal("mynet"), service: "metered", emission, payment, stake, unit: None };
        let made = compose(&recipe).unwrap();
        let spec = Spec::parse(&made.toml).unwrap_or_else(|errors| panic!("{errors}\n{}", made.toml));
        assert!(format!("{:?}", spec.provenance()).contains("own rule") || emission != own);
    }
}

#[test]
fn pools_share_by_what_customers_paid_where_the_service_says_it() {
    for n in [HELIUM, FILECOIN, RENDER, AKASH, IO] {
        for payment in [HELIUM, FILECOIN, RENDER, AKASH, IO] {
            let made = mixed("metered", n, payment, n);
            let spec = Spec::parse(&made.toml).unwrap_or_else(|errors| panic!("{errors}"));
            let pool = |metric: &str| spec.binding(metric.parse().unwrap()).and_then(|binding| binding.pool);
            assert_eq!(pool("units"), None, "{}", made.toml);
            let Some(fed) = pool("spent") else { continue };
            assert_eq!(spec.charge(Name::literal("order")).unwrap().currencies.len(), 1, "amounts of several cannot be added");
            let words = format!("Pool `{fed}` shares by `spent` and not by `units`");
            assert!(made.notes.iter().any(|note| note.starts_with(&words)), "{:?}", made.notes);
            assert!(made.rules.contains("trade with oneself"), "{}", made.rules);
        }
    }
    let akash = mixed("metered", FILECOIN, AKASH, AKASH);
    assert!(akash.notes.iter().any(|note| note.contains("is paid in FIL alone, not in USDC")), "{:?}", akash.notes);
}
