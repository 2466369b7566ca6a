//! Prices: of the service, by the network's own mechanism; of the token, by order flow or from outside.

mod pool;
mod process;
mod service;

pub use pool::{Rate, Reserves};
pub use process::Process;
pub use service::{ClassView, Formation, PriceFormation, ServiceView, formation};
