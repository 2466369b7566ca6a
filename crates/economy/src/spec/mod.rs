//! Network files as checked parameters.
//!
//! In: the text of a `network.toml`. Out: [`Spec`], in which every name resolves and every figure is in range and carries its
//! source, or [`SpecErrors`] with all problems found, each with its place, what is allowed and a hint. Called once, before a
//! network starts. Absent on purpose: files, defaults that no file states, the rules themselves. Sections under `[service]`
//! belong to the service crates, which read them through [`Spec::read_service`] with the same reader and the same errors.

mod bind;
mod document;
mod incentive;
mod network;
mod problem;
mod reader;
mod supply;
mod utility;

pub use bind::{Binding, Boost};
pub use document::{Provenance, Section};
pub use incentive::{AllowanceRule, FaultFee, FaultRule, Method, PledgeRule, PoolRule, RewardVesting};
pub use network::{Clock, NetworkInfo, Origin, Token};
pub use problem::{Problem, SpecErrors};
pub use reader::Reader;
pub use supply::{Allocation, AllocationVesting, Cap, CapKind, Emission, Supply, VestingRow};
pub use utility::{BondFate, FeeRule, PriceRule, StreamRule, VenueRule};

use depin_quantity::Name;
use std::collections::BTreeMap;

/// The checked parameters of one network. Immutable; all names resolve.
#[derive(Clone, Debug)]
pub struct Spec {
    network: NetworkInfo,
    tokens: BTreeMap<Name, Token>,
    clocks: BTreeMap<Name, Clock>,
    supplies: BTreeMap<Name, Supply>,
    pools: BTreeMap<Name, PoolRule>,
    pledges: BTreeMap<Name, PledgeRule>,
    faults: BTreeMap<Name, FaultRule>,
    allowances: BTreeMap<Name, AllowanceRule>,
    streams: BTreeMap<Name, StreamRule>,
    fee: FeeRule,
    prices: BTreeMap<Name, PriceRule>,
    venues: BTreeMap<Name, VenueRule>,
    bindings: BTreeMap<Name, Binding>,
    service: Section,
    provenance: BTreeMap<String, Provenance>,
    text: String,
}

/// Declares a getter of one entry and one of all.
macro_rules! tables {
    ($($(#[$doc:meta])* $one:ident, $all:ident: $type:ty;)*) => {$(
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
        /// A kind of pledge.
        pledge, pledges: PledgeRule;
        /// A kind of fault.
        fault, faults: FaultRule;
        /// A kind of allowance.
        allowance, allowances: AllowanceRule;
        /// A kind of stream.
        stream, streams: StreamRule;
        /// A pair with price reports.
        price, prices: PriceRule;
        /// A venue.
        venue, venues: VenueRule;
        /// What a measure is for.
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

    /// The text that was parsed, for showing it and for hashing it into a chain's identity.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Roles that genesis must fill: reporters and notaries.
    pub fn roles(&self) -> std::collections::BTreeSet<Name> {
        let reporters = self.prices.values().flat_map(|p| p.reporters.iter().copied());
        reporters.chain(self.allowances.values().map(|a| a.granted_by)).collect()
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
