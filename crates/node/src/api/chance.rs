//! Where the chain's randomness comes from, in words.

use super::Shared;
use depin_client::api::{Chance, ChanceReport, Time};
use depin_ledger::{ChanceRow, Reporter, Source};

/// Where the seeds come from that lots and challenges are drawn by, as of the last final block.
pub(super) fn chance(app: &Shared) -> Chance {
    let (row, alone, doc) = (app.ledger.chance(), app.ledger.draws_alone(), app.ledger.doc());
    let by = match row.by {
        Source::Nothing => "nothing",
        Source::Proposer => "proposer",
        Source::Committee => "committee",
        Source::Outside => "outside",
    };
    let report = |report: depin_ledger::Report| ChanceReport {
        round: report.round,
        value: report.value,
        at: Time::from(report.at),
        mixed: report.mixed,
    };
    Chance {
        by: by.to_owned(),
        round: row.round,
        steered: alone,
        alone: row.alone,
        reporter: doc.randomness.map(|reporter| reporter.account.to_string()),
        report: row.report.map(report),
        message: words(&row, alone, doc.validators.len(), doc.randomness.as_ref()),
    }
}

fn words(row: &ChanceRow, alone: bool, members: usize, reporter: Option<&Reporter>) -> String {
    let by_its_blocks = "whoever runs it can steer lots and challenges";
    match (alone, reporter) {
        (true, None) => format!(
            "drawn by one validator from its own blocks: {by_its_blocks}; a committee of several draws together, and a chain begun with \
             a reporter of randomness draws by what that brings"
        ),
        (true, Some(reporter)) => format!(
            "the reporter of randomness brings none: one validator draws from its own blocks, and {by_its_blocks}, until {} reports \
             again ({} rounds so far)",
            reporter.account, row.alone
        ),
        (false, _) if members > 1 => {
            format!("drawn by {members} validators together, whom none of them can steer alone; round {}", row.round)
        }
        (false, _) => match row.report {
            Some(report) => format!(
                "drawn by what the reporter brings, the last of round {} of its source; check its values against that source, since \
                 the one validator chooses when a report is in a block",
                report.round
            ),
            None => "what is to be drawn waits for the first report of randomness from outside".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Address, Instant, Seed};

    #[test]
    fn words_say_who_could_steer() {
        let row = ChanceRow { round: 9, seed: Seed::default(), by: Source::Proposer, alone: 7, report: None };
        let reporter = Reporter { account: Address::new([7; 32]), late_ms: 1 };
        let report = depin_ledger::Report { round: 12, value: Seed::default(), at: Instant::new(0), during: 3, mixed: true };
        let reported = ChanceRow { report: Some(report), ..row };
        for (words, what) in [
            (words(&row, true, 1, None), "can steer"),
            (words(&row, true, 1, Some(&reporter)), "(7 rounds so far)"),
            (words(&row, true, 1, Some(&reporter)), "can steer"),
            (words(&row, false, 1, Some(&reporter)), "waits for the first report"),
            (words(&reported, false, 1, Some(&reporter)), "round 12 of its source"),
            (words(&row, false, 4, None), "4 validators together"),
        ] {
            assert!(words.contains(what), "{words}");
        }
    }
}
