//! The network as it is when a run begins: it has lived by its rules since it was launched.
//!
//! In: the rules and the scenario. Out: a ledger at the scenario's start, from which every run takes a branch. Before the start one party,
//! the elder, stands for all providers: it has weight in every pool that shares by metrics, so that every emission is minted as the rules
//! say, and holds what it got. Time passes in months; the rules close every period of them. A network that is to start fresh is launched a
//! month before, since without any token nobody could stake or trade.

use super::{Billing, MeterPlan, Party, Stakes, World, address, chance_of, sums::Sums};
use crate::{
    amount::{self, Scale},
    scenario::{Opening, Scenario},
};
use depin_economy::{
    Action, BlockContext, Chance, Component, Components, Current, Economy, Genesis, Record, Refusal, Register, SeedRow, Spec,
    Subject,
};
use depin_quantity::{Address, Instant, Measured, Name, Span, Units};
use depin_services::descriptor::{Service, service};
use depin_state::{Memory, State as _};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const MONTH: Span = Span::from_days(30);

/// A network that stands at the start of a run.
pub struct Opened {
    economy: Arc<Economy>,
    service: &'static Service,
    state: Mutex<Memory>,
    genesis: Instant,
    /// When runs begin.
    pub start: Instant,
    main: Name,
    roles: BTreeMap<Name, Address>,
    stakes: Stakes,
}

/// Why a network cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// The file's service is not known.
    #[error("service `{0}` has no descriptor")]
    Service(Name),
    /// An aged network needs a date of launch.
    #[error("the network's file has no [network] launch before the scenario's start; write one, or opening = \"fresh\"")]
    Launch,
    /// The genesis was refused.
    #[error(transparent)]
    Genesis(#[from] depin_economy::GenesisError),
    /// The rules refused something that must not be.
    #[error("before the run began: {0}")]
    Refused(#[from] Refusal),
}

/// Lets a network live until the scenario's start.
///
/// # Errors
/// [`OpeningError`].
pub fn open(spec: Spec, scenario: &Scenario) -> Result<Opened, OpeningError> {
    let name = spec.network().service;
    let service = service(name.as_str()).ok_or(OpeningError::Service(name))?;
    let start = scenario.horizon.start;
    let launch = match scenario.horizon.opening {
        Opening::Aged => spec.network().launch.filter(|launch| *launch < start).ok_or(OpeningError::Launch)?,
        Opening::Fresh => Instant::new(start.get().saturating_sub(MONTH.get())),
    };
    let main = spec.fee().token;
    let roles: BTreeMap<Name, Address> =
        spec.roles().into_iter().zip(0..).map(|(role, n)| (role, address(Party::Role(n)))).collect();
    let mut opened = Opened {
        economy: Arc::new(Economy::new(spec)),
        service,
        state: Mutex::new(Memory::new()),
        genesis: launch,
        start: launch,
        main,
        roles,
        stakes: Stakes::of(scenario.stakers.len()),
    };
    let mut world = opened.world(scenario);
    world.launch(launch)?;
    let mut at = launch;
    while at < start {
        at = at.later(MONTH).min(start);
        world.live_until(at, scenario)?;
    }
    opened.stakes = world.stakes.clone();
    opened.state = Mutex::new(world.state);
    opened.start = start;
    Ok(opened)
}

impl Opened {
    /// A world of its own that begins here. It shares what neither changes.
    pub fn world(&self, scenario: &Scenario) -> World {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).branch();
        let spec = self.economy.spec_at(self.genesis, self.start);
        let round = state.as_read().rows::<SeedRow>().last().map_or(0, |(round, _)| round);
        let billing = Billing::new(self.service, spec, scenario, self.main);
        World {
            service: self.service,
            state,
            genesis: self.genesis,
            now: self.start,
            sums: Sums::default(),
            main: self.main,
            scale: Scale::new(spec.token(self.main).map_or(0, |token| token.decimals)),
            roles: self.roles.clone(),
            stakes: self.stakes.clone(),
            meter: MeterPlan::new(self.service, spec, scenario),
            stable: billing.stable.clone(),
            billing,
            version: self
                .economy
                .spec()
                .versions(self.genesis)
                .map(|(at, _)| at)
                .take_while(|at| *at <= self.start)
                .last()
                .unwrap_or_default(),
            reported: scenario.market.start.value,
            round,
            chance: chance_of(round),
            economy: Arc::clone(&self.economy),
            worths: Vec::new(),
            pool_shares: BTreeMap::new(),
            deposits: 0,
            records: 0,
            refused: 0,
        }
    }
}

impl World {
    /// The network is launched: every allocation belongs to the holders.
    fn launch(&mut self, launch: Instant) -> Result<(), OpeningError> {
        let holders = address(Party::Holders);
        let mut owners = Vec::new();
        for (token, supply) in self.economy.spec().supplies() {
            use depin_economy::AllocationVesting::{Emitted, Unallocated};
            let owned = supply.allocations.iter().filter(|part| !matches!(part.vesting, Emitted | Unallocated));
            owners.extend(owned.map(|part| (*token, part.to, holders)));
        }
        let genesis = Genesis { roles: self.roles.iter().map(|(role, who)| (*role, *who)).collect(), owners, grants: Vec::new() };
        let context = BlockContext::new(launch, Chance::NONE);
        self.economy.session(&mut self.state, context, &mut self.sums).genesis(&genesis)?;
        self.state.settle();
        self.send(&Record::Register(Register { subject: Subject::Party(address(Party::Elder)), phase: 0 }))?;
        self.weigh_elder(true);
        Ok(())
    }

