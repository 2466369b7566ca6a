#![doc = include_str!("../README.md")]

mod air;
mod antenna;
mod attack;
mod chance;
mod concentrator;
mod daemon;
mod loss;
mod position;
mod subscribers;
mod world;

pub use air::{Air, AirConfig, Fate, Listening, Outcome, Signal, StationId};
pub use antenna::{Antenna, Station};
pub use attack::{Attack, Conduct};
pub use chance::Chance;
pub use concentrator::{Concentrator, Planned};
pub use daemon::{DaemonConfig, DaemonError, Figures, Handle, start};
pub use loss::{Loss, Surroundings, free_space_db, okumura_hata_db};
pub use position::{Position, PositionError};
pub use subscribers::{Subscribers, SubscribersConfig, Told};
pub use world::{DeviceConfig, HotspotConfig, Report, World, WorldConfig, WorldError};
