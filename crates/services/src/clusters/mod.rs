//! Clusters: devices that prove every hour what they are, earn for that, and are hired together.
//!
//! In: [`ClustersMessage`]s of owners of devices, hirers and the checker, in signed transactions; ledger time; seeds of the chain. Out: records on the
//! economy's meter, [`ClustersEvent`]s, rows. Called inside a [`Context`](crate::Context). Absent on purpose: what runs on hired devices, and any clock
//! but the ledger's.
//!
//! A device registers with its processors and memory, and stakes. Every hour the chain draws a challenge for each device, for all at the same moment;
//! its owner answers within a limit that the *checker*, a named role, measures by the wall clock. Who passed as many hours as the file asks for is
//! nominated, and scores for each further hour that it passes; who fails three of five stands out. Nothing is counted that was not proved: what an owner
//! says beside processors and memory is shown as reported.
//!
//! A hire names devices, whose whole time is put into escrow at their asks. While it lasts a device passes its hours by its hirer's signature under a
//! benchmark (proof of time-lock), by the checker's word that it is there, or by answering its challenge as before; only the last earns from a pool. What
//! it is paid are whole hours in which it was seen, nothing if it is gone in the first.
//!
//! See the decision record 26.

mod audit;
mod checks;
mod devices;
mod due;
mod error;
mod event;
mod hires;
mod hours;
mod message;
pub(crate) mod names;
mod params;
mod proof;
mod read;
mod records;
mod rows;
mod rules;
mod score;
mod service;
mod slots;
mod terms;

pub use audit::audit;
pub use depin_challenge::Scale;
pub use due::{Subject, Task};
pub use error::ClustersError;
pub use event::ClustersEvent;
pub use hires::{SLOTS_MAX, hire_id};
pub use hours::HOURS_KEPT;
pub use message::{ANSWER_MAX, ASKS_MAX, Answer, Attendance, ClustersMessage, DEVICES_MAX, TimeLock, URL_MAX, WHOLE};
pub use params::{Bounds, ClustersParams, ProofParams, ScoreParams};
pub use proof::work_of;
pub use read::{device, devices, devices_of, hire, hires, hires_of, hour, hours, person, slot, slots, totals, waiting};
pub use records::{device_id, stream_id};
pub use rows::{
    ClustersTotals, Device, FAILURES_KEPT, Hire, HireState, Hour, HourState, Miss, MissReason, Person, Slot, SlotEnd, Stage,
};
pub use rules::{ClustersRules, Currency};
pub use score::{base_score, stake_units};
pub use service::Clusters;
pub use terms::{ClusterKind, DeviceTerms, Filter, NewHire, ProcessorKind, Profile};
