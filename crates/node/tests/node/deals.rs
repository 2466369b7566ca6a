//! A deal's life as a provider and a client see it over the API, in days that last seconds.

use crate::common::{World, key, name};
use depin_client::api::{DealStage, EventQuery, FlowSource};
use depin_ledger::Message;
use depin_quantity::{UnitId, Units};
use depin_services::storage::{
    Ask, Proposal, SectorProof, StorageMessage,
    piece::{Commitment, Hasher, LeafProof, PieceSize, Subtree, TreeCache},
    sector_challenges,
};
use futures::StreamExt as _;
use std::time::Duration;

struct Stored {
    payload: Vec<u8>,
    piece: Commitment,
    size: PieceSize,
    cache: TreeCache,
}

impl Stored {
    fn new(payload: Vec<u8>) -> Self {
        let hash = |payload: &[u8]| {
            let mut hasher = Hasher::new();
            hasher.update(payload);
            hasher
        };
        let (_, size) = hash(&payload).finish().unwrap();
        let (piece, cache) = hash(&payload).finish_with_cache().unwrap();
        Self { payload, piece, size, cache }
    }

    fn leaf(&self, leaf: u64) -> LeafProof {
        let range = Subtree::of_leaf(self.size, leaf).unwrap().payload;
        let end = (range.end as usize).min(self.payload.len());
        let part = self.payload.get(range.start as usize..end).unwrap_or_default();
        self.cache.prove(&self.piece, leaf, part).unwrap()
    }
}

async fn done(world: &World, from: u8, message: StorageMessage) -> UnitId {
    let posted = world.send(&key(from), Message::service(message)).await;
    assert_eq!(posted.receipt.unwrap().failure, None);
    posted.id
}

/// Waits for the challenge to a deal's sector and answers it, from what the API shows alone.
async fn prove(world: &World, provider: u8, id: UnitId, stored: &Stored) {
    let challenge = loop {
        match world.client.storage().deal(id).await.unwrap().unwrap().challenge {
            Some(challenge) => break challenge,
            None => tokio::task::yield_now().await,
        }
    };
    let wanted = sector_challenges(challenge.seed, id, stored.size, challenge.leaves);
    let leaves = wanted.into_iter().map(|leaf| stored.leaf(leaf)).collect();
    done(world, provider, StorageMessage::ProveSectors(vec![SectorProof { deal: id, leaves }])).await;
}

/// What being away would cost, by the functions that the ledger will charge by, and what was spent so far.
async fn absence_is_told_beforehand(world: &World) {
    let provider = key(3).address();
    let before = world.client.storage().absence(provider).await.unwrap().unwrap();
    assert_eq!((before.sectors, before.faulty, before.more, before.deadlines.len()), (1, 0, false, 1));
    let [faulty_from, charged_from, ended_from] =
        [&before.faulty_from, &before.charged_from, &before.ended_from].map(|at| at.as_ref().unwrap().ms);
    assert!(
        faulty_from == before.deadlines[0].closes.ms && faulty_from < charged_from && charged_from < ended_from,
        "{before:?}"
    );
    assert!(!before.fees_per_day.units.is_zero() && !before.rewards_per_day.units.is_zero() && !before.pledged.units.is_zero());
    assert!(before.accepted.is_none() && before.ended_fees.as_ref().is_some_and(|fees| !fees.units.is_zero()), "{before:?}");
    assert_eq!(world.client.storage().absence(key(1).address()).await.unwrap(), None);
    let days = world.client.days(provider, 90).await.unwrap();
    let flows: Vec<_> = days.days.iter().flat_map(|day| &day.flows).collect();
    let spent = |source: FlowSource| flows.iter().any(|flow| flow.source == source && !flow.spent.units.is_zero());
    assert!(spent(FlowSource::Fees) && spent(FlowSource::Collateral) && !spent(FlowSource::Penalties), "{days:?}");
    assert!(world.client.days(provider, 91).await.unwrap_err().to_string().contains("90"));
}

