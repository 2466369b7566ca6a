//! Where a chain's randomness comes from: one seed after the other, each a round.
//!
//! A committee of several members has a beacon: blocks carry the committee's threshold signature of the next round ([`Beacon`]; the
//! engine checked it). There is one such signature and no other, whoever proposes, and nobody knows it before enough members have
//! signed, which they do when the round before is final. No block's content and no order goes into a seed.
//!
//! A committee of one has nobody to draw lots with. Its rounds come from the digests of its blocks, which whoever proposes can make as
//! it likes. A reporter may bring randomness from outside ([`Reporter`]); then its values make the rounds and no digest does, until they
//! fail to come for longer than the genesis document allows.
//!
//! In: the last round, what a block carries, reports. Out: the round and the seed that a block knows. What a seed judges was fixed two
//! rounds before, which the economy sees to ([`depin_economy::SEED_LAG`]).

use crate::{BlockEnv, Failure, GenesisDoc};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{Chance, SEED_LAG};
use depin_quantity::{Address, Instant, Seed, Span};
use depin_state::{ReadState, Row, State};
use serde::{Deserialize, Serialize};

/// A round of the committee's beacon, as a block carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The round.
    pub round: u64,
    /// Digest of the committee's signature.
    pub value: [u8; 32],
}

/// Who may report randomness from outside, and how long a chain that lives on it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reporter {
    /// The account that reports.
    pub account: Address,
    /// Ledger time after the last report, in milliseconds, from which on the proposer of a committee of one draws alone again.
    pub late_ms: u64,
}

/// What made a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Nothing yet: no round was made.
    Nothing,
    /// The proposer's block: it could steer the round.
    Proposer,
    /// The committee together: nobody could.
    Committee,
    /// A reporter from outside.
    Outside,
}

/// A report of randomness from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Report {
    /// Number of the round by its source's count.
    pub round: u64,
    /// Its randomness.
    pub value: Seed,
    /// When it was reported.
    pub at: Instant,
    /// Round of this chain in which it was reported.
    pub during: u64,
    /// Whether a seed has it in it.
    pub mixed: bool,
}

/// The newest round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ChanceRow {
    /// Its number, from 1 on.
    pub round: u64,
    /// Its seed.
    pub seed: Seed,
    /// What made it.
    pub by: Source,
    /// Rounds so far that the proposer of a committee of one made.
    pub alone: u64,
    /// The last report from outside.
    pub report: Option<Report>,
}

impl Row for ChanceRow {
    const TABLE: u8 = 0x85;
    type Key = ();
}

/// Why a block's randomness is none; no honest node votes for such a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChanceError {
    /// A beacon where nobody has one.
    #[error("the block carries a round of a beacon, and a committee of one has none")]
    Unwanted,
    /// Another round than the next.
    #[error("the block carries round {given} of the beacon; the next is round {next}")]
    Round {
        /// The round carried.
        given: u64,
        /// The next round.
        next: u64,
    },
}

/// Where the seeds of a chain come from.
#[derive(Debug)]
pub(crate) struct Sources {
    committee: bool,
    reporter: Option<Reporter>,
    start: ChanceRow,
    begun: Instant,
}

impl Sources {
    pub fn new(doc: &GenesisDoc) -> Self {
        let seed = Seed::derive("depin-chance", &[&doc.digest()]);
        let start = ChanceRow { round: 0, seed, by: Source::Nothing, alone: 0, report: None };
        Self { committee: doc.beacon.is_some(), reporter: doc.randomness, start, begun: doc.time }
    }

    /// The newest round.
    pub fn now(&self, state: &dyn ReadState) -> ChanceRow {
        state.get(&()).unwrap_or(self.start)
    }

    /// The round of the beacon that the next block may carry; `None` without one.
    pub fn next_round(&self, state: &dyn ReadState) -> Option<u64> {
        self.committee.then(|| self.now(state).round + 1)
    }

    /// Takes in what a block carries, and gives the round that it knows.
    ///
    /// # Errors
    /// [`ChanceError`]; then nothing changed.
    pub fn begin(&self, state: &mut dyn State, env: &BlockEnv) -> Result<Chance, ChanceError> {
        let before = self.now(state.as_read());
        let row = if self.committee { together(before, env.beacon) } else { self.alone(before, env) }?;
        if let Some(row) = row {
            state.put(&(), &row);
        }
        let ChanceRow { round, seed, .. } = row.unwrap_or(before);
        Ok(Chance::new(round, seed))
    }

