//! Random lives: no base unit is made or lost, no customer pays above its caps, no operator is paid twice.

use crate::world::*;
use depin_economy::{Account, Money};
use depin_quantity::{Address, Decimal18, Span, UnitId, Units};
use depin_services::metered::{self, Failing, MeteredEvent, MeteredMessage, NewOrder, batch_id, report_id};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One thing that somebody does, or time that passes. Numbers pick among what is there.
#[derive(Clone, Debug)]
enum Step {
    Register { accepts: bool },
    Open { cap: u64, hours: u64 },
    Raise { pick: usize, by: u64 },
    Close { pick: usize, by_operator: bool },
    Report { pick: usize, id: u8, units: u64 },
    Dispute { pick: usize, accepted: u64 },
    Answer { pick: usize },
    Concede { pick: usize },
    Decide { pick: usize, counted: u64 },
    Fail,
    Leave,
    Pass { minutes: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let pick = 0usize..6;
    prop_oneof![
        1 => any::<bool>().prop_map(|accepts| Step::Register { accepts }),
        4 => (1u64..400, 1u64..96).prop_map(|(cap, hours)| Step::Open { cap, hours }),
        2 => (pick.clone(), 0u64..100).prop_map(|(pick, by)| Step::Raise { pick, by }),
        1 => (pick.clone(), any::<bool>()).prop_map(|(pick, by_operator)| Step::Close { pick, by_operator }),
        12 => (pick.clone(), 0u8..6, 0u64..60).prop_map(|(pick, id, units)| Step::Report { pick, id, units }),
        6 => (0usize..12, 0u64..40).prop_map(|(pick, accepted)| Step::Dispute { pick, accepted }),
        3 => pick.clone().prop_map(|pick| Step::Answer { pick }),
        1 => pick.clone().prop_map(|pick| Step::Concede { pick }),
        3 => (pick, 0u64..60).prop_map(|(pick, counted)| Step::Decide { pick, counted }),
        1 => Just(Step::Fail),
        1 => Just(Step::Leave),
        8 => (1u64..3_000).prop_map(|minutes| Step::Pass { minutes }),
    ]
}

fn nth<T>(mut all: impl Iterator<Item = T>, n: usize) -> Option<T> {
    all.nth(n)
}

impl Step {
    /// Who says what; `None` when there is nothing to pick, or when time passes.
    fn message(&self, net: &Net) -> Option<(Address, MeteredMessage)> {
        let order = |pick| nth(metered::orders(net.rows(), None).map(|(id, _)| id), pick);
        let disputed = |pick| nth(metered::disputes(net.rows(), None).map(|(id, _)| id), pick);
        let batch = |pick| {
            nth(
                metered::orders(net.rows(), None).flat_map(|(id, _)| metered::batches(net.rows(), id, None)).map(|(id, _)| id),
                pick,
            )
        };
        let grain = 10u128.pow(18 - u32::from(net.service.params.decimals(net.currency()).unwrap()));
        Some(match *self {
            Self::Register { accepts } => {
                let MeteredMessage::Register { name, url, asks, .. } = net.registration() else { unreachable!() };
                (OPERATOR, MeteredMessage::Register { name, url, asks, accepts })
            }
            Self::Open { cap, hours } => {
                let order = net.new_order(unit_price(net).times(u128::from(cap)).unwrap());
                (CUSTOMER, MeteredMessage::OpenOrder(NewOrder { open_for: Span::from_secs(3_600 * hours), ..order }))
            }
            Self::Raise { pick, by } => {
                let amount = Decimal18::new(unit_price(net).get() * u128::from(by) * grain);
                (CUSTOMER, MeteredMessage::RaiseCap { order: order(pick)?, by: Money { currency: net.currency(), amount } })
            }
            Self::Close { pick, by_operator } => {
                (if by_operator { OPERATOR } else { CUSTOMER }, MeteredMessage::CloseOrder(order(pick)?))
            }
            Self::Report { pick, id, units } => {
                (METER, MeteredMessage::Report(vec![report(order(pick)?, &id.to_string(), units)]))
            }
            Self::Dispute { pick, accepted } => (CUSTOMER, dispute(batch(pick)?, accepted)),
            Self::Answer { pick } => (OPERATOR, answer(disputed(pick)?)),
            Self::Concede { pick } => (OPERATOR, MeteredMessage::Concede(disputed(pick)?)),
            Self::Decide { pick, counted } => (ARBITER, MeteredMessage::Decide { batch: disputed(pick)?, counted }),
            Self::Fail => (METER, MeteredMessage::Fail { operator: OPERATOR, failing: Failing::Failed }),
            Self::Leave => (OPERATOR, MeteredMessage::Leave),
            Self::Pass { .. } => return None,
        })
    }
}

/// What a unit costs in base units, at two dollars a token.
fn unit_price(net: &Net) -> Units {
    match net.each() {
        Some(each) if each.currency == net.currency() => fil(1),
        _ => Units::new(500_000),
    }
}

/// What was seen of every order and batch, by events alone: the model that the rows must agree with.
#[derive(Default)]
struct Model {
    caps: BTreeMap<UnitId, Units>,
    spent: BTreeMap<UnitId, Units>,
    units: BTreeMap<UnitId, u64>,
    settled: BTreeMap<UnitId, u64>,
    seen: usize,
}

impl Model {
    fn follow(&mut self, net: &Net) {
        for event in &net.events[self.seen..] {
            match event {
                MeteredEvent::OrderOpened { order, cap, .. } | MeteredEvent::CapRaised { order, cap, .. } => {
                    self.caps.insert(*order, *cap);
                }
                MeteredEvent::BatchReported { batch, units, .. } => {
                    assert!(self.units.insert(*batch, *units).is_none(), "a batch is reported once");
                }
                MeteredEvent::BatchSettled { order, batch, counted, rejected, paid, .. } => {
                    assert!(self.settled.insert(*batch, *counted).is_none(), "a batch is settled once");
                    assert_eq!(counted + rejected, self.units[batch], "every unit counts or does not");
                    let spent = self.spent.entry(*order).or_default();
                    *spent = spent.plus(*paid).unwrap();
                }
                _ => {}
            }
        }
        self.seen = net.events.len();
        for (id, order) in metered::orders(net.rows(), None) {
            assert_eq!(order.cap, self.caps[&id]);
            assert!(order.spent.plus(order.held).unwrap() <= order.cap, "never above the cap");
            let escrow = net.held_in(Account::Escrow(id));
            assert_eq!(escrow, if order.closed.is_some() { Units::ZERO } else { order.left() }, "the escrow holds what is left");
        }
    }
}

fn live(economy: usize, steps: &[Step]) {
    let mut net = Net::under(economy);
    net.register().unwrap();
    let mut model = Model::default();
    for step in steps {
        match step.message(&net) {
            Some((who, message)) => drop(net.send(who, &message)),
            None => {
                if let Step::Pass { minutes } = step {
                    net.pass(Span::from_secs(60 * minutes));
                    net.price(2 * ONE);
                }
            }
        }
        model.follow(&net);
    }
    // Everything ends: no dispute, batch or order is left open, and no escrow holds anything.
    for _ in 0..20 {
        net.pass(Span::from_days(1));
        model.follow(&net);
    }
    let totals = net.totals();
    assert_eq!((totals.open_orders, totals.pending_batches, totals.open_disputes), (0, 0, 0));
    assert_eq!(model.units.len(), model.settled.len());
    assert_eq!(totals.delivered, model.settled.values().map(|units| u128::from(*units)).sum::<u128>());
    for (order, spent) in &model.spent {
        assert!(*spent <= model.caps[order], "order {order} cost {spent}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn under_filecoins_economy_every_base_unit_is_where_it_should_be(steps in prop::collection::vec(step(), 1..60)) {
        live(FILECOIN, &steps);
    }

    #[test]
    fn under_renders_economy_every_base_unit_is_where_it_should_be(steps in prop::collection::vec(step(), 1..60)) {
        live(RENDER, &steps);
    }
}

#[test]
fn a_report_that_is_sent_a_hundred_times_is_paid_once() {
    let (mut net, order, batch) = Net::with_a_batch();
    let before = net.held(OPERATOR);
    for _ in 0..100 {
        net.deliver(order, "a", 100).unwrap();
        net.pass(Span::from_secs(3_600));
    }
    assert_eq!(net.held(OPERATOR), before.plus(fil(100)).unwrap());
    assert_eq!(batch, batch_id(order, report_id("a")));
}
