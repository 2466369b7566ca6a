//! Rendering: frames of jobs, given to nodes that nobody chose, checked by nodes that do not know it, approved and paid.
//!
//! In: [`RenderingMessage`]s of artists, dispatchers and nodes, in signed transactions; ledger time; seeds of the chain. Out: records on the
//! economy's meter, [`RenderingEvent`]s, rows. Called inside a [`Context`](crate::Context). Absent on purpose: pixels. Scenes, frames and
//! previews travel between people; here are their hashes, and who says what about them.
//!
//! A node registers with its measured score. An artist orders a job, whose money is held, and names a dispatcher that has committed to a
//! secret. The chain's seed, two rounds later, draws with that secret who renders which frame, among the nodes that stand then. The dispatcher
//! gives *tickets* out: hashes that tell neither the frame nor what it is for, so a node that renders a frame for the second time does not
//! know that it checks. A node hands in a commitment to its pixels, hashes of frame, key and preview, and how long it worked. Frames are
//! approved, then their keys are opened, then they are paid: score times time, by the tier's price. Two frames that should be equal are
//! compared; where they differ, the nodes agree, or a third one decides. At the end the secret is opened, and tickets that are drawn then must
//! turn out to have been given as the draw said.
//!
//! See the decision record 23 for why, and for what each attack earns.

mod approval;
mod audit;
mod availability;
mod beats;
mod compare;
mod draw;
mod due;
mod error;
mod event;
mod jobs;
mod message;
pub(crate) mod names;
mod nodes;
mod params;
mod price;
mod read;
mod records;
mod rows;
mod rules;
mod secret;
mod service;
mod terms;
mod tickets;
mod verdict;

pub use crate::economy_rules::PriceForm;
pub use audit::audit;
pub use availability::{Standing, idle_score};
pub use draw::{
    ATTEMPTS_MOST, assigned, checker, commitment, is_checked, key_hash, pick, planted, planted_most, salt_of, sample,
    secret_hash, ticket_hash,
};
pub use due::{Subject, Task};
pub use error::RenderingError;
pub use event::{Outcome, RenderingEvent, Sides};
pub use jobs::job_id;
pub use message::{ENGINES_MAX, ENTRIES_MAX, Issued, RANGE_MAX, RenderingMessage, Shown, URL_MAX};
pub use params::{RenderingParams, Windows};
pub use price::{price_of, work_of};
pub use read::{
    comparison, eligible, job, jobs, jobs_by, jobs_of, node, nodes, nodes_of, person, ticket, tickets, tickets_of, totals,
};
pub use records::node_id;
pub use rows::{
    Against, Comparison, Delivery, EndReason, Job, JobState, Node, Person, RenderingTotals, Step, Ticket, TicketState, Word,
};
pub use rules::RenderingRules;
pub use secret::SAMPLE_MOST;
pub use service::Rendering;
pub use terms::{
    Eligible, Engine, Format, FrameKey, Frames, Handed, NewJob, NodeTerms, Opening, Purpose, RejectReason, Salt, Secret, Tier,
};
