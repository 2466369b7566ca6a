//! The service `clusters`: its calls, and what goes over the wire: devices, hours, hires, what the network allows.

use crate::{
    Client, ClientError,
    api::{Amount, Page, Time},
    client::found,
    http::Query,
};
use depin_quantity::{Address, Name, Seed, UnitId};
use depin_services::clusters::{DeviceTerms, HireState, HourState, Miss, NewHire, SlotEnd, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The calls of a network whose service is `clusters`; see [`Client::clusters`].
#[derive(Clone, Copy, Debug)]
pub struct Clusters<'a> {
    pub(crate) client: &'a Client,
}

impl Clusters<'_> {
    /// What the network allows, and sums.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn network(self) -> Result<ClustersNetwork, ClientError> {
        self.client.transport.get("/v1/clusters", &Query::default()).await
    }

    /// A page of devices, by id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn devices(self, query: &ClusterDeviceQuery) -> Result<Page<ClusterDevice>, ClientError> {
        let asked = Query::page(query.after.as_deref(), query.limit).with("owner", query.owner).with("hour", query.hour);
        self.client.transport.get("/v1/clusters/devices", &asked).await
    }

    /// One device; none when it never registered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn device(self, device: UnitId) -> Result<Option<ClusterDevice>, ClientError> {
        found(self.client.transport.get(&format!("/v1/clusters/devices/{device}"), &Query::default()).await)
    }

    /// A page of hours, the oldest that is kept first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hours(self, after: Option<&str>, limit: Option<u32>) -> Result<Page<ClusterHour>, ClientError> {
        self.client.transport.get("/v1/clusters/hours", &Query::page(after, limit)).await
    }

    /// One hour; none when nobody waited for it, or it is forgotten.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hour(self, hour: u64) -> Result<Option<ClusterHour>, ClientError> {
        found(self.client.transport.get(&format!("/v1/clusters/hours/{hour}"), &Query::default()).await)
    }

    /// A page of hires, by id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hires(self, query: &ClusterHireQuery) -> Result<Page<ClusterHire>, ClientError> {
        let asked = Query::page(query.after.as_deref(), query.limit).with("hirer", query.hirer);
        self.client.transport.get("/v1/clusters/hires", &asked).await
    }

    /// One hire with its devices; none when it never was, or is forgotten.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hire(self, hire: UnitId) -> Result<Option<ClusterHire>, ClientError> {
        found(self.client.transport.get(&format!("/v1/clusters/hires/{hire}"), &Query::default()).await)
    }
}

/// Which devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClusterDeviceQuery {
    /// Of this owner, those that take part.
    #[param(value_type = Option<String>)]
    pub owner: Option<Address>,
    /// Those that are checked in this hour and not judged yet.
    pub hour: Option<u64>,
    /// Behind the page before: its `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
}

/// Which hires.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClusterHireQuery {
    /// Of this hirer.
    #[param(value_type = Option<String>)]
    pub hirer: Option<Address>,
    /// Behind the page before: its `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
}

/// What the network allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClustersNetwork {
    /// From check to check, in milliseconds of ledger time.
    pub hour_ms: u64,
    /// When hour 0 began.
    pub begins: Time,
    /// Hours that a device passes before it is nominated.
    pub uptime: u32,
    /// Wait of a new device before it can be hired, in milliseconds of ledger time.
    pub first_hire_after_ms: u64,
    /// Who says how long answers took; none while nobody fills the role.
    #[schema(value_type = Option<String>)]
    pub checker: Option<Address>,
    /// Longest time for an answer, in milliseconds of the checker's clock.
    pub limit_ms: u64,
    /// Longest time until an answer is on the ledger, in milliseconds of ledger time.
    pub within_ms: u64,
    /// Judged hours that are looked at.
    pub window: u32,
    /// So many failed ones of them, and a device stands out.
    pub misses: u32,
    /// Figures of the work: `region-kib`, `passes`, `reads`, `rounds`, `steps`, `delay`.
    #[schema(value_type = Object)]
    pub work: depin_services::clusters::Scale,
    /// Least part of its profile that a hired device's benchmark comes to.
    #[schema(example = "90%")]
    pub lock_least: String,
    /// Whether slices of one machine may be devices.
    pub slices: bool,
    /// Shortest hire in hours.
    pub hours_least: u32,
    /// Most devices of one hire.
    pub devices_most: u32,
    /// What a processor of multiplier 1 stakes.
    pub stake: Option<Amount>,
    /// Most that an hour of a device may cost, one for each currency that hires are paid in.
    pub rates_most: Vec<Amount>,
    /// Running sums, decimal digits.
    pub totals: BTreeMap<String, String>,
}

