//! What the service remembers.

use super::{
    active::{Active, Standing},
    bytes::{PacketHash, Payload, PublicKey, SessionKey},
    event::Witnessed,
    message::{Denied, Disclosed, Location, Packet, RouteTerms},
    poc::{Entropy, Hex, InvalidReason},
};
use crate::tail;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Instant, Span, UnitId, Units};
use depin_state::Row;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// A hotspot, by its key's address.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Hotspot {
    /// Its key.
    pub key: PublicKey,
    /// Whose it is.
    pub owner: Address,
    /// Whether it takes part in proof of coverage.
    pub full: bool,
    /// When it joined.
    pub since: Instant,
    /// Whether it takes no part any more. It stays known, so that nobody joins it again.
    pub retired: bool,
    /// Where it is, when it said so.
    pub location: Option<Location>,
    /// How often it said so.
    pub asserted: u32,
    /// Its entry on the denylist, while it stands there.
    pub denied: Option<UnitId>,
    /// Claims of it that are open.
    pub claims: u32,
    /// Packets that it was ever paid for.
    pub packets: u64,
    /// Units of those.
    pub units: u128,
    /// When the report of its last beacon came in.
    pub last_beacon: Option<Instant>,
    /// When the report of its last valid beacon came in that somebody reported as a witness.
    pub last_witnessed: Option<Instant>,
    /// When its last valid report as a witness came in.
    pub last_witness: Option<Instant>,
    /// Where it counts as one of those that are there, after a witnessed beacon.
    pub counted: Option<Counted>,
    /// Beacons of it that were valid and witnessed.
    pub beacons: u64,
    /// Beacons of others that it was selected as a witness of.
    pub witnessed: u64,
    /// What is kept of it where a score counts active devices.
    #[borsh(serialize_with = "tail::write", deserialize_with = "tail::read")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

impl Row for Hotspot {
    const TABLE: u8 = 0x54;
    type Key = Address;
}

/// The hex in which a hotspot counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Counted {
    /// The cell that it had said it is in.
    pub cell: u64,
    /// Until when, without another witnessed beacon.
    pub until: Instant,
}

/// A beacon that a hotspot asked for, until it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Beaconing {
    /// When it asked.
    pub asked: Instant,
    /// The randomness, once it is drawn.
    pub entropy: Option<Entropy>,
    /// Reports that came in.
    pub reports: u32,
    /// The times that count for it; those of the file until it is drawn.
    pub times: BeaconTimes,
}

/// Times that count for one beacon. A radio and a machine take their time however quickly ledger time runs, so these are the file's, and
/// not less than some seconds of the wall clock; they are fixed when the beacon is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BeaconTimes {
    /// How long its randomness may be used.
    pub valid: Span,
    /// Until when sealed reports come in.
    pub sealed_until: Instant,
    /// Latest arrival of a witness after the beacon's report.
    pub within: Span,
    /// Latest arrival after the first witness, when that came before the beacon's.
    pub after_first: Span,
}

impl Row for Beaconing {
    const TABLE: u8 = 0x65;
    type Key = Address;
}

/// A report of a beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct SealedReport {
    /// Its seal.
    pub hash: ContentHash,
    /// When it came in.
    pub received: Instant,
    /// What it says, once that is disclosed.
    pub disclosed: Option<Disclosed>,
}

/// What one hotspot sealed of a beacon, by beaconer and reporter: a report of each frame that may be it, in the order in which they came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SealedReports {
    /// The first.
    pub first: SealedReport,
    /// Those after it.
    pub further: Vec<SealedReport>,
}

impl SealedReports {
    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &SealedReport> {
        std::iter::once(&self.first).chain(&self.further)
    }

    /// All of them, to change them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SealedReport> {
        std::iter::once(&mut self.first).chain(&mut self.further)
    }

    /// The one that counts for a beacon with this payload: the first that says so; where none does the first that says anything, else the first.
    pub(super) fn of(&self, payload: Option<Payload>) -> SealedReport {
        let says = |one: &&SealedReport| {
            let witness = one.disclosed.as_ref().and_then(Disclosed::witness);
            witness.is_some_and(|report| Some(report.payload) == payload)
        };
        let counts = self.iter().find(says).or_else(|| self.iter().find(|one| one.disclosed.is_some()));
        *counts.unwrap_or(&self.first)
    }
}

// One report alone is written as it was when there was never more than one, so that rows of before are read.
impl BorshSerialize for SealedReports {
    fn serialize<W: Write>(&self, out: &mut W) -> std::io::Result<()> {
        self.first.serialize(out)?;
        self.further.iter().try_for_each(|report| report.serialize(out))
    }
}