    /// One step before the run: time passes, and what is due to the elder, the holders and the stakers is taken.
    fn live_until(&mut self, at: Instant, scenario: &Scenario) -> Result<(), OpeningError> {
        self.pass(at, scenario.market.start.value, scenario)?;
        self.weigh_elder(true);
        self.take_rewards(address(Party::Elder));
        self.take_allocations();
        self.stake_shares(scenario);
        self.take_day();
        Ok(())
    }

    /// Stakers hold their share of what circulates, where stake earns something.
    fn stake_shares(&mut self, scenario: &Scenario) {
        if self.offer().is_none() {
            return;
        }
        let circulating = self.circulating();
        for (group, stakers) in scenario.stakers.values().enumerate() {
            self.claim_stake(group);
            let wanted = amount::whole(circulating * stakers.share.value);
            let has = self.stake_of(group);
            let more = wanted.saturating_sub(has);
            let who = self.stakes.places[group].who;
            for from in [Party::Holders, Party::Elder] {
                let lacks = more.saturating_sub(self.held(who));
                self.transfer(address(from), who, lacks);
            }
            self.stake(group, more);
            // What stake earned and is not staked again is anybody's.
            self.transfer(who, address(Party::Holders), u128::MAX);
        }
    }

    /// Base units that are neither locked up nor unvested, with what is staked.
    pub fn circulating(&self) -> f64 {
        self.supply().map_or(0.0, |supply| supply.circulating.get() as f64)
    }

    /// The elder has one of everything that weighs in a pool, or nothing any more.
    pub fn weigh_elder(&mut self, weighs: bool) {
        let bound = self.spec().bindings().iter().filter(|(_, binding)| binding.pool.is_some());
        let one = |metric: &Name| Component { metric: *metric, quantity: Measured::new(u128::from(weighs)) };
        let mut components: Vec<Component> = Vec::new();
        for (metric, binding) in bound {
            components.push(one(metric));
            if let Some(boost) = binding.boost {
                components.insert(0, one(&boost.of));
            }
        }
        let subject = Subject::Party(address(Party::Elder));
        let chunks = components.chunks(2).filter_map(|some| Components::new(some.iter().copied()).ok());
        let records: Vec<Record> = chunks.map(|components| Record::Current(Current { subject, components })).collect();
        self.send_all(&records);
    }

    /// A party takes what pools owe it and what has vested.
    pub fn take_rewards(&mut self, who: Address) {
        let _ = self.act(who, &Action::Claim { after: None });
        self.withdraw_vested(who);
    }

    /// Whether rewards of some pool vest.
    pub fn vests(&self) -> bool {
        self.spec().pools().values().any(|pool| pool.vesting.is_some())
    }

    /// A party takes what of its rewards has vested.
    pub fn withdraw_vested(&mut self, who: Address) {
        if self.vests() {
            let _ = self.act(who, &Action::WithdrawVested { token: self.main, most: None });
        }
    }

    /// The holders take what has vested of allocations; gives how much of the main token came.
    pub fn take_allocations(&mut self) -> u128 {
        let holders = address(Party::Holders);
        let before = self.held(holders);
        let mut parts = Vec::new();
        for (token, supply) in self.spec().supplies() {
            parts.extend(supply.allocations.iter().map(|part| (*token, part.to)));
        }
        for (token, allocation) in parts {
            let open = self.reads().allocation(token, allocation).filter(|now| now.owner == Some(holders));
            let free = open.is_some_and(|now| now.vested > now.released);
            if free {
                let _ = self.act(holders, &Action::TakeAllocation { token, allocation });
            }
        }
        self.held(holders).saturating_sub(before)
    }

    /// Redeems tokens at their fund, as far as its daily limit lets them out; gives how many main tokens came.
    pub fn redeem(&mut self, who: Address, token: Name, burned: u128) -> u128 {
        let Some((treasury, _)) = self.redeeming(token) else { return 0 };
        let burned = burned.min(self.held_of(who, token));
        let Ok(quote) = self.reads().quote_redemption(treasury, Units::new(burned)) else { return 0 };
        if quote.frozen || burned == 0 {
            return 0;
        }
        // Half as much, and half again, until it fits the limit.
        let most = quote.most.map_or(u128::MAX, Units::get);
        let (mut burned, mut paid) = (burned, quote.paid.get());
        while paid > most && burned > 0 {
            burned /= 2;
            paid /= 2;
        }
        let before = self.held(who);
        if burned > 0 && paid > 0 {
            let _ = self.act(who, &Action::Redeem { treasury, burned: Units::new(burned), least: Units::ZERO });
        }
        self.held(who).saturating_sub(before)
    }
}
