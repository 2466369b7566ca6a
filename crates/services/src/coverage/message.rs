//! What owners of hotspots, customers, and the denylist's keeper tell the service, in signed transactions.

use super::{
    bytes::{PacketHash, PublicKey, Salt, SessionKey, SignatureBytes},
    error::CoverageError,
    hotspots::check_location,
    mobile::MobileMessage,
    poc::{BeaconReport, WitnessReport},
    routes::{check_range, check_terms},
};
use crate::service::InnerSignature;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Instant, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Most batches of one message, and most entries of a list that is changed by one.
pub const ENTRIES_MAX: usize = 64;
/// Most session-key filters that one message changes.
pub const FILTERS_MAX: usize = 100;
/// Most packets of one batch.
pub const PACKETS_MAX: usize = 128;
/// Most keys that acknowledge packets for one OUI.
pub const KEYS_MAX: usize = 8;
/// Longest reason, and longest address of a server, in bytes.
pub const TEXT_MAX: usize = 256;
/// Fewest device addresses of one range; ranges have an even number of them.
pub const ADDRESSES_LEAST: u32 = 8;

/// A hotspot that joins.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NewHotspot {
    /// Its own key. It goes by the key's address.
    pub key: PublicKey,
    /// Who owns it: the sender. The hotspot signs that, so that nobody joins another's.
    pub owner: Address,
    /// Whether it takes part in proof of coverage; one that does not carries packets only.
    pub full: bool,
    /// The hotspot's signature.
    pub signature: SignatureBytes,
}

/// The channel plan under which a hotspot sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// Europe, 863 to 870 MHz.
    Eu868,
    /// North America, 902 to 928 MHz.
    Us915,
}

/// Where a hotspot says it is, and how it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Location {
    /// A cell of H3's resolution 12.
    pub cell: u64,
    /// Gain of its antenna in tenths of dBi.
    pub gain: i16,
    /// Metres above the ground.
    pub elevation: i32,
    /// Its region.
    pub region: Region,
}

/// Who is put on the denylist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denied {
    /// A hotspot, altogether.
    Hotspot(Address),
    /// Two hotspots as witnesses of each other, in either order.
    Edge(Address, Address),
}

/// How packets reach a customer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct RouteTerms {
    /// The network id whose devices it is for.
    pub net_id: u32,
    /// Where the customer's network server is: `host:port`.
    pub server: String,
    /// Most hotspots that are paid for one packet; at least one.
    pub max_copies: u32,
    /// Whether packets are routed by it.
    pub active: bool,
    /// Whether a device address without a session-key filter is left alone.
    pub ignore_empty_skf: bool,
}

/// A device by its join: application EUI and device EUI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct EuiPair {
    /// Application EUI (JoinEUI).
    pub app_eui: u64,
    /// Device EUI.
    pub dev_eui: u64,
}

/// Device addresses from `start` to `end`, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Range {
    /// First.
    pub start: u32,
    /// Last.
    pub end: u32,
}

/// A device of a route by its session key: its packets are told by their MIC.
///
/// Everybody can read the key here, and so make frames with a good MIC for the device; a network server must not take a MIC for more than
/// a sign of whose packet it is. What is in a packet is under another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SessionFilter {
    /// The device's address.
    pub devaddr: u32,
    /// Its network session key.
    pub key: SessionKey,
    /// Most hotspots that are paid for one of its packets; zero for the route's own number.
    pub max_copies: u32,
}

/// A packet that a hotspot delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Packet {
    /// SHA-256 of its PHYPayload.
    pub hash: PacketHash,
    /// Bytes of its PHYPayload.
    pub bytes: u16,
    /// When the hotspot heard it.
    pub received: Instant,
}

/// A report of a beacon, sealed: nobody can tell what it says before its salt is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Sealed {
    /// Whose beacon it is of.
    pub beaconer: Address,
    /// The time of that beacon's randomness, in seconds.
    pub timestamp: u64,
    /// The key of whoever reports: a witness, or the beaconer itself.
    pub key: PublicKey,
    /// Its [`seal`](super::seal).
    pub hash: ContentHash,
    /// The signature of the key.
    pub signature: SignatureBytes,
    /// When it came in, by the word of the ingest; of no matter where the network has none.
    pub received: Instant,
}

/// What a sealed report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disclosed {
    /// The beaconer's: what it sent.
    Beacon(BeaconReport),
    /// A witness's: what it heard.
    Witness(WitnessReport),
}

