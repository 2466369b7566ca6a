//! Many leases whose money ends in one block: bounded work, nobody overpaid, all closed within a stated number of blocks.

use crate::world::*;
use depin_quantity::Address;
use depin_services::leasing::{self, DeploymentId, LeaseState, LeasingMessage};

/// Leases of the usual test, a fiftieth of 10^5.
const MANY: u64 = 2_000;
/// What is due in a block may take so many payouts of the economy, and so many work units of the service.
const BUDGET: (u32, u64) = (12_000, 120_000);

fn tenant(n: u64) -> Address {
    let mut bytes = [0xaa; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Address::new(bytes)
}

fn owned(n: u64) -> DeploymentId {
    DeploymentId { owner: tenant(n), dseq: 1 }
}

/// One lease for each of many tenants, all of which end in the same block: three blocks of 1,000 are paid, with half a block left over.
fn many(leases: u64) -> Net {
    let mut net = Net::new().quick();
    net.register(PROVIDER, "north", &[]).unwrap();
    let deposits = depin_quantity::Units::new(leases as u128 * 500_000);
    // Each of the people has a ten-thousandth of the cap, the provider too.
    let part = deposits.min(depin_quantity::Units::new(net.held(FRIEND) / 2));
    net.with(|session| session.transfer(FRIEND, PROVIDER, AKT, part)).unwrap();
    for n in 0..leases {
        net.with(|session| session.transfer(FRIEND, tenant(n), AKT, depin_quantity::Units::new(3_500))).unwrap();
        net.send_quick(tenant(n), &create(1, vec![group_once()], millionths(AKT, 3_500)));
        let order = owned(n).group(1).order(1);
        net.send_quick(PROVIDER, &LeasingMessage::CreateBid { order, price: uakt("1000"), reclaim_window: None });
        net.send_quick(tenant(n), &LeasingMessage::CreateLease(order.bid(PROVIDER)));
    }
    net
}

fn group_once() -> depin_sdl::Group {
    static GROUP: std::sync::LazyLock<depin_sdl::Group> = std::sync::LazyLock::new(|| group("1000", 1));
    GROUP.clone()
}

/// Ends so many leases in one block, with so much work for what is due; gives how many blocks it takes, and how long each took.
fn run_dry(leases: u64, budget: (u32, u64), each: impl Fn(&Net)) -> Vec<std::time::Duration> {
    let mut net = many(leases);
    net.check_all();
    let had = net.held(PROVIDER);
    // Warnings that the money ends soon are given when it is bound, since all of it lasts less than an hour.
    net.blocks(2);
    net.budget = budget;
    net.now = net.now.later(depin_quantity::Span::from_millis(2 * BLOCK.get()));
    let mut blocks = Vec::new();
    loop {
        let begun = std::time::Instant::now();
        let more = net.block();
        blocks.push(begun.elapsed());
        each(&net);
        if !more && net.totals().running_leases == 0 {
            break;
        }
        assert!(blocks.len() < 100, "it comes to an end");
        net.now = net.now.later(BLOCK);
    }
    net.check_all();
    assert_eq!(net.totals().leases_out_of_funds, leases);
    for n in 0..leases {
        let lease = leasing::bid(net.rows(), owned(n).group(1).order(1).bid(PROVIDER)).unwrap().lease.unwrap();
        assert_eq!(
            (lease.state, lease.paid.get()),
            (LeaseState::InsufficientFunds, 3_500),
            "what the escrow had, whenever it is found"
        );
    }
    assert_eq!(net.held(PROVIDER), had + leases as u128 * (3_150 + 500_000));
    blocks
}

/// The ledger gives what is due in a block 240,000 units: by half of them the economy ends 12,000 escrows, and by the other half, at 10
/// units a lease, as many leases are closed. So 10^5 leases of one deployment each are closed within 9 blocks. Here it is a fiftieth of
/// that budget and a fiftieth of the leases.
#[test]
fn leases_that_run_dry_at_once_are_closed_in_nine_blocks_and_nobody_is_overpaid() {
    let (closing, work) = BUDGET;
    assert_eq!(run_dry(MANY, (closing / 50, work / 50), Net::check_all).len(), 9);
}

/// `cargo test --release -p depin-networks --test leasing -- --ignored --nocapture a_hundred_thousand`
#[test]
#[ignore = "takes minutes; the command above runs it, and it prints its figures"]
fn a_hundred_thousand_leases_that_run_dry_at_once_are_closed_in_nine_blocks() {
    let blocks = run_dry(100_000, BUDGET, |_| ());
    let sum: std::time::Duration = blocks.iter().sum();
    let ratio = |part: std::time::Duration| part.as_secs_f64() / (sum.as_secs_f64() / blocks.len() as f64);
    let longest = blocks.iter().max().copied().unwrap_or_default();
    println!("{} blocks, {sum:.2?} in all, the longest {:.2} times the mean: {blocks:.0?}", blocks.len(), ratio(longest));
    assert_eq!(blocks.len(), 9);
}

#[test]
fn a_message_about_a_lease_whose_end_is_overdue_is_refused_and_pays_nobody_twice() {
    let mut net = Net::new();
    net.register(PROVIDER, "north", &[]).unwrap();
    net.deploy(vec![group("1000", 1)], 2_500).unwrap();
    net.bids(PROVIDER, order(1), "1000").unwrap();
    let lease = order(1).bid(PROVIDER);
    net.send(TENANT, &LeasingMessage::CreateLease(lease)).unwrap();
    // A block that is behind: time has passed, and nothing that is due was done.
    net.now = net.now.later(depin_quantity::Span::from_millis(10 * BLOCK.get()));
    let had = net.held(PROVIDER);
    for (who, message) in [
        (TENANT, LeasingMessage::CloseLease(lease)),
        (TENANT, LeasingMessage::CloseDeployment { dseq: 1 }),
        (TENANT, LeasingMessage::PauseGroup { dseq: 1, gseq: 1 }),
        (PROVIDER, LeasingMessage::Withdraw(vec![lease])),
        (PROVIDER, LeasingMessage::CloseBid { order: order(1), reason: leasing::Reason::Unstable }),
    ] {
        assert_eq!(net.send(who, &message).unwrap_err().code(), "out-of-funds", "{message:?}");
    }
    assert_eq!(net.held(PROVIDER), had);
    // The economy's half is done, and the service's job waits.
    net.budget.1 = 0;
    net.block();
    assert_eq!(net.deployment().funds, leasing::Funds::Gone);
    for message in [LeasingMessage::CloseDeployment { dseq: 1 }, LeasingMessage::CloseLease(lease)] {
        assert_eq!(net.send(TENANT, &message).unwrap_err().code(), "out-of-funds");
    }
    assert_eq!(net.deposit(TENANT, 5).unwrap_err().code(), "out-of-funds");
    net.budget.1 = u64::MAX;
    net.block();
    assert_eq!(net.held(PROVIDER), had + 2_250 + 500_000);
    assert_eq!(net.deployment().funds, leasing::Funds::Closed);
}
