//! A sink that only sums: what was minted, burnt and earned, by pool.

use depin_economy::{Account, Event, Method, Reason, Sink, Spec, Target};
use depin_quantity::Name;
use std::collections::BTreeMap;

/// What counts of an event. Kept one by one until the step is over, since what caused them may be undone.
#[derive(Clone, Copy, Debug)]
enum Delta {
    Emitted { token: Name, amount: u128 },
    Burned { token: Name, amount: u128 },
    Vested { token: Name, amount: u128 },
    Shared { pool: Name, amount: u128, weight: u128 },
}

/// Takes events and keeps what is summed.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    deltas: Vec<Delta>,
}

impl Sink<Event> for Sums {
    fn emit(&mut self, event: Event) {
        let delta = match event {
            Event::Posting { token, from: Account::Supply, amount, reason: Reason::Emission, .. } => {
                Delta::Emitted { token, amount: amount.get() }
            }
            Event::Posting { token, to: Account::Supply, amount, .. } => Delta::Burned { token, amount: amount.get() },
            Event::Posting { token, amount, reason: Reason::AllocationVested, .. } => {
                Delta::Vested { token, amount: amount.get() }
            }
            Event::EmissionMinted { pool, amount, weight, .. } => {
                Delta::Shared { pool, amount: amount.get(), weight: weight.get() }
            }
            _ => return,
        };
        self.deltas.push(delta);
    }

    fn wants_each(&self) -> bool {
        false
    }

    fn mark(&self) -> usize {
        self.deltas.len()
    }

    fn rollback(&mut self, mark: usize) {
        self.deltas.truncate(mark);
    }
}

/// What one pool shared out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Earned {
    /// Base units of its token.
    pub amount: u128,
    /// Base units for one of its weight.
    pub per_weight: f64,
}

/// What happened in a day.
#[derive(Clone, Debug, Default)]
pub struct Day {
    /// Base units of the main token that emission minted.
    pub minted: u128,
    /// Base units of the main token that were burnt.
    pub burned: u128,
    /// Base units of the main token that vested of allocations and were taken.
    pub vested: u128,
    /// What pools shared among those who work, by pool.
    pub work: BTreeMap<Name, (Name, Earned)>,
    /// What pools shared among stakers, by token.
    pub stakers: BTreeMap<Name, u128>,
    /// What pools paid to funds and roles, by token. What goes to a fund that redeems another token is not among it: it is in what
    /// that token is worth to whom it is paid.
    pub others: BTreeMap<Name, u128>,
}

impl Day {
    /// What happened later in it.
    pub fn add(&mut self, later: Self) {
        self.minted += later.minted;
        self.burned += later.burned;
        self.vested += later.vested;
        for (pool, (token, earned)) in later.work {
            let (_, own) = self.work.entry(pool).or_insert((token, Earned::default()));
            own.amount += earned.amount;
            own.per_weight += earned.per_weight;
        }
        for (own, later) in [(&mut self.stakers, later.stakers), (&mut self.others, later.others)] {
            later.into_iter().for_each(|(token, amount)| *own.entry(token).or_default() += amount);
        }
    }
}

impl Sums {
    /// What was summed since it was taken last.
    pub fn take(&mut self, spec: &Spec, main: Name) -> Day {
        let mut day = Day::default();
        for delta in self.deltas.drain(..) {
            match delta {
                Delta::Emitted { token, amount } if token == main => day.minted += amount,
                Delta::Burned { token, amount } if token == main => day.burned += amount,
                Delta::Vested { token, amount } if token == main => day.vested += amount,
                Delta::Shared { pool, amount, weight } => {
                    let Some(rule) = spec.pool(pool) else { continue };
                    match rule.method {
                        Method::Staked(_) | Method::Locked { .. } => *day.stakers.entry(rule.token).or_default() += amount,
                        Method::Direct(Target::Treasury(fund))
                            if spec.treasury(fund).is_some_and(|fund| fund.redeem.is_some()) => {}
                        Method::Direct(_) => *day.others.entry(rule.token).or_default() += amount,
                        _ => {
                            let (_, earned) = day.work.entry(pool).or_insert((rule.token, Earned::default()));
                            earned.amount += amount;
                            if weight > 0 {
                                earned.per_weight += amount as f64 / weight as f64;
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        day
    }
}