#[tokio::test]
async fn a_deal_is_proven_found_faulty_and_recovered() {
    let world = World::start_with(|config| {
        // A proving period of a day lasts some twenty seconds.
        config.heartbeat = Duration::from_millis(100);
        config.speed = 4_500;
        config.genesis.speed_max = 4_500;
    })
    .await;
    let stored = Stored::new((0..5_000u32).map(|n| (n * n % 251) as u8).collect());
    let price = Units::new(1_000_000_000);
    let ask = Ask {
        price,
        verified_price: price,
        piece_min: PieceSize::MIN,
        piece_max: PieceSize::new(1 << 30).unwrap(),
        term_min: 120,
        term_max: 500_000,
        open: true,
    };
    let url = "http://127.0.0.1:9000".to_owned();
    done(&world, 3, StorageMessage::RegisterProvider { name: name("careless"), url, capacity: 1 << 30, ask }).await;
    let proposal = Proposal {
        provider: key(3).address(),
        piece: stored.piece,
        size: stored.size,
        price: Units::new(1_000_000),
        term: 100 * 2_880,
        start_within: 2_880,
        verified: false,
        label: "over HTTP".to_owned(),
    };
    done(&world, 1, StorageMessage::ProposeDeals(vec![proposal])).await;
    let deal = world.client.storage().all_deals(Default::default()).await.unwrap().remove(0);
    let mut history = world.client.follow(EventQuery { from: Some(0), subject: Some(deal.id), ..EventQuery::default() });
    let mut next = async |kind: &str| {
        loop {
            let event = history.next().await.unwrap().unwrap();
            if event.kind == kind {
                assert_eq!(event.subject, Some(deal.id));
                return event;
            }
        }
    };
    next("deal-proposed").await;
    done(&world, 3, StorageMessage::AcceptDeals(vec![deal.id])).await;
    next("sector-challenged").await;
    prove(&world, 3, deal.id, &stored).await;
    let activated = next("deal-activated").await;
    let active = world.client.storage().deal(deal.id).await.unwrap().unwrap();
    assert_eq!((active.state, active.since.map(|since| since.ms)), (DealStage::Active, Some(activated.time.ms)));
    assert!(!world.client.account(key(3).address()).await.unwrap().pledged.units.is_zero());
    let sets = world.client.storage().sets(Some(key(3).address())).await.unwrap().items;
    assert_eq!((sets.len(), &sets[0].sectors[..]), (1, &[deal.id][..]));

    absence_is_told_beforehand(&world).await;

    // Nobody answers the window.
    next("sector-faulty").await;
    let faults = world.client.storage().faults(None).await.unwrap().items;
    assert_eq!((faults.len(), faults[0].deal, faults[0].declared), (1, deal.id, false));
    let faulty = world.client.storage().deal(deal.id).await.unwrap().unwrap();
    assert_eq!((faulty.state, faulty.fault.as_ref()), (DealStage::Faulty, Some(&faults[0])));
    let away = world.client.storage().absence(key(3).address()).await.unwrap().unwrap();
    assert_eq!((away.sectors, away.faulty), (1, 1));
    assert!(away.faulty_from.is_none() && away.charged_from.is_some() && away.ended_from.is_some(), "{away:?}");
    let metrics = world.client.metrics().await.unwrap();
    assert!(metrics.contains("depin_storage_sectors_faulty 1"), "{metrics}");

    done(&world, 3, StorageMessage::DeclareRecovered(vec![deal.id])).await;
    next("sector-challenged").await;
    prove(&world, 3, deal.id, &stored).await;
    next("sector-recovered").await;
    assert!(world.client.storage().sets(None).await.unwrap().items[0].missed >= 1);
    let audit = world.client.audit().await.unwrap();
    assert!(audit.ok, "{:?}", audit.violations);
}
