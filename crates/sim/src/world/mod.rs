//! A network at work in a simulation: the same economy as live, driven through the same meter.
//!
//! In: what a simulated society does in a day, as records of the service and actions of people. Out: exact balances, and what was minted,
//! burnt and paid, by a sink that only sums. Called by a run, once for each of its days. Absent on purpose: decisions, dollars (they are
//! in the book of cash), and the service's own proofs: a society that is simulated is believed.

mod bill;
mod joining;
mod meter;
mod opening;
mod parties;
mod stable;
mod stake;
mod sums;

pub use bill::{Billing, Contract, Form, Need};
pub use meter::{Load, MeterPlan};
pub use opening::{Opened, OpeningError, open};
pub use parties::{Party, WEEK, address};
pub use stake::Stakes;
pub use sums::Day;

use crate::{
    amount::{self, Scale},
    scenario::Scenario,
};
use depin_economy::Meter as _;
use depin_economy::{
    Action, Answers, BlockContext, Chance, Component, Current, Done, Economy, Fault, PledgeRecord, Reads, Record, Refusal,
    Register, Session, Spec, Subject, SupplyNow, audit, pair_of,
};
use depin_quantity::{Address, Decimal18, Instant, Name, Seed, Span, UnitId, Units};
use depin_services::descriptor::Service;
use depin_state::{Memory, State as _};
use stable::Stable;
use std::{collections::BTreeMap, sync::Arc};
use sums::Sums;

/// Work units of one call that closes periods; it is called until nothing is due.
const CLOSING: u32 = 1_000_000;

/// Providers that are reported at once: what their records say, and what undoes them, stays in the processor's caches, and memory does not
/// grow with a fleet.
const REPORTED: usize = 512;

/// A network at work.
pub struct World {
    economy: Arc<Economy>,
    service: &'static Service,
    state: Memory,
    genesis: Instant,
    now: Instant,
    /// Rounds of randomness so far: one with each step of time. Nobody in here tries to foresee them.
    round: u64,
    /// The randomness of this round.
    chance: Chance,
    sums: Sums,
    /// The main token.
    pub main: Name,
    /// Its decimals.
    pub scale: Scale,
    /// Who fills which role.
    pub roles: BTreeMap<Name, Address>,
    /// Who delegates and locks.
    pub stakes: Stakes,
    /// How a provider's day is reported under the rules in force.
    pub meter: MeterPlan,
    /// How use is paid under the rules in force.
    pub billing: Billing,
    /// When the rules in force began: plans are made anew when others come into force.
    version: Instant,
    /// Dollars for a whole main token, as the reporters told it last.
    reported: f64,
    /// What funds pay for other tokens, when the day began.
    worths: Vec<(Name, f64)>,
    /// The stablecoin that bills are paid in, or were under earlier rules.
    pub stable: Option<Stable>,
    /// Shares of AMM pools that the market maker has.
    pool_shares: BTreeMap<Name, u128>,
    /// What came and went over bridges so far, by number.
    deposits: u64,
    /// Records that were sent to the meter.
    pub records: u64,
    /// Records and actions that the rules refused.
    pub refused: u64,
}

impl World {
    /// The rules in force.
    pub fn spec(&self) -> &Spec {
        self.economy.spec_at(self.genesis, self.now)
    }

