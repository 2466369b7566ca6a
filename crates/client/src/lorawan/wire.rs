//! What goes over the wire.
//!
//! A hotspot's body is JSON, and its signature covers the bytes as they are sent: ed25519 over the domain, the path and the body
//! ([`sign_body`]). Two headers carry key and signature in hexadecimal digits: [`SignedHead::KEY`] and [`SignedHead::SIGNATURE`]. The body names the network
//! server's key and the time, so that it counts at one server, for a minute.

use crate::{SigningKey, Verifier};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use depin_lorawan::{
    CodingRate, DevAddr, Eui, Hertz, Key, Modulation,
    frame::payload_hash,
    gwmp::{Crc, PAYLOAD_BYTES_MAX, RxPacket},
    server::{DeviceRow, DeviceSpec, Downlink, DownlinkPlan, Refusal},
};
use depin_quantity::UnitId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Most packets of one body.
pub const PACKETS_MAX: usize = 64;
/// How far a hotspot's clock may be off.
pub const CLOCK_MS: u64 = 60_000;

/// Why a signed body does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// No key, or no signature.
    #[error("`{0}` is missing or is not in hexadecimal digits")]
    Header(&'static str),
    /// Not signed with that key.
    #[error("the body is not signed with the key that is named")]
    Signature,
    /// Not JSON of that form.
    #[error("this is not what this path takes: {0}")]
    Body(String),
    /// For another network server.
    #[error("the body is for the network server {0}, which this one is not")]
    OtherServer(String),
    /// Too old, or from the future.
    #[error("the clocks of the hotspot and the network server differ by {} s, and may by a minute", at_ms.abs_diff(*now_ms) / 1_000)]
    Clock {
        /// When it was signed.
        at_ms: u64,
        /// When it came.
        now_ms: u64,
    },
    /// Too many packets.
    #[error("{0} packets at once; send 1 to 64")]
    Packets(usize),
    /// A payload that is no frame's.
    #[error("packet {place}: a payload of {bytes} bytes; frames have at most 255")]
    Payload {
        /// Which.
        place: usize,
        /// Its bytes.
        bytes: usize,
    },
}

/// Names of the two headers.
#[derive(Clone, Copy, Debug)]
pub struct SignedHead;

impl SignedHead {
    /// The hotspot's public key.
    pub const KEY: &'static str = "depin-hotspot";
    /// Its signature.
    pub const SIGNATURE: &'static str = "depin-signature";
}

fn signed_bytes(path: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"depin-lorawan-body-1".to_vec();
    bytes.extend((path.len() as u64).to_le_bytes());
    bytes.extend(path.as_bytes());
    bytes.extend(body);
    bytes
}

/// Signs a body for a path: key and signature for the two headers.
pub fn sign_body(key: &SigningKey, path: &str, body: &[u8]) -> (String, String) {
    (hex::encode(key.public_key()), hex::encode(key.sign(&signed_bytes(path, body))))
}

/// Checks the signature of a body; the key that made it.
///
/// # Errors
/// [`WireError::Header`], [`WireError::Signature`].
pub fn open(path: &str, key: Option<&str>, signature: Option<&str>, body: &[u8]) -> Result<[u8; 32], WireError> {
    let read = |text: Option<&str>, to: &mut [u8], name| {
        let text = text.filter(|text| text.len() == to.len() * 2).ok_or(WireError::Header(name))?;
        hex::decode_to_slice(text, to).map_err(|_| WireError::Header(name))
    };
    let (mut public, mut signed) = ([0; 32], [0; 64]);
    read(key, &mut public, SignedHead::KEY)?;
    read(signature, &mut signed, SignedHead::SIGNATURE)?;
    if Verifier.verify_one(&public, &signed_bytes(path, body), &signed) { Ok(public) } else { Err(WireError::Signature) }
}

