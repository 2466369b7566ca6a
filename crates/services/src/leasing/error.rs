//! Why a message to the service was refused.

use super::{
    availability::{PROBES_MAX, REPORTS_MAX},
    ids::{BidId, DeploymentId, GroupId, OrderId},
    message::{ATTRIBUTES_MAX, GROUPS_BYTES_MAX, GROUPS_MAX, LEASES_MAX, SOURCES_MAX, TEXT_MAX},
    states::{BidState, GroupState, LeaseState, OrderState, Reason},
};
use depin_economy::{Refusal, Spec};
use depin_quantity::{Address, Instant, Name, Span};
use depin_sdl::{OrderError, bidding::Unmet};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeasingError {
    /// A number that no deployment has.
    #[error("a deployment's number is not 0; choose another, by convention the height of a block")]
    Dseq,
    /// Too many groups.
    #[error("a deployment has 1 to {GROUPS_MAX} groups, this one {0}; split it over several")]
    GroupCount(usize),
    /// Groups that are too large.
    #[error("the groups of a deployment take at most {GROUPS_BYTES_MAX} bytes, these take {0}; split it over several")]
    GroupBytes(usize),
    /// Groups that cannot be ordered.
    #[error("{0}")]
    Groups(#[from] OrderError),
    /// No attributes, where some are needed.
    #[error("an auditor signs at least one attribute; take a word back by deleting it")]
    NoAttributes,
    /// Too many attributes.
    #[error("at most {ATTRIBUTES_MAX} attributes are kept, these are {0}; leave some out")]
    Attributes(usize),
    /// A key that is none, or is there twice.
    #[error(
        "`{0}` is no key of an attribute, or is there twice; keys have a letter, then 1 to 127 of letters, digits, _ / . and -"
    )]
    AttributeKey(String),
    /// A value that is none.
    #[error("the value of `{0}` is longer than {TEXT_MAX} bytes or has a control character in it; shorten it")]
    AttributeValue(String),
    /// A URL that cannot be one.
    #[error(
        "`{0}` is no URL of 1 to {TEXT_MAX} printable ASCII characters; write http://host/… or https://host/…, or leave it out"
    )]
    Url(String),
    /// A name that looks like something else.
    #[error("a provider's name begins with a letter or a digit, `{0}` does not; choose another")]
    Name(Name),
    /// Another provider has this name.
    #[error("the name `{name}` is that of provider {by}; choose another, since money is sent by names")]
    NameTaken {
        /// The name.
        name: Name,
        /// Whose it is.
        by: Address,
    },
    /// No such provider.
    #[error("{0} is no provider; it registers first")]
    UnknownProvider(Address),
    /// The provider's pledge is too small.
    #[error("{0} has less pledged than the network asks, since it failed; it bids again when it has registered again")]
    BelowPledge(Address),
    /// The provider has bids or leases.
    #[error("{bids} bids are open and {leases} leases run; close them, and leave then")]
    Engaged {
        /// Bids that are open.
        bids: u32,
        /// Leases that run.
        leases: u32,
    },
    /// No such word of an auditor.
    #[error("{auditor} signed nothing about {provider}")]
    NothingSigned {
        /// Who.
        auditor: Address,
        /// About whom.
        provider: Address,
    },
    /// A deployment of this number is there.
    #[error("deployment {0} exists; choose another number")]
    DeploymentExists(DeploymentId),
    /// No such deployment.
    #[error("there is no deployment {0}")]
    UnknownDeployment(DeploymentId),
    /// The deployment is over.
    #[error("deployment {0} is closed; create another")]
    DeploymentClosed(DeploymentId),
    /// Its money is gone and its leases are being closed.
    #[error("the money of deployment {0} is gone, and its leases are being closed; look again in a block or two")]
    OutOfFunds(DeploymentId),
    /// Its money is gone; a deposit would resume it.
    #[error("the money of deployment {id} is gone; deposit before {} to resume it", until.to_rfc3339())]
    Suspended {
        /// Which.
        id: DeploymentId,
        /// Until when.
        until: Instant,
    },
    /// The same manifest again.
    #[error("deployment {0} has this manifest already; nothing is to be updated")]
    SameHash(DeploymentId),
    /// Nobody may do this but its owner.
    #[error("{0} is no deployment of yours; its owner can do this")]
    NotYours(DeploymentId),
    /// A currency of the file that is none here.
    #[error("prices are not in `{given}` here; write {known} in the deployment file, or map it in [service.leasing.denom]")]
    Denom {
        /// As given.
        given: String,
        /// What would be taken.
        known: String,
    },
    /// A deposit in another currency than the prices.
    #[error("the deployment is paid in {needed}, not in {given}; deposit that")]
    DepositCurrency {
        /// What was given.
        given: Name,
        /// What is needed.
        needed: Name,
    },
    /// No money.
    #[error("a deposit of nothing pays for no block; deposit something")]
    ZeroDeposit,
    /// Sources that are too many or twice there.
    #[error("a deposit has at most {SOURCES_MAX} sources, each once")]
    Sources,
    /// Grants where deposits are not returned to who made them.
    #[error(
        "this network gives what is left of a deposit to the deployment's owner, so nobody may deposit out of another's wallet; use your balance"
    )]
    NoGrants,
    /// A grant that is none.
    #[error("{granter} granted nothing to {grantee} in {currency}; ask for a grant, or use your balance")]
    UnknownGrant {
        /// Whose wallet.
        granter: Address,
        /// Who would use it.
        grantee: Address,
        /// In what.
        currency: Name,
    },
    /// A grant of nothing.
    #[error("a grant of nothing grants nothing; leave the limit out to take a grant back")]
    ZeroGrant,
    /// A grant in something that leases are not paid in.
    #[error("leases are not paid in {0} here, so no deposit could be made of it")]
    GrantCurrency(Name),
    /// The sources do not give enough.
    #[error("the sources of the deposit give {missing} base units of {currency} too little; add a source, or deposit less")]
    SourcesShort {
        /// In what.
        currency: Name,
        /// How much is missing.
        missing: u128,
    },
    /// No such group.
    #[error("there is no group {0}")]
    UnknownGroup(GroupId),
    /// The group is in the wrong state.
    #[error("group {group} is {}; {needs}", is.word())]
    GroupState {
        /// Which.
        group: GroupId,
        /// How far it is.
        is: GroupState,
        /// What is possible then.
        needs: &'static str,
    },
    /// No such order.
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    /// The order takes no bids.
    #[error("order {order} is {} and takes no bids; bid on one that is open", is.word())]
    OrderNotOpen {
        /// Which.
        order: OrderId,
        /// How far it is.
        is: OrderState,
    },
    /// Enough bids.
    #[error("order {order} has its {most} bids; bid on another")]
    TooManyBids {
        /// Which.
        order: OrderId,
        /// Most that it takes.
        most: u32,
    },
    /// One bid per provider.
    #[error("there is a bid {0} already; a provider bids once on an order")]
    BidExists(BidId),
    /// Who orders does not bid.
    #[error("order {0} is your own; another provider can bid on it")]
    SameAccount(OrderId),
    /// A bid of nothing.
    #[error("a bid of nothing is none; ask for something, at most the order's price")]
    ZeroPrice,
    /// Above the ceiling.
    #[error("{asked} is above the {most} that order {order} pays for a block at most; ask for less")]
    OverOrder {
        /// Which.
        order: OrderId,
        /// As asked.
        asked: String,
        /// Most that is paid, and in what.
        most: String,
    },
    /// A price that cannot be paid exactly.
    #[error("{amount} {denom} is finer than a lease can be paid here; round it to {places} places")]
    Fine {
        /// As asked.
        amount: String,
        /// In what.
        denom: String,
        /// Places that are kept.
        places: u8,
    },
    /// A provider that is not what the order asks for.
    #[error("order {order} asks for something else: {unmet}")]
    Attribute {
        /// Which.
        order: OrderId,
        /// What is missing.
        unmet: Unmet,
    },
    /// A provider without the machines that the order asks for.
    #[error("order {order} asks for other machines: {unmet}")]
    Capabilities {
        /// Which.
        order: OrderId,
        /// What is missing.
        unmet: Unmet,
    },
    /// No such bid.
    #[error("there is no bid {0}")]
    UnknownBid(BidId),
    /// The bid cannot be taken.
    #[error("bid {bid} is {}; take one that is open", is.word())]
    BidNotOpen {
        /// Which.
        bid: BidId,
        /// How far it is.
        is: BidState,
    },
    /// No such lease.
    #[error("there is no lease {0}; its bid was not taken")]
    UnknownLease(BidId),
    /// The lease is over.
    #[error("lease {lease} is {} and ended because of `{}`", is.word(), reason.map_or("-", Reason::word))]
    LeaseNotActive {
        /// Which.
        lease: BidId,
        /// How far it is.
        is: LeaseState,
        /// Why.
        reason: Option<Reason>,
    },
    /// Another provider's lease.
    #[error("lease {0} is another provider's; it collects what that earns")]
    NotYourLease(BidId),
    /// An empty list, or one too long.
    #[error("a message is about 1 to {LEASES_MAX} leases, this one about {0}; split them over several")]
    Leases(usize),
    /// A reason that is not the provider's to give.
    #[error("a provider gives `unstable`, `decommission`, `unspecified` or `manifest-timeout` as its reason, not `{}`", .0.word())]
    CloseReason(Reason),
    /// The tenant still has time for its manifest.
    #[error("the tenant has until {} for its manifest; end the lease for it then", until.to_rfc3339())]
    ManifestInTime {
        /// Until when.
        until: Instant,
    },
    /// The network knows no reclaim windows.
    #[error("this network's file has no [service.leasing.reclaim], so nobody promises notice; leave the window out")]
    NoReclaim,
    /// A window outside what is allowed.
    #[error("a reclaim window is {least} to {most}, this one {given}")]
    ReclaimWindow {
        /// As given.
        given: Span,
        /// Least allowed.
        least: Span,
        /// Most allowed.
        most: Span,
    },
    /// The order asks for notice, and the bid promises none.
    #[error("order {order} asks for at least {least} of notice, and the bid promises none; promise that")]
    ReclaimRequired {
        /// Which.
        order: OrderId,
        /// What it asks for.
        least: Span,
    },
    /// The bid promises too little notice.
    #[error("order {order} asks for at least {least} of notice, and the bid promises {given}; promise that")]
    ReclaimTooShort {
        /// Which.
        order: OrderId,
        /// What it asks for.
        least: Span,
        /// What is promised.
        given: Span,
    },
    /// The lease has no notice.
    #[error("lease {0} has no reclaim window; its provider may end it at once")]
    NotReclaimable(BidId),
    /// Notice was given.
    #[error("notice of lease {0} was given already")]
    Reclaiming(BidId),
    /// Notice comes first.
    #[error("lease {lease} ends {window} after notice was given; start to reclaim it first")]
    ReclaimNotStarted {
        /// Which.
        lease: BidId,
        /// How much.
        window: Span,
    },
    /// The notice is not over.
    #[error("notice of lease {lease} ends at {}; end it then", until.to_rfc3339())]
    ReclaimWindowOpen {
        /// Which.
        lease: BidId,
        /// Until when.
        until: Instant,
    },
    /// Not the reporter of this network.
    #[error("only this network's reporter says that a provider failed, and that is {}", .0.map_or("nobody".to_owned(), |who| who.to_string()))]
    NotTheReporter(Option<Address>),
    /// The network pays whatever the availability is.
    #[error(
        "this network's file has no [service.leasing.availability], so leases are paid whatever their availability is; report nothing"
    )]
    NoAvailability,
    /// An empty list, or one too long.
    #[error("a message has 1 to {REPORTS_MAX} reports, this one {0}; split them over several")]
    Reports(usize),
    /// Counts that are none.
    #[error(
        "a report is of 1 to {PROBES_MAX} probes and at most as many answers, this one of {probes} and {answered}; count again"
    )]
    Probes {
        /// As given.
        probes: u32,
        /// As given.
        answered: u32,
    },
    /// Neither tenant nor provider.
    #[error("lease {0} is between others; its tenant or its provider reports it")]
    NotAParty(BidId),
    /// Signed by whoever sends it, or by a stranger.
    #[error("a report is sent by one party of its lease and signed by the other, {0}, and this one is signed by another key")]
    NotSignedByOther(Address),
    /// Another period than the next.
    #[error("lease {lease} is decided up to period {next}, so the next report is of that one, not of {given}")]
    AvailabilityOrder {
        /// Which.
        lease: BidId,
        /// As given.
        given: u64,
        /// The next.
        next: u64,
    },
    /// The period is not over.
    #[error("the period of lease {lease} ends at {}; report it then", ends.to_rfc3339())]
    AvailabilityEarly {
        /// Which.
        lease: BidId,
        /// When.
        ends: Instant,
    },
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

