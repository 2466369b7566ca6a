//! Random lives: no base unit is made or lost, no lease is paid above its price, and everything ends with all deposits back.

use crate::world::*;
use depin_economy::{Account, Action};
use depin_quantity::{Address, Span, Units};
use depin_services::leasing::{self, Bid, BidId, BidState, Deposit, LeasingMessage, OrderId, Reason};
use proptest::prelude::*;

/// One thing that somebody does, or time that passes. Numbers pick among what is there.
#[derive(Clone, Debug)]
enum Step {
    Register { second: bool },
    Deploy { dseq: u64, groups: usize, deposit: u128 },
    Deposit { pick: usize, by_friend: bool, amount: u128 },
    Bid { pick: usize, second: bool, price: u32, tenths: u32 },
    CloseBid { pick: usize, reason: usize },
    Lease { pick: usize },
    CloseLease { pick: usize },
    Withdraw { pick: usize },
    Pause { pick: usize, gseq: u32 },
    Start { pick: usize, gseq: u32 },
    CloseGroup { pick: usize, gseq: u32 },
    Close { pick: usize },
    Leave { second: bool },
    Pass { blocks: u64, odd: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let pick = 0usize..6;
    let group = (pick.clone(), 1u32..3);
    prop_oneof![
        1 => any::<bool>().prop_map(|second| Step::Register { second }),
        4 => (1u64..5, 1usize..3, 1u128..40_000).prop_map(|(dseq, groups, deposit)| Step::Deploy { dseq, groups, deposit }),
        3 => (pick.clone(), any::<bool>(), 0u128..20_000)
            .prop_map(|(pick, by_friend, amount)| Step::Deposit { pick, by_friend, amount }),
        10 => (pick.clone(), any::<bool>(), 1u32..1_100, 0u32..10)
            .prop_map(|(pick, second, price, tenths)| Step::Bid { pick, second, price, tenths }),
        2 => (pick.clone(), 0usize..6).prop_map(|(pick, reason)| Step::CloseBid { pick, reason }),
        10 => pick.clone().prop_map(|pick| Step::Lease { pick }),
        2 => pick.clone().prop_map(|pick| Step::CloseLease { pick }),
        4 => pick.clone().prop_map(|pick| Step::Withdraw { pick }),
        1 => group.clone().prop_map(|(pick, gseq)| Step::Pause { pick, gseq }),
        2 => group.clone().prop_map(|(pick, gseq)| Step::Start { pick, gseq }),
        1 => group.prop_map(|(pick, gseq)| Step::CloseGroup { pick, gseq }),
        1 => pick.prop_map(|pick| Step::Close { pick }),
        1 => any::<bool>().prop_map(|second| Step::Leave { second }),
        8 => (0u64..30, 0u64..6_000).prop_map(|(blocks, odd)| Step::Pass { blocks, odd }),
    ]
}

const fn provider(second: bool) -> Address {
    if second { OTHER } else { PROVIDER }
}

fn all_bids(net: &Net, is: impl Fn(&Bid) -> bool) -> Vec<BidId> {
    let of = |who| leasing::bids_of(net.rows(), who, None).filter(|(_, bid)| is(bid)).map(|(id, _)| id).collect::<Vec<_>>();
    [of(PROVIDER), of(OTHER)].concat()
}

fn nth<T: Copy>(all: &[T], n: usize) -> Option<T> {
    if all.is_empty() { None } else { Some(all[n % all.len()]) }
}

impl Step {
    /// Who says what; `None` when there is nothing to pick, or when time passes.
    fn message(&self, net: &Net) -> Option<(Address, LeasingMessage)> {
        let deployment = |pick| nth(&leasing::deployments(net.rows(), None).map(|(id, _)| id).collect::<Vec<_>>(), pick);
        let order = |pick| nth(&leasing::open_orders(net.rows(), None).map(|(id, _)| id).collect::<Vec<OrderId>>(), pick);
        let open = |pick| nth(&all_bids(net, |bid| bid.state == BidState::Open), pick);
        let lease = |pick| nth(&all_bids(net, |bid| bid.state == BidState::Active), pick);
        let by_owner = |pick, message: &dyn Fn(u64) -> LeasingMessage| deployment(pick).map(|id| (id.owner, message(id.dseq)));
        match *self {
            Self::Register { second } => {
                let name = if second { "south" } else { "north" }.parse().unwrap();
                let message = LeasingMessage::RegisterProvider { name, url: String::new(), attributes: Vec::new() };
                Some((provider(second), message))
            }
            Self::Deploy { dseq, groups, deposit } => {
                let named = |n: usize| {
                    let mut one = group("1000", 1);
                    one.name = format!("g{n}");
                    one
                };
                Some((TENANT, create(dseq, (0..groups).map(named).collect(), millionths(AKT, deposit))))
            }
            Self::Deposit { pick, by_friend, amount } => {
                let deposit = Deposit { amount: millionths(AKT, amount), sources: Vec::new() };
                let who = if by_friend { FRIEND } else { TENANT };
                deployment(pick).map(|deployment| (who, LeasingMessage::Deposit { deployment, deposit }))
            }
            Self::Bid { pick, second, price, tenths } => order(pick).map(|order| {
                let price = uakt(&format!("{price}.{tenths}"));
                (provider(second), LeasingMessage::CreateBid { order, price, reclaim_window: None })
            }),
            Self::CloseBid { pick, reason } => open(pick)
                .or(lease(pick))
                .map(|id| (id.provider, LeasingMessage::CloseBid { order: id.order, reason: Reason::ALL[reason] })),
            Self::Lease { pick } => open(pick).map(|id| (id.owner(), LeasingMessage::CreateLease(id))),
            Self::CloseLease { pick } => lease(pick).map(|id| (id.owner(), LeasingMessage::CloseLease(id))),
            Self::Withdraw { pick } => lease(pick).map(|id| (id.provider, LeasingMessage::Withdraw(vec![id]))),
            Self::Pause { pick, gseq } => by_owner(pick, &|dseq| LeasingMessage::PauseGroup { dseq, gseq }),
            Self::Start { pick, gseq } => by_owner(pick, &|dseq| LeasingMessage::StartGroup { dseq, gseq }),
            Self::CloseGroup { pick, gseq } => by_owner(pick, &|dseq| LeasingMessage::CloseGroup { dseq, gseq }),
            Self::Close { pick } => by_owner(pick, &|dseq| LeasingMessage::CloseDeployment { dseq }),
            Self::Leave { second } => Some((provider(second), LeasingMessage::Leave)),
            Self::Pass { .. } => None,
        }
    }
}

/// Nothing is minted here, so that what there is can be counted: all of a token in all accounts.
fn run(mut net: Net, steps: &[Step]) {
    let all = |net: &Net| {
        let wallets = [TENANT, FRIEND, PROVIDER, OTHER].map(|who| net.held(who)).iter().sum::<u128>();
        let bound = [PROVIDER, OTHER].map(|who| net.held_in(Account::Pledge(who), AKT)).iter().sum::<u128>();
        let escrows: u128 =
            leasing::deployments(net.rows(), None).map(|(id, _)| net.held_in(Account::Escrow(id.unit()), AKT)).sum();
        let leaving = net.held_in(Account::Unbonding("provider".parse().unwrap()), AKT);
        let paid: u128 = net.reads().usage("lease".parse().unwrap(), AKT).paid.get();
        (wallets + bound + escrows + leaving, paid)
    };
    let (before, _) = all(&net);
    for step in steps {
        match *step {
            Step::Pass { blocks, odd } => net.pass(Span::from_millis(blocks * BLOCK.get() + odd)),
            _ => {
                if let Some((who, message)) = step.message(&net) {
                    let _ = net.send(who, &message);
                }
            }
        }
        let (now, paid) = all(&net);
        // Of what was paid a tenth at most, in two parts that are rounded down, left for treasury and stakers.
        assert!(now <= before && before - now <= paid / 10, "{before} became {now}, {paid} were paid");
        paid_at_most_its_price(&net);
    }
    // Everything ends: all deposits are back.
    let ids: Vec<_> = leasing::deployments(net.rows(), None).map(|(id, _)| id).collect();
    for id in ids {
        let _ = net.send(id.owner, &LeasingMessage::CloseDeployment { dseq: id.dseq });
    }
    net.pass(BLOCK);
    assert_eq!((net.totals().running_leases, net.totals().open_bids, net.totals().active_deployments), (0, 0, 0));
    for who in [PROVIDER, OTHER] {
        let _ = net.send(who, &LeasingMessage::Leave);
    }
    net.pass(Span::from_days(22));
    for who in [PROVIDER, OTHER] {
        let _ = net.with(|session| session.act(who, &Action::Claim { after: None }));
        assert_eq!(net.held_in(Account::Pledge(who), AKT), 0);
    }
}

/// A lease that ended was paid at most its price for every block that it ran in, and one for the block in which its money ended.
fn paid_at_most_its_price(net: &Net) {
    for id in all_bids(net, |bid| bid.lease.as_ref().is_some_and(|lease| !lease.state.runs())) {
        let bid = net.bid(id);
        let lease = bid.lease.unwrap();
        let blocks = u128::from(lease.closed.unwrap().since(lease.created).get().div_ceil(BLOCK.get()));
        let most = Units::new(bid.price.amount.get()).times(blocks).unwrap().get() / 1_000_000_000_000_000_000;
        assert!(lease.paid.get() <= most, "lease {id} was paid {} of at most {most} for {blocks} blocks", lease.paid);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn weighted_escrows_conserve_money(steps in prop::collection::vec(step(), 1..60)) {
        run(Net::new(), &steps);
    }

    #[test]
    fn ordered_escrows_conserve_money(steps in prop::collection::vec(step(), 1..60)) {
        run(Net::changed(&[ORDERED], ""), &steps);
    }

    #[test]
    fn deployments_that_resume_conserve_money(steps in prop::collection::vec(step(), 1..60)) {
        let resume = "[service.leasing.funds]\nresume-within = \"5m\"\nparameter = true\nwhy = \"users ask for it\"\n";
        run(Net::changed(&[ORDERED], resume), &steps);
    }
}