impl BorshDeserialize for SealedReports {
    fn deserialize_reader<R: Read>(bytes: &mut R) -> std::io::Result<Self> {
        let first = SealedReport::deserialize_reader(bytes)?;
        let mut rest = Vec::new();
        bytes.read_to_end(&mut rest)?;
        let (mut rest, mut further) = (rest.as_slice(), Vec::new());
        while !rest.is_empty() {
            further.push(SealedReport::deserialize(&mut rest)?);
        }
        Ok(Self { first, further })
    }
}

impl Row for SealedReports {
    const TABLE: u8 = 0x66;
    type Key = (Address, Address);
}

/// What became of a hotspot's last beacon.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct LastBeacon {
    /// When it was judged.
    pub at: Instant,
    /// When its randomness was drawn, in seconds.
    pub timestamp: u64,
    /// Why it is not valid; none of its witnesses is then.
    pub reason: Option<InvalidReason>,
    /// The scale of its place, in parts of 10^4.
    pub scale: u32,
    /// What the beaconer gets, in parts of 10^4.
    pub beacon_units: u64,
    /// What each selected witness gets.
    pub witness_units: u64,
    /// The witnesses, by address.
    pub witnesses: Vec<Witnessed>,
}

impl Row for LastBeacon {
    const TABLE: u8 = 0x67;
    type Key = Address;
}

/// What a hex has, by its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct HexRow(pub Hex);

impl Row for HexRow {
    const TABLE: u8 = 0x68;
    type Key = u64;
}

/// An owner's objection to an entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Appeal {
    /// Who objects.
    pub by: Address,
    /// When.
    pub at: Instant,
    /// Why.
    pub text: String,
}

/// An entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Denial {
    /// Who.
    pub who: Denied,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Instant,
    /// An objection that is not decided.
    pub appeal: Option<Appeal>,
    /// Objections that were turned down.
    pub upheld: u8,
}

impl Row for Denial {
    const TABLE: u8 = 0x56;
    type Key = UnitId;
}

/// A customer's organisation. Its credits are in the escrow of its id: `balance`, of which `pending` is owed for packets.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Oui {
    /// Whose it is, and who pays.
    pub owner: Address,
    /// Keys that acknowledge packets for it.
    pub keys: Vec<PublicKey>,
    /// When it was opened.
    pub since: Instant,
    /// What it pays for a unit of a packet; none where the network's file says it.
    pub price: Option<Money>,
    /// What is in its escrow.
    pub balance: Units,
    /// What packets cost that were not charged yet.
    pub pending: Units,
    /// Whether it has too few credits; its routes take no packets then.
    pub disabled: bool,
    /// Whether what is pending is being charged.
    pub charging: bool,
    /// Routes.
    pub routes: u32,
    /// Claims that are open.
    pub claims: u32,
    /// Claims that it ever turned down.
    pub refused: u64,
    /// Claims that it ever left without an answer.
    pub unanswered: u64,
    /// Packets that it ever paid for.
    pub packets: u64,
    /// What was ever charged.
    pub spent: Units,
}

impl Row for Oui {
    const TABLE: u8 = 0x58;
    type Key = u32;
}

/// A route of an OUI.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Route {
    /// The OUI.
    pub oui: u32,
    /// What it says.
    pub terms: RouteTerms,
    /// EUI pairs listed under it.
    pub euis: u32,
    /// Ranges of device addresses listed under it.
    pub ranges: u32,
    /// Session-key filters listed under it.
    pub filters: u32,
}

impl Row for Route {
    const TABLE: u8 = 0x59;
    type Key = UnitId;
}

/// How far a batch of packets is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum BatchState {
    /// The customer has not said whether it had the packets.
    Claimed {
        /// It may until then.
        until: Instant,
    },
    /// The customer had them; what could be paid is.
    Settled,
    /// It was a claim, and ended unpaid.
    Closed,
}

/// A batch of packets, until none of them could be reported again.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Batch {
    /// The route.
    pub route: UnitId,
    /// Its OUI.
    pub oui: u32,
    /// The hotspot.
    pub hotspot: Address,
    /// When it was reported.
    pub at: Instant,
    /// Packets that are paid; of a claim, those that would be.
    pub packets: Vec<Packet>,
    /// Units of those that were paid.
    pub units: u64,
    /// What those cost.
    pub cost: Units,
    /// How far it is.
    pub state: BatchState,
}

impl Row for Batch {
    const TABLE: u8 = 0x5f;
    type Key = UnitId;
}

