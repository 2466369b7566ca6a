//! The service descriptors: what each service measures and reports, as data.
//!
//! In: nothing. Out: one [`Service`] per service, with the metrics, kinds and parameters that its records and its
//! `[service.<name>]` section use, and what a network's file lacks or has too much for it ([`Service::findings`]). Read by `depin check`
//! and by what writes new network files. Absent on purpose: amounts (the network's file has them) and anything that runs.
//!
//! An economy knows no service and a service no economy; this descriptor is what both sides of a network's file must share.

mod clusters;
mod coverage;
mod findings;
mod leasing;
mod metered;
mod parameters;
mod rendering;
mod storage;

pub use clusters::CLUSTERS;
pub use coverage::COVERAGE;
pub use findings::{Finding, Severity};
pub use leasing::LEASING;
pub use metered::METERED;
pub(crate) use parameters::read_label;
pub use parameters::{Figure, Provenance, Setting, Table, Value, label};
pub use rendering::RENDERING;
pub use storage::STORAGE;

use depin_quantity::Name;

/// All services, in the order in which they are listed.
pub static SERVICES: [&Service; 6] = [&COVERAGE, &STORAGE, &RENDERING, &LEASING, &CLUSTERS, &METERED];

/// The service of this name.
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().copied().find(|service| service.name.as_str() == name)
}

/// What one service measures and reports.
#[derive(Debug)]
pub struct Service {
    /// Its name in `[network] service = "…"` and `[service.<name>]`.
    pub name: Name,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// The network of the box that it comes from; none for a custom service.
    pub network: Option<Name>,
    /// What it counts.
    pub metrics: &'static [Metric],
    /// Payments that run over time.
    pub streams: &'static [StreamKind],
    /// Single payments, at once or held and captured.
    pub charges: &'static [ChargeKind],
    /// Collateral that its units need.
    pub pledges: &'static [PledgeKind],
    /// Failures that it reports.
    pub faults: &'static [FaultKind],
    /// Non-transferable allowances that it consumes.
    pub allowances: &'static [Kind],
    /// Fees of its own, once or recurring.
    pub fees: &'static [Kind],
    /// Named values of a scope that it reports.
    pub gauges: &'static [Kind],
    /// Parts of it with totals of their own; none means one whole.
    pub scopes: &'static [Kind],
    /// Its own parameters in `[service.<name>]`.
    pub parameters: &'static [Table],
}

/// Something that a service counts.
#[derive(Debug)]
pub struct Metric {
    /// Its name in records and in `[bind]`.
    pub name: Name,
    /// What one of it is.
    pub unit: Unit,
    /// Whether it holds until it changes, or is accrued anew in every period.
    pub counted: Counted,
    /// What it says about its subject.
    pub aspect: Aspect,
    /// What it counts.
    pub description: &'static str,
}

/// What one of a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A byte; prices and pledges are per GiB.
    Byte,
    /// One of these; prices and pledges are per unit.
    Each(&'static str),
}

/// How long a quantity holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Until it changes.
    Current,
    /// For the period that it was accrued in.
    Accrued,
}

/// What a metric says about its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// What it keeps ready for the network.
    Capacity,
    /// What it did for customers.
    Usage,
    /// What customers paid for that: what a pool shares by, where the service says it. What somebody did for nobody but itself costs it
    /// nothing, what it paid itself at least what payments lose on their way.
    Paid,
    /// That it takes part: collateral is counted on it.
    Presence,
    /// A second view of what another metric counts already.
    Detail,
}

/// A kind of payment that runs over time.
#[derive(Debug)]
pub struct StreamKind {
    /// Its name in records and in `[utility.stream.<name>]`.
    pub name: Name,
    /// The metric that a bond is counted on.
    pub basis: Name,
    /// Whether both sides agree a length beforehand, or it runs until somebody ends it.
    pub term: Term,
    /// The usual length of one period.
    pub period: &'static str,
    /// The usual longest term of one that has a term.
    pub longest: &'static str,
    /// How long before its money ends its payer is usually told.
    pub warn: &'static str,
    /// Reasons to end it early.
    pub reasons: &'static [Reason],
    /// What it pays for.
    pub description: &'static str,
}

/// How long a stream is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// An agreed number of periods, paid for beforehand.
    Fixed,
    /// Until somebody ends it or the money does.
    Open,
}

/// A reason to end a stream early.
#[derive(Debug)]
pub struct Reason {
    /// Its name in records and in `[utility.stream.<kind>.close]`.
    pub name: Name,
    /// Whether whoever is paid broke its word.
    pub broken: bool,
    /// When it is given.
    pub description: &'static str,
}

/// A kind of single payment.
#[derive(Debug)]
pub struct ChargeKind {
    /// Its name in records and in `[utility.charge.<name>]`.
    pub name: Name,
    /// The metric that it is counted on.
    pub basis: Name,
    /// Whether it is held first and captured in parts.
    pub held: bool,
    /// Whether it is a deposit that one side may lose to another, no price of anything.
    pub deposit: bool,
    /// What it pays for.
    pub description: &'static str,
}

/// A kind of collateral.
#[derive(Debug)]
pub struct PledgeKind {
    /// Its name in records and in `[incentive.pledge.<name>]`.
    pub name: Name,
    /// The metric that it is counted on.
    pub basis: Name,
    /// So many of the basis make one whole unit: a device, a sector.
    pub whole: u64,
    /// Who pledges, and for how long.
    pub description: &'static str,
}

/// A kind of failure.
#[derive(Debug)]
pub struct FaultKind {
    /// Its name in records and in `[incentive.fault.<name>]`.
    pub name: Name,
    /// The metric of what failed.
    pub affected: Name,
    /// How bad it is.
    pub gravity: Gravity,
    /// What happened.
    pub description: &'static str,
}

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// Nothing is accrued for it, and that is all.
    Noted,
    /// A fee is due.
    Penalised,
    /// The unit is out, its pledge pays.
    Ending,
}

/// A name and what it stands for.
#[derive(Debug)]
pub struct Kind {
    /// Its name in records and in the network's file.
    pub name: Name,
    /// What it stands for.
    pub description: &'static str,
}

impl Service {
    /// The metric of this name.
    pub fn metric(&self, name: Name) -> Option<&'static Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// The kind of stream of this name.
    pub fn stream(&self, name: Name) -> Option<&'static StreamKind> {
        self.streams.iter().find(|kind| kind.name == name)
    }

    /// The kind of charge of this name.
    pub fn charge(&self, name: Name) -> Option<&'static ChargeKind> {
        self.charges.iter().find(|kind| kind.name == name)
    }

    /// The kind of pledge of this name.
    pub fn pledge(&self, name: Name) -> Option<&'static PledgeKind> {
        self.pledges.iter().find(|kind| kind.name == name)
    }

    /// The kind of fault of this name.
    pub fn fault(&self, name: Name) -> Option<&'static FaultKind> {
        self.faults.iter().find(|kind| kind.name == name)
    }

    /// The metrics that say `aspect`, in the order of the descriptor; the first is the service's main one.
    pub fn metrics_of(&self, aspect: Aspect) -> impl Iterator<Item = &'static Metric> {
        self.metrics.iter().filter(move |metric| metric.aspect == aspect)
    }

    /// The metrics that pools for `aspect` are to share by: usage by what was paid for it, where the service says that.
    pub fn earning(&self, aspect: Aspect) -> impl Iterator<Item = &'static Metric> {
        let paid = aspect == Aspect::Usage && self.metrics_of(Aspect::Paid).next().is_some();
        self.metrics_of(if paid { Aspect::Paid } else { aspect })
    }
}
