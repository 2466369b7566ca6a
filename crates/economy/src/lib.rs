//! Turns measurements into tokens.
//!
//! In: a network's parameters ([`Spec`]), records of a service through the [`Meter`], actions of people, and ledger time. Out:
//! changed rows in a [`depin_state::State`], [`Event`]s for receipts, [`Notice`]s for the service. [`Economy`] has no memory of its
//! own, so the same code runs live and simulated.
//!
//! Called by the ledger (and a simulator): once per block [`Session::close`], then transactions, then [`Session::finish_fees`].
//! [`audit`] checks everything that must hold between blocks and shares no code with what moves tokens.
//!
//! Absent on purpose: what a packet, sector or frame is; names of networks; clocks, files, sockets, floats.

mod account;
mod action;
mod allowance;
mod audit;
mod batch;
mod book;
mod bridge;
mod cards;
mod clock;
mod close;
mod collateral;
mod development;
mod emission;
mod event;
mod fault;
mod fee;
mod formula;
mod genesis;
mod holdings;
mod inflation;
mod lock;
mod measure;
mod meter;
mod path;
mod payment;
mod pool;
mod pool_cards;
mod price;
mod reads;
mod refusal;
mod rows;
mod schedule;
mod score;
mod session;
mod slash;
mod spec;
mod staking;
mod treasury;
mod venue;
mod vesting;
mod why;
mod wide;
mod work;

pub use account::{Account, AccountClass};
pub use action::{Action, Done};
pub use audit::{AuditReport, TokenAudit, Violation, audit};
pub use batch::{PAYOUTS_PER_UNIT, batch_part};
pub use book::wallet;
pub use cards::rule_cards;
pub use close::{STEPS_PER_UNIT, worth_of};
pub use collateral::pledge_amount;
pub use development::DEVELOPMENT;
pub use emission::{period_reward, pool_scheduled};
pub use event::Event;
pub use event::Payout;
pub use fault::{TerminationTerms, expected_reward, termination_fee};
pub use fee::{BlockFees, FeeCharged, base_fee, next_base_fee};
pub use genesis::{Genesis, GenesisError, Grant, allocation_vested};
pub use holdings::{BondedNow, DelegationNow, LockNow, RedemptionQuote, TreasuryNow, ValidatorNow};
pub use inflation::{Bonded, Minter};
pub use lock::{At, Left, LockRow, Owed, Segment, full_weight, lock_weight};
pub use meter::{
    Accepted, AllowanceRecord, Answer, COMPONENTS_MAX, Component, Ended, Enrol, EscrowRecord, Fault, Meter, Money, Notice,
    PledgeRecord, Record, Standing, StreamOpen, StreamRecord, Subject,
};
pub use meter::{ChargeRecord, CommitteeRecord, FeeRecord, HoldEnd, Price, Purse};
pub use meter::{Earned, Gauge};
pub use path::{Every, PathError, PathQuery, PathRow, Ratios, SupplyPath, TokenRow, UsageBurn};
pub use payment::{
    CONVERSIONS, Claim, CreditOrder, CreditQuote, Deposit, OrderedSettlement, WeightedSettlement, burnt_for, credits_for,
    ordered_due, ordered_lasts, priced_units, settle_ordered, settle_weighted, split, units_for_usd, weighted_lasts,
    weighted_part,
};
pub use pool::{CLAIM_UNITS_MAX, Claimed};
pub use price::{PriceNow, median};
pub use reads::{AllocationNow, MemberNow, Reads, StreamNow, SupplyNow, VestingNow};
pub use refusal::{Limit, Refusal, Topic};
pub use rows::{
    AllocationRow, AllowanceRow, AllowanceUseRow, ClockRow, EmissionRow, EnrolRow, EscrowRow, PledgeRow, PoolRow, StreamRow,
    SupplyRow, WalletRow,
};
pub use rows::{BatchRow, GaugeRow, LazyRow, MintRow, ScoreRow};
pub use rows::{CreditRow, HoldRow, OpenEscrowRow, PaymentRow, RecurringFeeRow, UsageRow};
pub use schedule::{Schedule, part_in_turn, part_of};
pub use score::{SHARE_WHOLE, smoothed_share, utility_score};
pub use session::{Closed, Economy, Session};
pub use slash::{HeldRow, pledge_share};
pub use spec::{
    Allocation, AllocationVesting, AllowanceRule, AppealRule, Binding, BondFate, Boost, BreakerMost, BreakerRule, Cap, CapKind,
    Clock, Emission, FaultFee, FaultRule, FeeRule, Liveness, LockBonus, LockRule, Method, NetworkInfo, Origin, PledgeRule,
    PledgeSize, PoolRule, PriceRule, Problem, Provenance, Reader, RedeemRule, RewardVesting, Section, SlashTo, Spec, SpecErrors,
    StakingRule, StreamRule, Supply, Token, TreasuryRule, VenueRule, VestingRow,
};
pub use spec::{
    BondLeast, BondRule, ChargePrice, ChargeRule, CreditRule, Each, EraStart, FeeAmount, Inflation, MovingShare, NetEmission,
    Part, PayPart, PayTo, Pays, Priced, Score, ScoreRule, ServiceFeeRule, StreamMethod, TableRow, Target, UNALLOCATED, USD,
    UsdRate, VestingPart, Worth, pair_of,
};
pub use staking::{
    DelegationRow, Income, Leaving, LeavingRow, Moved, Settled, StakePoolRow, StakingRow, ValidatorRow, delegation_earned,
    shares_for, signed_least, stake_of,
};
pub use treasury::{decayed, redemption};
pub use venue::swap_gives;
pub use vesting::{quantize_up, schedule as vesting_schedule};
pub use why::Why;
pub use wide::Wide;