/// The EUI by which a hotspot is known here: the first eight bytes of the SHA-256 of its public key. Whatever its forwarder calls itself, it cannot be
/// taken for another.
pub fn gateway_id(key: &[u8; 32]) -> Eui {
    let [a, b, c, d, e, f, g, h, ..] = payload_hash(key);
    Eui::new(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

mod base64_bytes {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod hex_bytes {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, T: TryFrom<Vec<u8>>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let bytes = hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        T::try_from(bytes).map_err(|_| D::Error::custom("another number of bytes stands here"))
    }
}

/// One packet that a hotspot heard; its radio's checksum fitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UplinkPacket {
    /// The concentrator's counter of microseconds.
    pub timestamp: u32,
    /// When the forwarder says that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Centre frequency in hertz.
    pub frequency: Hertz,
    /// Data rate, as `SF7BW125`.
    pub data_rate: Modulation,
    /// Coding rate, as `4/5`.
    #[serde(default)]
    pub coding_rate: Option<CodingRate>,
    /// The concentrator's channel.
    #[serde(default)]
    pub channel: u8,
    /// Strength in dBm.
    pub rssi_dbm: i32,
    /// Signal to noise in tenths of a decibel.
    #[serde(default)]
    pub snr_ddb: Option<i32>,
    /// The frame, in base64.
    #[serde(with = "base64_bytes")]
    pub payload: Vec<u8>,
}

impl From<RxPacket> for UplinkPacket {
    fn from(packet: RxPacket) -> Self {
        let RxPacket { timestamp, time, frequency, channel, modulation, coding_rate, rssi_dbm, snr_ddb, payload, .. } = packet;
        Self { timestamp, time, frequency, data_rate: modulation, coding_rate, channel, rssi_dbm, snr_ddb, payload }
    }
}

impl From<UplinkPacket> for RxPacket {
    fn from(packet: UplinkPacket) -> Self {
        let UplinkPacket { timestamp, time, frequency, data_rate, coding_rate, channel, rssi_dbm, snr_ddb, payload } = packet;
        let (gps_ms, rf_chain, crc, modulation) = (None, 0, Crc::Ok, data_rate);
        Self { timestamp, time, gps_ms, frequency, channel, rf_chain, crc, modulation, coding_rate, rssi_dbm, snr_ddb, payload }
    }
}

/// The body of `POST /v1/uplinks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UplinkBody {
    /// The network server's public key, as `GET /v1/network` says it.
    #[serde(with = "hex_bytes")]
    pub server: [u8; 32],
    /// When it was signed, milliseconds since 1970.
    pub at_ms: u64,
    /// What was heard.
    pub packets: Vec<UplinkPacket>,
}

impl UplinkBody {
    /// Reads a body, and checks all but the signature.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn read(body: &[u8], server: &[u8; 32], now_ms: u64) -> Result<Self, WireError> {
        let read: Self = serde_json::from_slice(body).map_err(|error| WireError::Body(error.to_string()))?;
        for_here(&read.server, server, read.at_ms, now_ms)?;
        if read.packets.is_empty() || read.packets.len() > PACKETS_MAX {
            return Err(WireError::Packets(read.packets.len()));
        }
        let long = |packet: &UplinkPacket| packet.payload.len() > PAYLOAD_BYTES_MAX;
        match read.packets.iter().position(long) {
            Some(place) => Err(WireError::Payload { place, bytes: read.packets[place].payload.len() }),
            None => Ok(read),
        }
    }
}

fn for_here(named: &[u8; 32], server: &[u8; 32], at_ms: u64, now_ms: u64) -> Result<(), WireError> {
    if named != server {
        return Err(WireError::OtherServer(hex::encode(named)));
    }
    if at_ms.abs_diff(now_ms) > CLOCK_MS { Err(WireError::Clock { at_ms, now_ms }) } else { Ok(()) }
}

