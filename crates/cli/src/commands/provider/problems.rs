//! What stands in the way of something that runs in this process, told on its terminal when it begins and when it is over.

use crate::output::Output;
use std::{collections::BTreeMap, time::Duration};

/// How often problems are looked at, and how long one lasts before it is told: what passes by itself is not.
const LOOK: Duration = Duration::from_secs(2);
const LASTS: u32 = 2;

/// Problems that were seen, by what they concern: how often in a row, and whether it was told.
#[derive(Default)]
struct Seen(BTreeMap<String, u32>);

/// What is to be told now.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Begun(String),
    Over(String),
}

impl Seen {
    fn look(&mut self, problems: &BTreeMap<String, String>) -> Vec<Told> {
        let mut told = Vec::new();
        self.0.retain(|concerns, times| {
            let stays = problems.contains_key(concerns);
            if !stays && *times >= LASTS {
                told.push(Told::Over(format!("{concerns}: solved")));
            }
            stays
        });
        for (concerns, why) in problems {
            let times = self.0.entry(concerns.clone()).or_default();
            *times = times.saturating_add(1);
            if *times == LASTS {
                told.push(Told::Begun(format!("{concerns}: {why}")));
            }
        }
        told
    }
}

/// Tells them for ever.
pub async fn tell(problems: impl Fn() -> BTreeMap<String, String>, out: &Output) {
    let mut seen = Seen::default();
    loop {
        tokio::time::sleep(LOOK).await;
        for told in seen.look(&problems()) {
            match told {
                Told::Begun(text) => out.warn(text),
                Told::Over(text) => out.note(text),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_once_when_it_lasts_and_once_when_it_is_over() {
        let (mut seen, none) = (Seen::default(), BTreeMap::new());
        let clock = BTreeMap::from([("clock".to_owned(), "20 minutes off".to_owned())]);
        assert_eq!(seen.look(&clock), []);
        assert_eq!(seen.look(&none), [], "it was over at once");
        assert_eq!(seen.look(&clock), []);
        assert_eq!(seen.look(&clock), [Told::Begun("clock: 20 minutes off".to_owned())]);
        assert_eq!(seen.look(&clock), []);
        assert_eq!(seen.look(&none), [Told::Over("clock: solved".to_owned())]);
    }
}
