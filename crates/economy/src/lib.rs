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
mod allowance;
mod audit;
mod book;
mod clock;
mod collateral;
mod emission;
mod event;
mod fault;
mod fee;
mod genesis;
mod measure;
mod meter;
mod payment;
mod pool;
mod price;
mod reads;
mod refusal;
mod rows;
mod session;
mod spec;
mod venue;
mod vesting;
mod wide;
mod work;

pub use account::{Account, AccountClass};
pub use audit::{AuditReport, TokenAudit, Violation, audit};
pub use book::wallet;
pub use collateral::pledge_amount;
pub use emission::{period_reward, pool_scheduled};
pub use event::{Event, Why};
pub use fault::{TerminationTerms, expected_reward, termination_fee};
pub use fee::{BlockFees, FeeCharged, base_fee, next_base_fee};
pub use genesis::{Genesis, GenesisError, Grant, allocation_vested};
pub use meter::{
    Accepted, AllowanceRecord, Answer, COMPONENTS_MAX, Component, Ended, Enrol, EscrowRecord, Fault, Meter, Money, Notice,
    PledgeRecord, Record, Standing, StreamOpen, StreamRecord, Subject,
};
pub use pool::{CLAIM_UNITS_MAX, Claimed};
pub use price::{PriceNow, median};
pub use reads::{AllocationNow, MemberNow, Reads, StreamNow, SupplyNow, VestingNow};
pub use refusal::{Limit, Refusal, Topic};
pub use rows::{
    AllocationRow, AllowanceRow, AllowanceUseRow, ClockRow, EmissionRow, EnrolRow, EscrowRow, PledgeRow, PoolRow, StreamRow,
    WalletRow,
};
pub use session::{Closed, Economy, Session};
pub use spec::{
    Allocation, AllocationVesting, AllowanceRule, Binding, BondFate, Boost, Cap, CapKind, Clock, Emission, FaultFee, FaultRule,
    FeeRule, Method, NetworkInfo, Origin, PledgeRule, PoolRule, PriceRule, Problem, Provenance, Reader, RewardVesting, Section,
    Spec, SpecErrors, StreamRule, Supply, Token, VenueRule, VestingRow,
};
pub use venue::swap_gives;
pub use vesting::{quantize_up, schedule as vesting_schedule};
pub use wide::Wide;