impl From<depin_quantity::QuantityError> for LeasingError {
    fn from(error: depin_quantity::QuantityError) -> Self {
        Self::Economy(error.into())
    }
}

/// The code of a refusal on the chain of its origin: module and number.
pub type OriginCode = (&'static str, u32);

impl LeasingError {
    /// The refusal with its amounts in whole tokens.
    pub(super) fn told(&self, spec: &Spec) -> String {
        match self {
            Self::Economy(refusal) => refusal.told(spec),
            Self::SourcesShort { currency, missing } => {
                let missing = spec.amount_text(*currency, depin_quantity::Units::new(*missing));
                format!("the sources of the deposit give {missing} too little; add a source, or deposit less")
            }
            other => other.to_string(),
        }
    }

    /// Short stable code for receipts and programs, with the code of the chain that the rule comes from, where it has one.
    const fn codes(&self) -> (&'static str, Option<OriginCode>) {
        const fn of(module: &'static str, number: u32) -> Option<OriginCode> {
            Some((module, number))
        }
        match self {
            Self::Dseq => ("dseq", of("deployment", 8)),
            Self::GroupCount(_) | Self::GroupBytes(_) => ("group-count", of("deployment", 7)),
            Self::Groups(error) => match error {
                OrderError::Name(_) => ("groups", of("deployment", 25)),
                OrderError::NoGroups | OrderError::NoUnits(_) => ("groups", of("deployment", 7)),
                _ => ("groups", of("deployment", 19)),
            },
            Self::NoAttributes | Self::Attributes(_) | Self::AttributeKey(_) | Self::AttributeValue(_) => ("attributes", None),
            Self::Url(_) => ("url", None),
            Self::Name(_) => ("name", None),
            Self::NameTaken { .. } => ("name-taken", None),
            Self::UnknownProvider(_) => ("unknown-provider", of("market", 30)),
            Self::BelowPledge(_) => ("below-pledge", None),
            Self::Engaged { .. } => ("engaged", None),
            Self::NothingSigned { .. } => ("nothing-signed", None),
            Self::DeploymentExists(_) => ("deployment-exists", of("deployment", 3)),
            Self::UnknownDeployment(_) => ("unknown-deployment", of("deployment", 4)),
            Self::DeploymentClosed(_) => ("deployment-closed", of("deployment", 5)),
            Self::OutOfFunds(_) | Self::Suspended { .. } => ("out-of-funds", of("escrow", 4)),
            Self::SameHash(_) => ("same-hash", of("deployment", 10)),
            Self::NotYours(_) | Self::NotYourLease(_) | Self::NotAParty(_) => ("not-yours", None),
            Self::Denom { .. } => ("denom", of("deployment", 24)),
            Self::DepositCurrency { .. } => ("deposit-currency", of("escrow", 5)),
            Self::ZeroDeposit | Self::SourcesShort { .. } => ("deposit", of("deployment", 20)),
            Self::Sources | Self::NoGrants | Self::UnknownGrant { .. } | Self::ZeroGrant | Self::GrantCurrency(_) => {
                ("grant", of("escrow", 15))
            }
            Self::UnknownGroup(_) => ("unknown-group", of("deployment", 14)),
            Self::GroupState { is, .. } => match is {
                GroupState::Closed => ("group-closed", of("deployment", 15)),
                GroupState::Open => ("group-open", of("deployment", 16)),
                GroupState::Paused => ("group-paused", of("deployment", 17)),
                GroupState::InsufficientFunds => ("group-not-open", of("deployment", 18)),
            },
            Self::UnknownOrder(_) => ("unknown-order", of("market", 15)),
            Self::OrderNotOpen { .. } => ("order-not-open", of("market", 13)),
            Self::TooManyBids { .. } => ("too-many-bids", of("market", 31)),
            Self::BidExists(_) => ("bid-exists", of("market", 21)),
            Self::SameAccount(_) => ("same-account", of("market", 2)),
            Self::ZeroPrice => ("zero-price", of("market", 19)),
            Self::OverOrder { .. } | Self::Fine { .. } => ("price", of("market", 22)),
            Self::Attribute { .. } => ("attribute-mismatch", of("market", 5)),
            Self::Capabilities { .. } => ("capabilities-mismatch", of("market", 32)),
            Self::UnknownBid(_) => ("unknown-bid", of("market", 18)),
            Self::BidNotOpen { .. } => ("bid-not-open", of("market", 12)),
            Self::UnknownLease(_) => ("unknown-lease", of("market", 20)),
            Self::LeaseNotActive { .. } => ("lease-not-active", of("market", 10)),
            Self::Leases(_) => ("leases", None),
            Self::CloseReason(_) => ("close-reason", of("market", 33)),
            Self::ManifestInTime { .. } => ("manifest-in-time", None),
            Self::NoReclaim | Self::ReclaimWindow { .. } => ("reclaim-window", of("market", 39)),
            Self::ReclaimRequired { .. } => ("reclaim-required", of("market", 40)),
            Self::ReclaimTooShort { .. } => ("reclaim-too-short", of("market", 41)),
            Self::NotReclaimable(_) => ("not-reclaimable", of("market", 35)),
            Self::Reclaiming(_) => ("reclaiming", of("market", 36)),
            Self::ReclaimNotStarted { .. } => ("reclaim-not-started", of("market", 37)),
            Self::ReclaimWindowOpen { .. } => ("reclaim-window-open", of("market", 38)),
            Self::NotTheReporter(_) => ("not-the-reporter", None),
            Self::NoAvailability => ("no-availability", None),
            Self::Reports(_) => ("reports", None),
            Self::Probes { .. } => ("probes", None),
            Self::NotSignedByOther(_) => ("not-signed-by-other", None),
            Self::AvailabilityOrder { .. } => ("availability-order", None),
            Self::AvailabilityEarly { .. } => ("availability-early", None),
            Self::Economy(_) => ("economy", None),
        }
    }

    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        self.codes().0
    }

    /// The code of the chain that the rule comes from, where it has one: module and number, as `("market", 13)`.
    pub const fn origin(&self) -> Option<OriginCode> {
        self.codes().1
    }
}