/// The body of `POST /v1/outcomes`: what became of a downlink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeBody {
    /// The network server's public key.
    #[serde(with = "hex_bytes")]
    pub server: [u8; 32],
    /// When it was signed, milliseconds since 1970.
    pub at_ms: u64,
    /// The downlink's number.
    pub id: u32,
    /// In which window it was emitted; none when it was not.
    pub window: Option<usize>,
    /// Why windows were missed, as TX_ACK says it.
    #[serde(default)]
    pub errors: Vec<String>,
}

impl OutcomeBody {
    /// Reads a body, and checks all but the signature.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn read(body: &[u8], server: &[u8; 32], now_ms: u64) -> Result<Self, WireError> {
        let read: Self = serde_json::from_slice(body).map_err(|error| WireError::Body(error.to_string()))?;
        for_here(&read.server, server, read.at_ms, now_ms)?;
        Ok(read)
    }
}

/// What the customer acknowledges of a packet, and pays for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketReport {
    /// Who carried it.
    #[serde(with = "hex_bytes")]
    pub hotspot: [u8; 32],
    /// SHA-256 of the frame.
    #[serde(with = "hex_bytes")]
    pub hash: [u8; 32],
    /// Bytes of the frame.
    pub bytes: u16,
    /// When it came, milliseconds since 1970: of ledger time where a chain pays for it, of wall time elsewhere.
    pub received_ms: u64,
    /// Whether it is a join request, which nobody pays for.
    pub join: bool,
}

impl PacketReport {
    /// The bytes that are signed: a domain, then the fields in their order, numbers little-endian.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = b"depin-lorawan-report-1".to_vec();
        bytes.extend(self.hotspot);
        bytes.extend(self.hash);
        bytes.extend(self.bytes.to_le_bytes());
        bytes.extend(self.received_ms.to_le_bytes());
        bytes.push(u8::from(self.join));
        bytes
    }
}

/// A packet that was acknowledged, with the signature that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// What was acknowledged.
    pub report: PacketReport,
    /// The network server's signature over [`PacketReport::signed_bytes`].
    pub signature: String,
}

impl Acknowledged {
    /// Whether the network server with this key signed it.
    pub fn is_of(&self, server: &[u8; 32]) -> bool {
        let mut signature = [0; 64];
        hex::decode_to_slice(&self.signature, &mut signature).is_ok()
            && Verifier.verify_one(server, &self.report.signed_bytes(), &signature)
    }
}

/// The body of `POST /v1/batches`: packets that were acknowledged one by one, to be acknowledged together for the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchBody {
    /// The network server's public key.
    #[serde(with = "hex_bytes")]
    pub server: [u8; 32],
    /// When it was signed, milliseconds since 1970.
    pub at_ms: u64,
    /// The route that they were delivered by.
    pub route: UnitId,
    /// The packets, in the order in which they stand in the batch.
    pub packets: Vec<Acknowledged>,
}

impl BatchBody {
    /// Reads a body, and checks all but the signatures.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn read(body: &[u8], server: &[u8; 32], now_ms: u64) -> Result<Self, WireError> {
        let read: Self = serde_json::from_slice(body).map_err(|error| WireError::Body(error.to_string()))?;
        for_here(&read.server, server, read.at_ms, now_ms)?;
        if read.packets.is_empty() || read.packets.len() > PACKETS_MAX {
            return Err(WireError::Packets(read.packets.len()));
        }
        Ok(read)
    }
}

/// The answer to `POST /v1/batches`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswer {
    /// The key that signed: one of the OUI's.
    pub key: String,
    /// Its signature, as the ledger checks it.
    pub signature: String,
}

/// The answer to `GET /v1/network`, as far as hotspots need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// The network server's public key.
    #[serde(with = "hex_bytes")]
    pub server_key: [u8; 32],
}

/// Why a packet was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// A name.
    pub code: String,
    /// In words.
    pub message: String,
}

impl From<&Refusal> for Rejection {
    fn from(why: &Refusal) -> Self {
        Self { code: why.name().to_owned(), message: why.to_string() }
    }
}

