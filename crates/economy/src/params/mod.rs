//! Network files as checked parameters.
//!
//! In: the text of a `network.toml`. Out: [`Spec`], in which every name resolves and every figure is in range and carries its
//! source, or [`SpecErrors`] with all problems found, each with its place, what is allowed and a hint. Called once, before a
//! network starts. Absent on purpose: files, defaults that no file states, the rules themselves. Sections under `[service]`
//! belong to the service crates, which read them through [`Spec::read_service`] with the same reader and the same errors.

mod bind;
mod bound;
mod check;
mod clock;
mod document;
mod emission;
pub mod grammar;
mod incentive;
mod misfit;
mod network;
mod pool;
mod problem;
mod reader;
mod shares;
mod slips;
mod staking;
mod supply;
mod treasury;
mod utility;
mod version;

pub use bind::{Binding, Boost};
pub use clock::{Clock, Origin};
pub use document::{Provenance, Section};
pub use emission::{Emission, Inflation, TableRow};
pub use incentive::{AllowanceRule, FaultFee, FaultRule};
pub use network::{NetworkInfo, Token};
pub use pool::{Ceiling, Method, MovingShare, Part, PoolRule, RewardVesting, Score, ScoreRule, Target, Worth};
pub use problem::{Problem, SpecErrors};
pub use reader::Reader;
pub use staking::{AppealRule, Liveness, LockBonus, LockRule, PledgeRule, PledgeSize, SlashTo, StakingRule};
pub use supply::{Allocation, AllocationVesting, Cap, CapKind, NetEmission, Supply, UNALLOCATED, VestingPart, VestingRow};
pub use treasury::{BreakerMost, BreakerRule, CURVE_MOST, RedeemRule, TreasuryRule};
pub use utility::{
    AmmPoolRule, BondFate, BondLeast, BondRule, ChargePrice, ChargeRule, CreditRule, Each, FeeAmount, FeeRule, PayPart, PayTo,
    Pays, PriceRule, Priced, RowFee, ServiceFeeRule, StreamMethod, StreamRule, USD, UsdRate, pair_of,
};
pub use version::VersionStart;

use depin_quantity::{Instant, Name, Units};
use std::collections::BTreeMap;

/// The checked parameters of one network. Immutable; all names resolve.
#[derive(Clone, Debug)]
pub struct Spec {
    network: NetworkInfo,
    tokens: BTreeMap<Name, Token>,
    clocks: BTreeMap<Name, Clock>,
    supplies: BTreeMap<Name, Supply>,
    pools: BTreeMap<Name, PoolRule>,
    scores: BTreeMap<Name, ScoreRule>,
    pledges: BTreeMap<Name, PledgeRule>,
    faults: BTreeMap<Name, FaultRule>,
    allowances: BTreeMap<Name, AllowanceRule>,
    stakings: BTreeMap<Name, StakingRule>,
    locks: BTreeMap<Name, LockRule>,
    treasuries: BTreeMap<Name, TreasuryRule>,
    streams: BTreeMap<Name, StreamRule>,
    charges: BTreeMap<Name, ChargeRule>,
    credits: BTreeMap<Name, CreditRule>,
    service_fees: BTreeMap<Name, ServiceFeeRule>,
    fee: FeeRule,
    prices: BTreeMap<Name, PriceRule>,
    amm_pools: BTreeMap<Name, AmmPoolRule>,
    bindings: BTreeMap<Name, Binding>,
    service: Section,
    provenance: BTreeMap<String, Provenance>,
    text: String,
    warnings: Vec<Problem>,
    later: Vec<(VersionStart, Spec)>,
}

