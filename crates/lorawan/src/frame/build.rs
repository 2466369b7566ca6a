//! Frames to send.

use super::{
    Direction, SessionKeys,
    crypto::{decrypt, join_mic},
};
use crate::{DevAddr, Eui, Key, NetId, gwmp::PAYLOAD_BYTES_MAX, region::CfList};
use lorawan::{
    creator::{DataPayloadCreator, JoinRequestCreator},
    keys::{AppKey, AppSKey, NewSKey},
    maccommands::SerializableMacCommand,
    parser::FCtrl,
};

/// Why a frame is not built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Too long for any frame.
    #[error("a frame of {0} bytes; the longest has 255")]
    TooLong(usize),
    /// Too many commands.
    #[error("{0} bytes of commands in a header; at most 15 fit")]
    Options(usize),
    /// A payload needs a port.
    #[error("a payload without a port")]
    NoPort,
    /// Port 0 is the network's.
    #[error("port 0 carries commands alone, and none stand in the header then")]
    PortZero,
    /// A nonce is too large.
    #[error("a join nonce of {0:#x}; it has 24 bits")]
    JoinNonce(u32),
    /// The library refuses.
    #[error("this frame cannot be built")]
    Refused,
}

/// A data frame to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// Whether it wants to be confirmed.
    pub confirmed: bool,
    /// Of or for which device.
    pub address: DevAddr,
    /// Adaptive data rate.
    pub adr: bool,
    /// Whether a sign of the network is asked for (uplinks).
    pub adr_ack_req: bool,
    /// Whether it confirms the last frame of the other side.
    pub ack: bool,
    /// Whether more follows (downlinks).
    pub pending: bool,
    /// Its counter.
    pub counter: u32,
    /// Commands in its header.
    pub options: &'a [u8],
    /// Its port.
    pub port: Option<u8>,
    /// Its payload; on port 0 commands.
    pub payload: &'a [u8],
}

/// Bytes that are commands already.
struct Commands<'a>(u8, &'a [u8]);

impl<'a> Commands<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        bytes.split_first().map(|(first, rest)| Self(*first, rest))
    }
}

impl SerializableMacCommand for Commands<'_> {
    fn payload_bytes(&self) -> &[u8] {
        self.1
    }

    fn cid(&self) -> u8 {
        self.0
    }

    fn payload_len(&self) -> usize {
        self.1.len()
    }
}

/// Builds a data frame: encrypts its payload and signs it.
///
/// # Errors
/// [`BuildError`].
pub fn build_data(data: &Data<'_>, keys: &SessionKeys) -> Result<Vec<u8>, BuildError> {
    if data.options.len() > 15 {
        return Err(BuildError::Options(data.options.len()));
    }
    let bytes = 12 + data.options.len() + usize::from(data.port.is_some()) + data.payload.len();
    if bytes > PAYLOAD_BYTES_MAX {
        return Err(BuildError::TooLong(bytes));
    }
    if data.port.is_none() && !data.payload.is_empty() {
        return Err(BuildError::NoPort);
    }
    let on_zero = data.port == Some(0);
    if on_zero && !data.options.is_empty() {
        return Err(BuildError::PortZero);
    }
    let mut control = FCtrl::new(0, data.direction == Direction::Up);
    if data.adr {
        control.set_adr();
    }
    if data.adr_ack_req && data.direction == Direction::Up {
        control.set_adr_ack_req();
    }
    if data.ack {
        control.set_ack();
    }
    if data.pending && data.direction == Direction::Down {
        control = FCtrl::new(control.raw_value() | 0x10, false);
    }
    let mut frame = DataPayloadCreator::new();
    frame.set_confirmed(data.confirmed).set_uplink(data.direction == Direction::Up);
    frame.set_dev_addr(&data.address.on_air()).set_fctrl(&control).set_fcnt(data.counter);
    if let Some(port) = data.port {
        frame.set_f_port(port);
    }
    let commands = Commands::new(if on_zero { data.payload } else { data.options });
    let commands: Vec<&dyn SerializableMacCommand> = commands.iter().map(|one| one as &dyn SerializableMacCommand).collect();
    let payload = if on_zero { &[] } else { data.payload };
    let (network, application) = (NewSKey::from(*keys.network.bytes()), AppSKey::from(*keys.application.bytes()));
    let built = frame.build(payload, &commands, &network, &application);
    built.map(<[u8]>::to_vec).map_err(|_| BuildError::Refused)
}

/// Builds a join request.
pub fn build_join_request(join_eui: Eui, dev_eui: Eui, dev_nonce: u16, root: &Key) -> Vec<u8> {
    let mut frame = JoinRequestCreator::new();
    frame.set_app_eui(&join_eui.on_air()).set_dev_eui(&dev_eui.on_air()).set_dev_nonce(&dev_nonce.to_le_bytes());
    frame.build(&AppKey::from(*root.bytes())).to_vec()
}

/// A join accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinAccept {
    /// A number that the network uses once for a device, 24 bits.
    pub join_nonce: u32,
    /// The network.
    pub net_id: NetId,
    /// The device's address from now on.
    pub address: DevAddr,
    /// How much slower than the uplink the first window is, 0 to 7.
    pub rx1_offset: u8,
    /// Data rate of the second window.
    pub rx2_data_rate: u8,
    /// Seconds until the first window, 1 to 15; 0 is 1.
    pub rx_delay: u8,
    /// Channels.
    pub cf_list: Option<CfList>,
}

/// Builds a join accept: signed, and encrypted so that a device needs only to encrypt.
///
/// # Errors
/// [`BuildError::JoinNonce`].
pub fn build_join_accept(accept: &JoinAccept, root: &Key) -> Result<Vec<u8>, BuildError> {
    if accept.join_nonce >> 24 != 0 {
        return Err(BuildError::JoinNonce(accept.join_nonce));
    }
    let mut clear = vec![0x20];
    clear.extend(&accept.join_nonce.to_le_bytes()[..3]);
    clear.extend(accept.net_id.on_air());
    clear.extend(accept.address.on_air());
    clear.push((accept.rx1_offset & 7) << 4 | (accept.rx2_data_rate & 15));
    clear.push(accept.rx_delay & 15);
    clear.extend(accept.cf_list.iter().flat_map(CfList::on_air));
    let mic = join_mic(root, &clear);
    clear.extend(mic);
    for block in clear[1..].chunks_exact_mut(16) {
        let mut one = [0; 16];
        one.copy_from_slice(block);
        block.copy_from_slice(&decrypt(root, one));
    }
    Ok(clear)
}
