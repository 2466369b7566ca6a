//! What vote-escrow locks remember.

use crate::{reward::wide::Wide, rows::row};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Name, UnitId, Units};
use serde::Serialize;

row! {
    /// A vote-escrow lock. Times are whole seconds since 1970.
    0x95 UnitId => LockRow {
        /// Its kind.
        lock: Name,
        /// Whose.
        owner: Address,
        /// What it holds; nothing once it was emptied.
        amount: Units,
        /// Its weight when it has the longest time left: the amount times the kind's multiplier, rounded down.
        extra: u128,
        /// Length that it was made or extended with.
        length: u64,
        /// When it ends; `None` while it doesn't run down.
        ends: Option<u64>,
        /// The weight counts so many times until `bonus_until`.
        bonus: u64,
        /// When the bonus ends; zero without one.
        bonus_until: u64,
        /// What it is delegated to.
        scope: Option<Name>,
        /// What it weighs in which periods.
        segments: Vec<Segment>,
        /// What it accrued and was not paid.
        owed: Vec<Owed>,
    }
}
row! {
    /// A party's locks: owner, id.
    0x96 (Address, UnitId) => LockOfRow {}
}
row! {
    /// Weight of all locks that are delegated to one name: kind, name (`-` for none). As numerators: base units times seconds left.
    0x97 (Name, Name) => LockSumRow {
        /// The period in which it was last brought up to date.
        period: u64,
        /// The sum at the start of that period.
        at_start: Wide,
        /// Part that does not fall.
        level: Wide,
        /// Sum of slope times end.
        ends: Wide,
        /// Sum of slopes: what falls per second.
        fall: Wide,
    }
}
row! {
    /// What stops counting after a period: kind, name, period.
    0x98 (Name, Name, u64) => LockEndingRow {
        /// Of the level part.
        level: Wide,
        /// Of the sum of slope times end.
        ends: Wide,
        /// Of the fall.
        fall: Wide,
    }
}
row! {
    /// Accumulators as they were after a period that some lock begins or stops counting with: kind, period.
    0x99 (Name, u64) => LockHistoryRow {
        /// How many segments still look at it.
        users: u32,
        /// Of pools that received something later; other pools stand where they stood.
        at: Vec<At>,
    }
}
row! {
    /// A pool's accumulators, in 2^-120 base units, modulo 2^256.
    0x9a Name => LockPoolRow {
        /// Sum of each period's income per numerator.
        income: Wide,
        /// The same, times the period's start in seconds.
        dated: Wide,
        /// Income that did not divide evenly, or that waits for a lock.
        carry_over: Wide,
        /// The first period that may still receive something.
        next: u64,
    }
}

/// A pool's accumulators at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct At {
    /// The pool.
    pub pool: Name,
    /// Income per numerator.
    pub income: Wide,
    /// Dated income per numerator.
    pub dated: Wide,
}

/// What a lock weighs from one period to another.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Segment {
    /// Weight per second left, times the longest time.
    pub slope: u128,
    /// What the seconds are counted to.
    pub left: Left,
    /// What it was delegated to.
    pub scope: Option<Name>,
    /// The first period whose start it counts at.
    pub from: u64,
    /// The last one; `None` while it has no end.
    pub until: Option<u64>,
    /// A change stopped it: its sum counts it no more.
    pub stopped: bool,
    /// Up to where it is settled; `None` when it never was.
    pub settled: Option<Vec<At>>,
}

/// Seconds left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// Always so many.
    Always(u64),
    /// Until then.
    Until(u64),
}

/// What a lock accrued in one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Owed {
    /// The pool.
    pub pool: Name,
    /// What it pays.
    pub token: Name,
    /// In 2^-120 base units.
    pub amount: Wide,
}
