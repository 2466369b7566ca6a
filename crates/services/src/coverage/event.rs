//! What happened in the service, for receipts and the index.

use super::{
    bytes::{PacketHash, Randomness},
    message::{Denied, Location},
    mobile::{BeatReason, SessionResult, TestResult, points::Kind},
    poc::InvalidReason,
    rows::LastBeacon,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Measured, Name, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Why a packet of a batch is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PacketReason {
    /// The hotspot reported it before.
    Duplicate,
    /// It is said to be received in the future.
    Future,
    /// It was received in a reward period that is over, and too long ago.
    PastEpoch,
    /// It was received too long ago.
    Late,
    /// As many hotspots as the route allows were paid for it.
    Copies,
    /// The OUI has too few credits for it.
    InsufficientBalance,
    /// The OUI was switched off by a packet before it in the same batch.
    Disabled,
}

/// A packet that is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Refused {
    /// The packet.
    pub hash: PacketHash,
    /// Why.
    pub reason: PacketReason,
}

/// What became of one witness of a beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Witnessed {
    /// The witness.
    pub hotspot: Address,
    /// When its report came in.
    pub received: Instant,
    /// Why it is not valid; that of the beacon, when the beacon is not.
    pub reason: Option<InvalidReason>,
    /// Whether it is among the first that count.
    pub selected: bool,
}

