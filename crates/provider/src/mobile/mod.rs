//! A mobile access point: RADIUS accounting of its radios in, sessions paid on the ledger; heartbeats.
//!
//! In: Accounting-Requests (RFC 2866) of radios that share a secret, a key of the access point's own, the owner's account, what it covers. Out:
//! answers, sessions on the ledger with what each carried so far, heartbeats, the coverage object.
//!
//! ```text
//! radios ── UDP ──> Front ── Store ──> duty ──> ledger
//!             <── answer ──┘            Pulse ────^
//!                       test server <── Tester ───^
//! ```
//!
//! A record is answered once it is on the disk, and what a session carried is reported as a sum, so that neither a crash nor a report that is
//! sent twice loses or doubles anything. Absent on purpose: authentication, which is another server's; who a subscriber is; rules of the ledger.

mod config;
mod counters;
mod duty;
mod entry;
mod meter;
mod pulse;
mod radius;
mod site;
mod speed;
mod start;
mod status;
mod store;
mod task;
mod tester;
mod view;

pub use config::MobileConfig;
pub use meter::{Metered, Taken};
pub use site::{Site, SiteError};
pub use speed::{SpeedError, SpeedServer, SpeedServerConfig};
pub use start::{MobileDaemon, MobileError, MobileHandle};
pub use status::{MobileFigures, MobileStatus};
pub use store::{STORE_FILE, StoreError};