/// A sealed report with its salt. It needs no signature: it is what was sealed, or it is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Disclosure {
    /// Whose beacon it is of.
    pub beaconer: Address,
    /// Who reports.
    pub reporter: Address,
    /// The salt.
    pub salt: Salt,
    /// What it says.
    pub report: Disclosed,
}

/// That a customer had the packets of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// One of the OUI's keys.
    pub key: PublicKey,
    /// Its signature.
    pub signature: SignatureBytes,
}

/// Packets that one hotspot delivered by one route.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct PacketBatch {
    /// The route.
    pub route: UnitId,
    /// The hotspot's key.
    pub key: PublicKey,
    /// The packets, each once.
    pub packets: Vec<Packet>,
    /// The hotspot's signature.
    pub signature: SignatureBytes,
    /// The customer's word that it had them. Without one the batch is a claim, which is not paid until it is acknowledged.
    pub acknowledged: Option<Acknowledgement>,
}

/// Everything that can be said to the service. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageMessage {
    /// The sender's hotspot joins, and pays the fee for it.
    Onboard(NewHotspot),
    /// The sender says where its hotspot is, and pays the fee for it.
    AssertLocation {
        /// The hotspot.
        hotspot: Address,
        /// Where it is.
        location: Location,
    },
    /// The denylist's keeper puts somebody on it.
    Deny {
        /// Whom.
        who: Denied,
        /// Why, in words.
        reason: String,
    },
    /// The owner of a denied hotspot asks for it to be taken off the list.
    Appeal {
        /// The entry of the list.
        denial: UnitId,
        /// Why, in words.
        text: String,
    },
    /// The denylist's keeper lifts an entry, with or without an appeal, or lets it stand.
    Judge {
        /// The entry.
        denial: UnitId,
        /// Whether it is lifted.
        lift: bool,
    },
    /// The sender opens an OUI, with credits out of its wallet.
    OpenOui {
        /// Keys that acknowledge packets for it.
        keys: Vec<PublicKey>,
        /// Credits, in base units of what packets are paid in; may be zero.
        credits: Units,
        /// What it pays for a unit of a packet, for good; none where the network's file sets the price.
        price: Option<Money>,
    },
    /// The owner of an OUI puts more credits into it.
    AddCredits {
        /// The OUI.
        oui: u32,
        /// How many, in base units.
        credits: Units,
    },
    /// The owner of an OUI says which keys acknowledge packets for it from now on.
    SetKeys {
        /// The OUI.
        oui: u32,
        /// The keys.
        keys: Vec<PublicKey>,
    },
    /// The owner of an OUI adds a route.
    AddRoute {
        /// The OUI.
        oui: u32,
        /// What it says.
        terms: RouteTerms,
    },
    /// The owner of a route changes it.
    ChangeRoute {
        /// The route.
        route: UnitId,
        /// What it says from now on.
        terms: RouteTerms,
    },
    /// The owner of a route that nothing is listed under any more takes it away.
    RemoveRoute(UnitId),
    /// The owner of a route changes which joins it takes.
    ChangeEuis {
        /// The route.
        route: UnitId,
        /// New ones.
        add: Vec<EuiPair>,
        /// Old ones.
        remove: Vec<EuiPair>,
    },
    /// The owner of a route changes which device addresses it takes. No two routes share one.
    ChangeRanges {
        /// The route.
        route: UnitId,
        /// New ranges.
        add: Vec<Range>,
        /// Old ones, as they were added.
        remove: Vec<Range>,
    },
    /// The owner of a route changes its session-key filters.
    ChangeFilters {
        /// The route.
        route: UnitId,
        /// New ones.
        add: Vec<SessionFilter>,
        /// Old ones.
        remove: Vec<SessionFilter>,
    },
    /// Packets were delivered. Whoever sends it pays the transaction.
    Report(Vec<PacketBatch>),
    /// A customer answers a claim: it had the packets and pays, or had them not.
    CloseClaim {
        /// The claim, by [`batch_id`](super::batch_id).
        claim: UnitId,
        /// Whether it pays.
        pay: bool,
    },
    /// The sender's hotspot takes no part any more; what was pledged for it goes back.
    Retire(Address),
    /// A hotspot asks for a beacon.
    AskBeacon {
        /// Its key.
        key: PublicKey,
        /// The number of the present interval since 1970: one beacon of each hotspot in each.
        segment: u64,
        /// The hotspot's signature.
        signature: SignatureBytes,
    },
    /// Reports of beacons came in; by the ingest, where the network has one.
    HandIn(Vec<Sealed>),
    /// Reports of beacons are disclosed.
    Disclose(Vec<Disclosure>),
    /// Mobile coverage, where the network has it.
    Mobile(MobileMessage),
    /// The owner of an OUI without routes closes it: its keys are gone, and its credits go back. Its number stays its own, and with
    /// [`CoverageMessage::SetKeys`] it is open again.
    CloseOui(u32),
}

