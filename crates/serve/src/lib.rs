#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod connection;
mod files;
mod guard;
mod handshakes;
mod io;
mod limits;
mod listener;
mod meters;
mod pace;
mod peer;
mod places;
mod port;
mod refusal;
mod tls;
mod upgrade;

pub use body::{Body, BodyError};
pub use files::{Files, raise};
pub use limits::{Limits, Rate};
pub use listener::Listener;
pub use meters::Meters;
pub use peer::{EventStream, Peer};
pub use places::{Denied, Full, Owner, Place, Places, Yields};
pub use port::{Port, serve};
pub use refusal::{Refusal, Refuse, json};
pub use tls::{MadeError, Tls, TlsError};