crate::lists::lists! {
    /// A hotspot of an owner, for looking them up.
    0x55 (Address, Address) => ByOwner;
    /// A route of an OUI, for looking them up.
    0x5a (u32, UnitId) => ByOui;
    /// A join that a route takes: route, application EUI, device EUI.
    0x5b (UnitId, u64, u64) => EuiOf;
    /// A packet that a hotspot reported: it cannot again.
    0x5e (Address, PacketHash) => Seen;
}

/// Two hotspots that may not witness each other, the lower address first: the entry of the denylist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct DeniedEdge(pub UnitId);

impl Row for DeniedEdge {
    const TABLE: u8 = 0x57;
    type Key = (Address, Address);
}

/// Device addresses that a route takes, by the last one: no two ranges share an address, so the first range that ends at or behind an
/// address is the only one that may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct RangeEnd {
    /// The first address.
    pub start: u32,
    /// Whose.
    pub route: UnitId,
}

impl Row for RangeEnd {
    const TABLE: u8 = 0x5c;
    type Key = u32;
}

/// A session-key filter of a route: device address, key; the most copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct FilterOf(pub u32);

impl Row for FilterOf {
    const TABLE: u8 = 0x5d;
    type Key = (UnitId, u32, SessionKey);
}

/// How many hotspots are paid for a packet of an OUI, or claim that they are to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Copies(pub u32);

impl Row for Copies {
    const TABLE: u8 = 0x60;
    type Key = (u32, PacketHash);
}

/// Where it is counted how many device addresses an OUI has, on networks that bound that: among the copies of packets, by a number that is no OUI's.
/// OUIs are numbered from 1 on, and there is no place of its own left among the tables of services.
pub(super) const fn addresses_of(oui: u32) -> (u32, PacketHash) {
    (u32::MAX - oui, PacketHash::new([0; 32]))
}

/// Where it is counted how many packets reported for an OUI were refused: in the same way as its addresses. A count that is full stays.
pub(super) const fn refused_of(oui: u32) -> (u32, PacketHash) {
    (u32::MAX - oui, PacketHash::new([1; 32]))
}

/// What is counted at a key of [`Copies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tally {
    /// Copies of a packet.
    Copies,
    /// Device addresses of an OUI.
    Addresses(u32),
    /// Refused packets of an OUI.
    Refused(u32),
}

/// What is counted at a key of [`Copies`].
pub(super) fn counted_at(key: &(u32, PacketHash)) -> Tally {
    let oui = u32::MAX - key.0;
    match () {
        () if *key == addresses_of(oui) && key.0 > oui => Tally::Addresses(oui),
        () if *key == refused_of(oui) && key.0 > oui => Tally::Refused(oui),
        () => Tally::Copies,
    }
}

/// What an OUI owes for packets of one owner's hotspots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Pending {
    /// Units of packets.
    pub units: u128,
    /// What they cost when they were taken.
    pub amount: Units,
}

impl Row for Pending {
    const TABLE: u8 = 0x61;
    type Key = (u32, Address);
}

/// The table of jobs that are due.
pub(super) const DUE: u8 = 0x63;
/// The table of beacons that wait for their randomness.
pub(super) const DRAWS: u8 = 0x64;

/// Running sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CoverageTotals {
    /// Hotspots.
    pub hotspots: u32,
    /// Hotspots that said where they are.
    pub located: u32,
    /// Entries of the denylist.
    pub denials: u32,
    /// OUIs.
    pub ouis: u32,
    /// OUIs with too few credits.
    pub disabled: u32,
    /// Routes.
    pub routes: u32,
    /// Claims that are open.
    pub claims: u32,
    /// Packets that were ever paid.
    pub packets: u64,
    /// Packets that were ever reported and not paid.
    pub refused: u64,
    /// Claims that ever ended unpaid.
    pub unpaid_claims: u64,
    /// Units that were ever paid.
    pub units: u128,
    /// What was ever charged for them, in base units.
    pub spent: Units,
    /// Beacons that are drawn and not judged.
    pub beacons_open: u32,
    /// Hotspots that count in their hexes.
    pub counted: u32,
    /// Beacons that were ever valid.
    pub beacons: u64,
    /// Beacons that were ever judged not to be.
    pub beacons_invalid: u64,
    /// Witnesses that were ever selected.
    pub witnesses: u64,
    /// Active devices, where a score counts them.
    #[borsh(serialize_with = "tail::write", deserialize_with = "tail::read")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Active>,
}

impl Row for CoverageTotals {
    const TABLE: u8 = 0x62;
    type Key = ();
}