    /// Reads the ledger as it is now.
    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.state.as_read(), self.now)
    }

    /// The price that the ledger's reporters told last.
    pub const fn reported(&self) -> f64 {
        self.reported
    }

    fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let context = BlockContext::new(self.now, self.chance);
        let mut session = self.economy.session(&mut self.state, context, &mut self.sums);
        let value = run(&mut session);
        drop(session.notices());
        drop(session);
        self.state.settle();
        value
    }

    /// Lets time pass until `now`: the reporters tell `price`, clocks close, what is due is done, batches are paid. Refusals here would
    /// mean a state that the rules did not write.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn pass(&mut self, now: Instant, price: f64, scenario: &Scenario) -> Result<(), Refusal> {
        self.now = now;
        self.round += 1;
        self.chance = chance_of(self.round);
        self.reported = price;
        let version = self.version_at(now);
        self.worths = self.quote_worths();
        self.report_prices(price)?;
        loop {
            let closed = self.with(|session| session.close(CLOSING))?;
            if !closed.more {
                break;
            }
        }
        if version != self.version {
            self.version = version;
            self.plan(scenario);
        }
        Ok(())
    }

    /// When the rules in force at `now` began.
    fn version_at(&self, now: Instant) -> Instant {
        let versions = self.economy.spec().versions(self.genesis);
        versions.map(|(start, _)| start).take_while(|start| *start <= now).last().unwrap_or_default()
    }

    fn plan(&mut self, scenario: &Scenario) {
        let spec = self.economy.spec_at(self.genesis, self.now);
        self.meter = MeterPlan::new(self.service, spec, scenario);
        self.billing = Billing::new(self.service, spec, scenario, self.main);
        if let Some(stable) = &self.billing.stable {
            self.stable = Some(stable.clone());
        }
    }

    /// Every pair is reported: the main token at `price`, one that a fund redeems at what it pays, everything else at a dollar.
    fn report_prices(&mut self, price: f64) -> Result<(), Refusal> {
        let rules: Vec<(Name, Vec<Name>)> =
            self.spec().prices().iter().map(|(pair, rule)| (*pair, rule.reporters.clone())).collect();
        for (pair, reporters) in rules {
            let base = pair_of(pair).map(|(base, _)| base);
            let usd = match base {
                Some(base) if base == self.main => price,
                Some(base) => self.redeems_for(base).map_or(1.0, |each| each * price),
                None => price,
            };
            let price: Decimal18 = amount::price(usd);
            for reporter in reporters {
                let Some(who) = self.roles.get(&reporter).copied() else { continue };
                self.with(|session| session.report_price(who, pair, price))?;
            }
        }
        Ok(())
    }

    /// Main tokens that a fund paid for one whole token of another kind when the day began; nothing where no fund redeems it.
    pub fn redeems_for(&self, token: Name) -> Option<f64> {
        self.worths.iter().find(|(other, _)| *other == token).map(|(_, worth)| *worth)
    }

    /// What funds pay today for each token that they redeem.
    fn quote_worths(&self) -> Vec<(Name, f64)> {
        let tokens = self.spec().tokens().keys().copied().filter(|token| *token != self.main);
        tokens.filter_map(|token| Some((token, self.quote_worth(token)?))).collect()
    }

    fn quote_worth(&self, token: Name) -> Option<f64> {
        let (treasury, _) = self.redeeming(token)?;
        let scale = self.scale_of(token);
        // A thousand tokens, so that little is lost to rounding.
        let quote = self.reads().quote_redemption(treasury, scale.units(1_000.0)).ok()?;
        Some(self.scale.tokens(quote.paid.get()) / 1_000.0)
    }

    fn redeeming(&self, token: Name) -> Option<(Name, Name)> {
        let funds = self.spec().treasuries().iter();
        funds
            .filter_map(|(name, rule)| Some((*name, rule.redeem?)))
            .find(|(_, rule)| rule.burns == token && rule.pays == self.main)
            .map(|(name, rule)| (name, rule.pays))
    }

    /// Tokens other than the main one that a fund redeems for it.
    pub fn redeemable(&self) -> Vec<Name> {
        self.worths.iter().map(|(token, _)| *token).collect()
    }

    /// A token's decimals.
    pub fn scale_of(&self, token: Name) -> Scale {
        Scale::new(self.spec().token(token).map_or(0, |token| token.decimals))
    }

    /// What a party may spend of the main token.
    pub fn held(&self, who: Address) -> u128 {
        self.reads().wallet(who, self.main).held.get()
    }

    /// What a party may spend of any token.
    pub fn held_of(&self, who: Address, token: Name) -> u128 {
        self.reads().wallet(who, token).held.get()
    }

    /// Where the main token's supply is.
    pub fn supply(&self) -> Option<SupplyNow> {
        self.reads().supply(self.main)
    }

    /// Does what a party asks for. A refusal is counted, and changes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn act(&mut self, who: Address, action: &Action) -> Result<Done, Refusal> {
        let done = self.with(|session| session.act(who, action));
        self.refused += u64::from(done.is_err());
        done
    }

    /// Sends one record. A refusal is counted, and changes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn send(&mut self, record: &Record) -> Result<(), Refusal> {
        self.records += 1;
        let answer = self.with(|session| session.record(record));
        self.refused += u64::from(answer.is_err());
        answer.map(drop)
    }

    /// Sends many records. Refusals are counted.
    pub fn send_all(&mut self, records: &[Record]) -> Answers {
        self.records += records.len() as u64;
        let answers = self.with(|session| session.record_all(records));
        self.refused += answers.refused.len() as u64;
        answers
    }

    /// Sends main tokens from one party to another, at most what the one has; gives how much moved.
    pub fn transfer(&mut self, from: Address, to: Address, amount: u128) -> u128 {
        self.transfer_of(self.main, from, to, amount)
    }

    /// Sends tokens from one party to another, at most what the one has; gives how much moved.
    pub fn transfer_of(&mut self, token: Name, from: Address, to: Address, amount: u128) -> u128 {
        let amount = amount.min(self.held_of(from, token));
        if amount == 0 || from == to {
            return 0;
        }
        match self.with(|session| session.transfer(from, to, token, Units::new(amount))) {
            Ok(()) => amount,
            Err(_) => {
                self.refused += 1;
                0
            }
        }
    }

    /// What many parties may spend of some tokens, by token, in order.
    pub fn all_held(&self, tokens: &[Name], all: &[Address]) -> Vec<Vec<u128>> {
        let held = self.reads().all_held(tokens, all).into_iter();
        held.map(|of_token| of_token.into_iter().map(Units::get).collect()).collect()
    }

    /// Sends main tokens for many, in order, each at most what the one has; gives how much moved of each.
    pub fn transfers(&mut self, all: impl Iterator<Item = (Address, Address, u128)>) -> Vec<u128> {
        let (main, mut refused) = (self.main, 0);
        let moved = self.with(|session| {
            let moves = all.map(|(from, to, amount)| {
                if amount == 0 || from == to {
                    return 0;
                }
                if session.transfer(from, to, main, Units::new(amount)).is_ok() {
                    return amount;
                }
                // What was asked for is more than there is: then all of it.
                let held = session.reads().wallet(from, main).held.get().min(amount);
                if held > 0 && session.transfer(from, to, main, Units::new(held)).is_ok() {
                    return held;
                }
                refused += u64::from(held > 0);
                0
            });
            moves.collect()
        });
        self.refused += refused;
        moved
    }

    /// Sends a token of many to one, of each at most what it has; gives how much moved of each.
    pub fn gather(&mut self, token: Name, to: Address, all: impl Iterator<Item = (Address, u128)>) -> Vec<u128> {
        let answers = self.with(|session| session.gather(token, to, all.map(|(from, amount)| (from, Units::new(amount)))));
        self.refused += answers.iter().filter(|answer| answer.is_err()).count() as u64;
        answers.into_iter().map(|answer| answer.map_or(0, Units::get)).collect()
    }

    /// A provider takes part: it is registered, and its collateral is locked.
    ///
    /// # Errors
    /// [`Refusal`] when it lacks the collateral.
    pub fn enlist(&mut self, who: Address, load: &Load) -> Result<(), Refusal> {
        let subject = Subject::Party(who);
        if self.reads().registered(subject).is_none() {
            self.send(&Record::Register(Register { subject, phase: 0 }))?;
        }
        for pledge in self.meter.pledges(load) {
            if self.reads().pledge(subject, pledge.kind).is_none() {
                let until = self.now.later(Span::from_days(365));
                self.send(&Record::Pledge(PledgeRecord::Lock { subject, kind: pledge.kind, basis: pledge.basis, until }))?;
            }
        }
        Ok(())
    }

    /// A provider's collateral follows its size.
    ///
    /// # Errors
    /// [`Refusal`] when it lacks the collateral.
    pub fn resize(&mut self, who: Address, load: &Load) -> Result<(), Refusal> {
        let subject = Subject::Party(who);
        for pledge in self.meter.pledges(load) {
            let until = self.now.later(Span::from_days(365));
            let (kind, basis) = (pledge.kind, pledge.basis);
            // What was too small to be pledged may not be any more.
            let record = match self.reads().pledge(subject, kind) {
                Some(_) => PledgeRecord::Resize { subject, kind, basis, until },
                None => PledgeRecord::Lock { subject, kind, basis, until },
            };
            self.send(&Record::Pledge(record))?;
        }
        Ok(())
    }

    /// A provider leaves: its metrics end, which pays what it accrued, and its collateral is released.
    pub fn discharge(&mut self, who: Address, load: &Load) {
        let subject = Subject::Party(who);
        let records: Vec<Record> = self.currents(&[(who, Load { class: load.class, ..Load::default() })]);
        self.send_all(&records);
        for pledge in self.meter.pledges(load) {
            if self.reads().pledge(subject, pledge.kind).is_some() {
                let _ = self.send(&Record::Pledge(PledgeRecord::Release { subject, kind: pledge.kind }));
            }
        }
    }

    /// The fault by which false claims are found out, and the metric it is counted on, where the rules in force have it.
    pub fn false_claim(&self, scenario: &Scenario) -> Option<(Name, Name)> {
        let kind = self.service.fault(scenario.unit.false_claim.parse().ok()?)?;
        self.spec().fault(kind.name)?;
        Some((kind.name, kind.affected))
    }

    /// Reports a fault of a provider, counted on a load. A refusal is counted.
    pub fn fault(&mut self, who: Address, (kind, metric): (Name, Name), load: &Load) {
        let affected = Component { metric, quantity: self.meter.quantity(metric, load) };
        let _ = self.send(&Record::Fault(Fault { subject: Subject::Party(who), kind, affected, reporter: None }));
    }

    /// What a provider's collateral would be, in base units of the main token.
    pub fn collateral(&self, load: &Load) -> u128 {
        let quotes = self.meter.pledges(load).into_iter().filter_map(|pledge| {
            let rule = self.spec().pledge(pledge.kind)?;
            (rule.token == self.main).then(|| self.reads().quote_pledge(pledge.kind, pledge.basis).ok())?
        });
        quotes.map(Units::get).fold(0, u128::saturating_add)
    }

    /// What providers keep ready and serve holds from now on; what each accrued so far is paid to it.
    pub fn report(&mut self, loads: &[(Address, Load)]) {
        for some in loads.chunks(REPORTED) {
            let records = self.currents(some);
            self.send_all(&records);
        }
    }

    fn currents(&self, loads: &[(Address, Load)]) -> Vec<Record> {
        let groups = self.meter.groups_most();
        let mut records = Vec::with_capacity(loads.len() * groups);
        // All records of the same metrics behind each other: the ledger takes them as one run.
        for group in 0..groups {
            for (who, load) in loads.iter().filter(|(_, load)| group < self.meter.groups(load.class)) {
                let components = self.meter.components(group, load);
                records.push(Record::Current(Current { subject: Subject::Party(*who), components }));
            }
        }
        records
    }

    /// What happened since it was asked last.
    pub fn take_day(&mut self) -> Day {
        let spec = self.economy.spec_at(self.genesis, self.now);
        self.sums.take(spec, self.main)
    }

    /// Recomputes everything that must hold; gives how many accounts were checked, and what does not hold.
    pub fn audit(&self) -> (u64, Vec<String>) {
        let report = audit(self.economy.spec(), self.state.as_read());
        let checked = report.tokens.iter().map(|token| token.wallets + token.accounts).sum();
        (checked, report.violations.iter().map(ToString::to_string).collect())
    }
}

/// The randomness of a round.
fn chance_of(round: u64) -> Chance {
    Chance::new(round, Seed::derive("depin-sim-round", &[&round.to_be_bytes()]))
}

/// An id of something that a party began: unique by party and number.
pub fn id_of(who: Address, kind: u8, number: u64) -> UnitId {
    let mut bytes = who.get();
    // No address of a party says anything here, and what is like an address stands in its order.
    bytes[6] = kind;
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    UnitId::new(bytes)
}