    /// A committee of one: the reporter's value makes the round, or the digest of the block before.
    fn alone(&self, row: ChanceRow, env: &BlockEnv) -> Result<Option<ChanceRow>, ChanceError> {
        if env.beacon.is_some() {
            return Err(ChanceError::Unwanted);
        }
        let round = row.round + 1;
        if let Some(report) = row.report.filter(|report| !report.mixed) {
            let seed = mixed(row.seed, &report);
            return Ok(Some(ChanceRow { round, seed, by: Source::Outside, report: Some(taken(report)), ..row }));
        }
        if !self.falls_back(&row, env.stamp.time) {
            return Ok(None);
        }
        let seed = Seed::derive("depin-chance-proposer", &[&row.seed.get(), &env.parent.digest]);
        Ok(Some(ChanceRow { round, seed, by: Source::Proposer, alone: row.alone + 1, ..row }))
    }

    /// Whether the proposer of a committee of one draws alone: without a reporter, or when the last report is too long ago.
    pub fn falls_back(&self, row: &ChanceRow, now: Instant) -> bool {
        let since = row.report.map_or(self.begun, |report| report.at);
        !self.committee && self.reporter.is_none_or(|reporter| now.since(since) > Span::from_millis(reporter.late_ms))
    }

    /// When a block can make a round, given the state after one at `now`: at once, or when the reporter is late.
    pub fn next_due(&self, state: &dyn ReadState, now: Instant) -> Instant {
        let row = self.now(state);
        match (self.reporter, row.report) {
            (Some(reporter), report) if !self.committee && report.is_none_or(|report| report.mixed) => {
                let since = report.map_or(self.begun, |report| report.at);
                since.later(Span::from_millis(reporter.late_ms.saturating_add(1))).max(now)
            }
            _ => now,
        }
    }

    /// Takes a report of randomness from outside. It is mixed into the seeds of blocks to come: that of the next round where it makes
    /// the rounds, and that of two rounds on where the committee does, whose next round may be known already.
    ///
    /// # Errors
    /// [`Failure`]: nobody reports here, somebody else does, an old round, or a report that waits.
    pub fn report(
        &self,
        state: &mut dyn State,
        now: Instant,
        sender: Address,
        (round, value): (u64, Seed),
    ) -> Result<(), Failure> {
        let refused = |code: &str, message: String| Failure { code: code.to_owned(), message };
        let Some(reporter) = self.reporter else {
            let message = "the genesis document of this chain names nobody who reports randomness from outside";
            return Err(refused("no-reporter", message.to_owned()));
        };
        if sender != reporter.account {
            let message = format!("only {} reports randomness from outside on this chain", reporter.account);
            return Err(refused("not-the-reporter", message));
        }
        let row = self.now(state.as_read());
        if let Some(last) = row.report {
            if round <= last.round {
                let message = format!("round {round} was reported or passed over: the last was {}; send a later one", last.round);
                return Err(refused("old-round", message));
            }
            if !last.mixed {
                let message = format!("round {} waits to be mixed in; send round {round} in a later block", last.round);
                return Err(refused("report-waits", message));
            }
        }
        let report = Some(Report { round, value, at: now, during: row.round, mixed: false });
        state.put(&(), &ChanceRow { report, ..row });
        Ok(())
    }
}

/// A committee with a beacon: its signature makes the round, with a report that was there before anybody signed.
fn together(row: ChanceRow, beacon: Option<Beacon>) -> Result<Option<ChanceRow>, ChanceError> {
    let Some(Beacon { round: given, value }) = beacon else { return Ok(None) };
    let round = row.round + 1;
    if given != round {
        return Err(ChanceError::Round { given, next: round });
    }
    let seed = Seed::derive("depin-chance-committee", &[&row.seed.get(), &value]);
    let due = row.report.filter(|report| !report.mixed && report.during + SEED_LAG <= round);
    let (seed, report) = match due {
        Some(report) => (mixed(seed, &report), Some(taken(report))),
        None => (seed, row.report),
    };
    Ok(Some(ChanceRow { round, seed, by: Source::Committee, report, ..row }))
}

fn mixed(seed: Seed, report: &Report) -> Seed {
    Seed::derive("depin-chance-outside", &[&seed.get(), &report.round.to_be_bytes(), &report.value.get()])
}

const fn taken(report: Report) -> Report {
    Report { mixed: true, ..report }
}
