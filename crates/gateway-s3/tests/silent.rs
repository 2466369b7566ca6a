//! Providers that say nothing, or not the truth, and what goes on beside them.

mod kit;

use kit::{Behaviour, Kit, noise};
use std::time::{Duration, Instant};

async fn providers_of(kit: &Kit) -> Vec<(String, String)> {
    let segments = kit.handle().segments(None, 0, None).await.unwrap();
    let shards = segments.into_iter().flat_map(|segment| segment.shards);
    shards.map(|shard| (shard.provider_name, shard.state)).collect()
}

async fn durability(kit: &Kit, path: &str) -> String {
    kit.s3.head(path).await.header("x-depin-durability").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_answers_no_deletion_holds_up_neither_deals_nor_the_deletions_of_others_nor_the_end() {
    let mut kit = Kit::start_with(4, |config| config.delete_timeout = Duration::from_secs(3_600)).await;
    kit.s3.make_bucket("tar").await;
    kit.s3.put("/tar/gone", noise(1, 1_000_000)).await.ok();
    kit.settle().await;
    kit.providers.set("provider-1", Behaviour { keeps: true, ..Behaviour::default() });
    kit.s3.delete("/tar/gone").await;
    kit.s3.put("/tar/next", noise(2, 100_000)).await.ok();
    let begun = Instant::now();
    tokio::time::timeout(Duration::from_secs(60), kit.settle()).await.expect("a tick stands still");
    assert!(begun.elapsed() < Duration::from_secs(60));
    let state = durability(&kit, "/tar/next").await;
    assert!(state.starts_with("secured until"), "deals are made: {state}");
    let kept = providers_of(&kit).await;
    for name in ["provider-0", "provider-2", "provider-3"] {
        let wanted = kept.iter().filter(|(provider, _)| provider == name).count();
        assert_eq!(kit.providers.pieces(name).len(), wanted, "{name} was asked");
    }
    assert!(kit.providers.pieces("provider-1").len() > kept.iter().filter(|(provider, _)| provider == "provider-1").count());
    let handle = kit.handle.take().unwrap();
    tokio::time::timeout(Duration::from_secs(30), handle.stop()).await.expect("it does not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_provider_is_asked_again_later_and_rests_meanwhile() {
    let kit = Kit::start_with(4, |config| config.delete_timeout = Duration::from_millis(100)).await;
    kit.s3.make_bucket("rest").await;
    kit.s3.put("/rest/o", noise(1, 1_000_000)).await.ok();
    kit.settle().await;
    kit.providers.set("provider-1", Behaviour { keeps: true, ..Behaviour::default() });
    kit.s3.delete("/rest/o").await;
    kit.settle().await;
    assert!(!kit.providers.pieces("provider-1").is_empty());
    assert!(kit.handle().status().await.unwrap().retired > 1, "what is left there waits");
    kit.providers.set("provider-1", Behaviour::default());
    for _ in 0..20 {
        kit.clock.advance(60_000);
        kit.handle().keep().await;
    }
    assert_eq!(kit.providers.pieces_in_all(), 0);
    assert_eq!(kit.handle().status().await.unwrap().retired, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_read_finds_lost_or_altered_is_not_called_secured_and_is_placed_again() {
    let cases = [Behaviour { lying: true, ..Behaviour::default() }, Behaviour { damaged: true, ..Behaviour::default() }];
    for (round, behaviour) in (0..).zip(cases) {
        let kit = Kit::start(5).await;
        kit.s3.make_bucket("found").await;
        let bytes = noise(round, 500_000);
        kit.s3.put("/found/o", bytes.clone()).await.ok();
        kit.settle().await;
        assert!(durability(&kit, "/found/o").await.starts_with("secured until"));
        let segments = kit.handle().segments(None, 0, None).await.unwrap();
        let liar = segments[0].shards[0].provider_name.clone();
        kit.providers.set(&liar, behaviour);
        kit.s3.expect("/found/o", &bytes).await;
        let state = durability(&kit, "/found/o").await;
        assert!(state.contains("to be placed again"), "{state}");
        for _ in 0..4 {
            kit.settle().await;
        }
        let first = kit.handle().segments(None, 0, None).await.unwrap()[0].shards[0].clone();
        assert!(first.provider_name != liar && first.state == "active", "{first:?}");
        let state = durability(&kit, "/found/o").await;
        assert!(state.starts_with("secured until"), "{state}");
        kit.s3.expect("/found/o", &bytes).await;
        assert!(kit.market.paid_twice().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_only_does_not_answer_keeps_what_it_has() {
    let kit = Kit::start(5).await;
    kit.s3.make_bucket("away").await;
    let bytes = noise(3, 500_000);
    kit.s3.put("/away/o", bytes.clone()).await.ok();
    kit.settle().await;
    let before = providers_of(&kit).await;
    kit.providers.set(&before[0].0, Behaviour { dead: true, ..Behaviour::default() });
    kit.s3.expect("/away/o", &bytes).await;
    kit.settle().await;
    assert_eq!(providers_of(&kit).await, before);
    assert!(durability(&kit, "/away/o").await.starts_with("secured until"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_that_is_late_is_a_problem_of_health() {
    let kit = Kit::start_with(4, |config| config.renewal.late = Duration::ZERO).await;
    let health = async || {
        let url = format!("{}/_depin/health", kit.handle().endpoint());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        http.get(url).send().await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    assert_eq!(health().await["status"], "ok");
    kit.s3.make_bucket("late").await;
    kit.s3.put("/late/o", noise(1, 300_000)).await.ok();
    let first = kit.handle().segments(None, 0, None).await.unwrap()[0].shards[0].provider_name.clone();
    kit.market.refusing.lock().unwrap().insert(first);
    kit.handle().keep().await;
    kit.market.step();
    // The one that is left to move it to takes its time.
    for name in kit.providers.names() {
        kit.providers.set(&name, Behaviour { slow: Some(Duration::from_secs(3)), ..Behaviour::default() });
    }
    kit.clock.advance(60_000);
    let (_, told) = tokio::join!(kit.handle().keep(), async {
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        health().await
    });
    assert_eq!((&told["status"], &told["problems"][0]), (&"degraded".into(), &"renewal".into()), "{told}");
    assert_eq!(health().await["status"], "ok");
}
