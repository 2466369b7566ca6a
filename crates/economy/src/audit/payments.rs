//! Streams, escrows, holds, credits, fees, conversions, and what is due for them.

use super::{Auditor, Violation, wide};
use crate::{
    Account, PayTo, StreamMethod,
    book::rows::SupplyRow,
    payment::rows::{
        ConversionRow, CreditRow, EscrowRow, HoldRow, MeasuredRow, OpenEscrowRow, PaymentRow, RecurringFeeRow, StreamRow,
    },
    time::rows::{ClockRow, DueRow},
};
use depin_quantity::{Name, UnitId};
use ruint::aliases::U256;
use std::collections::{BTreeMap, BTreeSet};

const UNACTIVATED: u8 = 1;
const LOW: u8 = 2;
const OVER: u8 = 3;
const ESCROW_LOW: u8 = 10;
const ESCROW_OUT: u8 = 11;
const HOLD: u8 = 12;
const FEE: u8 = 13;

/// Jobs of payments; other tags belong to other audits.
const TAGS: [u8; 7] = [UNACTIVATED, LOW, OVER, ESCROW_LOW, ESCROW_OUT, HOLD, FEE];

/// Parts of a base unit in claims inside escrows.
const PARTS: u128 = 1_000_000_000_000_000_000;

type Listed = BTreeSet<(u64, u8, UnitId)>;