/// One happening.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CoverageEvent {
    /// A hotspot joined.
    HotspotOnboarded {
        /// The hotspot.
        hotspot: Address,
        /// Whose it is.
        owner: Address,
        /// Whether it takes part in proof of coverage.
        full: bool,
        /// The fee.
        fee: Units,
    },
    /// A hotspot said where it is.
    LocationAsserted {
        /// The hotspot.
        hotspot: Address,
        /// Whose it is.
        owner: Address,
        /// Where.
        location: Location,
        /// The fee.
        fee: Units,
    },
    /// Somebody is on the denylist.
    Denied {
        /// The entry.
        denial: UnitId,
        /// Who.
        who: Denied,
        /// Why.
        reason: String,
    },
    /// An owner asked for an entry to be lifted.
    DenialAppealed {
        /// The entry.
        denial: UnitId,
        /// Who asked.
        by: Address,
    },
    /// The denylist's keeper decided.
    DenialJudged {
        /// The entry.
        denial: UnitId,
        /// Who it is about.
        who: Denied,
        /// Whether it is lifted.
        lifted: bool,
    },
    /// A customer opened an OUI.
    OuiOpened {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
        /// Credits in it.
        credits: Units,
    },
    /// An OUI has more credits.
    CreditsAdded {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
        /// How many more.
        credits: Units,
        /// How many it has.
        balance: Units,
    },
    /// An OUI's keys changed.
    OuiKeysChanged {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
    },
    /// An OUI has too few credits: its routes take no packets.
    OuiDisabled {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
        /// What is left beside what is pending.
        left: Units,
        /// What it must keep.
        minimum: Units,
    },
    /// An OUI has enough credits again.
    OuiResumed {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
    },
    /// A route was added or changed, or what is listed under it.
    RouteChanged {
        /// The route.
        route: UnitId,
        /// Its OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
    },
    /// A route is gone.
    RouteRemoved {
        /// The route.
        route: UnitId,
        /// Its OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
    },
    /// A batch of packets was acknowledged and settled.
    PacketsSettled {
        /// The batch.
        batch: UnitId,
        /// The OUI.
        oui: u32,
        /// The hotspot.
        hotspot: Address,
        /// Whose hotspot it is.
        owner: Address,
        /// Packets that are paid.
        paid: u32,
        /// Units of those.
        units: u64,
        /// What they cost.
        cost: Units,
        /// Packets that are not.
        refused: Vec<Refused>,
    },
    /// A hotspot says that it delivered packets which nobody acknowledged.
    PacketsClaimed {
        /// The claim.
        claim: UnitId,
        /// The OUI.
        oui: u32,
        /// The hotspot.
        hotspot: Address,
        /// Packets.
        packets: u32,
        /// Packets that the claim is not about, since they could not be paid.
        refused: Vec<Refused>,
    },
    /// A claim ended unpaid: its customer had not the packets, or did not answer.
    ClaimClosed {
        /// The claim.
        claim: UnitId,
        /// The OUI.
        oui: u32,
        /// The hotspot.
        hotspot: Address,
        /// Whether the customer answered.
        answered: bool,
    },
    /// Credits that packets cost were charged.
    CreditsCharged {
        /// The OUI.
        oui: u32,
        /// Who owns the hotspots.
        to: Address,
        /// Units of packets.
        units: Measured,
        /// How much, in base units.
        amount: Units,
        /// In what.
        currency: Name,
    },
    /// A hotspot takes no part any more.
    HotspotRetired {
        /// The hotspot.
        hotspot: Address,
        /// Whose it was.
        owner: Address,
    },
    /// A hotspot asked for a beacon.
    BeaconAsked {
        /// The hotspot.
        hotspot: Address,
    },
    /// The randomness of a beacon is there: the hotspot sends it now.
    BeaconDrawn {
        /// The hotspot.
        hotspot: Address,
        /// The randomness.
        entropy: Randomness,
        /// When it was drawn, in seconds since 1970.
        timestamp: u64,
        /// Until when sealed reports of it come in; behind that they are disclosed.
        until: Instant,
    },
    /// A report of a beacon came in that counts for nothing (`duplicate`): of a hotspot that handed it in before, or as many as are taken of it.
    ReportRepeated {
        /// Whose beacon it is of.
        beaconer: Address,
        /// Who reported.
        reporter: Address,
    },
    /// A beacon and its witnesses were judged.
    BeaconJudged {
        /// The beaconer.
        hotspot: Address,
        /// Whose it is.
        owner: Address,
        /// What became of it.
        verdict: LastBeacon,
    },
    /// Packets that were taken cannot be charged: a changed price is more than what is in the OUI.
    CreditsLacking {
        /// The OUI.
        oui: u32,
        /// Who owns the hotspots.
        to: Address,
        /// Units of packets.
        units: Measured,
    },
    /// An access point joined.
    AccessPointJoined {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// What it is.
        of: Kind,
        /// The fee.
        fee: Units,
    },
    /// An access point said where it is.
    AccessPointAsserted {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// Where.
        location: Location,
        /// The fee.
        fee: Units,
    },
    /// An access point takes no part any more.
    AccessPointLeft {
        /// The access point.
        access_point: Address,
        /// Whose it was.
        owner: Address,
    },
    /// An access point was graded.
    AccessPointGraded {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// Unique connections.
        connections: u32,
        /// Whether its coverage counts for nothing.
        banned: bool,
    },
    /// Hexes were graded.
    HexesGraded {
        /// Who graded them.
        by: Address,
        /// How many.
        hexes: u32,
    },
    /// An access point has another coverage object.
    CoverageGiven {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// The object's number.
        object: u32,
        /// Its hexes.
        hexes: u32,
    },
    /// A heartbeat counts.
    HeartbeatCounted {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// When it was.
        at: Instant,
        /// Metres from where it should be.
        metres: u32,
        /// What that is worth, in hundredths.
        trust: u32,
    },
    /// A heartbeat does not count.
    HeartbeatInvalid {
        /// The access point.
        access_point: Address,
        /// When it was.
        at: Instant,
        /// Why not.
        reason: BeatReason,
    },
    /// The speed of an access point was measured.
    SpeedTested {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// The test server's address.
        server: Address,
        /// What counts.
        result: TestResult,
    },
    /// An epoch of an access point ended without points.
    AccessPointUncounted {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// The epoch.
        epoch: u64,
        /// Hours with a heartbeat.
        hours: u32,
        /// What its speed tests are worth, in hundredths.
        speed: u32,
        /// Location trust altogether, in hundredths.
        trust: u64,
    },
    /// The points of an access point's epoch were counted.
    PointsCounted {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// The epoch.
        epoch: u64,
        /// Hexes in which it has a place that earns.
        hexes: u32,
        /// Its points.
        points: u64,
    },
    /// Somebody became a carrier.
    CarrierOpened {
        /// The carrier.
        carrier: u32,
        /// Whose it is.
        owner: Address,
        /// Credits in it.
        credits: Units,
    },
    /// A carrier's credits changed by its owner.
    CarrierCredits {
        /// The carrier.
        carrier: u32,
        /// Whose it is.
        owner: Address,
        /// How many it has.
        balance: Units,
    },
    /// A carrier said how much it pays for.
    DataAuthorised {
        /// The carrier.
        carrier: u32,
        /// Whose it is.
        owner: Address,
        /// At which access point; none for each that it names none for.
        access_point: Option<Address>,
        /// Bytes.
        bytes: u64,
    },
    /// Sessions of an access point were reported.
    SessionsSettled {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
        /// What became of each.
        sessions: Vec<SessionResult>,
    },
    /// An OUI is closed.
    OuiClosed {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
        /// Credits that went back.
        credits: Units,
    },
}

