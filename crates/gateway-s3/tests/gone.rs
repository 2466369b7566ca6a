//! Providers that are gone for good: found without anybody's reading, and left after hours.

mod kit;

use depin_quantity::{Span, Units};
use kit::{Behaviour, Kit, noise};
use std::{collections::BTreeSet, fs};

const QUARTER: u64 = 900_000;
const DEAD: Behaviour =
    Behaviour { dead: true, lying: false, damaged: false, full: false, forgets: false, slow: None, keeps: false };

/// Ledger and wall time pass, in quarters of an hour, with a round of everything in each.
async fn hours(kit: &Kit, hours: u64) {
    for _ in 0..hours * 4 {
        kit.clock.advance(QUARTER);
        kit.market.advance(QUARTER);
        kit.handle().keep().await;
        kit.market.step();
    }
}

/// Whose shards there are.
async fn holders(kit: &Kit) -> Vec<String> {
    let segments = kit.handle().segments(None, 0, None).await.unwrap();
    segments.into_iter().flat_map(|segment| segment.shards).map(|shard| shard.provider_name).collect()
}

async fn is_secured(kit: &Kit, path: &str) -> bool {
    kit.s3.head(path).await.header("x-depin-durability").unwrap().starts_with("secured until")
}

/// A gateway with an object of some segments under deals, and one the provider with most of it.
async fn stored(count: usize, change: impl FnOnce(&mut depin_gateway_s3::Config)) -> (Kit, Vec<u8>, String) {
    let kit = Kit::start_with(count, change).await;
    kit.s3.make_bucket("kept").await;
    let bytes = noise(9, 900_000);
    kit.s3.put("/kept/o", bytes.clone()).await.ok();
    kit.settle().await;
    assert!(is_secured(&kit, "/kept/o").await);
    let held = holders(&kit).await;
    let most = held.iter().max_by_key(|name| held.iter().filter(|other| other == name).count()).unwrap().clone();
    (kit, bytes, most)
}

/// It does not answer the gateway, and nothing on the ledger.
fn kill(kit: &Kit, name: &str) {
    kit.providers.set(name, DEAD);
    kit.market.silent.lock().unwrap().insert(name.to_owned());
}

fn wake(kit: &Kit, name: &str) {
    kit.providers.set(name, Behaviour::default());
    kit.market.silent.lock().unwrap().remove(name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_silent_for_hours_is_left_while_its_deals_run_on() {
    let (kit, bytes, gone) = stored(5, |_| {}).await;
    let before = holders(&kit).await;
    kill(&kit, &gone);
    hours(&kit, 5).await;
    assert_eq!(holders(&kit).await, before, "it may come back");
    let told = kit.handle().status().await.unwrap().silent;
    assert_eq!(told.len(), 1);
    for words in [gone.as_str(), "has not answered for 4h", "after 6h", "FIL", "paid until they end"] {
        assert!(told[0].contains(words), "{words}: {told:?}");
    }
    hours(&kit, 4).await;
    let after: BTreeSet<String> = holders(&kit).await.into_iter().collect();
    assert!(!after.contains(&gone), "{after:?}");
    assert!(is_secured(&kit, "/kept/o").await);
    kit.s3.expect("/kept/o", &bytes).await;
    assert!(kit.market.paid_twice().is_empty());
    assert!(kit.market.live_deals()[&gone] > 0, "it never agreed to an end");
    assert!(kit.handle().status().await.unwrap().silent.is_empty(), "it holds nothing any more");
    // Back, it agrees, and what is left of the terms is paid back.
    wake(&kit, &gone);
    hours(&kit, 1).await;
    assert_eq!(kit.market.live_deals().get(&gone), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_most_do_not_answer_or_the_gateway_did_not_run_nobody_is_left() {
    let (mut kit, bytes, one) = stored(5, |_| {}).await;
    let before = holders(&kit).await;
    let all: BTreeSet<String> = before.iter().cloned().collect();
    for name in &all {
        kill(&kit, name);
    }
    hours(&kit, 12).await;
    assert!(kit.handle().status().await.unwrap().silent.is_empty());
    for name in &all {
        wake(&kit, name);
    }
    kill(&kit, &one);
    hours(&kit, 3).await;
    kit.handle.take().unwrap().stop().await;
    kit.market.advance(48 * 4 * QUARTER);
    kit.restart().await;
    hours(&kit, 2).await;
    assert_eq!(holders(&kit).await, before, "two days of its own absence are nobody's silence");
    hours(&kit, 4).await;
    assert!(!holders(&kit).await.contains(&one), "what was seen before the restart counts");
    kit.s3.expect("/kept/o", &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_obeys_the_cap_of_a_day_and_the_owners_no() {
    let (kit, _, gone) = stored(5, |config| config.renewal.repair_after = None).await;
    kill(&kit, &gone);
    hours(&kit, 24).await;
    assert!(holders(&kit).await.contains(&gone));
    drop(kit);

    let (mut kit, bytes, gone) = stored(5, |config| config.renewal.repair_after = Some(Span::from_secs(3_600))).await;
    let shards = holders(&kit).await.iter().filter(|name| **name == gone).count();
    assert!(shards > 1);
    kill(&kit, &gone);
    // Room for one more shard in a day.
    kit.handle.take().unwrap().stop().await;
    let deal = 1_000_000 * u128::from(kit::SHARD / 127 * 128) * (180 * 2_880) / (1 << 30);
    kit.config.deals.spend_per_day = Some(Units::new(deal + deal / 4));
    kit.market.advance(24 * 4 * QUARTER);
    kit.restart().await;
    hours(&kit, 8).await;
    let left = holders(&kit).await.iter().filter(|name| **name == gone).count();
    assert_eq!(left, shards - 1, "the cap of the day");
    let waiting = kit.handle().status().await.unwrap().waiting;
    assert!(waiting.iter().any(|waiting| waiting.reason.contains("cap")), "{waiting:?}");
    hours(&kit, 40).await;
    assert!(holders(&kit).await.iter().filter(|name| **name == gone).count() < left, "the next day has room again");
    kit.s3.expect("/kept/o", &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_is_found_without_anybody_reading() {
    let (kit, bytes, one) = stored(5, |_| {}).await;
    for piece in kit.providers.pieces(&one) {
        fs::remove_file(kit.providers.path(&one, &piece)).unwrap();
    }
    hours(&kit, 8).await;
    assert!(!holders(&kit).await.contains(&one), "each of its shards was looked at");
    assert!(is_secured(&kit, "/kept/o").await);
    kit.s3.expect("/kept/o", &bytes).await;
}
