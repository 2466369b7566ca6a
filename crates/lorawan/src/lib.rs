#![doc = include_str!("../README.md")]

pub mod device;
pub mod frame;
pub mod gwmp;
mod hexed;
mod ids;
mod micros;
mod radio;
pub mod region;
pub mod server;

pub use ids::{DevAddr, Eui, IdError, Key, NetId};
pub use micros::Micros;
pub use radio::{Bandwidth, CodingRate, Hertz, Modulation, RadioError, Spreading};
