//! No text breaks it: random bytes, and what comes along with anything changed in it.

use super::SERVICES;
use depin_sim::scenario::{Draft, Prices, SCENARIOS, SERVICES as PEOPLE};
use proptest::prelude::*;

/// Reads a text in every way there is; what is wrong has a place inside it.
fn read(text: &str, service: &str) {
    let _ = Prices::parse(text, "prices.toml");
    let draft = match Draft::parse(text, "mine.toml") {
        Ok(draft) => draft,
        Err(found) => {
            assert!(found.failed());
            return;
        }
    };
    let (scenario, found) = draft.check(service);
    assert_eq!(scenario.is_none(), found.failed());
    for one in found.all().iter().filter(|one| one.file == "mine.toml") {
        assert!(one.line >= 1 && one.line <= text.lines().count().max(1) + 1, "{one}");
    }
    if let Some(mut scenario) = scenario {
        scenario.visit(&mut |key, figure| assert!(figure.value.is_finite(), "{key}"));
        let _ = (scenario.keys(), scenario.draw(|_| 0.3));
    }
}

/// A text that comes along.
fn any_text() -> impl Strategy<Value = &'static str> {
    let all: Vec<&str> = SCENARIOS.iter().chain(&PEOPLE).map(|(_, text)| *text).collect();
    prop::sample::select(all)
}

/// What gets into texts by accident.
const SLIPS: [&str; 20] = [
    "",
    "\"",
    "=",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "#",
    "-",
    "nan",
    "inf",
    "1e400",
    "true",
    "2025-02-31",
    "\u{0}",
    "ä",
    "[[event]]",
    ".",
    "99999999999999999999999999999999999999999",
];

proptest! {
    #[test]
    fn random_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&String::from_utf8_lossy(&bytes), "leasing");
    }

    #[test]
    fn what_comes_along_may_have_anything_changed_in_it(
        text in any_text(),
        at in any::<prop::sample::Index>(),
        length in 0usize..40,
        slip in prop::sample::select(SLIPS.to_vec()),
        service in prop::sample::select(SERVICES.to_vec()),
    ) {
        let mut text = text.to_owned();
        let mut start = at.index(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + length).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        text.replace_range(start..end, slip);
        read(&text, service);
    }

    #[test]
    fn keys_and_values_that_are_set_may_be_anything(key in "\\PC{0,40}", value in "\\PC{0,20}", known in any::<bool>()) {
        let mut draft = Draft::builtin("ai-boom").unwrap();
        let key = if known { "scenario.demand.training.growth".to_owned() } else { key };
        let (scenario, found) = draft.set(&key, &value).check("clusters");
        prop_assert_eq!(scenario.is_none(), found.failed());
    }
}
