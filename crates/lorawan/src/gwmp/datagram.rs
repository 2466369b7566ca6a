//! Datagrams: the fixed part, and what follows it.

use super::{
    DATAGRAM_BYTES_MAX, FieldError, GatewayStatus, GwmpError, Kind, PACKETS_MAX, RxPacket, TxPacket, TxReport, VERSION, rx, tx,
    tx_ack,
};
use crate::Eui;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// One datagram.
#[derive(Clone, Debug, PartialEq)]
pub enum Datagram {
    /// A forwarder received packets, or says how it is.
    PushData {
        /// What the receipt says again.
        token: u16,
        /// Which gateway.
        gateway: Eui,
        /// Packets in their order.
        packets: Vec<RxPacket>,
        /// Packets that cannot be read: their place in the datagram, and why.
        refused: Vec<(usize, FieldError)>,
        /// How the gateway is.
        status: Option<GatewayStatus>,
    },
    /// The receipt of PUSH_DATA.
    PushAck {
        /// The token that it had.
        token: u16,
    },
    /// A forwarder can be sent to.
    PullData {
        /// What the receipt says again.
        token: u16,
        /// Which gateway.
        gateway: Eui,
    },
    /// The receipt of PULL_DATA.
    PullAck {
        /// The token that it had.
        token: u16,
    },
    /// A packet to emit.
    PullResp {
        /// What TX_ACK says again.
        token: u16,
        /// The packet.
        packet: TxPacket,
    },
    /// How emitting went.
    TxAck {
        /// The token of PULL_RESP.
        token: u16,
        /// Which gateway.
        gateway: Eui,
        /// How it went.
        report: TxReport,
    },
}

#[derive(Deserialize)]
struct Push {
    rxpk: Option<Vec<Value>>,
    stat: Option<Value>,
}

#[derive(Serialize)]
struct PushWritten<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rxpk: Vec<rx::Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<&'a GatewayStatus>,
}

#[derive(Deserialize)]
struct Pull {
    txpk: Option<Value>,
}

#[derive(Serialize)]
struct PullWritten {
    txpk: tx::Written,
}

/// Reads a datagram.
///
/// # Errors
/// [`GwmpError`]: the first of its variants that applies.
pub fn decode(bytes: &[u8]) -> Result<Datagram, GwmpError> {
    let got = bytes.len();
    if got > DATAGRAM_BYTES_MAX {
        return Err(GwmpError::TooLong { got });
    }
    let [version, high, low, identifier, rest @ ..] = bytes else { return Err(GwmpError::TooShort { got }) };
    if *version != VERSION {
        return Err(GwmpError::Version(*version));
    }
    let kind = Kind::from_byte(*identifier).ok_or(GwmpError::Identifier(*identifier))?;
    let token = u16::from_be_bytes([*high, *low]);
    let sent_by = || {
        let (eui, body) = rest.split_first_chunk().ok_or(GwmpError::Cut { kind, got, need: 12 })?;
        Ok((Eui::new(u64::from_be_bytes(*eui)), body))
    };
    let ends = |body: &[u8], want| if body.is_empty() { Ok(()) } else { Err(GwmpError::Trailing { kind, got, want }) };
    match kind {
        Kind::PushData => {
            let (gateway, body) = sent_by()?;
            push(token, gateway, body)
        }
        Kind::PullData => {
            let (gateway, body) = sent_by()?;
            ends(body, 12)?;
            Ok(Datagram::PullData { token, gateway })
        }
        Kind::PushAck => ends(rest, 4).map(|()| Datagram::PushAck { token }),
        Kind::PullAck => ends(rest, 4).map(|()| Datagram::PullAck { token }),
        Kind::PullResp => {
            let body: Pull = json(kind, rest)?;
            let value = body.txpk.ok_or(GwmpError::Tx(FieldError::Missing("txpk")))?;
            Ok(Datagram::PullResp { token, packet: TxPacket::read(&value).map_err(GwmpError::Tx)? })
        }
        Kind::TxAck => {
            let (gateway, body) = sent_by()?;
            let report = match body {
                // Without a body all is well; some forwarders end what is not there with a zero byte.
                [] | [0] => TxReport::AS_ASKED,
                body => json::<tx_ack::Body>(kind, body)?.report(),
            };
            Ok(Datagram::TxAck { token, gateway, report })
        }
    }
}

