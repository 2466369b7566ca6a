//! What tenants, providers and auditors tell the service, in signed transactions.

use super::{
    availability::{SignedReport, check_reports},
    error::LeasingError,
    ids::{BidId, DeploymentId, OrderId},
    states::{Failing, Reason},
};
use crate::service::InnerSignature;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Name, Span};
use depin_sdl::{Attribute, Group, Price, check_groups};
use serde::{Deserialize, Serialize};

/// Most groups of one deployment.
pub const GROUPS_MAX: usize = 32;
/// Most bytes of all groups of a deployment, as they are stored.
pub const GROUPS_BYTES_MAX: usize = 32 * 1024;
/// Most attributes of a provider, and of an auditor's word about one.
pub const ATTRIBUTES_MAX: usize = 128;
/// Longest value of an attribute, and longest URL of a provider, in bytes.
pub const TEXT_MAX: usize = 256;
/// Most leases of one message.
pub const LEASES_MAX: usize = 64;
/// Most sources of one deposit.
pub const SOURCES_MAX: usize = 4;

/// Where the money of a deposit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepositSource {
    /// The sender's wallet.
    Balance,
    /// The wallet of somebody who granted the sender to deposit from it.
    Grant(Address),
}

/// Money for a deployment.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Deposit {
    /// How much.
    pub amount: Money,
    /// Where it comes from: each gives what it has until the amount is whole. Each at most once; none means the balance.
    pub sources: Vec<DepositSource>,
}

/// A deployment that a tenant orders.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NewDeployment {
    /// Its number, which the tenant chooses; not zero.
    pub dseq: u64,
    /// What it orders.
    pub groups: Vec<Group>,
    /// SHA-256 of the manifest that providers will be sent.
    pub hash: ContentHash,
    /// The first money for it.
    pub deposit: Deposit,
    /// The least notice that a provider must promise before it takes its machines back; none: it needs no notice.
    pub reclaim_window: Option<Span>,
}

/// Everything that can be said to the service. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeasingMessage {
    /// The sender becomes a provider, or changes what it said before. A pledge that a fault made too small is topped up.
    RegisterProvider {
        /// Name for tables.
        name: Name,
        /// Where tenants reach its gateway: http or https, or empty.
        url: String,
        /// What it says of itself.
        attributes: Vec<Attribute>,
    },
    /// The sender is a provider no more; only without bids and leases.
    Leave,
    /// The sender, an auditor, vouches for attributes of a provider; those of other keys that it signed before stay.
    SignAttributes {
        /// Of whom.
        provider: Address,
        /// What it vouches for.
        attributes: Vec<Attribute>,
    },
    /// The sender takes its word back.
    DeleteAttributes {
        /// About whom.
        provider: Address,
        /// For these keys; none means all.
        keys: Vec<String>,
    },
    /// The sender orders a deployment, and puts its deposit into an escrow.
    CreateDeployment(NewDeployment),
    /// Providers are to run another manifest, of the same resources.
    UpdateDeployment {
        /// Which.
        dseq: u64,
        /// SHA-256 of the new manifest.
        hash: ContentHash,
    },
    /// More money for a deployment, whosever it is.
    Deposit {
        /// Which.
        deployment: DeploymentId,
        /// How much, and from where.
        deposit: Deposit,
    },
    /// The sender ends a deployment; what is left of its money goes back.
    CloseDeployment {
        /// Which.
        dseq: u64,
    },
    /// The sender ends the lease of a group and takes it off the market until it is started again.
    PauseGroup {
        /// Of which deployment.
        dseq: u64,
        /// Which.
        gseq: u32,
    },
    /// The sender orders a group again that was paused, or whose money ran out.
    StartGroup {
        /// Of which deployment.
        dseq: u64,
        /// Which.
        gseq: u32,
    },
    /// The sender ends a group for good.
    CloseGroup {
        /// Of which deployment.
        dseq: u64,
        /// Which.
        gseq: u32,
    },
    /// The sender, a provider, bids on an order and puts up a deposit.
    CreateBid {
        /// On which.
        order: OrderId,
        /// What it asks for a block, in the order's currency.
        price: Price,
        /// The notice that it promises before it takes its machines back.
        reclaim_window: Option<Span>,
    },
    /// The sender withdraws its bid, or ends the lease that it became.
    CloseBid {
        /// On which order.
        order: OrderId,
        /// Why; one of the provider's reasons.
        reason: Reason,
    },
    /// The sender takes a bid on its order.
    CreateLease(BidId),
    /// The sender ends a lease; its group is ordered again.
    CloseLease(BidId),
    /// The sender, a provider, collects what its leases have earned.
    Withdraw(Vec<BidId>),
    /// The sender, a provider, gives notice that it takes its machines back.
    StartReclaim {
        /// Of which order.
        order: OrderId,
        /// Why; one of the provider's reasons.
        reason: Reason,
    },
    /// The account in the reporter's role says that a provider failed.
    ReportFault {
        /// Who.
        provider: Address,
        /// How.
        failing: Failing,
    },
    /// The sender lets somebody deposit out of the sender's wallet, up to an amount in all; none takes that back.
    Grant {
        /// Whom.
        to: Address,
        /// How much.
        limit: Option<Money>,
    },
    /// The tokens that the sender gave out for its leases are good no more: providers take only those of the next generation.
    RevokeTokens,
    /// The sender, tenant or provider of leases, says how available they were; of each report the other party signed the same. Periods
    /// of a lease come one after the other.
    ReportAvailability(Vec<SignedReport>),
}

