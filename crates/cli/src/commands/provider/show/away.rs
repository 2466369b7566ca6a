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
    let mut lines = Vec::new();
    if absence.sectors > 0 {
        sectors(absence, now, &mut lines);
    }
    if let Some(accepted) = &absence.accepted {
        let (by, bonds) = (at(accepted.start_by.instant(), now), shorten(&accepted.bonds.display));
        lines.push(if accepted.deals == 1 {
            format!("{by}: 1 accepted deal must have started, else the bond of {bonds} is burnt")
        } else {
            format!(
                "{by}: the first of {} accepted deals must have started; bonds of {bonds} are burnt if none does",
                accepted.deals
            )
        });
    }
    if absence.sectors == 0 && absence.accepted.is_none() {
        lines.push("nothing is lost: it has no active deals".to_owned());
    }
    lines
}

fn sectors(absence: &Absence, now: Instant, lines: &mut Vec<String>) {
    let sectors = count(absence.sectors, "sector", "sectors");
    if let Some(faulty) = &absence.faulty_from {
        let more = if absence.faulty > 0 { "more " } else { "" };
        let first = match absence.sectors.saturating_sub(absence.faulty) {
            1 => format!("1 {more}sector is faulty"),
            good => format!("the first of {good} {more}sectors are faulty"),
        };
        let rewards = shorten(&absence.rewards_per_day.display);
        lines.push(format!("{}: {first}; rewards of {rewards} a day end with that", at(faulty.instant(), now)));
    }
    if absence.fees_per_day.units.is_zero() {
        lines.push("no fee is charged for sectors that stay faulty".to_owned());
    } else if let Some(charged) = &absence.charged_from {
        let fee = shorten(&absence.fees_per_day.display);
        let pledged = shorten(&absence.pledged.display);
        lines.push(format!("{}: fees of {fee} a day, of a pledge of {pledged}", at(charged.instant(), now)));
    }
    if let Some(ended) = &absence.ended_from {
        lines.push(format!("{}: {}{}", at(ended.instant(), now), first_ended(absence.sectors), ends_cost(absence)));
    }
    if absence.faulty > 0 {
        lines.push(format!("{} faulty already", count(absence.faulty, "sector is", "sectors are")));
    }
    if absence.more {
        lines.push(format!("it has more sectors than these {sectors}: what is lost is more"));
    }
}

const fn first_ended(sectors: u64) -> &'static str {
    if sectors == 1 { "the sector is ended, and its deal with it" } else { "the first are ended, and their deals with them" }
}

/// What the ends of all sectors cost on top of the fees of a day.
fn ends_cost(absence: &Absence) -> String {
    let fees = absence.ended_fees.as_ref().map(|fees| format!("fees of {}", shorten(&fees.display)));
    let bonds = absence.ended_bonds.as_ref().map(|bonds| format!("burnt bonds of {}", shorten(&bonds.display)));
    let costs: Vec<String> = fees.into_iter().chain(bonds).collect();
    if costs.is_empty() {
        return String::new();
    }
    let costs = costs.join(" and ");
    if absence.sectors == 1 { format!("; that costs {costs}") } else { format!("; the ends of all cost {costs}") }
}

/// What is said when a provider is stopped.
pub fn while_away(absence: &Absence, now: Instant) -> String {
    since(absence, now).iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::{AcceptedDeals, Amount};
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
            ended_fees: Some(amount(30_000_000_000_000_000)),
            ended_bonds: Some(amount(5_000_000_000_000_000)),
            accepted: None,
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
        assert!(lines[0].ends_with("rewards of 0.001 FIL a day end with that"), "{lines:?}");
        assert!(lines[1].contains("fees of 0.04 FIL a day, of a pledge of 2 FIL"), "{lines:?}");
        assert!(
            lines[2].ends_with(
                "the first are ended, and their deals with them; the ends of all cost fees of 0.03 FIL and burnt bonds of 0.005 FIL"
            ),
            "{lines:?}"
        );
        assert_eq!(since(&absence(Some(3), 0), now)[1], "no fee is charged for sectors that stay faulty");
        assert!(while_away(&absence(Some(3), 1), now).starts_with("  in 3h"));
    }

    #[test]
    fn nothing_is_lost_only_where_no_deal_is_active_or_accepted() {
        let now = Instant::new(1_800_000_000_000);
        let none = Absence { sectors: 0, ..absence(None, 0) };
        assert_eq!(since(&none, now), ["nothing is lost: it has no active deals"]);
        let bonds = Amount::new(Name::literal("FIL"), Units::new(5_000_000_000_000_000), 18);
        let accepted =
            |deals| Some(AcceptedDeals { deals, start_by: now.later(Span::from_secs(3_600)).into(), bonds: bonds.clone() });
        let lines = since(&Absence { accepted: accepted(1), ..none.clone() }, now);
        assert_eq!(
            lines,
            ["in 1h, 2027-01-15 09:00 UTC: 1 accepted deal must have started, else the bond of 0.005 FIL is burnt"]
        );
        assert!(since(&Absence { accepted: accepted(2), ..none }, now)[0].contains("the first of 2 accepted deals must have"));
    }

    #[test]
    fn sectors_that_are_faulty_already_are_told_apart() {
        let now = Instant::new(1_800_000_000_000);
        let one = Absence { sectors: 1, ..absence(Some(3), 1) };
        let lines = since(&one, now);
        assert!(lines[0].contains(": 1 sector is faulty; "), "{lines:?}");
        assert!(lines[2].contains("the sector is ended, and its deal with it; that costs fees"), "{lines:?}");
        let half = since(&Absence { faulty: 1, ..absence(Some(3), 1) }, now);
        assert!(half[0].contains(": 1 more sector is faulty; "), "{half:?}");
        let all = since(&Absence { faulty: 1, faulty_from: None, ..one }, now);
        assert!(all[0].contains("fees of") && all.last().is_some_and(|line| line == "1 sector is faulty already"), "{all:?}");
    }
}
