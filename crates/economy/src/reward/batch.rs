//! Weight that is accrued in a period, and its payment when the period is over.
//!
//! In: `Accrued` records. Out: payouts in the order of natural ids, some per block, until the period's batch is paid; or, in a lazy
//! pool, when an owner claims. `payout = floor(amount * weight / all weight)`; what rounding leaves joins the pool's next period.
//!
//! A batch runs straight on the state: rows are read in key order, every wallet once per call, and nothing is kept to undo, since
//! everything that a payout needs is there: the pool holds the amount, and the rows sum to the weight.

use crate::{
    Accepted, Account, Accrued, Answer, Binding, Component, Event, Payout, Record, Refusal, Subject,
    book::{self, rows::WalletRow},
    params::{Method, PoolRule},
    reward::{
        lottery::ready,
        rows::{AccruedRow, BatchRow, LazyRow},
    },
    session::work::Work,
};
use depin_quantity::{Address, Measured, Name, Rounding, UnitId, Units};
use depin_state::ReadState;

/// Payouts of one unit of closing work, and of one event: events go into receipts one by one.
pub const PAYOUTS_PER_UNIT: usize = 64;

/// Batches that are paid by themselves, and batches that wait for claims.
pub const TO_PAY: u8 = 0;
const TO_CLAIM: u8 = 1;

/// A member's part of a batch: `floor(amount * weight / whole)`.
///
/// - Units: base units; weights in the pool's metric.
/// - Rounding: down; the pool keeps what is left.
/// - Source: RNP-001 and foundation reports (pool * value / sum of values, published totals short by the dust); oracles
///   `iot_verifier` reward shares (floor per hotspot).
pub fn batch_part(amount: Units, weight: Measured, whole: Measured) -> Units {
    amount.mul_div(weight.get(), whole.get(), Rounding::Down).unwrap_or_default()
}

/// The metric, subject and component of a record of one metric that was accrued.
fn alone(record: &Record) -> Option<(Name, Subject, Component)> {
    match record {
        Record::Accrued(Accrued { subject, components }) => match **components {
            [component] => Some((component.metric, *subject, component)),
            _ => None,
        },
        _ => None,
    }
}

