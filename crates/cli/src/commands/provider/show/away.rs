//! What being away costs a storage provider, in words: before it is stopped, and beside what it earns.

use crate::output::{Output, Table, count, in_time, minute, shorten};
use depin_client::api::{Absence, ProofDeadline};
use depin_quantity::Instant;

/// Deadlines that are told.
const SHOWN: usize = 5;

/// The next deadlines, and what is lost by being away from now on.
pub(super) fn text(absence: &Absence, now: Instant, out: &Output) -> String {
    let mut text = format!("\n{}\n", out.bold("Next deadlines"));
    let mut table = Table::new(&[">SET", ">SECTORS", "WINDOW", "CLOSES"]);
    for deadline in absence.deadlines.iter().take(SHOWN) {
        table.row([
            deadline.set.to_string(),
            deadline.sectors.to_string(),
            window(deadline, now),
            at(deadline.closes.instant(), now),
        ]);
    }
    text += &table.render_or(out, "none: it has nothing to prove yet");
    let more = absence.deadlines.len().saturating_sub(SHOWN);
    if more > 0 {
        text +=
            &format!("{}\n", out.dim(&format!("and {} more; `depin storage proofs` has all", count(more as u64, "set", "sets"))));
    }
    text += &format!("\n{}\n", out.bold("Away from now on"));
    for line in since(absence, now) {
        text += &format!("{line}\n");
    }
    text
}

fn window(deadline: &ProofDeadline, now: Instant) -> String {
    match (deadline.open, deadline.proven) {
        (true, true) => "answered".to_owned(),
        (true, false) => "open".to_owned(),
        (false, _) => format!("opens {}", in_time(now, deadline.opens.instant())),
    }
}

/// `in 22h 3m, 2026-11-30 15:04`.
fn at(when: Instant, now: Instant) -> String {
    if when <= now { "now".to_owned() } else { format!("{}, {} UTC", in_time(now, when), minute(when)) }
}

/// From when what is lost, one line each.
fn since(absence: &Absence, now: Instant) -> Vec<String> {
    let Some(faulty) = &absence.faulty_from else {
        return vec!["nothing is lost: it has no active deals".to_owned()];
    };
    let sectors = count(absence.sectors, "sector", "sectors");
    let mut lines = vec![format!(
        "{}: the first of {sectors} are faulty; rewards of {} a day end with them",
        at(faulty.instant(), now),
        shorten(&absence.rewards_per_day.display)
    )];
    if absence.fees_per_day.units.is_zero() {
        lines.push("no fee is charged for sectors that stay faulty".to_owned());
    } else if let Some(charged) = &absence.charged_from {
        let fee = shorten(&absence.fees_per_day.display);
        let pledged = shorten(&absence.pledged.display);
        lines.push(format!("{}: fees of {fee} a day, of a pledge of {pledged}", at(charged.instant(), now)));
    }
    if let Some(ended) = &absence.ended_from {
        lines.push(format!("{}: the first are ended, and their deals with them", at(ended.instant(), now)));
    }
    if absence.faulty > 0 {
        lines.push(format!("{} faulty already", count(absence.faulty, "sector is", "sectors are")));
    }
    if absence.more {
        lines.push(format!("it has more sectors than these {sectors}: what is lost is more"));
    }
    lines
}

/// What is said when a provider is stopped.
pub fn while_away(absence: &Absence, now: Instant) -> String {
    since(absence, now).iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::Amount;
    use depin_quantity::{Name, Span, Units};

    fn absence(hours: Option<u64>, fee: u128) -> Absence {
        let now = Instant::new(1_800_000_000_000);
        let amount = |units| Amount::new(Name::literal("FIL"), Units::new(units), 18);
        let later = |hours: u64| Some(now.later(Span::from_secs(3_600 * hours)).into());
        Absence {
            sectors: 2,
            faulty: 0,
            more: false,
            pledged: amount(2_000_000_000_000_000_000),
            faulty_from: hours.and_then(later),
            charged_from: hours.and_then(|hours| later(hours + 24)),
            ended_from: hours.and_then(|hours| later(hours + 42 * 24)),
            rewards_per_day: amount(1_000_000_000_000_000),
            fees_per_day: amount(fee),
            deadlines: Vec::new(),
        }
    }

    #[test]
    fn being_away_is_told_from_when_and_how_much() {
        let now = Instant::new(1_800_000_000_000);
        let lines = since(&absence(Some(3), 40_000_000_000_000_000), now);
        assert!(lines[0].starts_with("in 3h, 2027-01-15 11:00 UTC: the first of 2 sectors are faulty"), "{lines:?}");
        assert!(lines[0].ends_with("rewards of 0.001 FIL a day end with them"), "{lines:?}");
        assert!(lines[1].contains("fees of 0.04 FIL a day, of a pledge of 2 FIL"), "{lines:?}");
        assert!(lines[2].contains("are ended"), "{lines:?}");
        assert_eq!(since(&absence(Some(3), 0), now)[1], "no fee is charged for sectors that stay faulty");
        assert_eq!(since(&absence(None, 1), now), ["nothing is lost: it has no active deals"]);
        assert!(while_away(&absence(Some(3), 1), now).starts_with("  in 3h"));
    }
}
