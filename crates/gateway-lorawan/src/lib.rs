#![doc = include_str!("../README.md")]

mod config;
mod deliver;
mod engine;
mod gateway;
mod http;
mod intake;
mod metrics;
mod store;
mod wire;

pub use config::{Config, Hotspots, Mqtt};
pub use gateway::{Gateway, GatewayError, Handle};
pub use intake::{Acknowledge, Intake, IntakeError};
pub use wire::{
    Answer, DeviceView, DownlinkBody, NewDevice, OutcomeBody, PacketAnswer, PacketReport, Rejection, SignedHead, UplinkBody,
    UplinkPacket, WireError, gateway_id, open, sign_body,
};
