//! A whole network on one machine: its folder, and everything that runs in one process.
//!
//! In: a home folder, a network's file, a few wishes ([`Options`]). Out: a node, a price feeder and the parts of the network's
//! service, started in order and stopped in reverse ([`Network`]); where everything is ([`Endpoints`]).
//!
//! ```text
//!   source ── home ──▶ Network::start ──▶ node, feeder ──▶ services/NAME: operators, gateways ──▶ control, endpoints.json
//!             folder                      parts of every network       parts of its service
//! ```
//!
//! A part that cannot go on stops the others ([`Network::failed`]). Which parts a service has, its file in [`services`] says; nothing
//! else here knows one service from another. Absent on purpose: arguments, signals and anything printed. What a start has to say goes
//! to the caller as [`Notice`]s.

pub mod control;
mod error;
pub mod home;
mod network;
pub mod operators;
mod part;
mod parts;
mod ports;
pub mod services;
mod site;
pub mod source;
mod speed;

pub use error::{DAMAGE_PAGE, Error, Kind, Result};
pub use network::Network;
pub use part::{Part, Parts};
pub use ports::{check_ports, listen_address, url as url_of};
pub use site::{Notice, Options, Site};
pub use speed::{SpeedLimit, check_speed};
