//! One economy at work on one state.

pub mod action;
pub mod context;
pub mod event;
pub mod genesis;
pub mod named;
pub mod refusal;
pub mod rows;
pub mod sink;
pub mod work;

use crate::{
    Answer, BlockContext, BlockFees, Chance, Claimed, Event, FeeCharged, Genesis, GenesisError, Meter, Notice, Reads, Record,
    Refusal, Schedule, Sink, Spec, session::work::Work,
};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, UnitId, Units};
use depin_state::{ReadState, State};

use crate::{
    reward::batch::PAYOUTS_PER_UNIT,
    time::{
        clock::{CurrentClocks, genesis_of},
        close::{Progress, STEPS_PER_UNIT},
        due::first_due,
    },
};

/// The checked rules of one network. Immutable and without memory of its own: everything that lasts is in the state, so the same
/// economy serves a live chain, a simulation, and sibling blocks at once.
#[derive(Clone, Debug)]
pub struct Economy {
    spec: Spec,
}

impl Economy {
    /// An economy by these parameters.
    pub const fn new(spec: Spec) -> Self {
        Self { spec }
    }

    /// The parameters of the first parameter version, which knows the others.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The parameters in force at `now`, in a network that started at `genesis`.
    pub fn spec_at(&self, genesis: Instant, now: Instant) -> &Spec {
        self.spec.at(genesis, now)
    }

    /// The schedules of a network that started at `genesis`: what emissions and pools give, without any state.
    pub const fn schedule(&self, genesis: Instant) -> Schedule<'_> {
        Schedule::new(&self.spec, genesis)
    }

    /// Begins work on `state` in a block; everything that happens goes to `events`.
    pub fn session<'a>(
        &'a self,
        state: &'a mut (dyn State + 'a),
        BlockContext { now, chance, .. }: BlockContext,
        events: &'a mut (dyn Sink<Event> + 'a),
    ) -> Session<'a> {
        let genesis = genesis_of(state.as_read(), now);
        let spec = self.spec.at(genesis, now);
        let mut session = Session {
            spec,
            versions: &self.spec,
            genesis,
            state,
            now,
            chance,
            events,
            notices: Vec::new(),
            current: CurrentClocks::default(),
        };
        if !std::ptr::eq(spec, &raw const self.spec) {
            session.directly().start_new_clocks();
        }
        session
    }

    /// Reads what the state says at `now`.
    pub fn reads<'a>(&'a self, state: &'a (dyn ReadState + 'a), now: Instant) -> Reads<'a> {
        Reads::new(&self.spec, state, now)
    }
}

/// One economy at work on one state at one time. Every operation is whole: refused, it changed nothing and told nobody.
pub struct Session<'a> {
    spec: &'a Spec,
    versions: &'a Spec,
    genesis: Instant,
    state: &'a mut (dyn State + 'a),
    now: Instant,
    chance: Chance,
    events: &'a mut (dyn Sink<Event> + 'a),
    notices: Vec<Notice>,
    current: CurrentClocks,
}

/// What [`Session::record_all`] answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Records that were refused, by their place among all, in order; the others were accepted.
    pub refused: Vec<(usize, Refusal)>,
}

/// What a call of [`Session::close`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Work units used.
    pub used: u32,
    /// Whether work that is due was left for the next call.
    pub more: bool,
}