impl LeasingMessage {
    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RegisterProvider { .. } => "register-provider",
            Self::Leave => "leave",
            Self::SignAttributes { .. } => "sign-attributes",
            Self::DeleteAttributes { .. } => "delete-attributes",
            Self::CreateDeployment(_) => "create-deployment",
            Self::UpdateDeployment { .. } => "update-deployment",
            Self::Deposit { .. } => "deposit",
            Self::CloseDeployment { .. } => "close-deployment",
            Self::PauseGroup { .. } => "pause-group",
            Self::StartGroup { .. } => "start-group",
            Self::CloseGroup { .. } => "close-group",
            Self::CreateBid { .. } => "create-bid",
            Self::CloseBid { .. } => "close-bid",
            Self::CreateLease(_) => "create-lease",
            Self::CloseLease(_) => "close-lease",
            Self::Withdraw(_) => "withdraw",
            Self::StartReclaim { .. } => "start-reclaim",
            Self::ReportFault { .. } => "report-fault",
            Self::Grant { .. } => "grant",
            Self::RevokeTokens => "revoke-tokens",
            Self::ReportAvailability(_) => "report-availability",
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run. What becomes due by it later is counted too.
    pub fn work(&self) -> u64 {
        let text = |bytes: usize| bytes as u64 / 16;
        let attributes = |list: &[Attribute]| list.iter().map(|one| 1 + text(one.key.len() + one.value.len())).sum::<u64>();
        match self {
            Self::RegisterProvider { url, attributes: own, .. } => 80 + text(url.len()) + attributes(own),
            Self::SignAttributes { attributes: signed, .. } => 40 + attributes(signed),
            Self::DeleteAttributes { keys, .. } => 40 + keys.iter().map(|key| 1 + text(key.len())).sum::<u64>(),
            // Each group is ordered, and its money runs out once.
            Self::CreateDeployment(new) => 120 + 60 * new.groups.len() as u64 + text(stored(&new.groups)),
            Self::Deposit { .. } => 60 + 20 * GROUPS_MAX as u64,
            Self::CloseDeployment { .. } => 60 + 40 * GROUPS_MAX as u64,
            // Matching walks through what the group asks for and what the provider has.
            Self::CreateBid { .. } => 300,
            Self::CreateLease(_) => 200 + 10 * super::bids::AT_ONCE as u64,
            Self::PauseGroup { .. } | Self::StartGroup { .. } | Self::CloseGroup { .. } | Self::CloseLease(_) => {
                120 + 10 * super::bids::AT_ONCE as u64
            }
            Self::CloseBid { .. } => 120,
            Self::Withdraw(leases) => 60 * leases.len().max(1) as u64,
            // A signature each, and a settlement of its escrow.
            Self::ReportAvailability(reports) => 120 * reports.len().max(1) as u64,
            Self::Leave
            | Self::UpdateDeployment { .. }
            | Self::StartReclaim { .. }
            | Self::ReportFault { .. }
            | Self::Grant { .. }
            | Self::RevokeTokens => 60,
        }
    }