impl Auditor<'_> {
    /// An escrow has reserved exactly what its streams may still pay, and holds at least that; a bond account holds its stream's bond.
    pub(super) fn check_streams(&mut self) {
        let mut reserved: BTreeMap<UnitId, (U256, u32)> = BTreeMap::new();
        let mut bonds: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for (id, row) in self.state.rows::<StreamRow>() {
            let Some(rule) = self.spec.stream(row.kind) else {
                let what = format!("stream {id} of kind {}, which the network does not have", row.kind);
                self.violated(Violation::Dangling { what });
                continue;
            };
            let (sum, count) = reserved.entry(row.escrow).or_default();
            *count += 1;
            if rule.method == StreamMethod::Reserved {
                *sum += wide(row.rate) * U256::from(row.periods.saturating_sub(row.paid));
                if row.paid > row.periods {
                    let (most, found) = (row.periods.to_string(), row.paid.to_string());
                    self.violated(Violation::Exceeds { what: format!("stream {id}: periods paid"), most, found });
                }
            }
            if !row.bond.is_zero() {
                let token = rule.bond.map_or(rule.currencies[0], |bond| bond.token);
                bonds.insert((Account::Bond(id), token), wide(row.bond));
            }
        }
        self.expect_accounts("its stream's bond", &bonds, |a| matches!(a, Account::Bond(_)));
        self.count_holds(&mut reserved);
        self.check_escrows(&reserved);
    }

    /// A hold account holds what is not captured; holds out of an escrow keep it open.
    fn count_holds(&mut self, reserved: &mut BTreeMap<UnitId, (U256, u32)>) {
        let mut says: BTreeMap<(Account, Name), U256> = BTreeMap::new();
        for (id, row) in self.state.rows::<HoldRow>() {
            says.insert((Account::Hold(id), row.token), wide(row.left));
            if let Some(escrow) = row.escrow {
                reserved.entry(escrow).or_default().1 += 1;
            }
            if row.rest == 0 {
                self.violated(Violation::Dangling { what: format!("hold {id} is captured whole and has not ended") });
            }
        }
        self.expect_accounts("not captured", &says, |a| matches!(a, Account::Hold(_)));
    }

    fn check_escrows(&mut self, reserved: &BTreeMap<UnitId, (U256, u32)>) {
        let mut known = BTreeSet::new();
        for (id, row) in self.state.rows::<EscrowRow>() {
            known.insert(id);
            let (sum, count) = reserved.get(&id).copied().unwrap_or_default();
            self.expect(format!("escrow {id}: reserved"), sum, wide(row.reserved));
            self.expect(format!("escrow {id}: streams"), U256::from(count), U256::from(row.streams));
            let holds = self.holds(Account::Escrow(id), row.token);
            if wide(row.reserved) > holds {
                self.violated(Violation::Exceeds {
                    what: format!("escrow {id}: reserved"),
                    most: holds.to_string(),
                    found: row.reserved.to_string(),
                });
            }
            self.check_open_escrow(id, &row, holds);
        }
        let accounts = self.accounts.keys().filter_map(|(account, _)| match account {
            Account::Escrow(id) => Some(*id),
            _ => None,
        });
        let orphans: Vec<UnitId> = accounts.chain(reserved.keys().copied()).filter(|id| !known.contains(id)).collect();
        for id in orphans {
            self.violated(Violation::Dangling { what: format!("money or a stream of escrow {id}, which does not exist") });
        }
        let rows: Vec<UnitId> = self.state.rows::<OpenEscrowRow>().map(|(id, _)| id).collect();
        let payments: Vec<UnitId> = self.state.rows::<PaymentRow>().map(|((id, _), _)| id).collect();
        for id in rows.into_iter().chain(payments).filter(|id| !known.contains(id)) {
            self.violated(Violation::Dangling { what: format!("open-ended payments of escrow {id}, which does not exist") });
        }
        let measured: Vec<(UnitId, UnitId)> = self.state.rows::<MeasuredRow>().map(|(key, _)| key).collect();
        for key in measured {
            if self.state.get::<PaymentRow>(&key).is_none_or(|payment| !payment.runs) {
                self.violated(Violation::Dangling { what: format!("measure of stream {}, which does not run", key.1) });
            }
        }
    }

    /// Weighted: `funds + sum(balances) = account`, in 10^-18 base units. Ordered: `sum(deposits) + sum(balances) = account`. An
    /// exhausted escrow owes what its streams were not paid, and no other one owes anything.
    fn check_open_escrow(&mut self, id: UnitId, row: &EscrowRow, holds: U256) {
        let Some(rule) = self.spec.stream(row.kind).filter(|rule| rule.method != StreamMethod::Reserved) else { return };
        let Some(escrow_row) = self.state.get::<OpenEscrowRow>(&id) else {
            self.violated(Violation::Dangling { what: format!("open-ended escrow {id} has no funds row") });
            return;
        };
        let one = U256::from(PARTS);
        let deposits = escrow_row.deposits.iter().fold(U256::ZERO, |sum, deposit| sum + wide(deposit.left));
        let mut sum = escrow_row.funds.0 + deposits * one;
        let (mut owed, mut runs) = (U256::ZERO, false);
        for ((_, stream), payment) in self.state.rows_with::<PaymentRow>(&id) {
            sum += payment.balance.0;
            owed += wide(payment.owed);
            runs |= payment.runs;
            let lives = self.state.get::<StreamRow>(&stream).is_some_and(|row| row.escrow == id);
            if payment.owed.is_zero() != lives {
                self.violated(Violation::Dangling { what: format!("stream {stream} of escrow {id} has no counterpart") });
            }
        }
        self.expect(format!("escrow {id}: funds and claims in 10^-18 base units"), sum, holds * one);
        self.expect(format!("escrow {id}: owed"), owed, wide(escrow_row.owed));
        let wrong = match rule.method {
            StreamMethod::Ordered => !escrow_row.funds.0.is_zero(),
            _ => !escrow_row.deposits.is_empty() || !escrow_row.owed.is_zero(),
        };
        if wrong {
            self.violated(Violation::Dangling { what: format!("escrow {id} keeps its money by another method than its kind's") });
        }
        if runs != escrow_row.out.is_some() {
            self.violated(Violation::Dangling { what: format!("escrow {id}: its end is planned if and only if something runs") });
        }
    }

    /// What credits were minted for was burnt, and nothing else minted them; parts that wait for an AMM pool are in their treasury.
    pub(super) fn check_credits(&mut self) {
        let credits: Vec<Name> = self.spec.credits().keys().copied().collect();
        for token in credits {
            let minted = self.state.get::<SupplyRow>(&token).map_or(U256::ZERO, |row| wide(row.minted));
            let says = self.state.get::<CreditRow>(&token).map_or(U256::ZERO, |row| wide(row.minted));
            self.expect(format!("credit {token}: minted by burning"), minted, says);
            let strays = self.accounts.keys().filter(|(account, t)| {
                *t == token && !matches!(account, Account::Escrow(_) | Account::Hold(_) | Account::Bond(_))
            });
            let strays: Vec<String> = strays.map(|(account, _)| account.to_string()).collect();
            for account in strays {
                self.violated(Violation::Dangling { what: format!("{account} holds {token}, which cannot be sent") });
            }
        }
        let mut waiting: BTreeMap<Name, U256> = BTreeMap::new();
        for ((amm_pool, token, ..), row) in self.state.rows::<ConversionRow>() {
            *waiting.entry(token).or_default() += wide(row.amount);
            if self.spec.amm_pool(amm_pool).is_none_or(|rule| rule.tokens.0 != token && rule.tokens.1 != token) {
                self.violated(Violation::Dangling {
                    what: format!("{token} waits for AMM pool {amm_pool}, which does not take it"),
                });
            }
        }
        let tokens: Vec<Name> = self.spec.tokens().keys().copied().collect();
        for token in tokens {
            let holds = self.holds(Account::Treasury(crate::CONVERSIONS), token);
            let says = waiting.get(&token).copied().unwrap_or_default();
            if !self.spends_conversions() {
                self.expect(format!("{token} that waits for AMM pools"), says, holds);
            }
        }
    }

    /// A network may pay into a treasury of this name itself; then it holds more than what waits.
    fn spends_conversions(&self) -> bool {
        self.spec.treasury(crate::CONVERSIONS).is_some()
    }

    /// What streams, escrows, holds and fees have due is on the list, and the list has nothing else of theirs.
    pub(super) fn check_due(&mut self) {
        let all = self.state.rows::<DueRow>().map(|((at, tag, id), _)| (at.get(), tag, id));
        let mut listed: Listed = all.filter(|(_, tag, _)| TAGS.contains(tag)).collect();
        for (id, row) in self.state.rows::<StreamRow>() {
            let Some(rule) = self.spec.stream(row.kind) else { continue };
            let due = match row.start {
                None => Some((row.activate_by.get().saturating_add(1), UNACTIVATED, id)),
                Some(_) if row.periods == 0 => None,
                Some(start) => {
                    let Some(ends) = self.period_start(rule.clock, start.saturating_add(row.periods)) else { continue };
                    if rule.method == StreamMethod::Reserved {
                        listed.remove(&(ends.saturating_sub(rule.warn_before.get()), LOW, id));
                    }
                    Some((ends, OVER, id))
                }
            };
            self.expect_due(&mut listed, due, "stream");
        }
        for (id, escrow_row) in self.state.rows::<OpenEscrowRow>() {
            let rule = self.state.get::<EscrowRow>(&id).and_then(|row| self.spec.stream(row.kind));
            let Some(rule) = rule else { continue };
            let out = escrow_row.out.and_then(|out| self.period_start(rule.clock, out));
            self.expect_due(&mut listed, out.map(|at| (at, ESCROW_OUT, id)), "escrow");
            self.expect_due(&mut listed, escrow_row.warn.map(|at| (at.get(), ESCROW_LOW, id)), "warning of escrow");
        }
        for (id, row) in self.state.rows::<HoldRow>() {
            self.expect_due(&mut listed, Some((row.until.get().saturating_add(1), HOLD, id)), "hold");
        }
        for (id, row) in self.state.rows::<RecurringFeeRow>() {
            self.expect_due(&mut listed, Some((row.next.get(), FEE, id)), "fee");
        }
        for (at, tag, id) in listed {
            self.violated(Violation::Dangling { what: format!("job {tag} of {id} at {at} is due for nothing") });
        }
    }

    fn expect_due(&mut self, listed: &mut Listed, due: Option<(u64, u8, UnitId)>, what: &str) {
        if let Some(due) = due
            && !listed.remove(&due)
        {
            self.violated(Violation::Dangling { what: format!("{what} {} is not on the list of what is due", due.2) });
        }
    }

    fn period_start(&self, clock: Name, period: u64) -> Option<u64> {
        let row = self.state.get::<ClockRow>(&clock)?;
        Some(self.spec.clock(clock)?.start(row.origin, period).get())
    }

    /// The parts of every split come to the whole.
    pub(super) fn check_splits(&mut self) {
        let streams = self.spec.streams().iter().map(|(name, rule)| (*name, &rule.pays));
        let charges = self.spec.charges().iter().map(|(name, rule)| (*name, &rule.pays));
        let splits: Vec<_> =
            streams.chain(charges).flat_map(|(name, pays)| [(name, Some(&pays.first)), (name, pays.other.as_ref())]).collect();
        for (name, parts) in splits {
            let Some(parts) = parts else { continue };
            let sum = parts.iter().fold(U256::ZERO, |sum, part| sum + U256::from(part.share.get()));
            self.expect(format!("parts of payments of `{name}`"), U256::from(1_000_000_000u64), sum);
            if parts.iter().any(|part| matches!(part.to, PayTo::Pool(pool) if self.spec.pool(pool).is_none())) {
                self.violated(Violation::Dangling { what: format!("payments of `{name}` go to a pool that does not exist") });
            }
        }
    }
}
