//! Pools of which one member wins each period.
//!
//! In: a period's amount and the weights at its end, which are fixed then. Out: the payment to the member on whom the number falls that
//! the seed of a later round gives. Weights may change meanwhile: what a member had is kept for the draws that wait (copied before it
//! is changed, as a database keeps a snapshot), and forgotten with the last of them. Looking for the winner is work like payouts are.

use crate::{
    Event, Fixed, Refusal,
    params::PoolRule,
    reward::{
        batch::{TO_PAY, subject},
        rows::{BatchRow, DrawnWeightRow, MemberRow},
    },
    session::work::Work,
    time::chance::seed_for,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Measured, Name, UnitId, Units};
use depin_state::ReadState;
use ruint::aliases::U256;
use serde::Serialize;

/// A member of a pool.
type Member = (Address, UnitId);

/// Where a lottery draw stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Draw {
    /// Its weights are fixed; it waits for the seed that judges what was fixed then.
    Waits(Fixed),
    /// Its number is drawn; the member on whom it falls is looked for.
    Looks,
    /// It is paid; weights that were kept for it are being forgotten.
    Won,
}

impl Draw {
    const fn open(self) -> bool {
        matches!(self, Self::Waits(_) | Self::Looks)
    }
}

/// Whether a batch can be gone on with: a draw whose seed has not come cannot.
pub fn ready(state: &dyn ReadState, row: &BatchRow) -> bool {
    match row.draw {
        Some(Draw::Waits(fixed)) => seed_for(state, fixed).is_some(),
        _ => true,
    }
}

