//! What a frame says.

use super::{
    Direction, JoinAccept, SessionKeys,
    crypto::{data_mic, encrypt, join_mic},
};
use crate::{DevAddr, Eui, Key, NetId, gwmp::PAYLOAD_BYTES_MAX, region::CfList};
use lorawan::{
    keys::AES128,
    parser::{DataHeader as _, DataPayload, EncryptedDataPayload, FRMPayload, MHDR, MType, PhyPayload, parse},
};

/// Why a frame is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No frame has so many bytes.
    #[error("{0} bytes; frames have 12 to 255")]
    Length(usize),
    /// Its version is another.
    #[error("a frame of another major version than LoRaWAN R1")]
    Version,
    /// Its parts do not fit its length.
    #[error("a frame whose parts do not fit its length")]
    Malformed,
    /// It has commands both in its header and as its payload.
    #[error("a frame with commands in its header and on port 0")]
    CommandsTwice,
    /// It is proprietary: a beacon, perhaps.
    #[error("a proprietary frame")]
    Proprietary,
    /// A device does not send it.
    #[error("a join accept, which no device sends")]
    JoinAccept,
    /// A device does not send it.
    #[error("a downlink, which no device sends")]
    Downlink,
    /// Of a kind that is reserved, or of LoRaWAN 1.1.
    #[error("a frame of a kind that LoRaWAN 1.0 does not have")]
    Reserved,
    /// Its checksum is not that of the key.
    #[error("a checksum that is not that of the key")]
    Mic,
}

/// A join request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Whom the device wants to join.
    pub join_eui: Eui,
    /// The device.
    pub dev_eui: Eui,
    /// A number that the device uses once.
    pub dev_nonce: u16,
    bytes: [u8; 23],
}

impl JoinRequest {
    /// Whether the checksum is that of this root key.
    pub fn matches(&self, root: &Key) -> bool {
        let (message, mic) = self.bytes.split_at(19);
        join_mic(root, message) == mic
    }
}

/// A data frame, still encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFrame {
    /// Which way it goes.
    pub direction: Direction,
    /// Whether it wants to be confirmed.
    pub confirmed: bool,
    /// Of which device, perhaps of several.
    pub address: DevAddr,
    /// Whether the device leaves its data rate to the network.
    pub adr: bool,
    /// Whether the device has not heard the network for long and asks for a sign.
    pub adr_ack_req: bool,
    /// Whether it confirms the last frame of the other side.
    pub ack: bool,
    /// Whether more follows (downlinks).
    pub pending: bool,
    /// The low half of its counter.
    pub counter: u16,
    /// Commands in its header.
    pub options: Vec<u8>,
    /// Its port; none without a payload.
    pub port: Option<u8>,
    bytes: Vec<u8>,
}

impl DataFrame {
    /// Reads a data frame of either direction.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FrameError> {
        match lora(bytes)? {
            PhyPayload::Data(DataPayload::Encrypted(frame)) => data(&frame, bytes),
            PhyPayload::Data(DataPayload::Decrypted(_)) => Err(FrameError::Malformed),
            PhyPayload::JoinRequest(_) => Err(FrameError::Reserved),
            PhyPayload::JoinAccept(_) => Err(FrameError::JoinAccept),
        }
    }

    /// Whether the checksum is that of this network key and counter.
    pub fn matches(&self, network: &Key, counter: u32) -> bool {
        let (message, mic) = self.bytes.split_at(self.bytes.len() - 4);
        data_mic(network, self.direction, self.address, counter, message) == mic
    }

    /// The counter with which the checksum is that of this key, tried with upper halves 0 to 7: how a router without the
    /// session's counter filters by session key.
    pub fn matches_any(&self, network: &Key) -> Option<u32> {
        (0..8).map(|high| (high << 16) | u32::from(self.counter)).find(|counter| self.matches(network, *counter))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its payload in the clear; the counter is the one that its checksum is of.
    pub fn decrypt(&self, keys: &SessionKeys, counter: u32) -> Vec<u8> {
        let Ok(frame) = EncryptedDataPayload::new(self.bytes.clone()) else { return Vec::new() };
        let (network, application) = (AES128(*keys.network.bytes()), AES128(*keys.application.bytes()));
        match frame.decrypt(Some(&network), Some(&application), counter) {
            Ok(frame) => match frame.frm_payload() {
                FRMPayload::Data(payload) => payload.to_vec(),
                FRMPayload::MACCommands(commands) => commands.data().to_vec(),
                FRMPayload::None => Vec::new(),
            },
            Err(_) => Vec::new(),
        }
    }
}

/// What a device sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UplinkFrame {
    /// It wants to join.
    Join(JoinRequest),
    /// It sends.
    Data(DataFrame),
}

type Parsed = PhyPayload<Vec<u8>, lorawan::default_crypto::DefaultFactory>;

