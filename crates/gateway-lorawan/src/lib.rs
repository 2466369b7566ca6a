#![doc = include_str!("../README.md")]

mod chain;
mod config;
mod deliver;
mod engine;
mod gateway;
mod http;
mod intake;
mod metrics;
mod recent;
mod store;
mod suspects;

pub use chain::{Chain, ChainConfig, ChainError, Customer, CustomerHandle};
pub use config::{Config, Hotspots, Known, Mqtt};
pub use gateway::{Gateway, GatewayError, Handle, STORE};
pub use intake::{Acknowledge, BatchError, Intake, IntakeError};