impl Work<'_> {
    /// Fixes the lottery draw that decides which member wins `amount`.
    ///
    /// Its number is `SHA-256(seed, pool, number) mod weight`, by the seed of [`crate::SEED_LAG`] rounds later; the member wins in whose
    /// stretch of the sum of weights, in the order of ids, it falls.
    ///
    /// - Source: Filecoin specification, expected consensus: the chance to win is the share of power. Here one wins each period.
    pub fn draw(&mut self, pool: Name, amount: Units, weight: Measured) {
        let mut row = self.pool_row(pool);
        let number = row.batch;
        row.batch += 1;
        self.state.put(&pool, &row);
        let draw = Some(Draw::Waits(Fixed::of(self.chance)));
        let batch = BatchRow { amount, weight, left: weight, paid: Units::ZERO, draw, after: None };
        self.state.put(&(TO_PAY, pool, number), &batch);
    }

    /// Before a member's weight changes: keeps it for the draws of its pool that are not decided.
    pub fn keep_for_draws(&mut self, pool: Name, (owner, unit): Member) {
        let draws = self.state.as_read().rows_with::<BatchRow>(&(TO_PAY, pool));
        let Some(((.., newest), _)) = draws.filter(|(_, row)| row.draw.is_some_and(Draw::open)).last() else { return };
        let key = (pool, newest, owner, unit);
        if !self.state.has::<DrawnWeightRow>(&key) {
            let weight = self.state.get::<MemberRow>(&(pool, owner, unit)).map_or(Measured::ZERO, |row| row.weight);
            self.state.put(&key, &DrawnWeightRow { weight });
        }
    }

    /// Goes on with a draw that is [`ready`]; looks at up to `most` members, and gives how many.
    pub fn go_on_drawing(
        &mut self,
        (pool, number): (Name, u64),
        mut batch: BatchRow,
        rule: &PoolRule,
        most: usize,
    ) -> Result<usize, Refusal> {
        if batch.draw == Some(Draw::Won) {
            return Ok(self.forget_weights(pool, number, most));
        }
        if let Some(Draw::Waits(fixed)) = batch.draw {
            let seed = seed_for(self.state.as_read(), fixed).expect("a draw that is ready has its seed");
            let digest = UnitId::derive("lot", &[&seed.get(), pool.as_bytes(), &number.to_be_bytes()]);
            let drawn = U256::from_be_bytes(digest.get()) % U256::from(batch.weight.get().max(1));
            batch.left = Measured::new(drawn.wrapping_to());
            batch.draw = Some(Draw::Looks);
        }
        self.find_winner(pool, number, batch, rule, most)
    }

    /// Looks at up to `most` members for the one that a draw falls on, and pays it.
    fn find_winner(
        &mut self,
        pool: Name,
        number: u64,
        mut batch: BatchRow,
        rule: &PoolRule,
        most: usize,
    ) -> Result<usize, Refusal> {
        let (points, mut looked) = (self.points(pool, number), 0);
        while looked < most {
            let Some(member) = self.next_member(pool, &points, batch.after) else { break };
            batch.after = Some(member);
            looked += 1;
            let weight = self.weight_then(pool, &points, member);
            if batch.left < weight {
                let (amount, subject) = (batch.amount, subject(member.0, member.1));
                batch.paid = amount;
                batch.draw = Some(Draw::Won);
                self.state.put(&(TO_PAY, pool, number), &batch);
                self.emit(Event::DrawWon { pool, number, subject, amount });
                self.pay_reward(pool, rule, subject, amount)?;
                return Ok(looked + self.forget_weights(pool, number, most - looked));
            }
            batch.left = batch.left.minus_or_zero(weight);
        }
        self.state.put(&(TO_PAY, pool, number), &batch);
        Ok(looked.max(1))
    }

    /// Forgets up to `most` weights that were kept for a draw that is paid, then the draw; gives how many.
    fn forget_weights(&mut self, pool: Name, number: u64, most: usize) -> usize {
        let mut count = 0;
        let mut whole = true;
        self.state.take(&(pool, number), None::<&Member>, |_: Member, _: DrawnWeightRow| {
            whole = count < most;
            count += usize::from(whole);
            whole
        });
        if whole {
            self.state.delete::<BatchRow>(&(TO_PAY, pool, number));
        }
        count.max(1)
    }

    /// Draws, from `number` on, for which weights were kept.
    fn points(&self, pool: Name, number: u64) -> Vec<u64> {
        let (mut points, mut from) = (Vec::new(), number);
        let first = |from| self.state.first_from::<DrawnWeightRow>(&(pool, from, Address::default(), UnitId::default()));
        while let Some(((_, point, ..), _)) = first(from).filter(|((found, ..), _)| *found == pool) {
            points.push(point);
            from = point + 1;
        }
        points
    }

    /// The first member of a pool after `after` that has a weight or had one.
    fn next_member(&self, pool: Name, points: &[u64], after: Option<Member>) -> Option<Member> {
        let now = match after {
            None => self.state.first_from::<MemberRow>(&(pool, Address::default(), UnitId::default())),
            Some((owner, unit)) => self.state.next_after::<MemberRow>(&(pool, owner, unit)),
        };
        let now = now.filter(|((found, ..), _)| *found == pool).map(|((_, owner, unit), _)| (owner, unit));
        let kept = points.iter().filter_map(|point| {
            let row = match after {
                None => self.state.first_from::<DrawnWeightRow>(&(pool, *point, Address::default(), UnitId::default())),
                Some((owner, unit)) => self.state.next_after::<DrawnWeightRow>(&(pool, *point, owner, unit)),
            };
            row.filter(|((found, at, ..), _)| *found == pool && at == point).map(|((_, _, owner, unit), _)| (owner, unit))
        });
        kept.chain(now).min()
    }

    /// A member's weight when the draw was fixed: what was kept first since then, or what it has.
    fn weight_then(&self, pool: Name, points: &[u64], (owner, unit): Member) -> Measured {
        let kept = points.iter().find_map(|point| self.state.get::<DrawnWeightRow>(&(pool, *point, owner, unit)));
        match kept {
            Some(row) => row.weight,
            None => self.state.get::<MemberRow>(&(pool, owner, unit)).map_or(Measured::ZERO, |row| row.weight),
        }
    }
}