const JOIN: &[u8] = b"depin-coverage-onboard";
const PACKETS: &[u8] = b"depin-coverage-packets";
const BEACON: &[u8] = b"depin-coverage-ask-beacon";
const SEALED: &[u8] = b"depin-coverage-sealed";
const ACKNOWLEDGE: &[u8] = b"depin-coverage-acknowledge";

/// What is signed: a domain with its length before it, then the content.
pub(super) fn tagged(domain: &[u8], content: &impl BorshSerialize) -> Vec<u8> {
    let mut bytes = vec![domain.len() as u8];
    bytes.extend_from_slice(domain);
    borsh::to_writer(&mut bytes, content).expect("writing to memory does not fail");
    bytes
}

impl NewHotspot {
    /// What the hotspot signs.
    pub fn signed(&self) -> Vec<u8> {
        tagged(JOIN, &(self.key, self.owner, self.full))
    }
}

impl PacketBatch {
    /// What the hotspot signs.
    pub fn signed(&self) -> Vec<u8> {
        tagged(PACKETS, &(self.route, self.key, &self.packets))
    }

    /// What the customer signs.
    pub fn acknowledges(&self) -> Vec<u8> {
        tagged(ACKNOWLEDGE, &(self.route, self.key, &self.packets))
    }
}

impl Sealed {
    /// What the reporter signs.
    pub fn signed(&self) -> Vec<u8> {
        tagged(SEALED, &(self.beaconer, self.timestamp, self.key, self.hash))
    }
}

impl CoverageMessage {
    /// What a hotspot signs that asks for a beacon.
    pub fn asks(key: PublicKey, segment: u64) -> Vec<u8> {
        tagged(BEACON, &(key, segment))
    }

    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Onboard(_) => "onboard-hotspot",
            Self::AssertLocation { .. } => "assert-location",
            Self::Deny { .. } => "deny",
            Self::Appeal { .. } => "appeal-denial",
            Self::Judge { .. } => "judge-denial",
            Self::OpenOui { .. } => "open-oui",
            Self::AddCredits { .. } => "add-credits",
            Self::SetKeys { .. } => "set-oui-keys",
            Self::AddRoute { .. } => "add-route",
            Self::ChangeRoute { .. } => "change-route",
            Self::RemoveRoute(_) => "remove-route",
            Self::ChangeEuis { .. } => "change-euis",
            Self::ChangeRanges { .. } => "change-ranges",
            Self::ChangeFilters { .. } => "change-filters",
            Self::Report(_) => "report-packets",
            Self::CloseClaim { .. } => "close-claim",
            Self::Retire(_) => "retire-hotspot",
            Self::AskBeacon { .. } => "ask-beacon",
            Self::HandIn(_) => "hand-in-reports",
            Self::Disclose(_) => "disclose-reports",
            Self::Mobile(message) => message.name(),
            Self::CloseOui(_) => "close-oui",
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run. What becomes due by it later is counted too.
    pub fn work(&self) -> u64 {
        // Text that is too long is refused, but it has taken room in the block by then.
        let text = |text: &str| text.len() as u64 / 16;
        match self {
            // A signature, and a fee.
            Self::Onboard(_) => 100,
            Self::Deny { reason, .. } => 60 + text(reason),
            Self::Appeal { text: words, .. } => 60 + text(words),
            Self::OpenOui { keys, .. } | Self::SetKeys { keys, .. } => 80 + keys.len() as u64,
            Self::AddRoute { terms, .. } | Self::ChangeRoute { terms, .. } => 60 + text(&terms.server),
            Self::ChangeEuis { add, remove, .. } => 20 + 4 * (add.len() + remove.len()) as u64,
            Self::ChangeRanges { add, remove, .. } => 20 + 6 * (add.len() + remove.len()) as u64,
            Self::ChangeFilters { add, remove, .. } => 20 + 4 * (add.len() + remove.len()) as u64,
            // Two signatures, a charge, and of each packet two rows that are forgotten later.
            Self::Report(batches) => batches.iter().map(|batch| 150 + 6 * batch.packets.len() as u64).sum::<u64>().max(150),
            Self::CloseClaim { .. } => 60 + 2 * PACKETS_MAX as u64,
            // A signature, a draw, and the judgement; of each report its own part of that.
            Self::AskBeacon { .. } => 150,
            Self::HandIn(reports) => 60 * reports.len().max(1) as u64,
            Self::Disclose(reports) => 30 * reports.len().max(1) as u64,
            Self::Mobile(message) => message.work(),
            Self::AssertLocation { .. }
            | Self::Judge { .. }
            | Self::AddCredits { .. }
            | Self::RemoveRoute(_)
            | Self::CloseOui(_)
            | Self::Retire(_) => 60,
        }
    }