/// What became of one packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum PacketAnswer {
    /// It is on the disk, with what it does.
    Acknowledged {
        /// What is acknowledged.
        report: PacketReport,
        /// The network server's signature over [`PacketReport::signed_bytes`].
        signature: String,
    },
    /// It is not taken, and not paid for.
    Rejected(Rejection),
}

/// The answer to `POST /v1/uplinks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// One for each packet, in their order.
    pub packets: Vec<PacketAnswer>,
    /// What this hotspot shall emit.
    pub downlinks: Vec<DownlinkPlan>,
}

/// The body of `POST /v1/devices`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Its DevEUI.
    pub dev_eui: Eui,
    /// Its JoinEUI.
    pub join_eui: Eui,
    /// Its AppKey.
    pub app_key: Key,
    /// Its name in events.
    #[serde(default)]
    pub name: String,
}

impl From<NewDevice> for DeviceSpec {
    fn from(NewDevice { dev_eui, join_eui, app_key, name }: NewDevice) -> Self {
        Self { dev_eui, join_eui, app_key, name }
    }
}

/// A device as it is shown: without its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its DevEUI.
    pub dev_eui: Eui,
    /// Its JoinEUI.
    pub join_eui: Eui,
    /// Its name in events.
    pub name: String,
    /// Its address, once it has joined.
    pub dev_addr: Option<DevAddr>,
    /// Counter of its last uplink.
    pub f_cnt_up: Option<u32>,
    /// Counter of its next downlink.
    pub n_f_cnt_down: Option<u32>,
    /// Ids of downlinks that wait.
    pub queue: Vec<String>,
}

impl From<&DeviceRow> for DeviceView {
    fn from(row: &DeviceRow) -> Self {
        let session = row.session.as_ref();
        Self {
            dev_eui: row.spec.dev_eui,
            join_eui: row.spec.join_eui,
            name: row.spec.name.clone(),
            dev_addr: session.or(row.joining.as_ref()).map(|session| session.address),
            f_cnt_up: session.and_then(|session| session.up),
            n_f_cnt_down: session.map(|session| session.down),
            queue: row.queue.iter().map(|queued| queued.downlink.id.clone()).collect(),
        }
    }
}

/// Parameters of `GET /v1/uplinks` of a network server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkQuery {
    /// Only uplinks with numbers above it.
    #[serde(default)]
    pub after: Option<u64>,
    /// Most uplinks, up to 256.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// An uplink in the clear, as the network server shows it to whoever has its access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkView {
    /// Its number: higher than those before it.
    pub number: u64,
    /// SHA-256 of its PHYPayload, 64 hexadecimal digits: the packet's name on the ledger.
    pub hash: String,
    /// When it was heard, milliseconds since 1970.
    pub at_ms: u64,
    /// Which device.
    pub dev_eui: Eui,
    /// The device's name.
    pub name: String,
    /// Its address.
    pub dev_addr: DevAddr,
    /// Its counter.
    pub f_cnt: u32,
    /// Its port; 0 where it has no payload.
    pub f_port: u8,
    /// Its payload, in base64.
    #[serde(with = "base64_bytes")]
    pub data: Vec<u8>,
    /// Bytes of the frame, by which a copy is charged.
    pub frame_bytes: u16,
}

/// A downlink as ChirpStack's commands say it: the body of `POST /v1/devices/EUI/queue`, and of a message under `…/device/EUI/command/down`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownlinkBody {
    /// The caller's name for it; one is made from its content where there is none.
    #[serde(default)]
    pub id: Option<String>,
    /// The device, where the path does not say it.
    #[serde(default)]
    pub dev_eui: Option<Eui>,
    /// 1 to 223.
    pub f_port: u8,
    /// Whether the device shall confirm it.
    #[serde(default)]
    pub confirmed: bool,
    /// Its payload, in base64.
    #[serde(with = "base64_bytes")]
    pub data: Vec<u8>,
}

