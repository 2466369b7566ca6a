//! What pools, batches, members, metrics and allowances have.

use crate::reward::lottery::Draw;
use crate::{reward::wide::Wide, rows::row};
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};

row! {
    /// A pool's part of its emission.
    0x15 Name => EmissionRow {
        /// What the schedule has given up to the last closed period.
        scheduled: Units,
        /// What other pools overflowed into it.
        received: Units,
        /// Of both, minted.
        minted: Units,
        /// Of both, forfeited: nobody had weight, or the network had not started.
        forfeited: Units,
        /// Of both, what went on into another pool.
        overflowed: Units,
        /// Of both, what waits for a price.
        deferred: Units,
    }
}
row! {
    /// A pool's accumulator.
    0x16 Name => PoolRow {
        /// Weight of all members.
        weight: Measured,
        /// Reward per weight since the start, in 2^-96 base units.
        per_weight: Wide,
        /// Reward that did not divide evenly, in 2^-96 base units; joins the next period's.
        carry_over: Wide,
        /// Weight accrued in the open batch.
        accrued: Measured,
        /// Number of the open batch.
        batch: u64,
        /// What closed batches left, and what was paid in, in base units; joins the next period's.
        remainder: Units,
    }
}
row! {
    /// A member of a pool: pool, owner, unit.
    0x17 (Name, Address, UnitId) => MemberRow {
        /// Its weight.
        weight: Measured,
        /// The accumulator up to which it is settled.
        settled: Wide,
        /// Settled part of a base unit, in 2^-96 base units.
        fraction: u128,
        /// Settled and not paid, in base units.
        pending: Units,
        /// Number of the subject's proving period in which it was last paid.
        paid_in: u64,
    }
}
row! {
    /// An registered subject: owner, unit.
    0x18 (Address, UnitId) => RegisterRow {
        /// Offset of its proving periods.
        phase: u64,
        /// Since when.
        since: Instant,
    }
}
row! {
    /// Locked rewards of a party in one token, by the period in which they unlock, ascending.
    0x19 (Address, Name) => VestingRow {
        /// Period and base units.
        entries: Vec<(u64, Units)>,
    }
}
row! {
    /// A party's allowance of one kind: kind, party.
    0x1e (Name, Address) => AllowanceRow {
        /// Ever granted.
        granted: Measured,
        /// Not spent.
        left: Measured,
    }
}
row! {
    /// An allowance in use: kind, unit.
    0x1f (Name, UnitId) => AllowanceUseRow {
        /// Who spent it.
        party: Address,
        /// Whose metric it backs.
        beneficiary: Address,
        /// How much.
        amount: Measured,
    }
}
row! {
    /// What backs a beneficiary's boosted metric: kind, beneficiary.
    0x20 (Name, Address) => BackingRow {
        /// Sum of the uses.
        amount: Measured,
    }
}
row! {
    /// A metric of a subject: owner, unit, metric.
    0x21 (Address, UnitId, Name) => CurrentRow {
        /// The quantity.
        quantity: Measured,
    }
}
row! {
    /// A metric's sum over all subjects.
    0x22 Name => MetricRow {
        /// The quantity.
        quantity: Measured,
    }
}
row! {
    /// Weight accrued in a batch that is open or not paid: pool, batch, owner, unit.
    0x31 (Name, u64, Address, UnitId) => AccruedRow {
        /// The weight.
        weight: Measured,
    }
}
row! {
    /// A closed batch: 0 to pay or draw, 1 to claim, pool, number.
    0x32 (u8, Name, u64) => BatchRow {
        /// What is shared.
        amount: Units,
        /// All weight.
        weight: Measured,
        /// Weight that is not paid; of a draw, what is left of the lottery draw.
        left: Measured,
        /// Paid, or settled for a claim.
        paid: Units,
        /// Where its lottery draw stands, if one member wins it.
        draw: Option<Draw>,
        /// The last member looked at.
        after: Option<(Address, UnitId)>,
    }
}
row! {
    /// What a member's weight was when a lottery draw was fixed, and no more is: pool, draw, owner, unit. Of a member that has joined
    /// since it is zero.
    0x9c (Name, u64, Address, UnitId) => DrawnWeightRow {
        /// The weight.
        weight: Measured,
    }
}
row! {
    /// A named value: scope, name.
    0x33 (Name, Name) => GaugeRow {
        /// The value.
        value: Measured,
        /// Since when.
        at: Instant,
    }
}
row! {
    /// A pool's score in its group: group, pool.
    0x34 (Name, Name) => ScoreRow {
        /// The last period's score: parts of 10^12, or votes.
        score: u128,
        /// Its share of the group in parts of 2^32 - 1.
        share: u32,
        /// What rounding left of the group's last period; in the row of its last pool.
        carry_over: Units,
    }
}
row! {
    /// A member of a lazy pool: pool, owner, unit.
    0x35 (Name, Address, UnitId) => LazyRow {
        /// The batch that the weight is of.
        batch: u64,
        /// Weight accrued in it.
        weight: Measured,
        /// What closed batches gave it, in base units.
        pending: Units,
    }
}