impl Work<'_> {
    /// Takes weight that a subject accrued in the present period. Order of refusals: metrics, repeats, periods that are not
    /// closed.
    pub fn accrued(&mut self, record: &Accrued) -> Answer {
        let bindings = self.declared(&record.components)?;
        for (component, binding) in record.components.iter().zip(bindings.into_iter().flatten()) {
            self.earn(record.subject, *component, binding)?;
        }
        Ok(Accepted::NOTHING)
    }

    fn earn(&mut self, subject: Subject, component: Component, binding: &Binding) -> Result<(), Refusal> {
        self.emit(Event::Accrued { subject, component });
        let weight = binding.weight(component.quantity)?;
        let Some(pool) = binding.pool.filter(|_| !weight.is_zero()) else { return Ok(()) };
        let spec = self.spec;
        let rule = spec.pool(pool).expect("the parser resolved every binding");
        self.close_clock(rule.clock)?;
        let mut row = self.pool_row(pool);
        if rule.method == Method::Lazy {
            let key = (pool, subject.owner(), subject.unit());
            let mut lazy = self.lazy_row(&key, row.batch)?;
            lazy.weight = lazy.weight.plus(weight)?;
            lazy.batch = row.batch;
            self.state.put(&key, &lazy);
            // A batch that this member was the last of may have left something in the pool.
            row = self.pool_row(pool);
        } else {
            self.earn_in_batch(pool, row.batch, subject, weight)?;
        }
        row.accrued = row.accrued.plus(weight)?;
        self.state.put(&pool, &row);
        Ok(())
    }

    /// Adds to the weight that a subject accrued in a pool's open batch.
    fn earn_in_batch(&mut self, pool: Name, batch: u64, subject: Subject, weight: Measured) -> Result<(), Refusal> {
        self.state.change(&(pool, batch, subject.owner(), subject.unit()), |row: Option<AccruedRow>| {
            let before = row.map_or(Measured::ZERO, |row| row.weight);
            Ok(AccruedRow { weight: before.plus(weight)? })
        })
    }

    /// Takes records of one metric that one pool pays by the batch, up to the first record that is of another kind: as
    /// [`Work::accrued`] again and again, but what they have in common is looked up once, and the pool's sum written once. Gives how
    /// many were taken, refused ones among them; none when the first is of another kind, or the clock is not known to be closed up to now: a record by
    /// itself closes it.
    pub fn accrued_in_a_row(&mut self, records: &[Record], refused: &mut dyn FnMut(usize, Refusal)) -> usize {
        let Some((metric, ..)) = records.first().and_then(alone) else { return 0 };
        let spec = self.spec;
        let Some(binding) = spec.binding(metric) else { return 0 };
        let Some((pool, rule)) = binding.pool.and_then(|pool| Some((pool, spec.pool(pool)?))) else { return 0 };
        if rule.method == Method::Lazy || self.current.period(rule.clock).is_none() {
            return 0;
        }
        let mut row = self.pool_row(pool);
        let mut count = 0;
        for record in records {
            let Some((.., subject, component)) = alone(record).filter(|(own, ..)| *own == metric) else { break };
            let taken = binding.weight(component.quantity).map_err(Refusal::from).and_then(|weight| {
                if !weight.is_zero() {
                    let accrued = row.accrued.plus(weight)?;
                    self.earn_in_batch(pool, row.batch, subject, weight)?;
                    row.accrued = accrued;
                }
                Ok(())
            });
            match taken {
                Ok(()) => self.emit(Event::Accrued { subject, component }),
                Err(refusal) => refused(count, refusal),
            }
            count += 1;
        }
        self.state.put(&pool, &row);
        count
    }

    /// Closes the pool's open batch with `amount` to share among `weight`. The caller has posted the amount and writes the pool's row.
    pub fn close_batch(&mut self, pool: Name, rule: &PoolRule, number: u64, amount: Units, weight: Measured) {
        let kind = if rule.method == Method::Lazy { TO_CLAIM } else { TO_PAY };
        let row = BatchRow { amount, weight, left: weight, paid: Units::ZERO, draw: None, after: None };
        self.state.put(&(kind, pool, number), &row);
    }

    /// Pays up to `most` members of the first batch that is not paid; gives how many it paid, nothing when no batch waits but draws
    /// whose seeds have not come.
    pub fn pay_batch(&mut self, most: usize) -> Result<usize, Refusal> {
        let Some(((_, pool, number), mut batch)) = first_ready(self.state.as_read()) else { return Ok(0) };
        let rule = self.pool_rule(pool).expect("only pools of the network have batches");
        if batch.draw.is_some() {
            return self.go_on_drawing((pool, number), batch, &rule, most);
        }
        let payouts = self.take_members(pool, number, &mut batch, most);
        let count: usize = payouts.iter().map(Vec::len).sum();
        let paid = payouts.iter().flatten().try_fold(Units::ZERO, |sum, payout| sum.plus(payout.amount))?;
        batch.paid = batch.paid.plus(paid)?;
        self.pay_out(pool, &rule, paid, payouts)?;
        if batch.left.is_zero() || count == 0 {
            let dust = batch.amount.minus_or_zero(batch.paid);
            self.state.delete::<BatchRow>(&(TO_PAY, pool, number));
            self.keep_dust(pool, dust)?;
            self.emit(Event::BatchClosed { pool, number, amount: batch.paid, dust });
        } else {
            self.state.put(&(TO_PAY, pool, number), &batch);
        }
        Ok(count.max(1))
    }

    /// Takes up to `most` members out of a batch, those that come after the one that was paid last: one walk, however many were paid
    /// before. Gives what each gets, as many together as one event tells of.
    fn take_members(&mut self, pool: Name, number: u64, batch: &mut BatchRow, most: usize) -> Vec<Vec<Payout>> {
        let mut payouts: Vec<Vec<Payout>> = Vec::with_capacity(most.div_ceil(PAYOUTS_PER_UNIT));
        let mut count = 0;
        let BatchRow { amount, weight: whole, after, .. } = *batch;
        self.state.take(&(pool, number), after.as_ref(), |(to, unit), row: AccruedRow| {
            if count == most {
                return false;
            }
            if count.is_multiple_of(PAYOUTS_PER_UNIT) {
                payouts.push(Vec::with_capacity(PAYOUTS_PER_UNIT.min(most - count)));
            }
            count += 1;
            batch.left = batch.left.minus_or_zero(row.weight);
            let payout = Payout { to, unit, amount: batch_part(amount, row.weight, whole) };
            payouts.last_mut().expect("one was pushed for the first of them").push(payout);
            true
        });
        batch.after = payouts.last().and_then(|some| some.last()).map(|last| (last.to, last.unit)).or(after);
        payouts
    }

    fn keep_dust(&mut self, pool: Name, dust: Units) -> Result<(), Refusal> {
        if !dust.is_zero() {
            let mut row = self.pool_row(pool);
            row.remainder = row.remainder.plus(dust)?;
            self.state.put(&pool, &row);
        }
        Ok(())
    }

    /// Moves a pool's payouts into wallets, the sum out of the pool at once. A pool whose rewards vest, and an owner in debt, take the
    /// way of every other reward.
    fn pay_out(&mut self, pool: Name, rule: &PoolRule, sum: Units, payouts: Vec<Vec<Payout>>) -> Result<(), Refusal> {
        if rule.vesting.is_some() {
            for Payout { to, unit, amount } in payouts.into_iter().flatten().filter(|payout| !payout.amount.is_zero()) {
                self.pay_reward(pool, rule, subject(to, unit), amount)?;
            }
            return Ok(());
        }
        self.take_out(rule.token, Account::Pool(pool), sum)?;
        let (mut debtors, mut key) = (Vec::new(), (Address::default(), rule.token));
        for own in payouts.iter().flat_map(|payouts| payouts.chunk_by(|a, b| a.to == b.to)) {
            let amount = own.iter().fold(0u128, |sum, payout| sum.saturating_add(payout.amount.get()));
            if amount > 0 {
                key.0 = own[0].to;
                self.state.change(&key, |row: Option<WalletRow>| {
                    let mut row = row.unwrap_or(book::NO_WALLET);
                    row.held = row.held.plus(Units::new(amount))?;
                    if !row.owed.is_zero() {
                        debtors.push(own[0].to);
                    }
                    Ok::<_, Refusal>(row)
                })?;
            }
        }
        for payouts in payouts {
            self.emit(Event::BatchPaid { pool, token: rule.token, payouts });
        }
        for who in debtors {
            self.repay(who, rule.token)?;
        }
        Ok(())
    }

    /// A lazy member with what its closed batches gave it settled.
    fn lazy_row(&mut self, key: &(Name, Address, UnitId), open: u64) -> Result<LazyRow, Refusal> {
        let nothing = LazyRow { batch: open, weight: Measured::ZERO, pending: Units::ZERO };
        let mut row = self.state.get::<LazyRow>(key).unwrap_or(nothing);
        if row.batch == open {
            return Ok(row);
        }
        let batch_key = (TO_CLAIM, key.0, row.batch);
        if let Some(mut batch) = self.state.get::<BatchRow>(&batch_key) {
            let part = batch_part(batch.amount, row.weight, batch.weight);
            row.pending = row.pending.plus(part)?;
            batch.left = batch.left.minus_or_zero(row.weight);
            batch.paid = batch.paid.plus(part)?;
            if batch.left.is_zero() {
                self.state.delete::<BatchRow>(&batch_key);
                self.keep_dust(key.0, batch.amount.minus_or_zero(batch.paid))?;
            } else {
                self.state.put(&batch_key, &batch);
            }
        }
        row.weight = Measured::ZERO;
        row.batch = open;
        Ok(row)
    }

    /// Pays what a lazy member's closed batches gave it; gives what was liquid and what was locked.
    pub fn claim_lazy(&mut self, key: &(Name, Address, UnitId)) -> Result<(Units, Units), Refusal> {
        let open = self.pool_row(key.0).batch;
        let mut row = self.lazy_row(key, open)?;
        let amount = std::mem::take(&mut row.pending);
        if row.weight.is_zero() {
            self.state.delete::<LazyRow>(key);
        } else {
            self.state.put(key, &row);
        }
        let rule = self.pool_rule(key.0).expect("only pools of the network have members");
        self.pay_reward(key.0, &rule, subject(key.1, key.2), amount)
    }

    /// Takes an amount out of an account for many payouts, each of which enters a wallet.
    fn take_out(&mut self, token: Name, from: Account, amount: Units) -> Result<(), Refusal> {
        if amount.is_zero() { Ok(()) } else { self.debit(token, from, amount) }
    }
}

/// Whether a batch waits to be paid that can be.
pub fn has_batch(state: &dyn ReadState) -> bool {
    first_ready(state).is_some()
}

/// The first batch to pay, but draws whose seeds have not come.
fn first_ready(state: &dyn ReadState) -> Option<((u8, Name, u64), BatchRow)> {
    state.rows_with::<BatchRow>(&TO_PAY).find(|(_, row)| ready(state, row))
}

/// What a lazy member could claim now.
pub fn lazy_pending(state: &dyn ReadState, pool: Name, row: &LazyRow, open: u64) -> Units {
    let closed = if row.batch == open { None } else { state.get::<BatchRow>(&(TO_CLAIM, pool, row.batch)) };
    let part = closed.map_or(Units::ZERO, |batch| batch_part(batch.amount, row.weight, batch.weight));
    Units::new(row.pending.get().saturating_add(part.get()))
}

/// Who accrued: a party, or a unit of it.
pub fn subject(owner: Address, unit: UnitId) -> Subject {
    if unit == UnitId::default() { Subject::Party(owner) } else { Subject::Unit { owner, unit } }
}
