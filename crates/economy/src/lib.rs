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

mod audit;
mod book;
mod collateral;
mod market;
mod meter;
mod params;
mod payment;
mod read;
mod reward;
mod rows;
mod session;
mod staking;
mod supply;
mod time;
mod vote_lock;

pub use crate::time::chance::{Chance, Fixed, SEED_LAG, SEEDS_KEPT, SeedRow};
pub use crate::time::close::{STEPS_PER_UNIT, minted_again, worth_of};
pub use crate::time::rows::ClockRow;
pub use audit::{AuditReport, TokenAudit, Violation, audit};
pub use book::account::{Account, AccountClass};
pub use book::base_fee::{BlockFees, FeeCharged, base_fee, fee_credit, next_base_fee, row_base_fee, row_fee};
pub use book::reason::Reason;
pub use book::rows::{HoldingRow, SupplyRow, WalletRow};
pub use book::wallet;
pub use collateral::fault::{TerminationTerms, expected_reward, fee_within, termination_fee};
pub use collateral::pledge::pledge_amount;
pub use collateral::rows::PledgeRow;
pub use collateral::slash::{HeldRow, pledge_share};
pub use market::amm_pool::swap_gives;
pub use market::dollars::units_for_usd;
pub use market::price::{PriceNow, median};
pub use market::treasury::{decayed, redemption};
pub use meter::components::{COMPONENTS_MAX, Components};
pub use meter::{
    Accepted, Accrued, AllowanceRecord, Answer, ChargeRecord, CommitteeRecord, Component, Current, Ended, EscrowRecord, Fault,
    FeeRecord, Gauge, HoldEnd, Meter, Money, Notice, PaymentSource, PledgeRecord, Price, Record, Register, StreamOpen,
    StreamRecord, Subject,
};
pub use params::grammar;
pub use params::{
    Allocation, AllocationVesting, AllowanceRule, AmmPoolRule, AppealRule, Binding, BondFate, BondLeast, BondRule, Boost,
    BreakerMost, BreakerRule, Cap, CapKind, Ceiling, ChargePrice, ChargeRule, Clock, CreditRule, Each, Emission, FaultFee,
    FaultRule, FeeAmount, FeeRule, Inflation, Liveness, LockBonus, LockRule, Method, MovingShare, NetEmission, NetworkInfo,
    Origin, Part, PayPart, PayTo, Pays, PledgeRule, PledgeSize, PoolRule, PriceRule, Priced, Problem, Provenance, Reader,
    RedeemRule, RewardVesting, RowFee, Score, ScoreRule, Section, ServiceFeeRule, SlashTo, Spec, SpecErrors, StakingRule,
    StreamMethod, StreamRule, Supply, TableRow, Target, Token, TreasuryRule, UNALLOCATED, USD, UsdRate, VersionStart,
    VestingPart, VestingRow, Worth, pair_of,
};
pub use payment::rows::{
    CreditRow, EscrowRow, HoldRow, MeasuredRow, OpenEscrowRow, PaymentRow, RecurringFeeRow, StreamRow, UsageRow,
};
pub use payment::{
    CONVERSIONS, Claim, CreditOrder, CreditQuote, Deposit, OrderedSettlement, WeightedSettlement, burnt_for, captured,
    credits_for, earned, ordered_due, ordered_lasts, priced_units, settle_ordered, settle_weighted, split, weighted_lasts,
    weighted_part,
};
pub use read::due::RewardDue;
pub use read::holdings::{BondedNow, DelegationNow, LockNow, RedemptionQuote, TreasuryNow, ValidatorNow};
pub use read::{AllocationNow, MemberNow, Reads, StreamNow, SupplyNow, VestingNow};
pub use reward::batch::{PAYOUTS_PER_UNIT, batch_part};
pub use reward::lottery::Draw;
pub use reward::pool::{CLAIM_UNITS_MAX, Claimed, current_part};
pub use reward::rows::{AllowanceRow, AllowanceUseRow, BatchRow, EmissionRow, GaugeRow, LazyRow, PoolRow, RegisterRow, ScoreRow};
pub use reward::score::{SHARE_WHOLE, smoothed_share, utility_score};
pub use reward::vesting::{quantize_up, schedule as vesting_schedule};
pub use reward::wide::Wide;
pub use session::action::{Action, Done};
pub use session::context::BlockContext;
pub use session::event::{Event, Payout};
pub use session::genesis::{Genesis, GenesisError, Grant, allocation_vested, row_vested};
pub use session::named::EventNames;
pub use session::refusal::{Limit, Refusal, Topic};
pub use session::sink::{Counted, Sink, Widened};
pub use session::{Answers, Closed, Economy, Session};
pub use staking::{
    DelegationRow, Income, Leaving, LeavingRow, Moved, Settled, StakePoolRow, StakingRow, ValidatorRow, delegation_accrued,
    shares_for, signed_least, stake_of,
};
pub use supply::development::DEVELOPMENT;
pub use supply::emission::{period_reward, pool_scheduled};
pub use supply::inflation::{Bonded, Minter};
pub use supply::projection::{
    Every, ProjectionError, ProjectionQuery, ProjectionRow, Ratios, SupplyProjection, TokenRow, UsageBurn,
};
pub use supply::rows::{AllocationRow, MintRow};
pub use supply::schedule::{Schedule, part_in_turn, part_of};
pub use vote_lock::{At, Left, LockRow, Owed, Segment, full_weight, lock_weight};