/// A registered device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterDevice {
    /// Its id.
    #[schema(value_type = String)]
    pub device: UnitId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Address,
    /// Its name among its owner's.
    #[schema(value_type = String)]
    pub name: Name,
    /// What is said of it: `profile` (processors and memory are proved every hour; disk and network are reported), `url`, `asks`, `accepts`.
    #[schema(value_type = Object)]
    pub terms: DeviceTerms,
    /// Whether it takes part; one that left stays known.
    pub active: bool,
    /// Whether a fault left its pledge too small; it registers again to top it up.
    pub below_pledge: bool,
    /// The hour in which it is checked next; none while it stands out.
    pub due: Option<u64>,
    /// Whether it is nominated for that hour.
    pub nominated: bool,
    /// Hours that it passed since it began, or began anew.
    pub uptime: u32,
    /// Passed hours among all, in thousandths.
    pub reliability: u32,
    /// Hours that it passed.
    pub passed_hours: u64,
    /// Hours that it failed.
    pub failed_hours: u64,
    /// The last that it failed, with reasons: `unanswered`, `absent`.
    #[schema(value_type = Vec<Object>)]
    pub misses: Vec<Miss>,
    /// What it ever scored, in tenths of a point, decimal digits.
    pub score: String,
    /// The hire that it belongs to.
    #[schema(value_type = Option<String>)]
    pub hire: Option<UnitId>,
    /// When it registered.
    pub since: Time,
}

/// An hour, which io.net calls a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterHour {
    /// Which.
    pub hour: u64,
    /// When it begins.
    pub begins: Time,
    /// How far it is: `nominating`, `in-progress`, `processing`, `completed`.
    #[schema(value_type = String)]
    pub state: HourState,
    /// What its challenges are drawn from.
    #[schema(value_type = Option<String>)]
    pub seed: Option<Seed>,
    /// Since when.
    pub opened: Option<Time>,
    /// Devices that are to be judged.
    pub waiting: u32,
    /// Devices that were nominated.
    pub nominated: u32,
    /// Those that passed.
    pub completed: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were there and not measured.
    pub spared: u32,
    /// Those that left.
    pub left: u32,
    /// Devices that passed and were not nominated yet.
    pub probing: u32,
    /// Scores of those that passed, in tenths of a point, decimal digits.
    pub score: String,
}

/// A hired cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterHire {
    /// Its id, and that of its escrow.
    #[schema(value_type = String)]
    pub hire: UnitId,
    /// Who pays.
    #[schema(value_type = String)]
    pub hirer: Address,
    /// What was ordered, as `hire-devices` says it; its devices are below.
    #[schema(value_type = Object)]
    pub terms: NewHire,
    /// How far it is: `running`, `ending`, `closed`.
    #[schema(value_type = String)]
    pub state: HireState,
    /// When it was ordered.
    pub created: Time,
    /// When its time is over, or was.
    pub until: Time,
    /// What was ever put into its escrow.
    pub deposited: Amount,
    /// What its ended devices were paid before fees.
    pub paid: Amount,
    /// What is in its escrow.
    pub held: Amount,
    /// When it was closed.
    pub closed: Option<Time>,
    /// Its devices, and those that replaced some.
    pub slots: Vec<ClusterSlot>,
}

/// A device's part in a hire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterSlot {
    /// Its number in the hire, from 0.
    pub slot: u32,
    /// The device.
    #[schema(value_type = String)]
    pub device: UnitId,
    /// Its owner.
    #[schema(value_type = String)]
    pub owner: Address,
    /// Where its daemon answers.
    pub url: String,
    /// Its processors.
    pub processors: u32,
    /// What an hour costs.
    pub rate: Amount,
    /// Since when it works for the hire.
    pub from: Time,
    /// Hours that are reserved for it.
    pub hours: u32,
    /// How far its payment is: `working`, `judged`, `paid`.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// When it was last seen.
    pub seen: Time,
    /// Why it works no more: `over`, `ended`, `lost`, `quit`.
    #[schema(value_type = Option<String>)]
    pub end: Option<SlotEnd>,
    /// Hours that it is paid for, once that is fixed.
    pub owed: Option<u32>,
    /// Hours that it was used for.
    pub used: u32,
    /// What it was paid before fees, once its payment is over.
    pub paid: Amount,
    /// The slot whose place it took.
    pub replaces: Option<u32>,
}
