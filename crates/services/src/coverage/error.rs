//! Why a message to the service was refused.

use super::{
    bytes::PublicKey,
    event::PacketReason,
    hotspots::{GAIN_LEAST, GAIN_MOST},
    message::{ADDRESSES_LEAST, TEXT_MAX},
    mobile::MobileError,
};
use depin_economy::{Refusal, Spec};
use depin_quantity::{Address, Instant, Name, UnitId, Units};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverageError {
    /// An empty list, or one too long.
    #[error("a list has 1 to {most} entries, this one {given}; split it over several messages")]
    Entries {
        /// Entries given.
        given: usize,
        /// Most allowed.
        most: usize,
    },
    /// A text that is none.
    #[error("the {what} has {bytes} bytes; say it in 1 to {TEXT_MAX}, on one line")]
    Text {
        /// What it is.
        what: &'static str,
        /// Bytes given.
        bytes: usize,
    },
    /// A key that is listed twice.
    #[error("key {0} is listed twice; list each once")]
    KeyTwice(PublicKey),
    /// No cell of H3's resolution 12.
    #[error("{0:#x} is no H3 cell of resolution 12; convert latitude and longitude with an H3 library, resolution 12")]
    Cell(u64),
    /// An antenna that is none.
    #[error("a gain of {0} tenths of dBi is no antenna's here; name {GAIN_LEAST} to {GAIN_MOST}, 12 for 1.2 dBi")]
    Gain(i16),
    /// A place nobody puts an antenna.
    #[error("an antenna {0} m above the ground is none; name -500 to 10000")]
    Elevation(i32),
    /// Onboarding for another account.
    #[error("the hotspot signed that {named} owns it; that account sends the message, or the hotspot signs for this one")]
    NotTheOwner {
        /// Whom the hotspot named.
        named: Address,
    },
    /// The hotspot joined before.
    #[error("hotspot {hotspot} joined before and is {owner}'s; a hotspot joins once")]
    KnownHotspot {
        /// The hotspot.
        hotspot: Address,
        /// Whose it is.
        owner: Address,
    },
    /// No such hotspot.
    #[error("{0} is no hotspot here; its owner onboards it first")]
    UnknownHotspot(Address),
    /// It takes no part any more.
    #[error("hotspot {0} is retired and takes no part any more; onboard another key")]
    Retired(Address),
    /// Another's hotspot.
    #[error("hotspot {hotspot} is {owner}'s; only that account can do this")]
    NotYourHotspot {
        /// The hotspot.
        hotspot: Address,
        /// Whose it is.
        owner: Address,
    },
    /// The hotspot is on the denylist.
    #[error("hotspot {hotspot} is on the denylist, entry {denial}; its owner can appeal")]
    HotspotDenied {
        /// The hotspot.
        hotspot: Address,
        /// The entry.
        denial: UnitId,
    },
    /// An edge of one hotspot.
    #[error("an edge is between two hotspots, this one is between {0} and itself; deny the hotspot, or name another")]
    Edge(Address),
    /// The edge is on the denylist.
    #[error("{a} and {b} are on the denylist already, entry {denial}")]
    EdgeDenied {
        /// One.
        a: Address,
        /// The other.
        b: Address,
        /// The entry.
        denial: UnitId,
    },
    /// Not who keeps the denylist.
    #[error("only the arbiter of this network keeps its denylist, and that is {}", whom(.0.as_ref()))]
    NotTheArbiter(Option<Address>),
    /// No such entry.
    #[error("there is no entry {0} on the denylist; it may be lifted")]
    UnknownDenial(UnitId),
    /// Another's entry.
    #[error("entry {0} of the denylist is about no hotspot of yours; its owner can appeal")]
    NotYourDenial(UnitId),
    /// An objection is not decided.
    #[error("an appeal against entry {0} is open; wait until the arbiter has judged it")]
    AppealOpen(UnitId),
    /// Too many objections.
    #[error(
        "{most} appeals against entry {denial} were turned down, and there is no further one; the arbiter can lift it by itself"
    )]
    Appeals {
        /// The entry.
        denial: UnitId,
        /// Most there are.
        most: u8,
    },
    /// Nothing to turn down.
    #[error("nobody appealed against entry {0}, so it stands; lift it, or leave it")]
    NoAppeal(UnitId),
    /// No such OUI.
    #[error("there is no OUI {0}; open one")]
    UnknownOui(u32),
    /// Another's OUI.
    #[error("OUI {oui} is {owner}'s; only that account can do this")]
    NotYourOui {
        /// The OUI.
        oui: u32,
        /// Whose it is.
        owner: Address,
    },
    /// No price, or one that cannot be.
    #[error("{}", match .0 {
        Some(currency) => format!("a customer says what it pays for a unit here; name a price above zero, in {currency}"),
        None => "the network sets the price of a unit; leave the price out".to_owned(),
    })]
    Price(Option<Name>),
    /// The OUI has too few credits.
    #[error("OUI {0} has too few credits and takes no packets; its owner adds some")]
    OuiDisabled(u32),
    /// It was closed before.
    #[error("OUI {0} is closed already; its owner opens it again by setting keys")]
    OuiClosed(u32),
    /// Something stands on it.
    #[error(
        "OUI {oui} has {routes} routes, {claims} open claims, and owes {owed} base units for packets; remove its routes first, answer claims, and wait \
         until what it owes is charged",
        owed = owed.get()
    )]
    OuiInUse {
        /// The OUI.
        oui: u32,
        /// Its routes.
        routes: u32,
        /// Its open claims.
        claims: u32,
        /// What packets cost that were not charged yet.
        owed: Units,
    },
    /// A key of another.
    #[error("{key} acknowledges no packets for OUI {oui}; sign with one of its keys, or let its owner add this one")]
    NotAKey {
        /// The OUI.
        oui: u32,
        /// The key.
        key: PublicKey,
    },
    /// No address of a server.
    #[error("`{0}` is no address of a server; write host:port, at most {TEXT_MAX} printable characters")]
    Server(String),
    /// No number of copies.
    #[error("a route pays for 1 to {most} copies of a packet, not for {given}")]
    MaxCopies {
        /// As asked.
        given: u32,
        /// Most allowed.
        most: u32,
    },
    /// No range of device addresses.
    #[error(
        "{start:08X} to {end:08X} is no range; name an even number of addresses, {ADDRESSES_LEAST} at least, the lower one first"
    )]
    Range {
        /// First.
        start: u32,
        /// Last.
        end: u32,
    },
    /// Another route has the addresses.
    #[error("{start:08X} to {end:08X} are of route {by}; no two routes share an address, so take others")]
    RangeTaken {
        /// First of the other range.
        start: u32,
        /// Last of the other range.
        end: u32,
        /// Whose they are.
        by: UnitId,
    },
    /// More device addresses than an OUI may have.
    #[error(
        "OUI {oui} would have {wanted} device addresses, and one has {most} at most here; give ranges back, or take fewer: devices may \
         share an address, since their keys tell them apart"
    )]
    Addresses {
        /// The OUI.
        oui: u32,
        /// How many it would have.
        wanted: u64,
        /// How many it may have.
        most: u32,
    },
    /// No such route.
    #[error("there is no route {0}")]
    UnknownRoute(UnitId),
    /// The route takes no packets.
    #[error("route {0} is not active; its owner switches it on")]
    RouteInactive(UnitId),
    /// Something is listed under the route.
    #[error("{listed} entries are listed under route {route}; remove them first")]
    RouteInUse {
        /// The route.
        route: UnitId,
        /// Entries of all kinds.
        listed: u32,
    },
    /// Too many of a kind.
    #[error("there are {most} {what}, and no more are kept; remove some")]
    Listed {
        /// Of what.
        what: &'static str,
        /// Most there are.
        most: u32,
    },
    /// Nothing to remove.
    #[error("route {route} has no such {what}; remove what it has, as it was added")]
    NotListed {
        /// The route.
        route: UnitId,
        /// Of which kind.
        what: &'static str,
    },
    /// Added before.
    #[error("route {route} has that {what} already; add each once")]
    ListedTwice {
        /// The route.
        route: UnitId,
        /// Of which kind.
        what: &'static str,
    },
    /// Reported before.
    #[error("batch {0} was reported before; send packets that were not in another batch")]
    KnownBatch(UnitId),
    /// A claim about no packet that could be paid.
    #[error("no packet of hotspot {hotspot}'s claim could be paid{}; claim others", because(first.as_ref()))]
    NothingToClaim {
        /// The hotspot.
        hotspot: Address,
        /// Why the first one could not.
        first: Option<PacketReason>,
    },
    /// Too many claims.
    #[error("hotspot {hotspot} has {most} claims open, and no more are kept; wait until they are answered or over")]
    Claims {
        /// The hotspot.
        hotspot: Address,
        /// Most there are.
        most: u32,
    },
    /// No such claim.
    #[error("there is no open claim {0}; it may be answered, or over")]
    UnknownClaim(UnitId),
    /// Another interval.
    #[error("it is interval {present} now, and the hotspot asks for a beacon in {given}; ask in the present one")]
    Segment {
        /// As asked.
        given: u64,
        /// The present one.
        present: u64,
    },
    /// A beacon is not judged yet.
    #[error("a beacon of hotspot {0} is not judged yet; ask again when it is")]
    BeaconOpen(Address),
    /// No beacon, or its randomness is not there.
    #[error("hotspot {0} has no beacon now; wait until one is drawn")]
    NoBeacon(Address),
    /// A report of another beacon.
    #[error("the beacon of {beaconer} was drawn at {present} s, and the report is of one at {given} s; report the present one")]
    OtherBeacon {
        /// Whose beacon.
        beaconer: Address,
        /// As reported.
        given: u64,
        /// When it was drawn.
        present: u64,
    },
    /// Not who says when reports came in.
    #[error("only the reporter of this network hands in reports of beacons, and that is {}; send them to it", whom(.0.as_ref()))]
    NotTheReporter(Option<Address>),
    /// A time in the future.
    #[error("a report cannot have come in at {}, which is not yet; set the clock", .0.to_rfc3339())]
    Received(Instant),
    /// Sealed too late.
    #[error("reports of the beacon of {beaconer} came in until {}, and none is taken after that", until.to_rfc3339())]
    SealedLate {
        /// Whose beacon.
        beaconer: Address,
        /// Until when.
        until: Instant,
    },
    /// Too many reports.
    #[error("{most} reports of the beacon of {beaconer} are in, and no more are kept")]
    ReportsFull {
        /// Whose beacon.
        beaconer: Address,
        /// Most there are.
        most: u32,
    },
    /// Disclosed before all reports were in.
    #[error("reports of the beacon of {beaconer} are disclosed after {}; what is known before could be copied", from.to_rfc3339())]
    TooEarly {
        /// Whose beacon.
        beaconer: Address,
        /// After when.
        from: Instant,
    },
    /// No sealed report.
    #[error("{reporter} handed in no report of the beacon of {beaconer}, so it has none to disclose")]
    NoReport {
        /// Whose beacon.
        beaconer: Address,
        /// Who reports.
        reporter: Address,
    },
    /// Not what was sealed.
    #[error("this is not what {reporter} sealed of the beacon of {beaconer}; disclose that report, with its salt")]
    OtherSeal {
        /// Whose beacon.
        beaconer: Address,
        /// Who reports.
        reporter: Address,
    },
    /// A beaconer's report of a witness, or the other way round.
    #[error(
        "{reporter} sealed the wrong kind of report of the beacon of {beaconer}; a beaconer says what it sent, others what they heard"
    )]
    OtherKind {
        /// Whose beacon.
        beaconer: Address,
        /// Who reports.
        reporter: Address,
    },
    /// The mobile part refused.
    #[error("{0}")]
    Mobile(#[from] MobileError),
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

/// An account, or that there is none.
fn whom(who: Option<&Address>) -> String {
    who.map_or_else(|| "nobody".to_owned(), Address::to_string)
}

/// A reason, where there is one.
fn because(reason: Option<&PacketReason>) -> String {
    let words = |reason: &PacketReason| match reason {
        PacketReason::Duplicate => "the hotspot reported it before",
        PacketReason::Future => "it is said to be received in the future",
        PacketReason::PastEpoch => "it was received in a period that is over",
        PacketReason::Late => "it was received too long ago",
        PacketReason::Copies => "enough other hotspots delivered it",
        PacketReason::InsufficientBalance | PacketReason::Disabled => "the OUI has too few credits",
    };
    reason.map_or_else(String::new, |reason| format!(" (of the first one: {})", words(reason)))
}

impl CoverageError {
    /// The refusal with its amounts in whole tokens.
    pub(super) fn told(&self, spec: &Spec) -> String {
        match self {
            Self::Economy(refusal) => refusal.told(spec),
            other => other.to_string(),
        }
    }

    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Entries { .. } => "entries",
            Self::Text { .. } => "text",
            Self::KeyTwice(_) => "key-twice",
            Self::Cell(_) => "cell",
            Self::Gain(_) => "gain",
            Self::Elevation(_) => "elevation",
            Self::NotTheOwner { .. } => "not-the-owner",
            Self::KnownHotspot { .. } => "known-hotspot",
            Self::UnknownHotspot(_) => "unknown-hotspot",
            Self::Retired(_) => "retired",
            Self::NotYourHotspot { .. } | Self::NotYourOui { .. } | Self::NotYourDenial(_) => "not-yours",
            Self::HotspotDenied { .. } => "denied",
            Self::Edge(_) => "edge",
            Self::EdgeDenied { .. } => "denied-edge",
            Self::NotTheArbiter(_) => "not-the-arbiter",
            Self::UnknownDenial(_) => "unknown-denial",
            Self::AppealOpen(_) => "appeal-open",
            Self::Appeals { .. } => "appeals",
            Self::NoAppeal(_) => "no-appeal",
            Self::UnknownOui(_) => "unknown-oui",
            Self::Price(_) => "price",
            Self::OuiDisabled(_) => "oui-disabled",
            Self::OuiClosed(_) => "oui-closed",
            Self::OuiInUse { .. } => "oui-in-use",
            Self::NotAKey { .. } => "not-a-key",
            Self::Server(_) => "server",
            Self::MaxCopies { .. } => "max-copies",
            Self::Range { .. } => "range",
            Self::RangeTaken { .. } => "range-taken",
            Self::Addresses { .. } => "addresses",
            Self::UnknownRoute(_) => "unknown-route",
            Self::RouteInactive(_) => "route-inactive",
            Self::RouteInUse { .. } => "route-in-use",
            Self::Listed { .. } => "listed",
            Self::NotListed { .. } => "not-listed",
            Self::ListedTwice { .. } => "listed-twice",
            Self::KnownBatch(_) => "known-batch",
            Self::NothingToClaim { .. } => "nothing-to-claim",
            Self::Claims { .. } => "claims",
            Self::UnknownClaim(_) => "unknown-claim",
            Self::Segment { .. } => "segment",
            Self::BeaconOpen(_) => "beacon-open",
            Self::NoBeacon(_) => "no-beacon",
            Self::OtherBeacon { .. } => "other-beacon",
            Self::NotTheReporter(_) => "not-the-reporter",
            Self::Received(_) => "received",
            Self::SealedLate { .. } => "sealed-late",
            Self::ReportsFull { .. } => "reports-full",
            Self::TooEarly { .. } => "too-early",
            Self::NoReport { .. } => "no-report",
            Self::OtherSeal { .. } => "other-seal",
            Self::OtherKind { .. } => "other-kind",
            Self::Mobile(error) => error.code(),
            Self::Economy(_) => "economy",
        }
    }
}

impl From<depin_quantity::QuantityError> for CoverageError {
    fn from(error: depin_quantity::QuantityError) -> Self {
        Self::Economy(error.into())
    }
}
