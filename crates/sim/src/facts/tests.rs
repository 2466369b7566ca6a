use super::*;
use crate::{results::COLUMNS, scenario::Draft};

/// A range that does not hold what was seen judges something else.
#[test]
fn what_was_seen_lies_in_the_range_that_is_expected() {
    for fact in Fact::builtin() {
        let (low, high) = fact.expect;
        assert!((low..=high).contains(&fact.observed), "{}: {} in {low} to {high}", fact.id, fact.observed);
        assert!(fact.verdict(fact.observed) == Verdict::Reproduced);
    }
}

/// A row a month, with one column that is given.
fn rows(columns: &[(&str, &[f64])]) -> (Vec<Row>, Scenario) {
    let scenario = Draft::builtin("baseline").unwrap().resolve("clusters").unwrap();
    let count = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let rows = (0..count).map(|at| {
        let mut values = vec![f64::NAN; COLUMNS.len()];
        for (name, given) in columns {
            values[crate::results::column(name).unwrap()] = given[at];
        }
        Row { timestep: at as u32 + 1, date: after(&scenario, at as f64 + 0.9), values }
    });
    (rows.collect(), scenario)
}

fn figure(measure: Measure, columns: &[(&str, &[f64])]) -> f64 {
    let (rows, scenario) = rows(columns);
    let fact = Fact { measure, ..Fact::builtin().swap_remove(0) };
    fact.figure(Evidence { rows: &rows, kpis: &BTreeMap::from([("gini".to_owned(), 0.4)]), scenario: &scenario })
}

#[test]
fn facts_come_along_dated_sourced_and_told_on_the_page() {
    let facts = Fact::builtin();
    assert!(facts.len() >= 12, "{}", facts.len());
    let page = include_str!("../../../../docs/stylised-facts.md");
    for fact in &facts {
        assert!(!fact.source.is_empty() && fact.used.starts_with(fact.set.word()));
        let told = page.lines().find(|line| line.starts_with("| ") && line.contains(&format!("`{}`", fact.id)));
        let told = told.unwrap_or_else(|| panic!("{} is not on the page", fact.id));
        // What it says of defaults stands last; of several in one line it is said by name.
        let set = told.trim_end_matches(" |").rsplit("| ").next().unwrap();
        let own = set.starts_with(fact.set.word());
        let among = fact.id.starts_with("tokens-fall-") && set.contains("HNT in part") && set.contains("the others no");
        assert!(own || among, "{}: `{set}` and {:?}", fact.id, fact.set);
    }
    let mut ids: Vec<&str> = facts.iter().map(|fact| fact.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), facts.len(), "each once");
    let networks: std::collections::BTreeSet<&str> = facts.iter().map(|fact| fact.network.as_str()).collect();
    assert_eq!(networks.len(), 5);
}

#[test]
fn measures_are_what_they_say() {
    let months = (0.0, 4.0);
    let (over, under) = ("burned".to_owned(), "minted".to_owned());
    let flows: &[(&str, &[f64])] = &[("burned", &[1.0, 1.0, 2.0, 4.0, 100.0]), ("minted", &[10.0, 10.0, 10.0, 10.0, 1.0])];
    assert_eq!(figure(Measure::Ratio { over: over.clone(), under: under.clone(), months }, flows), 0.2);
    assert!((figure(Measure::Later { over, under, months }, flows) - 3.0).abs() < 1e-12);
    let level: &[(&str, &[f64])] = &[("price", &[4.0, 8.0, f64::NAN, 6.0, 100.0])];
    assert_eq!(figure(Measure::Change { column: "price".into(), months }, level), 0.5);
    assert_eq!(figure(Measure::Level { column: "price".into(), months }, level), 6.0);
    assert_eq!(figure(Measure::Peak { column: "price".into(), months }, level), 2.0);
    assert_eq!(figure(Measure::Kpi("gini".into()), level), 0.4);
    assert!(
        figure(Measure::Kpi("none".into()), level).is_nan()
            && figure(Measure::Level { column: "gini".into(), months }, level).is_nan()
    );
    // 1,500 devices at 0.75, 3,600 at 0.9, 2,400 at 0.97.
    assert!((figure(Measure::Honesty, level) - (1_125.0 + 3_240.0 + 2_328.0) / 7_500.0).abs() < 1e-12);
}