impl CoverageEvent {
    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::HotspotOnboarded { .. } => "hotspot-onboarded",
            Self::LocationAsserted { .. } => "location-asserted",
            Self::Denied { .. } => "denied",
            Self::DenialAppealed { .. } => "denial-appealed",
            Self::DenialJudged { .. } => "denial-judged",
            Self::OuiOpened { .. } => "oui-opened",
            Self::CreditsAdded { .. } => "credits-added",
            Self::OuiKeysChanged { .. } => "oui-keys-changed",
            Self::OuiDisabled { .. } => "oui-disabled",
            Self::OuiResumed { .. } => "oui-resumed",
            Self::RouteChanged { .. } => "route-changed",
            Self::RouteRemoved { .. } => "route-removed",
            Self::PacketsSettled { .. } => "packets-settled",
            Self::PacketsClaimed { .. } => "packets-claimed",
            Self::ClaimClosed { .. } => "claim-closed",
            Self::CreditsCharged { .. } => "credits-charged",
            Self::HotspotRetired { .. } => "hotspot-retired",
            Self::BeaconAsked { .. } => "beacon-asked",
            Self::BeaconDrawn { .. } => "beacon-drawn",
            Self::ReportRepeated { .. } => "report-repeated",
            Self::BeaconJudged { .. } => "beacon-judged",
            Self::CreditsLacking { .. } => "credits-lacking",
            Self::AccessPointJoined { .. } => "access-point-joined",
            Self::AccessPointAsserted { .. } => "access-point-asserted",
            Self::AccessPointLeft { .. } => "access-point-left",
            Self::AccessPointGraded { .. } => "access-point-graded",
            Self::HexesGraded { .. } => "hexes-graded",
            Self::CoverageGiven { .. } => "coverage-given",
            Self::HeartbeatCounted { .. } => "heartbeat-counted",
            Self::HeartbeatInvalid { .. } => "heartbeat-invalid",
            Self::SpeedTested { .. } => "speed-tested",
            Self::AccessPointUncounted { .. } => "access-point-uncounted",
            Self::PointsCounted { .. } => "points-counted",
            Self::CarrierOpened { .. } => "carrier-opened",
            Self::CarrierCredits { .. } => "carrier-credits",
            Self::DataAuthorised { .. } => "data-authorised",
            Self::SessionsSettled { .. } => "sessions-settled",
            Self::OuiClosed { .. } => "oui-closed",
        }
    }

    /// The batch, claim, route or entry of the denylist that it is about.
    pub const fn subject(&self) -> Option<UnitId> {
        match *self {
            Self::Denied { denial, .. } | Self::DenialAppealed { denial, .. } | Self::DenialJudged { denial, .. } => Some(denial),
            Self::RouteChanged { route, .. } | Self::RouteRemoved { route, .. } => Some(route),
            Self::PacketsSettled { batch, .. } => Some(batch),
            Self::PacketsClaimed { claim, .. } | Self::ClaimClosed { claim, .. } => Some(claim),
            _ => None,
        }
    }

    /// The accounts and hotspots that it is about.
    pub fn accounts(&self) -> Vec<Address> {
        let denied = |who: &Denied| match *who {
            Denied::Hotspot(hotspot) => vec![hotspot],
            Denied::Edge(a, b) => vec![a, b],
        };
        match self {
            Self::HotspotOnboarded { hotspot, owner, .. }
            | Self::LocationAsserted { hotspot, owner, .. }
            | Self::HotspotRetired { hotspot, owner }
            | Self::PacketsSettled { hotspot, owner, .. } => vec![*hotspot, *owner],
            Self::Denied { who, .. } | Self::DenialJudged { who, .. } => denied(who),
            Self::DenialAppealed { by, .. } => vec![*by],
            Self::OuiOpened { owner, .. }
            | Self::OuiClosed { owner, .. }
            | Self::CreditsAdded { owner, .. }
            | Self::OuiKeysChanged { owner, .. }
            | Self::OuiDisabled { owner, .. }
            | Self::OuiResumed { owner, .. }
            | Self::RouteChanged { owner, .. }
            | Self::RouteRemoved { owner, .. } => vec![*owner],
            Self::PacketsClaimed { hotspot, .. }
            | Self::ClaimClosed { hotspot, .. }
            | Self::BeaconAsked { hotspot }
            | Self::BeaconDrawn { hotspot, .. } => vec![*hotspot],
            Self::ReportRepeated { beaconer, reporter } => vec![*beaconer, *reporter],
            Self::BeaconJudged { hotspot, owner, verdict } => {
                let witnesses = verdict.witnesses.iter().map(|witness| witness.hotspot);
                [*hotspot, *owner].into_iter().chain(witnesses).collect()
            }
            Self::CreditsCharged { to, .. } | Self::CreditsLacking { to, .. } => vec![*to],
            Self::AccessPointJoined { access_point, owner, .. }
            | Self::AccessPointAsserted { access_point, owner, .. }
            | Self::AccessPointLeft { access_point, owner }
            | Self::AccessPointGraded { access_point, owner, .. }
            | Self::CoverageGiven { access_point, owner, .. }
            | Self::HeartbeatCounted { access_point, owner, .. }
            | Self::SpeedTested { access_point, owner, .. }
            | Self::AccessPointUncounted { access_point, owner, .. }
            | Self::PointsCounted { access_point, owner, .. }
            | Self::SessionsSettled { access_point, owner, .. } => vec![*access_point, *owner],
            Self::HeartbeatInvalid { access_point, .. } => vec![*access_point],
            Self::HexesGraded { by, .. } => vec![*by],
            Self::CarrierOpened { owner, .. } | Self::CarrierCredits { owner, .. } => vec![*owner],
            Self::DataAuthorised { owner, access_point, .. } => std::iter::once(*owner).chain(*access_point).collect(),
        }
    }
}
