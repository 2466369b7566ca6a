//! What a hotspot and a customer's LoRaWAN network server say to each other, and the calls of both the hotspot and the customer's tools.

mod calls;
mod wire;

pub use calls::{NetworkServer, NetworkServerError};
pub use wire::{
    Acknowledged, Answer, BatchAnswer, BatchBody, CLOCK_MS, DeviceView, DownlinkBody, NewDevice, OutcomeBody, PACKETS_MAX,
    PacketAnswer, PacketReport, Rejection, ServerInfo, SignedHead, UplinkBody, UplinkPacket, UplinkQuery, UplinkView, WireError,
    gateway_id, open, sign_body,
};