impl DownlinkBody {
    /// The downlink. `at_ms` tells two of the same content apart that have no id.
    pub fn downlink(self, at_ms: u64) -> Downlink {
        let Self { id, f_port, confirmed, data, .. } = self;
        let made = || hex::encode(&payload_hash(&[at_ms.to_le_bytes().as_slice(), &[f_port], &data].concat())[..16]);
        Downlink { id: id.unwrap_or_else(made), port: f_port, payload: data, confirmed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(at_ms: u64, packets: Vec<UplinkPacket>) -> Vec<u8> {
        serde_json::to_vec(&UplinkBody { server: [7; 32], at_ms, packets }).unwrap()
    }

    fn packet(bytes: usize) -> UplinkPacket {
        UplinkPacket {
            timestamp: 1,
            time: None,
            frequency: Hertz::new(868_100_000),
            data_rate: "SF7BW125".parse().unwrap(),
            coding_rate: None,
            channel: 0,
            rssi_dbm: -90,
            snr_ddb: Some(1),
            payload: vec![1; bytes],
        }
    }

    #[test]
    fn a_signature_counts_for_its_bytes_and_its_path() {
        let key = SigningKey::from_seed(&[1; 32]);
        let (public, signature) = sign_body(&key, "/v1/uplinks", b"body");
        let check = |path, body: &[u8]| open(path, Some(&public), Some(&signature), body);
        assert_eq!(check("/v1/uplinks", b"body"), Ok(key.public_key()));
        assert_eq!(check("/v1/uplinks", b"bodY"), Err(WireError::Signature));
        assert_eq!(check("/v1/outcomes", b"body"), Err(WireError::Signature));
        let other = hex::encode(SigningKey::from_seed(&[2; 32]).public_key());
        assert_eq!(open("/v1/uplinks", Some(&other), Some(&signature), b"body"), Err(WireError::Signature));
        assert_eq!(open("/v1/uplinks", None, Some(&signature), b"body"), Err(WireError::Header(SignedHead::KEY)));
        assert_eq!(open("/v1/uplinks", Some(&public), Some("00"), b"body"), Err(WireError::Header(SignedHead::SIGNATURE)));
    }

    #[test]
    fn a_body_counts_at_one_server_for_a_minute_within_its_bounds() {
        let read = |body: &[u8], now| UplinkBody::read(body, &[7; 32], now).map(|body| body.packets.len());
        assert_eq!(read(&body(100_000, vec![packet(255)]), 160_000), Ok(1));
        assert_eq!(read(&body(100_000, vec![packet(1)]), 160_001), Err(WireError::Clock { at_ms: 100_000, now_ms: 160_001 }));
        assert!(matches!(read(&body(200_000, vec![packet(1)]), 139_999), Err(WireError::Clock { .. })));
        assert_eq!(read(&body(0, vec![]), 0), Err(WireError::Packets(0)));
        assert_eq!(read(&body(0, vec![packet(1); 65]), 0), Err(WireError::Packets(65)));
        assert_eq!(read(&body(0, vec![packet(1), packet(256)]), 0), Err(WireError::Payload { place: 1, bytes: 256 }));
        assert!(matches!(read(b"{}", 0), Err(WireError::Body(_))));
        let other = UplinkBody::read(&body(0, vec![packet(1)]), &[8; 32], 0).unwrap_err();
        assert!(matches!(other, WireError::OtherServer(_)));
    }

    /// The bytes are what hotspots and the ledger sign and check: they never change under this domain.
    #[test]
    fn a_reports_bytes_are_fixed() {
        let report = PacketReport { hotspot: [1; 32], hash: [2; 32], bytes: 23, received_ms: 0x0102, join: true };
        let expected = [b"depin-lorawan-report-1".as_slice(), &[1; 32], &[2; 32], &[23, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1]].concat();
        assert_eq!(report.signed_bytes(), expected);
    }
}
