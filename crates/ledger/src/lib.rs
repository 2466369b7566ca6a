//! The ledger: who has what, who may change it, and in which order it changed.
//!
//! In: blocks of signed transactions, and time as an input. Out: changed rows, receipts. It holds the
//! finalized rows in memory and one frozen write set per unfinalized block; it never touches a disk, a socket or a clock. The
//! engine calls it through the node; reads go through [`Ledger::read`]. Rules of money live in `depin-economy`, rules of the
//! service in `depin-services`; here stand nonces, signatures, fees, work and order.

mod admit;
mod audit;
mod block;
mod chance;
mod committee;
mod content;
mod genesis;
mod ledger;
mod receipt;
mod rows;
mod run;
mod signature;
mod snapshot;
mod stamp;
mod transaction;

pub use admit::AdmitError;
pub use audit::Audit;
pub use block::{BlockEnv, Outcome, Parent, RunError};
pub use chance::{Beacon, ChanceError, ChanceRow, Report, Reporter, Source};
pub use committee::{Attested, Awaited, BallotRow, DoubleVote, HourRow, VoteError, WINDOW};
pub use content::ContentDigest;
pub use depin_services::{Event, Failure, Message};
pub use genesis::{GenesisAccount, GenesisDoc, GenesisError};
pub use ledger::{Head, Ledger, LoadError};
pub use receipt::{Receipt, ReceiptBody};
pub use rows::{AccountRow, ChainRow, FORMAT};
pub use signature::{Signatures, SignedItem};
pub use stamp::{Stamp, StampError};
pub use transaction::{Body, DecodeError, TRANSACTION_MAX, Transaction};