/// Declares a getter of one entry and one of all, and how a parameter version lends what another one lacks.
macro_rules! tables {
    ($($(#[$doc:meta])* $one:ident, $all:ident: $type:ty;)*) => {
        fn take_missing(&mut self, other: &Self) {
            $(for (name, entry) in &other.$all {
                self.$all.entry(*name).or_insert_with(|| entry.clone());
            })*
        }

        $(
        $(#[$doc])*
        pub fn $one(&self, name: Name) -> Option<&$type> {
            self.$all.get(&name)
        }

        /// All of them, by name.
        pub fn $all(&self) -> &BTreeMap<Name, $type> {
            &self.$all
        }
    )*};
}

impl Spec {
    /// Reads and checks a network file.
    ///
    /// # Errors
    /// Every problem found, in the order of the text.
    pub fn parse(text: &str) -> Result<Self, SpecErrors> {
        network::parse(text)
    }

    /// What could be read of a file with problems, of its first parameter version: for those who look for more of them. It may lack anything, and
    /// no network can run by it.
    pub fn draft(text: &str) -> Option<Self> {
        network::draft(text)
    }

    /// What the network is.
    pub const fn network(&self) -> &NetworkInfo {
        &self.network
    }

    tables! {
        /// A token.
        token, tokens: Token;
        /// A clock.
        clock, clocks: Clock;
        /// Cap, allocations and emission of a token.
        supply, supplies: Supply;
        /// A pool.
        pool, pools: PoolRule;
        /// How a group of pools shares its part.
        score, scores: ScoreRule;
        /// A kind of pledge.
        pledge, pledges: PledgeRule;
        /// A kind of fault.
        fault, faults: FaultRule;
        /// A kind of allowance.
        allowance, allowances: AllowanceRule;
        /// Delegated stake.
        staking, stakings: StakingRule;
        /// A kind of vote-escrow lock.
        lock, locks: LockRule;
        /// A fund.
        treasury, treasuries: TreasuryRule;
        /// A kind of stream.
        stream, streams: StreamRule;
        /// A kind of charge.
        charge, charges: ChargeRule;
        /// A credit, by its token.
        credit, credits: CreditRule;
        /// A kind of service fee.
        service_fee, service_fees: ServiceFeeRule;
        /// A pair with price reports.
        price, prices: PriceRule;
        /// An AMM pool.
        amm_pool, amm_pools: AmmPoolRule;
        /// What a metric is for.
        binding, bindings: Binding;
    }

    /// Transaction fees.
    pub const fn fee(&self) -> &FeeRule {
        &self.fee
    }

    /// Where each table's figures come from, by dotted path.
    pub const fn provenance(&self) -> &BTreeMap<String, Provenance> {
        &self.provenance
    }

    /// What is no mistake in the file, and its readers should know; of all parameter versions, in the order of the text.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The parameter versions that the file's changes begin, each with its own parameters, in order. This one is the first.
    pub fn later(&self) -> &[(VersionStart, Self)] {
        &self.later
    }

    /// An amount of base units in whole tokens: `1.5 FIL`.
    pub fn amount_text(&self, token: Name, units: Units) -> String {
        match self.tokens.get(&token) {
            Some(known) => format!("{} {token}", units.to_decimal(known.decimals)),
            None => format!("{units} base units of {token}"),
        }
    }

    /// The parameters in force at `at`, in a network that started at `genesis`.
    pub fn at(&self, genesis: Instant, at: Instant) -> &Self {
        if self.later.is_empty() {
            return self;
        }
        self.versions(genesis).take_while(|(start, _)| *start <= at).last().map_or(self, |(_, spec)| spec)
    }

    /// The parameters at `at`, with what only other parameter versions name.
    pub(crate) fn merged(&self, genesis: Instant, at: Instant) -> Self {
        let mut spec = self.at(genesis, at).clone();
        spec.later = self.later.clone();
        for (_, version) in self.versions(genesis) {
            spec.take_missing(version);
        }
        spec
    }

    /// Every parameter version with its start, in order; the first begins at the start of time.
    pub fn versions(&self, genesis: Instant) -> impl Iterator<Item = (Instant, &Self)> {
        std::iter::once((Instant::new(0), self)).chain(self.later.iter().map(move |(start, spec)| (start.of(genesis), spec)))
    }

    /// The text that was parsed, for showing it and for hashing it into a chain's identity.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Roles that genesis must fill: reporters, notaries, judges, keepers of treasuries, bridges.
    pub fn roles(&self) -> std::collections::BTreeSet<Name> {
        let reporters = self.prices.values().flat_map(|p| p.reporters.iter().copied());
        let judges = self.faults.values().filter_map(|f| f.appeal.map(|a| a.judge));
        let keepers = self.treasuries.values().flat_map(|t| t.spends.into_iter().chain(t.freezes));
        let bridges = self.tokens.values().filter_map(|t| t.bridged_by);
        let granters = self.allowances.values().map(|a| a.granted_by);
        let paid = self.pools.values().filter_map(|p| match p.method {
            Method::Direct(Target::Role(role)) => Some(role),
            _ => None,
        });
        let later = self.later.iter().flat_map(|(_, version)| version.roles());
        reporters
            .chain(self.service_roles())
            .chain(later)
            .chain(paid)
            .chain(granters)
            .chain(judges)
            .chain(keepers)
            .chain(bridges)
            .collect()
    }

    /// The roles that the network's service names in its own section and the tables of that, under the keys that are roles'.
    fn service_roles(&self) -> impl Iterator<Item = Name> {
        const KEYS: [&str; 6] = ["reporter", "arbiter", "speed-server", "locator", "assigner", "checker"];
        const fn table(entry: &document::Entry) -> Option<&document::Section> {
            match &entry.value {
                document::Value::Table(section) => Some(section),
                _ => None,
            }
        }
        let section = self.service.entries.get(self.network.service.as_str()).and_then(table);
        let inner = section.into_iter().flat_map(|section| section.entries.values().filter_map(table));
        section.into_iter().chain(inner).flat_map(|section| {
            KEYS.into_iter().filter_map(|key| match &section.entries.get(key)?.value {
                document::Value::Text(role) => role.parse().ok(),
                _ => None,
            })
        })
    }

    /// Lets a service read its own section `[service.<name>]`; unknown keys and figures without a source are errors there too.
    ///
    /// # Errors
    /// Every problem found; also when the section is missing.
    pub fn read_service<T>(&self, name: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, SpecErrors> {
        reader::read_service(self, name, read)
    }

    /// Turns `periods` of a clock into the number that one span holds; the parser made sure that it comes out even.
    pub(crate) fn clock_of(&self, name: Name) -> &Clock {
        self.clocks.get(&name).expect("the parser resolved every clock")
    }

    pub(crate) fn token_of(&self, name: Name) -> &Token {
        self.tokens.get(&name).expect("the parser resolved every token")
    }
}