    /// Refuses what no network of this service takes, whatever its rows are.
    ///
    /// # Errors
    /// What running it would say.
    pub fn check_bounds(&self) -> Result<(), LeasingError> {
        match self {
            Self::RegisterProvider { name, url, attributes } => {
                check_name(*name)?;
                check_url(url)?;
                check_attributes(attributes)
            }
            Self::SignAttributes { attributes, .. } if attributes.is_empty() => Err(LeasingError::NoAttributes),
            Self::SignAttributes { attributes, .. } => check_attributes(attributes),
            Self::DeleteAttributes { keys, .. } if keys.len() > ATTRIBUTES_MAX => Err(LeasingError::Attributes(keys.len())),
            Self::CreateDeployment(new) => check_deployment(new),
            Self::Deposit { deposit, .. } => check_deposit(deposit),
            Self::CreateBid { price, .. } if price.amount.is_zero() => Err(LeasingError::ZeroPrice),
            Self::CreateBid { order, .. } if order.oseq == 0 => Err(LeasingError::UnknownOrder(*order)),
            Self::CloseBid { reason, .. } | Self::StartReclaim { reason, .. } if !reason.is_providers() => {
                Err(LeasingError::CloseReason(*reason))
            }
            Self::Withdraw(leases) if leases.is_empty() || leases.len() > LEASES_MAX => Err(LeasingError::Leases(leases.len())),
            Self::Grant { limit: Some(limit), .. } if limit.amount.is_zero() => Err(LeasingError::ZeroGrant),
            Self::ReportAvailability(reports) => check_reports(reports),
            _ => Ok(()),
        }
    }

    /// The signatures inside it.
    pub fn signatures(&self) -> Vec<InnerSignature> {
        match self {
            Self::ReportAvailability(reports) => reports.iter().map(SignedReport::inner).collect(),
            _ => Vec::new(),
        }
    }
}

/// Bytes of groups as they are stored.
fn stored(groups: &[Group]) -> usize {
    borsh::object_length(groups).unwrap_or(usize::MAX)
}

fn check_deployment(new: &NewDeployment) -> Result<(), LeasingError> {
    if new.dseq == 0 {
        return Err(LeasingError::Dseq);
    }
    if new.groups.len() > GROUPS_MAX {
        return Err(LeasingError::GroupCount(new.groups.len()));
    }
    let bytes = stored(&new.groups);
    if bytes > GROUPS_BYTES_MAX {
        return Err(LeasingError::GroupBytes(bytes));
    }
    check_groups(&new.groups)?;
    for group in &new.groups {
        if let Some(bad) = group.requirements.attributes.iter().find(|one| !one.has_key()) {
            return Err(LeasingError::AttributeKey(shortened(&bad.key)));
        }
    }
    check_deposit(&new.deposit)
}

fn check_deposit(deposit: &Deposit) -> Result<(), LeasingError> {
    let sources = &deposit.sources;
    if sources.len() > SOURCES_MAX || sources.iter().enumerate().any(|(i, one)| sources[..i].contains(one)) {
        return Err(LeasingError::Sources);
    }
    if deposit.amount.amount.is_zero() { Err(LeasingError::ZeroDeposit) } else { Ok(()) }
}

/// Refuses a name that a command line would take for an option, or a shell for a folder.
fn check_name(name: Name) -> Result<(), LeasingError> {
    if name.as_str().starts_with(['-', '.']) { Err(LeasingError::Name(name)) } else { Ok(()) }
}

/// Refuses a URL that is neither empty nor one of http or https with a host.
fn check_url(url: &str) -> Result<(), LeasingError> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).and_then(|rest| rest.split('/').next());
    let printable = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
    let fits = url.len() <= TEXT_MAX && printable && host.is_some_and(|host| !host.is_empty());
    if url.is_empty() || fits { Ok(()) } else { Err(LeasingError::Url(shortened(url))) }
}

/// Refuses attributes that are too many, too long, twice there, or have no proper key.
fn check_attributes(attributes: &[Attribute]) -> Result<(), LeasingError> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(LeasingError::Attributes(attributes.len()));
    }
    for (i, one) in attributes.iter().enumerate() {
        if !one.has_key() || attributes[..i].iter().any(|other| other.key == one.key) {
            return Err(LeasingError::AttributeKey(shortened(&one.key)));
        }
        if one.value.len() > TEXT_MAX || one.value.chars().any(char::is_control) {
            return Err(LeasingError::AttributeValue(one.key.clone()));
        }
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