fn push(token: u16, gateway: Eui, body: &[u8]) -> Result<Datagram, GwmpError> {
    let Push { rxpk, stat } = json(Kind::PushData, body)?;
    if rxpk.is_none() && stat.is_none() {
        return Err(GwmpError::Empty);
    }
    let values = rxpk.unwrap_or_default();
    if values.len() > PACKETS_MAX {
        return Err(GwmpError::TooManyPackets { got: values.len() });
    }
    let (mut packets, mut refused) = (Vec::with_capacity(values.len()), Vec::new());
    for (place, value) in values.iter().enumerate() {
        match RxPacket::read(value) {
            Ok(packet) => packets.push(packet),
            Err(error) => refused.push((place, error)),
        }
    }
    let status = match stat.as_ref().filter(|stat| !stat.is_string()).map(GatewayStatus::read).transpose() {
        Ok(status) => status,
        // What a forwarder says of itself in a form of its own takes no packet with it.
        Err(_) if !values.is_empty() => None,
        Err(error) => return Err(GwmpError::Stat(error)),
    };
    Ok(Datagram::PushData { token, gateway, packets, refused, status })
}

fn json<T: DeserializeOwned>(kind: Kind, body: &[u8]) -> Result<T, GwmpError> {
    let body = body.strip_suffix(&[0]).unwrap_or(body);
    // A list would be read as an object's fields in their order.
    if body.trim_ascii_start().first().is_some_and(|sign| *sign != b'{') {
        return Err(GwmpError::Json { kind, why: "it is no object".to_owned() });
    }
    serde_json::from_slice(body).map_err(|error| GwmpError::Json { kind, why: error.to_string() })
}

/// Writes a datagram. Refused packets are not written.
pub fn encode(datagram: &Datagram) -> Vec<u8> {
    let (kind, token, gateway) = match datagram {
        Datagram::PushData { token, gateway, .. } => (Kind::PushData, token, Some(gateway)),
        Datagram::PushAck { token } => (Kind::PushAck, token, None),
        Datagram::PullData { token, gateway } => (Kind::PullData, token, Some(gateway)),
        Datagram::PullAck { token } => (Kind::PullAck, token, None),
        Datagram::PullResp { token, .. } => (Kind::PullResp, token, None),
        Datagram::TxAck { token, gateway, .. } => (Kind::TxAck, token, Some(gateway)),
    };
    let [high, low] = token.to_be_bytes();
    let mut bytes = vec![VERSION, high, low, kind.byte()];
    bytes.extend(gateway.into_iter().flat_map(|eui| eui.get().to_be_bytes()));
    match datagram {
        Datagram::PushData { packets, status, .. } => {
            let rxpk = packets.iter().map(RxPacket::written).collect();
            append(&mut bytes, &PushWritten { rxpk, stat: status.as_ref() });
        }
        Datagram::PullResp { packet, .. } => append(&mut bytes, &PullWritten { txpk: packet.written() }),
        Datagram::TxAck { report, .. } => append(&mut bytes, &tx_ack::Body::of(report)),
        Datagram::PushAck { .. } | Datagram::PullData { .. } | Datagram::PullAck { .. } => {}
    }
    bytes
}

fn append(bytes: &mut Vec<u8>, body: &impl Serialize) {
    // Texts and finite numbers always have a form in JSON, and a vector takes all bytes.
    serde_json::to_writer(bytes, body).expect("GWMP bodies are JSON");
}
