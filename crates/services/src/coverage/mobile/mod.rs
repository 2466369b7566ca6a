//! Mobile coverage: access points that cover hexes, are measured, and carry the data of carriers' subscribers.
//!
//! In: [`MobileMessage`]s of access points' owners, of carriers, and of who grades hexes, with signatures of access points, speed-test servers
//! and locators inside; and the passing of ledger time. Out: records on the economy's meter, events, rows. Called by the coverage service,
//! where the network's file has `[service.coverage.mobile]`; without it all of this is refused. Absent on purpose: RADIUS, which daemons
//! speak; who a subscriber is; what was in a session.
//!
//! At the end of each epoch every access point is judged in two steps ([`close`]): first who counts at all, which fixes the ranking of every
//! hex, then how many points each has. Nothing that comes in between changes either, so the order of messages within an epoch does not
//! matter ([decision 22](../../../../docs/decisions/0022-mobile-is-judged-at-the-end-of-an-epoch.md)).
//!
//! What an access point says of its hexes and of its sessions is its own word. Ranking, heartbeats, speed tests of another's key and a locator's
//! fixes bound the first; a carrier's authorised cap bounds the second.

mod access;
mod audit;
mod beats;
mod close;
mod coverage;
mod error;
mod message;
mod params;
pub mod points;
mod read;
mod rows;
mod sessions;
mod speed;

pub(super) use audit::audit;
pub use beats::BeatReason;
pub use error::MobileError;
pub use message::{
    CHUNKS_MAX, Fix, GradedHex, HEXES_MAX, Heartbeat, HexSignal, MobileMessage, NewAccessPoint, Place, SESSIONS_MAX, SessionUse,
    SpeedTest, Speeds,
};
pub use params::{MobileParams, MobileRules};
pub(super) use read::figures;
pub use read::{
    access_point, access_points, access_points_of_owner, assignment, authorised, carrier, carriers, object_hexes, ranked_in,
    session, sessions, totals,
};
pub use rows::{AccessPoint, Assignment, Authorised, Beats, Carrier, Closing, MobileTotals, Object, Ranked, Session, TestResult};
pub use sessions::{SessionReason, SessionResult};
