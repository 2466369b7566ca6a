//! What is wrong is told: where, what is allowed, what to do, all at once.

use super::scenario;
use depin_sim::scenario::{Diagnostic, Draft, Provenance, Severity, Treatment};

/// What is said of a text of one's own, for clusters.
fn found(text: &str) -> Vec<Diagnostic> {
    let draft = match Draft::parse(text, "mine.toml") {
        Ok(draft) => draft,
        Err(found) => return found.all().to_vec(),
    };
    let (scenario, found) = draft.check("clusters");
    assert_eq!(scenario.is_none(), found.failed(), "{found}");
    found.all().to_vec()
}

/// The one thing that is said of a text.
fn one(text: &str) -> Diagnostic {
    let all = found(text);
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

fn says(text: &str, line: usize, message: &str, hint: &str) {
    let said = one(text);
    let told = said.hint.clone().unwrap_or_default();
    assert_eq!((said.file.as_str(), said.line), ("mine.toml", line), "{said}");
    assert!(said.message.contains(message) && told.contains(hint), "{said}");
}

const HEAD: &str = "[scenario]\nname = \"mine\"\n";

fn with(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

#[test]
fn a_text_of_ones_own_begins_from_the_baseline_and_wins_over_it() {
    let draft = Draft::parse(&with("years = 3\n[demand.training]\ngrowth = { value = 0.5 }"), "mine.toml").unwrap();
    let mine = draft.resolve("clusters").unwrap();
    let base = scenario("baseline", "clusters");
    assert_eq!((mine.horizon.years, base.horizon.years), (3.0, 10.0));
    let (mine, base) = (&mine.demand["training"], &base.demand["training"]);
    assert_eq!(mine.size, base.size);
    // A table that gives only a value keeps the range that it lies in.
    assert_eq!((mine.growth.value, mine.growth.range), (0.5, base.growth.range));
}

#[test]
fn misspelt_keys_names_and_words_are_told_what_was_meant() {
    says(&with("[demand.training]\ngrwoth = 0.4"), 4, "`grwoth` is no key of [demand.training]", "did you mean `growth`?");
    says(&with("[demnd]\n"), 3, "`demnd` is no section", "did you mean `demand`?");
    says(&with("treatment = \"no-token\""), 3, "`no-token` is none of", "did you mean `no-tokens`?");
    says("[scenario]\nname = \"mine\"\nextends = \"basline\"", 3, "no scenario `basline`", "did you mean `baseline`?");
    says(&with("[for.clusers.boom.demand]\non = true"), 3, "no service is called `clusers`", "did you mean `clusters`?");
    says(
        &with("[metric.device-scores]\nper = \"capacity\"\ntimes = { value = 1, source = \"a\" }"),
        3,
        "is no metric of service",
        "did you mean `device-score`?",
    );
    says(
        &with("[metric.device-score]\nof = [\"data-centre\"]"),
        4,
        "no class is called `data-centre`",
        "did you mean `data-centres`?",
    );
    says(&with("[unit]\npaid-by = \"stream:hires\""), 4, "has no stream `hires`", "did you mean `stream:hire`?");
    says(
        &with("[market]\nvolatility = { value = 1, rnge = [0, 2], why = \"a\" }"),
        4,
        "`rnge` is no key of a figure",
        "did you mean `range`?",
    );
}

#[test]
fn sizes_below_nothing_and_signs_that_make_no_sense_are_refused() {
    says(&with("[demand.training]\nsize = { value = -5, source = \"a\" }"), 4, "nobody asks for less than nothing", "from 0");
    says(
        &with("[demand.training]\nelasticity = { value = 1.5, source = \"a\" }"),
        4,
        "people ask for less when it costs more",
        "to 0",
    );
    says(&with("[demand.training]\nquality-sensitivity = { value = -1, source = \"a\" }"), 4, "when it is worse", "from 0");
    says(&with("[supply.gpu-farms]\nsells = { value = 1.2, source = \"a\" }"), 4, "a part is from 0 to 1", "from 0 to 1");
    says(&with("[market]\nstart = { value = 0, source = \"a\" }"), 4, "no market", "above 0");
    says(&with("[market]\ndepth = { value = nan, source = \"a\" }"), 4, "a number that ends", "write");
    says(&with("[market]\ndepth = { value = 1e999, source = \"a\" }"), 4, "a number that ends", "write");
}

#[test]
fn a_range_holds_its_value_and_goes_upwards() {
    let growth = |figure: &str| with(&format!("[demand.training]\ngrowth = {figure}"));
    says(&growth("{ value = 5, range = [0, 2], why = \"a\" }"), 4, "which its own range [0, 2] does not hold", "widen the range");
    says(&growth("{ value = 1, range = [2, 0], why = \"a\" }"), 4, "holds nothing", "write [0, 2]");
    says(&growth("{ value = 1, range = [1, 2, 3], why = \"a\" }"), 4, "two numbers, and this has 3", "range = ");
    says(&growth("{ value = 1, range = [0, 2], log = true, why = \"a\" }"), 4, "begins above zero", "leave out `log`");
    says(
        &growth("{ value = 1, range = [0, 200], why = \"a\" }"),
        4,
        "`growth` is 200, and at most 100 can be run",
        "from -1 to 100",
    );
    says(&growth("\"40%\""), 4, "is the text \"40%\"", "write 0.4");
}

#[test]
fn what_says_nothing_of_its_ground_is_a_warning_and_runs() {
    let said = one(&with("[demand.training]\nalternative-trend = 0.4"));
    assert_eq!(said.severity, Severity::Warning, "{said}");
    assert!(said.message.contains("neither where it comes from nor how sure it is"), "{said}");
    let said = one(&with("[demand.training]\ngrowth = { value = 0.4, range = [0, 1], source = \"\" }"));
    assert!(said.message.contains("`source` says nothing"), "{said}");
    assert!(found(&with("[demand.training]\nsource = \"ours\"\ngrowth = 0.4")).is_empty(), "a source beside it is enough");
}

#[test]
fn events_lie_within_the_run_and_name_keys_that_there_are() {
    let event = |rest: &str| with(&format!("years = 2\n[[event]]\n{rest}"));
    says(&event("at = \"3y\"\nshock = { price = -0.5 }"), 5, "runs go from 2025-01-01 to 2027-01-01", "choose a date within");
    says(&event("at = 2024-12-31\nshock = { price = -0.5 }"), 5, "this happens on 2024-12-31", "choose a date within");
    says(&event("at = \"1y\"\nshock = { price = -1.5 }"), 6, "above -1", "four fifths down");
    says(
        &event("at = \"1y\"\nset = { \"scenario.demand.trainin.growth\" = 0.1 }"),
        6,
        "is no figure of this scenario",
        "did you mean `scenario.demand.training.growth`?",
    );
    says(&event("at = \"1y\"\nset = { \"scenario.demand.training.elasticity\" = 2 }"), 6, "people ask for less", "to 0");
    says(&event("at = \"1y\"\nset = { \"demand.training.growth\" = 2 }"), 6, "neither scenario. nor network.", "depin sim keys");
    says(&event("att = \"1y\"\nat = \"1y\"\nshock = { price = -0.5 }"), 5, "`att` is no key of an event", "did you mean `at`?");
    says(&event("at = \"1y\""), 4, "nothing happens", "add set");
    says(&event("at = \"2026-01-01\"\nshock = { price = -0.5 }"), 5, "a date has no quotes", "write at = 2026-01-01");
    says(&event("at = \"soon\"\nshock = { price = -0.5 }"), 5, "`soon` is no length of time", "a date without quotes");
}

#[test]
fn figures_that_do_not_fit_together_are_told_of() {
    says(&with("record = \"36h\""), 3, "a multiple of `step`", "7d");
    says(&with("step = \"7d\""), 3, "people decide once a day", "1d");
    says(&with("[supply.gpu-farms]\nmost = { value = 3, source = \"a\" }"), 4, "more than the 3", "raise `most`");
    says(
        &with("[stakers.others]\nshare = { value = 1, source = \"a\" }\nrequired-yield = { value = 0.1, source = \"a\" }"),
        3,
        "more than all of it",
        "lower their shares",
    );
    says(&with("[market]\nprice = \"replay\""), 4, "needs a path", "add path");
    says(&with("[market]\nprice = \"replay\"\npath = [[2025-06-01, 3.2]]"), 5, "begins on 2025-06-01", "at the scenario's start");
    says(&with("[market]\npath = [[2025-06-01, 3.2], [2025-05-01, 3]]"), 4, "dates must go forwards", "sort");
    says(&with("[market]\npath = [[2025-06-01, nan]]"), 4, "is none", "above 0");
    let said = one(&with("[market]\npath = [[2025-01-01, 3.2], [2026-01-01, 3]]"));
    assert!(said.severity == Severity::Warning && said.message.contains("no price from 2025-01-01 to 2026-01-01"), "{said}");
    let said = one(&with("[market]\nprice = \"replay\"\npath = [[2025-01-01, 3.2]]"));
    assert!(said.severity == Severity::Warning && said.message.contains("no price from 2025-01-01 to 20"), "to the end: {said}");
    let said = one(&with("[demand.training]\nsize = { value = 1_000_000, source = \"a\" }"));
    assert!(said.severity == Severity::Warning && said.message.contains("can serve"), "{said}");
}

#[test]
fn everything_is_told_at_once_errors_first() {
    let all = found(&with("[demand.training]\ngrwoth = 1\nelasticity = 2\n[market]\nprice = \"gmb\"\nvolatility = 0.4\n"));
    let errors = all.iter().filter(|one| one.severity == Severity::Error).count();
    assert_eq!((errors, all.len()), (3, 4), "{all:#?}");
    assert!(all[..3].iter().all(|one| one.severity == Severity::Error));
}

#[test]
fn syntax_is_told_alone() {
    let all = found("[scenario]\nname = mine\nyears = = 3\n");
    assert!(!all.is_empty() && all.iter().all(|one| one.message.starts_with("this is not TOML")), "{all:#?}");
}

#[test]
fn another_services_text_is_refused() {
    says("[scenario]\nname = \"mine\"\nservice = \"storage\"", 3, "is about service `storage`", "use a scenario of that service");
}

#[test]
fn keys_are_set_by_hand_as_they_are_written_in_the_file() {
    let mut draft = Draft::builtin("baseline").unwrap();
    draft.set("scenario.demand.training.growth", "0.4").set("scenario.treatment", "no-tokens").set("scenario.years", "2");
    draft.set("scenario.links.exit-quality", "false").set("scenario.boom.demand.on", "true");
    let set = draft.resolve("clusters").unwrap();
    let growth = &set.demand["training"].growth;
    assert_eq!((growth.value, growth.range), (0.4, None));
    assert_eq!(growth.provenance, Provenance::Assumption("set by hand".to_owned()));
    assert_eq!((set.horizon.treatment, set.horizon.years), (Treatment::NoTokens, 2.0));
    assert!(!set.links.exit_quality && set.boom.demand.on);
}

#[test]
fn a_key_that_was_set_wrongly_is_told_of_as_it_was_typed() {
    let told = |key: &str, value: &str| {
        let mut draft = Draft::builtin("baseline").unwrap();
        draft.set(key, value);
        draft.resolve("clusters").unwrap_err().to_string()
    };
    let said = told("scenario.demand.training.grwoth", "0.4");
    assert!(said.starts_with("--set") && said.contains("did you mean `scenario.demand.training.growth`?"), "{said}");
    assert!(told("scenario.demand.training.elasticity", "1").contains("people ask for less when it costs more"));
    assert!(told("scenario.demand.nobody.growth", "1").contains("no key is called"));
    assert!(told("scenario.years", "many").contains("must be a number"));
    assert!(told("scenario.extends", "ai-boom").contains("cannot be set"));
    for (key, value, words) in [
        (
            "scenario.supply.count",
            "1000001",
            ["`count` is 1000001, and at most 1000000 can be run", "write a number from 0 to 1000000"],
        ),
        ("scenario.market.depth", "1e30", ["`depth` is 1e30, and at most 1e15 can be run", "write a number from 1 to 1e15"]),
        ("scenario.demand.noise", "20", ["`noise` is 20, and at most 10 can be run", "from 0 to 10"]),
        ("scenario.demand.noise", "-1", ["chance has no sign", "from 0 to 10"]),
        ("scenario.supply.sells", "3", ["a part is from 0 to 1", "from 0 to 1"]),
        ("scenario.start", "\"2025-03-01\"", ["must be a date, and is a text", "write start = 2025-03-01, without quotes"]),
        ("market.depth", "5e6", ["no key is called `market.depth`", "write scenario.market.depth=5e6"]),
        ("demand.growth", "0.2", ["no key is called `demand.growth`", "write scenario.demand.growth=0.2"]),
        ("incentive.pool.stakers.share", "5%", ["no key is called", "a key begins with scenario. or network."]),
    ] {
        let said = told(key, value);
        assert!(words.iter().all(|words| said.contains(words)), "{key}={value}: {said}");
    }
}

/// Of a scenario whose boom ends after years one year alone can be run; a text whose own event lies behind its own end is wrong.
#[test]
fn a_length_that_is_set_leaves_out_what_would_have_happened_later() {
    let mut draft = Draft::builtin("ai-boom").unwrap();
    let whole = draft.resolve("clusters").unwrap();
    let short = draft.set("scenario.years", "1").resolve("clusters").unwrap();
    assert_eq!((short.horizon.years, &short.events), (1.0, &whole.events));
    let (_, said) = draft.check("clusters");
    let late = said.all().iter().find(|one| one.message.contains("this happens on 2027-01-01")).unwrap();
    assert_eq!((late.severity, late.hint.as_deref()), (Severity::Warning, Some("in so short a run it does not happen")));
    let own = "[scenario]\nname = \"mine\"\nyears = 1\n\n[[event]]\nat = \"2y\"\nshock = { price = -0.5 }\n";
    assert!(found(own).iter().any(|one| one.severity == Severity::Error && one.message.contains("and runs go from")));
}

#[test]
fn a_run_may_be_of_a_day_and_a_wrong_length_is_told_the_nearest() {
    let with = |years: &str| Draft::builtin("baseline").unwrap().set("scenario.years", years).resolve("clusters");
    assert!(with(&(1.0 / 365.0).to_string()).is_ok());
    assert!(with("0").unwrap_err().to_string().contains("write years = 0.002"));
    assert!(with("1000").unwrap_err().to_string().contains("write years = 100"));
}

#[test]
fn figures_are_set_and_drawn_by_their_keys() {
    let mut scenario = scenario("baseline", "leasing");
    let low = scenario.draw(|_| 0.0);
    let high = scenario.draw(|_| 1.0);
    assert!(low.len() > 80 && low.keys().eq(high.keys()));
    assert!(low.iter().all(|(key, low)| *low < high[key]));
    scenario.set_figures(low.iter().map(|(key, value)| (key.as_str(), *value))).unwrap();
    assert!(scenario.draw(|_| 0.5).is_empty(), "what was set is fixed");
    let error = scenario.set_figures([("scenario.demand.hosts.sze", 1.0)]).unwrap_err();
    assert_eq!(error.near.as_deref(), Some("scenario.demand.hosts.size"));
}

/// What is said of all customers needs none of their names.
#[test]
fn a_key_without_a_name_sets_it_of_all() {
    let set = |key: &str, value: &str| Draft::builtin("baseline").unwrap().set(key, value).resolve("clusters");
    let scenario = set("scenario.demand.growth", "0.4").unwrap();
    assert!(scenario.demand.len() > 1 && scenario.demand.values().all(|segment| segment.growth.value == 0.4));
    let scenario = set("scenario.supply.patience", "30").unwrap();
    assert!(scenario.supply.len() > 1 && scenario.supply.values().all(|class| class.patience.value == 30.0));
    let wrong = set("scenario.demand.elasticity", "0.4").unwrap_err().to_string();
    assert!(wrong.contains("`elasticity` is 0.4"), "{wrong}");
    let wrong = set("scenario.demand.grwoth", "0.4").unwrap_err().to_string();
    assert!(wrong.contains("no key is called `scenario.demand.grwoth`"), "{wrong}");
}

#[test]
fn keys_are_listed_with_the_services_own_unit() {
    let keys = scenario("baseline", "storage").keys();
    let size = keys.iter().find(|key| key.path == "scenario.demand.enterprises.size").unwrap();
    assert_eq!((size.unit.as_str(), size.value.as_str()), ("TiB-months a day", "6500"));
    assert!(keys.iter().any(|key| key.about == "price of one TiB-month at the start"));
}