fn lora(bytes: &[u8]) -> Result<Parsed, FrameError> {
    let [header, ..] = bytes else { return Err(FrameError::Length(0)) };
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(FrameError::Length(bytes.len()));
    }
    // First: proprietary frames have no other part in common with LoRaWAN, and are no fault of anybody's.
    match MHDR::new(*header).mtype() {
        MType::Proprietary => return Err(FrameError::Proprietary),
        MType::RFU => return Err(FrameError::Reserved),
        _ => {}
    }
    parse(bytes.to_vec()).map_err(|error| match error {
        lorawan::parser::Error::UnsupportedMajorVersion => FrameError::Version,
        lorawan::parser::Error::InvalidPayload => FrameError::Length(bytes.len()),
        lorawan::parser::Error::InvalidMessageType => FrameError::Reserved,
        _ => FrameError::Malformed,
    })
}

fn data(
    frame: &EncryptedDataPayload<Vec<u8>, lorawan::default_crypto::DefaultFactory>,
    bytes: &[u8],
) -> Result<DataFrame, FrameError> {
    let (header, port) = (frame.fhdr(), frame.f_port());
    let control = header.fctrl();
    let options = header.data().to_vec();
    if port == Some(0) && !options.is_empty() {
        return Err(FrameError::CommandsTwice);
    }
    let mut address = [0; 4];
    address.copy_from_slice(header.dev_addr().as_ref());
    Ok(DataFrame {
        direction: if frame.is_uplink() { Direction::Up } else { Direction::Down },
        confirmed: frame.is_confirmed(),
        address: DevAddr::from_air(address),
        adr: control.adr(),
        adr_ack_req: control.adr_ack_req(),
        ack: control.ack(),
        pending: control.f_pending(),
        counter: header.fcnt(),
        options,
        port,
        bytes: bytes.to_vec(),
    })
}

/// Reads what a device sends.
///
/// # Errors
/// [`FrameError`].
pub fn read_uplink(bytes: &[u8]) -> Result<UplinkFrame, FrameError> {
    match lora(bytes)? {
        PhyPayload::JoinRequest(_) => {
            let all: &[u8; 23] = bytes.try_into().map_err(|_| FrameError::Malformed)?;
            let part = |from: usize| {
                let mut part = [0; 8];
                part.copy_from_slice(&all[from..from + 8]);
                Eui::from_air(part)
            };
            let dev_nonce = u16::from_le_bytes([all[17], all[18]]);
            Ok(UplinkFrame::Join(JoinRequest { join_eui: part(1), dev_eui: part(9), dev_nonce, bytes: *all }))
        }
        PhyPayload::Data(DataPayload::Encrypted(frame)) if frame.is_uplink() => Ok(UplinkFrame::Data(data(&frame, bytes)?)),
        PhyPayload::Data(_) => Err(FrameError::Downlink),
        PhyPayload::JoinAccept(_) => Err(FrameError::JoinAccept),
    }
}

/// Whether a hotspot hands a frame on to routers: every LoRaWAN frame but proprietary ones and join accepts. As upstream, this lets data frames
/// of the other direction through; whoever routes finds no device that they are of.
///
/// # Errors
/// [`FrameError`]: why not.
pub fn forwardable(bytes: &[u8]) -> Result<(), FrameError> {
    match lora(bytes)? {
        PhyPayload::JoinAccept(_) => Err(FrameError::JoinAccept),
        PhyPayload::JoinRequest(_) | PhyPayload::Data(_) => Ok(()),
    }
}

/// Reads a join accept as the device that asked for it does.
///
/// # Errors
/// [`FrameError::Mic`] when it is for another; [`FrameError`] for what is none.
pub fn read_join_accept(bytes: &[u8], root: &Key) -> Result<JoinAccept, FrameError> {
    match lora(bytes)? {
        PhyPayload::JoinAccept(_) => {}
        _ => return Err(FrameError::Malformed),
    }
    let mut clear = bytes.to_vec();
    for block in clear[1..].chunks_exact_mut(16) {
        let mut one = [0; 16];
        one.copy_from_slice(block);
        block.copy_from_slice(&encrypt(root, one));
    }
    let (message, mic) = clear.split_at(clear.len() - 4);
    if join_mic(root, message) != mic {
        return Err(FrameError::Mic);
    }
    let number = |from: usize| u32::from_le_bytes([message[from], message[from + 1], message[from + 2], 0]);
    let net_id = NetId::new(number(4)).map_err(|_| FrameError::Malformed)?;
    let list = message.get(13..29).and_then(|list| CfList::from_air(list.try_into().ok()?));
    Ok(JoinAccept {
        join_nonce: number(1),
        net_id,
        address: DevAddr::from_air([message[7], message[8], message[9], message[10]]),
        rx1_offset: (message[11] >> 4) & 7,
        rx2_data_rate: message[11] & 15,
        rx_delay: message[12] & 15,
        cf_list: list,
    })
}
