//! Providers that ask one thing and want another, and what the owner's limits hold back.

mod kit;

use depin_quantity::{Span, Units};
use kit::{Behaviour, Kit, noise};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

const DAY: u64 = 86_400_000;
/// What providers of the tests ask when nothing else is said.
const USUAL: u128 = 1_000_000;

fn reasons(status: &depin_gateway_s3::Status) -> String {
    status.waiting.iter().map(|waiting| format!("{} x {}; ", waiting.shards, waiting.reason)).collect()
}

async fn providers(kit: &Kit) -> BTreeSet<String> {
    let segments = kit.handle().segments(None, 0, None).await.unwrap();
    segments.into_iter().flat_map(|segment| segment.shards).map(|shard| shard.provider_name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_rises_after_the_shards_came_is_never_paid() {
    let mut kit = Kit::start(6).await;
    kit.s3.make_bucket("bait").await;
    for bait in ["provider-0", "provider-1", "provider-2"] {
        kit.market.ask(bait, 1);
    }
    let bytes = noise(1, 1_000_000);
    kit.s3.put("/bait/o", bytes.clone()).await.ok();
    let before = providers(&kit).await;
    assert!(before.contains("provider-0"), "else the test shows nothing: {before:?}");
    for bait in ["provider-0", "provider-1", "provider-2"] {
        kit.market.ask(bait, 800_000_000_000_000_000_000);
    }
    // What was agreed on outlives a restart, and so does the sum of the day.
    let spent = kit.handle().status().await.unwrap().spent_today;
    kit.restart().await;
    assert_eq!(kit.handle().status().await.unwrap().spent_today, spent);
    kit.handle().keep().await;
    let waits = reasons(&kit.handle().status().await.unwrap());
    assert!(waits.contains("took the shard for 0.000000000000000001 FIL per GiB and epoch and asks 800 FIL now"), "{waits}");
    for _ in 0..20 {
        kit.settle().await;
    }
    let dearest = kit.market.prices().into_iter().map(|(_, price)| price).max().unwrap();
    assert_eq!(dearest, USUAL, "{:?}", kit.market.prices());
    assert_eq!(providers(&kit).await, BTreeSet::from(["provider-3", "provider-4", "provider-5"].map(str::to_owned)));
    assert!(kit.s3.head("/bait/o").await.header("x-depin-durability").unwrap().starts_with("secured until"));
    kit.s3.expect("/bait/o", &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_with_nobody_else_to_go_to_waits_and_a_price_that_fell_is_taken() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("wait").await;
    kit.s3.put("/wait/o", noise(1, 1_000)).await.ok();
    kit.market.ask("provider-0", 5 * USUAL);
    kit.market.ask("provider-1", USUAL / 2);
    for _ in 0..10 {
        kit.settle().await;
    }
    assert_eq!(
        kit.market.prices().into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([("provider-1".to_owned(), USUAL / 2), ("provider-2".to_owned(), USUAL)])
    );
    let status = kit.handle().status().await.unwrap();
    assert!(reasons(&status).contains("no other provider can take it"), "{}", reasons(&status));
    assert_eq!(status.price_ceiling, Some((4 * USUAL).to_string()));
    // Below what is paid at all, and still more than was agreed on.
    kit.market.ask("provider-0", 2 * USUAL);
    kit.clock.advance(600_000);
    kit.settle().await;
    assert_eq!(kit.market.deals_ever(), 2);
    kit.market.ask("provider-0", USUAL);
    kit.clock.advance(600_000);
    kit.settle().await;
    assert!(kit.market.prices().contains(&("provider-0".to_owned(), USUAL)), "{:?}", kit.market.prices());
    assert!(kit.s3.head("/wait/o").await.header("x-depin-durability").unwrap().starts_with("secured until"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_more_than_four_times_the_median_gets_nothing() {
    let kit = Kit::start(3).await;
    kit.s3.make_bucket("dear").await;
    kit.market.ask("provider-0", 4 * USUAL + 1);
    kit.handle().keep().await;
    let refused = kit.s3.put("/dear/o", "x").await.failed(503, "ServiceUnavailable");
    assert!(
        refused.text().contains("more than the limit of 0.000000000004 FIL, 4 times the median ask of 0.000000000001 FIL"),
        "{}",
        refused.text()
    );
    kit.market.ask("provider-0", 4 * USUAL);
    kit.handle().keep().await;
    kit.s3.put("/dear/o", "x").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_takes_no_more_than_the_owners_cap() {
    let mut kit = Kit::start(3).await;
    kit.s3.make_bucket("cap").await;
    kit.handle().keep().await;
    kit.s3.put("/cap/a", noise(1, 200_000)).await.ok();
    kit.settle().await;
    let each: u128 = kit.handle().status().await.unwrap().spent_today.parse().unwrap();
    assert!(each > 0);
    assert_eq!(10_u128.pow(30) - kit.market.balance(), each, "what is counted is what went into escrow");

    kit.config.deals.spend_per_day = Some(Units::new(each * 5 / 2));
    kit.restart().await;
    kit.handle().keep().await;
    kit.s3.put("/cap/b", noise(2, 200_000)).await.ok();
    let refused = kit.s3.put("/cap/c", noise(3, 200_000)).await.failed(503, "ServiceUnavailable");
    assert!(refused.text().contains("the spending cap of"), "{}", refused.text());
    kit.settle().await;
    let state = kit.s3.head("/cap/b").await.header("x-depin-durability").unwrap().to_owned();
    assert!(state.starts_with("secured until"), "what was acknowledged gets its deals: {state}");
    assert_eq!(10_u128.pow(30) - kit.market.balance(), 2 * each);
    let status = kit.handle().status().await.unwrap();
    assert_eq!((status.spent_today, status.spend_per_day), ((2 * each).to_string(), Some((each * 5 / 2).to_string())));
    assert!(status.warning.unwrap().contains("the spending cap of"));

    kit.market.advance(DAY);
    kit.handle().keep().await;
    kit.s3.put("/cap/c", noise(3, 200_000)).await.ok();
    assert_eq!(kit.handle().status().await.unwrap().spent_today, each.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_obey_the_limits_too() {
    let mut kit = Kit::start_with(4, |config| config.deals.term = Span::from_days(180)).await;
    kit.s3.make_bucket("long").await;
    kit.market.ask("provider-3", 2 * USUAL);
    for name in ["provider-0", "provider-1"] {
        kit.market.ask(name, 2 * USUAL);
    }
    kit.market.closed.lock().unwrap().insert("provider-3".into());
    kit.s3.put("/long/o", noise(1, 1_000)).await.ok();
    kit.settle().await;
    // Half of what was agreed on with two of them, while a fourth is cheap now.
    kit.config.deals.max_price = Some(Units::new(USUAL));
    kit.config.deals.spend_per_day = Some(Units::new(1));
    kit.restart().await;
    kit.market.closed.lock().unwrap().clear();
    kit.market.ask("provider-3", USUAL);
    kit.live(125 * DAY).await;
    let status = kit.handle().status().await.unwrap();
    assert!(reasons(&status).contains("not renewed: the spending cap of 0.000000000000000001 FIL a day"), "{}", reasons(&status));
    let before = kit.market.balance();
    kit.config.deals.spend_per_day = None;
    kit.restart().await;
    kit.live(30 * DAY).await;
    let spent: u128 = before - kit.market.balance();
    assert!(spent > 0, "the one within the limit is renewed");
    let dear: Vec<_> = kit.market.prices().into_iter().filter(|(_, price)| *price > USUAL).collect();
    assert_eq!(dear.len(), 2, "no deal above the limit was proposed again: {dear:?}");
    assert!(providers(&kit).await.contains("provider-3"), "a shard moved to whom the limit allows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_stored_and_keeps_nothing_is_found_out_before_the_answer() {
    let kit = Kit::start(6).await;
    kit.s3.make_bucket("air").await;
    for liar in ["provider-0", "provider-1", "provider-2"] {
        kit.market.ask(liar, 1);
        kit.providers.set(liar, Behaviour { forgets: true, ..Behaviour::default() });
    }
    let bytes = noise(1, 1_000_000);
    kit.s3.put("/air/o", bytes.clone()).await.ok();
    assert_eq!(providers(&kit).await, BTreeSet::from(["provider-3", "provider-4", "provider-5"].map(str::to_owned)));
    kit.s3.expect("/air/o", &bytes).await;
    let faults = kit.handle().faults(None).await.unwrap();
    let named =
        |name: &str| faults.iter().any(|fault| fault.provider_name == name && fault.detail.contains("reading a part of it back"));
    assert!(["provider-0", "provider-1", "provider-2"].into_iter().any(named), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newcomers_never_hold_what_is_needed_to_read() {
    let kit = Kit::start(6).await;
    kit.s3.make_bucket("new").await;
    let newcomers = ["provider-3", "provider-4", "provider-5"];
    kit.market.closed.lock().unwrap().extend(newcomers.map(str::to_owned));
    kit.s3.put("/new/first", noise(0, 10_000)).await.ok();
    kit.settle().await;
    kit.market.closed.lock().unwrap().clear();
    for name in newcomers {
        kit.market.ask(name, 1);
    }
    kit.handle().keep().await;
    for seed in 1..=17 {
        kit.s3.put(&format!("/new/{seed}"), noise(seed, 10_000)).await.ok();
    }
    let segments = kit.handle().segments(None, 0, None).await.unwrap();
    let new = |shard: &&depin_gateway_s3::ShardView| newcomers.contains(&shard.provider_name.as_str());
    let held: Vec<usize> = segments.iter().map(|segment| segment.shards.iter().filter(new).count()).collect();
    assert!(held.len() >= 17 && held.iter().all(|held| *held <= 1), "{held:?}");
    assert!(held.iter().sum::<usize>() >= 2, "one segment in eight tries one of them: {held:?}");
    // They take the shards and go.
    for name in newcomers {
        kit.providers.set(name, Behaviour { dead: true, ..Behaviour::default() });
    }
    for seed in 1..=17 {
        kit.s3.expect(&format!("/new/{seed}"), &noise(seed, 10_000)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_that_do_not_answer_cost_an_upload_seconds_and_the_next_one_nothing() {
    let kit = Kit::start_with(6, |config| config.upload_hedge = Duration::from_millis(500)).await;
    kit.s3.make_bucket("tar").await;
    let tar = ["provider-0", "provider-1", "provider-2"];
    for name in tar {
        kit.market.ask(name, 1);
        kit.providers.set(name, Behaviour { slow: Some(Duration::from_secs(300)), ..Behaviour::default() });
    }
    let (bytes, began) = (noise(1, 200_000), Instant::now());
    kit.s3.put("/tar/a", bytes.clone()).await.ok();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(tar.iter().all(|name| kit.providers.pieces(name).is_empty()));
    kit.s3.expect("/tar/a", &bytes).await;
    let faults = kit.handle().faults(None).await.unwrap();
    assert!(faults.iter().any(|fault| fault.kind == "slow" && fault.detail.contains("was quicker")), "{faults:?}");
    // Whoever stood still is asked last for a minute, and nobody waits for them.
    kit.clock.advance(50_000);
    let slow = |faults: Vec<depin_gateway_s3::FaultView>| -> BTreeSet<(String, String)> {
        let slow = faults.into_iter().filter(|fault| fault.kind == "slow");
        slow.map(|fault| (fault.provider_name, fault.cid)).collect()
    };
    let before = slow(faults);
    for seed in 2..5 {
        kit.s3.put(&format!("/tar/{seed}"), noise(seed, 1_000)).await.ok();
    }
    let after = slow(kit.handle().faults(None).await.unwrap());
    let again: Vec<_> = after.difference(&before).filter(|(name, _)| before.iter().any(|(known, _)| known == name)).collect();
    assert!(again.is_empty(), "{again:?}");
}