#[test]
fn a_verdict_is_by_sign_and_order_of_magnitude() {
    let of = |measure: &Measure, observed: f64, expect: (f64, f64), figure: f64| {
        Fact { measure: measure.clone(), observed, expect, ..Fact::builtin().swap_remove(0) }.verdict(figure)
    };
    let change = Measure::Change { column: "price".into(), months: (0.0, 1.0) };
    assert_eq!(of(&change, -0.5, (-0.9, -0.2), -0.3), Verdict::Reproduced);
    assert_eq!(of(&change, -0.5, (-0.9, -0.2), -0.01), Verdict::SignOnly);
    assert_eq!(of(&change, -0.5, (-0.9, -0.2), 0.1), Verdict::Missed);
    let ratio = Measure::Ratio { over: "burned".into(), under: "minted".into(), months: (0.0, 1.0) };
    assert_eq!(of(&ratio, 0.03, (0.01, 0.1), 0.5), Verdict::SignOnly);
    assert_eq!(of(&ratio, 0.03, (0.01, 0.1), 2.0), Verdict::Missed);
    assert_eq!(of(&Measure::Honesty, 0.03, (0.01, 0.1), 0.5), Verdict::Missed);
    assert_eq!(of(&ratio, 0.03, (0.01, 0.1), f64::NAN), Verdict::Undefined);
}

#[test]
fn a_fact_that_is_wrong_is_told_with_its_line() {
    let said = |text: &str| Fact::parse(text, "facts.toml").unwrap_err().to_string();
    let text = FACTS.replacen("measure = { ratio = [\"burned\", \"minted\"]", "measure = { ratio = [\"burnt\", \"minted\"]", 1);
    assert!(said(&text).contains("`burnt` is no column of the result table (hint: did you mean `burned`?)"), "{}", said(&text));
    let text = FACTS.replacen("observed = 0.037", "observd = 0.037", 1);
    assert!(said(&text).contains("did you mean `observed`?"));
    let text = FACTS.replacen("expect = [0.006, 0.2]", "expect = [0.2, 0.006]", 1);
    assert!(said(&text).contains("has no range to expect"));
    let text = FACTS.replacen("used = \"no\"", "used = \"nowhere\"", 1);
    assert!(said(&text).contains("`used` begins with no, in part, yes"), "{}", said(&text));
    assert!(said("a = = 1").contains("this is not TOML"));
    assert!(said("fact = 1").contains("is no list of facts"));
}

fn by(measure: Measure, scenario: &str) -> Fact {
    Fact { measure, scenario: scenario.to_owned(), ..Fact::builtin().swap_remove(0) }
}

#[test]
fn facts_of_one_model_are_judged_by_one_and_runs_are_as_long_as_they_need() {
    let level = |until| Measure::Level { column: "price".into(), months: (0.0, until) };
    let facts = vec![by(level(6.0), "baseline"), by(level(12.0), "ai-boom"), by(level(18.0), "baseline")];
    let other = Fact { network: "akash".into(), ..by(Measure::Honesty, "baseline") };
    let cases = Case::of([facts, vec![other]].concat(), &[]);
    let told: Vec<(&str, &str, usize)> =
        cases.iter().map(|case| (case.network.as_str(), case.scenario.as_str(), case.facts.len())).collect();
    assert_eq!(told, [("helium", "baseline", 2), ("helium", "ai-boom", 1), ("akash", "baseline", 1)]);
    assert_eq!(cases[0].years(), Some(19.0 / 12.0), "a month more than the longest looks at");
    assert_eq!(Case::of(Fact::builtin(), &["akash"]).iter().map(|case| &case.network).collect::<Vec<_>>(), ["akash"]);

    let kpi = |id: &str| Case::of(vec![by(Measure::Kpi(id.to_owned()), "baseline")], &[]).swap_remove(0);
    assert_eq!((kpi("gini").years(), kpi("gini").pairs()), (None, Vec::new()));
    use crate::scenario::Treatment::{CentralCapex, NoTokens};
    assert_eq!(kpi("conversion.providers.paid.earned.incremental").pairs(), [NoTokens]);
    let central = crate::kpi::kpis().find(|kpi| kpi.formula.contains("central-capex")).unwrap();
    assert_eq!(kpi(central.id.0).pairs(), [CentralCapex]);
}

/// Of five runs the median is judged; one without a figure is none of them, and all of them are counted.
#[test]
fn many_runs_are_judged_by_their_median() {
    let ratio = Measure::Ratio { over: "burned".into(), under: "minted".into(), months: (0.0, 1.0) };
    let fact = Fact { expect: (0.01, 0.1), observed: 0.03, ..by(ratio, "baseline") };
    let judged = Judged::new(fact.clone(), vec![0.05, f64::NAN, 0.5, 0.02, 0.09]);
    assert_eq!((judged.verdict, judged.alike, judged.runs, judged.figures.len()), (Verdict::Reproduced, 3, 5, 4));
    assert_eq!(Judged::new(fact.clone(), vec![0.2, 0.5, 0.02]).verdict, Verdict::SignOnly);
    assert_eq!(Judged::new(fact, vec![f64::NAN]).verdict, Verdict::Undefined);
}
