//! Everything that the economy remembers, as rows under natural keys. Tables 0x10 to 0x3f.

use crate::{
    Account,
    payment::{Claim, Deposit},
    wide::Wide,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, UnitId, Units};
use depin_state::Row;

macro_rules! row {
    ($(#[$meta:meta])* $table:literal $key:ty => $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Row for $name {
            const TABLE: u8 = $table;
            type Key = $key;
        }
    };
}

pub(crate) use row;

row! {
    /// A party's wallet of one token.
    0x10 (Address, Name) => WalletRow {
        /// What it holds, in base units.
        held: Units,
        /// Fees that it could not pay. A record, never a negative balance.
        owed: Units,
    }
}
row! {
    /// Any other account's balance of one token; no row when it is empty.
    0x11 (Account, Name) => HoldingRow {
        /// In base units.
        held: Units,
    }
}
row! {
    /// What was ever minted and burnt of a token.
    0x12 Name => SupplyRow {
        /// Minted.
        minted: Units,
        /// Burnt.
        burned: Units,
    }
}
row! {
    /// Sum of all accounts of one class of one token: token, class tag.
    0x13 (Name, u8) => ClassRow {
        /// In base units.
        held: Units,
    }
}
row! {
    /// A clock that runs.
    0x14 Name => ClockRow {
        /// Start of period 0.
        origin: Instant,
        /// First period that this network closes.
        first: u64,
        /// First period still open.
        next: u64,
        /// How many are closed.
        closed: u64,
    }
}
row! {
    /// A pool's part of its emission.
    0x15 Name => EmissionRow {
        /// What the schedule has given up to the last closed period.
        scheduled: Units,
        /// What other pools spilled into it.
        received: Units,
        /// Of both, minted.
        minted: Units,
        /// Of both, forfeited: nobody had weight, or the network had not started.
        forfeited: Units,
        /// Of both, what went on into another pool.
        spilled: Units,
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
        carried: Wide,
        /// Weight earned in the open batch.
        earned: Measured,
        /// Number of the open batch.
        batch: u64,
        /// What closed batches left, and what was paid in, in base units; joins the next period's.
        pot: Units,
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
    /// An enrolled subject: owner, unit.
    0x18 (Address, UnitId) => EnrolRow {
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
    /// A unit's pledge: owner, unit, kind.
    0x1a (Address, UnitId, Name) => PledgeRow {
        /// What is locked, in base units of the kind's token.
        amount: Units,
        /// What it is counted on.
        basis: Measured,
        /// Since when.
        since: Instant,
        /// Expected end.
        until: Instant,
    }
}
row! {
    /// An escrow.
    0x1b UnitId => EscrowRow {
        /// Its kind of stream.
        kind: Name,
        /// Whose money it is.
        owner: Address,
        /// What it is in.
        token: Name,
        /// What streams have reserved and not paid.
        reserved: Units,
        /// How many streams are open.
        streams: u32,
    }
}
row! {
    /// A stream.
    0x1c UnitId => StreamRow {
        /// Its kind.
        kind: Name,
        /// Where its money is.
        escrow: UnitId,
        /// Who is paid.
        to: Address,
        /// Base units per period.
        rate: Units,
        /// Length of the term.
        periods: u64,
        /// The payee's bond.
        bond: Units,
        /// Last moment to activate.
        activate_by: Instant,
        /// First period paid for, once it is active.
        start: Option<u64>,
        /// Periods paid so far.
        paid: u64,
    }
}
row! {
    /// Work that is due: time, job tag, unit. The key says it all.
    0x1d (Instant, u8, UnitId) => DueRow {}
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
        /// Whose measure it backs.
        beneficiary: Address,
        /// How much.
        amount: Measured,
    }
}
row! {
    /// What backs a beneficiary's boosted measure: kind, beneficiary.
    0x20 (Name, Address) => BackingRow {
        /// Sum of the uses.
        amount: Measured,
    }
}
row! {
    /// A measure of a subject: owner, unit, measure.
    0x21 (Address, UnitId, Name) => StandingRow {
        /// The quantity.
        quantity: Measured,
    }
}
row! {
    /// A measure's sum over all subjects.
    0x22 Name => MeasureRow {
        /// The quantity.
        quantity: Measured,
    }
}
row! {
    /// A reporter's last report: pair, reporter.
    0x23 (Name, Address) => ReportRow {
        /// Quote currency for one whole base token.
        price: Decimal18,
        /// When.
        at: Instant,
    }
}
row! {
    /// Who fills a role.
    0x24 Name => RoleRow {
        /// The account.
        account: Address,
    }
}
row! {
    /// A genesis allocation: token, name.
    0x25 (Name, Name) => AllocationRow {
        /// Minted into it at genesis.
        amount: Units,
        /// Given out at genesis, before vesting began.
        granted: Units,
        /// Taken of what vested.
        released: Units,
        /// Who may take it.
        owner: Option<Address>,
    }
}
row! {
    /// A venue that was funded.
    0x26 Name => VenueRow {
        /// Shares of all owners.
        shares: u128,
    }
}
row! {
    /// A share of a venue: venue, owner.
    0x27 (Name, Address) => VenueShareRow {
        /// Shares.
        shares: u128,
    }
}
row! {
    /// The base fee.
    0x28 () => BaseFeeRow {
        /// Base units per work unit in the next block.
        base_fee: Units,
    }
}
row! {
    /// The network has started.
    0x29 () => GenesisRow {
        /// When.
        at: Instant,
    }
}
row! {
    /// What an escrow of open-ended streams has besides its [`EscrowRow`].
    0x2a UnitId => OpenEscrowRow {
        /// First period that is not settled.
        settled: u64,
        /// Weighted: what no stream has earned.
        funds: Claim,
        /// Ordered: what is left of each deposit, oldest first.
        deposits: Vec<Deposit>,
        /// The money is gone when this period begins, if nothing changes; `None` while nothing runs.
        out: Option<u64>,
        /// When notice of that is given, until it was.
        warn: Option<Instant>,
        /// Exhausted: what is still owed to payees.
        owed: Units,
    }
}
row! {
    /// What an open-ended stream has besides its [`StreamRow`]: escrow, stream. Outlives the stream while it is owed something.
    0x2b (UnitId, UnitId) => PaymentRow {
        /// Who is paid.
        to: Address,
        /// Per period.
        rate: Claim,
        /// Earned and not collected.
        balance: Claim,
        /// Collected.
        paid: Units,
        /// Due when the money was gone, and not covered.
        owed: Units,
        /// Whether it was activated and earns.
        runs: bool,
    }
}
row! {
    /// Parts of payments that wait for a venue, in the treasury `conversions`: venue, token, kind of place, place.
    0x2c (Name, Name, u8, Name) => ConversionRow {
        /// How much waits.
        amount: Units,
    }
}
row! {
    /// A hold.
    0x2d UnitId => HoldRow {
        /// Its kind of charge.
        kind: Name,
        /// Who gets back what is not captured.
        owner: Address,
        /// The escrow that it came from and goes back to; `None` is the owner's wallet.
        escrow: Option<UnitId>,
        /// What it is in.
        token: Name,
        /// What is held and not captured.
        left: Units,
        /// The same in the unit in which it was stated: base units, 10^-18 dollars, or the measure's step.
        rest: u128,
        /// What was captured.
        captured: Units,
        /// Last moment to capture.
        until: Instant,
    }
}
row! {
    /// What minting a credit burnt and gave, ever.
    0x2e Name => CreditRow {
        /// Base units of the token that is burnt.
        burnt: Units,
        /// Base units of the credit.
        minted: Units,
    }
}
row! {
    /// A recurring fee.
    0x2f UnitId => RecurringFeeRow {
        /// Its kind of service fee.
        kind: Name,
        /// Who pays.
        payer: Address,
        /// What it is counted on; zero for a kind that is not counted.
        quantity: u128,
        /// When it is due next.
        next: Instant,
        /// How many times of it are unpaid.
        unpaid: u64,
    }
}
row! {
    /// What was ever paid for a kind of stream, charge or fee in a token: kind, token. For reads; no rule depends on it.
    0x3f (Name, Name) => UsageRow {
        /// Paid in it, before it was split.
        paid: Units,
        /// Of this token, burnt by it.
        burnt: Units,
    }
}
row! {
    /// How far a token's minting is, where its emission has no schedule or burnt tokens are minted again.
    0x30 Name => MintRow {
        /// Yearly rate of an inflation; `None` before its first period.
        inflation: Option<Decimal18>,
        /// What it has given, minted or not.
        whole: Units,
        /// What was burnt when that was last looked at.
        burned: Units,
        /// Of an inflation, what was given and not minted.
        unminted: Units,
    }
}
row! {
    /// Weight earned in a batch that is open or not paid: pool, batch, owner, unit.
    0x31 (Name, u64, Address, UnitId) => EarnedRow {
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
        /// Weight that is not paid; of a draw, what is left of the lot.
        left: Measured,
        /// Paid, or settled for a claim.
        paid: Units,
        /// Whether one member wins it by lot.
        lot: bool,
        /// The last member looked at.
        after: Option<(Address, UnitId)>,
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
        carried: Units,
    }
}
row! {
    /// A member of a lazy pool: pool, owner, unit.
    0x35 (Name, Address, UnitId) => LazyRow {
        /// The batch that the weight is of.
        batch: u64,
        /// Weight earned in it.
        weight: Measured,
        /// What closed batches gave it, in base units.
        pending: Units,
    }
}