    /// Refuses what no network of this service takes, whatever its rows are.
    ///
    /// # Errors
    /// What running it would say.
    pub fn check_bounds(&self) -> Result<(), CoverageError> {
        match self {
            Self::AssertLocation { location, .. } => check_location(location),
            Self::Deny { reason, .. } => check_text(reason, "reason"),
            Self::Appeal { text, .. } => check_text(text, "appeal"),
            Self::OpenOui { keys, .. } | Self::SetKeys { keys, .. } => check_keys(keys),
            Self::AddRoute { terms, .. } | Self::ChangeRoute { terms, .. } => check_terms(terms),
            Self::ChangeEuis { add, remove, .. } => check_count(add.len() + remove.len(), ENTRIES_MAX),
            Self::ChangeRanges { add, remove, .. } => {
                check_count(add.len() + remove.len(), ENTRIES_MAX)?;
                add.iter().try_for_each(check_range)
            }
            Self::ChangeFilters { add, remove, .. } => check_count(add.len() + remove.len(), FILTERS_MAX),
            Self::Report(batches) => {
                check_count(batches.len(), ENTRIES_MAX)?;
                batches.iter().try_for_each(|batch| check_count(batch.packets.len(), PACKETS_MAX))
            }
            Self::HandIn(reports) => check_count(reports.len(), ENTRIES_MAX),
            Self::Disclose(reports) => check_count(reports.len(), ENTRIES_MAX),
            Self::Mobile(message) => Ok(message.check_bounds()?),
            Self::Onboard(_)
            | Self::AskBeacon { .. }
            | Self::Judge { .. }
            | Self::AddCredits { .. }
            | Self::RemoveRoute(_)
            | Self::CloseOui(_)
            | Self::CloseClaim { .. }
            | Self::Retire(_) => Ok(()),
        }
    }

    /// The signatures inside it.
    pub fn signatures(&self) -> Vec<InnerSignature> {
        let item = |key: PublicKey, message, signature: SignatureBytes| InnerSignature {
            key: key.get(),
            message,
            signature: signature.get(),
        };
        match self {
            Self::Onboard(new) => vec![item(new.key, new.signed(), new.signature)],
            Self::Report(batches) => batches
                .iter()
                .flat_map(|batch| {
                    let customer = batch.acknowledged.map(|by| item(by.key, batch.acknowledges(), by.signature));
                    std::iter::once(item(batch.key, batch.signed(), batch.signature)).chain(customer)
                })
                .collect(),
            Self::AskBeacon { key, segment, signature } => vec![item(*key, Self::asks(*key, *segment), *signature)],
            Self::HandIn(reports) => reports.iter().map(|sealed| item(sealed.key, sealed.signed(), sealed.signature)).collect(),
            Self::Mobile(message) => message.signatures(),
            _ => Vec::new(),
        }
    }
}

/// Refuses an empty list, or one too long.
pub(super) const fn check_count(given: usize, most: usize) -> Result<(), CoverageError> {
    if given == 0 || given > most { Err(CoverageError::Entries { given, most }) } else { Ok(()) }
}

/// Refuses a text that is empty, too long, or has more than printable characters.
pub(super) fn check_text(text: &str, what: &'static str) -> Result<(), CoverageError> {
    let fits = !text.trim().is_empty() && text.len() <= TEXT_MAX && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(CoverageError::Text { what, bytes: text.len() }) }
}

fn check_keys(keys: &[PublicKey]) -> Result<(), CoverageError> {
    check_count(keys.len(), KEYS_MAX)?;
    match keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key)) {
        Some((_, key)) => Err(CoverageError::KeyTwice(*key)),
        None => Ok(()),
    }
}