impl Session<'_> {
    /// Starts the network at the session's time.
    ///
    /// # Errors
    /// [`GenesisError`], and then nothing changed.
    pub fn genesis(&mut self, genesis: &Genesis) -> Result<(), GenesisError> {
        self.atomically(|work| work.begin(genesis))
    }

    /// Goes through time up to now, from one due job to the next: first closes the periods that had ended by then, of every clock,
    /// then pays batches, then does the job. So a long jump gives what many short steps would. At most `work` units are done: one
    /// clock, one job, or some payouts of a batch are one unit. What is left is due in the next call, so a backlog shrinks and never
    /// stops a block. A new round of randomness is taken in before, and draws that waited for it are run.
    ///
    /// # Errors
    /// None is reachable by records: a refusal here means that the state was written by somebody else.
    pub fn close(&mut self, work: u32) -> Result<Closed, Refusal> {
        self.directly().keep_seed();
        let (mut used, mut done, mut reached) = (0, None, None);
        while used < work {
            let due = first_due(self.state.as_read(), done, self.now);
            let until = due.map_or(self.now, |(at, ..)| at);
            if reached != Some(until) {
                let left = self.close_until(until, work - used)?;
                used = work - left;
                reached = Some(until);
                continue;
            }
            let Some(job) = due else { return Ok(Closed { used, more: false }) };
            self.atomically(|work| work.do_due(job))?;
            (used, done) = (used + 1, Some(job));
        }
        let behind = |clock: &Name| self.reads().clock(*clock).is_some_and(|row| self.reads().period(*clock) > Some(row.next));
        let more = self.reads().has_due() || self.spec.clocks().keys().any(behind);
        Ok(Closed { used, more })
    }

    /// Closes the periods that had ended at `until` and pays batches, with at most `left` units; gives how many are left.
    fn close_until(&mut self, until: Instant, mut left: u32) -> Result<u32, Refusal> {
        let clocks = Schedule::new(self.versions, self.genesis).spec_at(until).clocks();
        for clock in clocks.keys() {
            let mut more = true;
            while more && left > 0 {
                let progress = self.atomically(|work| work.as_of(until, |work| work.close_some(*clock, STEPS_PER_UNIT)))?;
                left -= u32::from(progress != Progress::Nothing);
                more = progress == Progress::More;
            }
        }
        while left > 0 {
            // Many at once, but no more than the processor's caches hold: their rows are read, then deleted.
            let units = usize::try_from(left).unwrap_or(usize::MAX);
            let most = PAYOUTS_PER_UNIT.saturating_mul(units).min(64 * PAYOUTS_PER_UNIT);
            let paid = self.directly().pay_batch(most)?;
            if paid == 0 {
                break;
            }
            left = left.saturating_sub(u32::try_from(paid.div_ceil(PAYOUTS_PER_UNIT)).unwrap_or(u32::MAX));
        }
        Ok(left)
    }

    /// Sends tokens from one party to another. Reads and writes two rows.
    ///
    /// # Errors
    /// Unknown or non-transferable token, zero, debt of the sender, too little money.
    pub fn transfer(&mut self, from: Address, to: Address, token: Name, amount: Units) -> Result<(), Refusal> {
        self.directly().transfer(from, to, token, amount)
    }

    /// Sends `token` from many parties to one: of each so much, or all that it has. Gives how much, in order. One that is refused stops no other,
    /// and changes nothing. For simulations: what comes of the same transfers one by one, in less time.
    pub fn gather(
        &mut self,
        token: Name,
        to: Address,
        from: impl IntoIterator<Item = (Address, Units)>,
    ) -> Vec<Result<Units, Refusal>> {
        self.directly().gather(token, to, &mut from.into_iter())
    }

    /// Takes a transaction's fee, `work * (base fee + tip)`, into `block`. Reads and writes one row.
    ///
    /// # Errors
    /// Too little money, and nothing pledged under which the fee could be owed. Debt does not matter: a debtor may pay to repay.
    pub fn charge_fee(&mut self, payer: Address, work: u64, tip: Units, block: &mut BlockFees) -> Result<FeeCharged, Refusal> {
        self.directly().charge_fee(payer, work, tip, block)
    }

    /// Takes what `bytes` of rows that a transaction added cost, `bytes * work per byte * base fee of rows`, into `block`; gives what was taken.
    /// Reads and writes one row.
    ///
    /// # Errors
    /// Too little money. Debt does not matter.
    pub fn charge_rows(&mut self, payer: Address, bytes: u64, block: &mut BlockFees) -> Result<Units, Refusal> {
        self.directly().charge_rows(payer, bytes, block)
    }

    /// Ends a block's fees: burns the base fees, pays the tips to `proposer`, sets the next block's base fee. Once per block, also
    /// without any fee.
    ///
    /// # Errors
    /// None is reachable while balances stay below the cap.
    pub fn finish_fees(&mut self, block: BlockFees, proposer: Address) -> Result<(), Refusal> {
        self.atomically(|work| work.finish_fees(block, proposer))
    }

    /// Settles and pays what a party's units accrued, up to [`crate::CLAIM_UNITS_MAX`] units after `after`.
    ///
    /// # Errors
    /// None is reachable; nothing to claim is an empty answer.
    pub fn claim(&mut self, who: Address, after: Option<UnitId>) -> Result<Claimed, Refusal> {
        self.atomically(|work| work.claim(who, after))
    }

    /// Moves rewards of `token` that have vested into the wallet, at most `most`; debt is repaid first. Gives how much moved.
    ///
    /// # Errors
    /// Unknown token; debt that remains.
    pub fn withdraw_vested(&mut self, who: Address, token: Name, most: Option<Units>) -> Result<Units, Refusal> {
        self.atomically(|work| {
            work.repay(who, token)?;
            work.owes_nothing(who, token)?;
            work.release_vested(who, token, most)
        })
    }

    /// Repays fees owed in `token` as far as vested rewards, locked rewards and the wallet go. Gives how much was repaid.
    ///
    /// # Errors
    /// Unknown token.
    pub fn repay(&mut self, who: Address, token: Name) -> Result<Units, Refusal> {
        self.atomically(|work| work.repay(who, token))
    }

    /// Takes what has vested of a genesis allocation into its owner's wallet. Gives how much.
    ///
    /// # Errors
    /// Unknown allocation; somebody else's.
    pub fn take_allocation(&mut self, owner: Address, token: Name, allocation: Name) -> Result<Units, Refusal> {
        self.atomically(|work| work.take_allocation(owner, token, allocation))
    }

    /// Grants allowance; only the account that fills the kind's role may.
    ///
    /// # Errors
    /// Unknown kind, wrong account, zero.
    pub fn grant_allowance(&mut self, notary: Address, kind: Name, party: Address, amount: Measured) -> Result<(), Refusal> {
        self.atomically(|work| work.grant_allowance(notary, kind, party, amount))
    }

    /// Takes a price report.
    ///
    /// # Errors
    /// Unknown pair, wrong account, zero.
    pub fn report_price(&mut self, reporter: Address, pair: Name, price: Decimal18) -> Result<(), Refusal> {
        self.atomically(|work| work.report_price(reporter, pair, price))
    }

    /// Funds an AMM pool with at most `a` and `b` of its tokens in name order. Gives shares.
    ///
    /// # Errors
    /// Unknown AMM pool, too little to give a share, too little money.
    pub fn fund_amm_pool(&mut self, owner: Address, amm_pool: Name, a: Units, b: Units) -> Result<u128, Refusal> {
        self.atomically(|work| work.fund_amm_pool(owner, amm_pool, a, b))
    }

    /// Takes shares out of an AMM pool. Gives what they were worth of its tokens in name order.
    ///
    /// # Errors
    /// Unknown AMM pool, zero, more than one's own.
    pub fn withdraw_amm_pool(&mut self, owner: Address, amm_pool: Name, shares: u128) -> Result<(Units, Units), Refusal> {
        self.atomically(|work| work.withdraw_amm_pool(owner, amm_pool, shares))
    }

    /// Swaps `given` of `token` for at least `least` of the AMM pool's other token. Gives what came out.
    ///
    /// # Errors
    /// Unknown AMM pool or token, debt, a result of nothing or below `least`, too little money.
    pub fn swap(&mut self, who: Address, amm_pool: Name, token: Name, given: Units, least: Units) -> Result<Units, Refusal> {
        self.atomically(|work| work.swap(who, amm_pool, token, given, least))
    }

    /// Takes many records, one after the other, each as [`Meter::record`] does: one that is refused changes nothing and stops none
    /// behind it. For simulations and services that report for many at once.
    pub fn record_all(&mut self, records: &[Record]) -> Answers {
        let (mut answers, mut index) = (Answers::default(), 0);
        while index < records.len() {
            let refused = &mut answers.refused;
            let taken = self.directly().in_a_row(&records[index..], &mut |at, refusal| refused.push((index + at, refusal)));
            index += taken;
            if taken == 0 {
                if let Err(refusal) = self.atomically(|work| work.record(&records[index])) {
                    answers.refused.push((index, refusal));
                }
                index += 1;
            }
        }
        answers
    }

    /// The state itself, for the service that shares it: it writes rows of its own tables between its records.
    pub fn state(&mut self) -> &mut dyn State {
        // Whoever has it may roll back to a mark of before.
        self.current.forget();
        &mut *self.state
    }

    /// Reads the state as it is now.
    pub fn reads(&self) -> Reads<'_> {
        Reads::new(self.versions, self.state.as_read(), self.now)
    }

    /// For operations that check everything before they write.
    pub(crate) fn directly(&mut self) -> Work<'_> {
        let (versions, genesis, chance) = (self.versions, self.genesis, self.chance);
        Work {
            versions,
            genesis,
            chance,
            spec: self.spec,
            state: &mut *self.state,
            now: self.now,
            events: &mut *self.events,
            notices: &mut self.notices,
            current: &mut self.current,
        }
    }

    /// Runs an operation that leaves no trace when it fails. What it wrote can still be undone by whoever marked the state before.
    pub(crate) fn atomically<T, E>(&mut self, run: impl FnOnce(&mut Work<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut work = self.directly();
        let begun = work.begun();
        let result = run(&mut work);
        if result.is_err() {
            work.undo(begun);
        }
        result
    }
}

impl Meter for Session<'_> {
    fn record(&mut self, record: &Record) -> Answer {
        self.atomically(|work| work.record(record))
    }

    fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
}
