#![doc = include_str!("../README.md")]

mod accounting;
mod packet;

pub use accounting::{Accounting, AccountingError, Status, request};
pub use packet::{Attribute, Code, Packet, PacketError, attribute};
