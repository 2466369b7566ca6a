//! A made-up service for trying the shell: its operator proposes the deals that it is told to, by HTTP, and keeps nothing.

use crate::world::ask;
use axum::{Router, extract::Path, routing};
use depin_client::api::DealQuery;
use depin_ledger::Message;
use depin_provider::operator::{
    Agenda, ApiError, Draft, Duty, Failure, Figures, Look, Prepared, Registration, RoundError, Routes, SharedStatus, Subject,
    Task, counter,
};
use depin_quantity::{Address, UnitId, Units};
use depin_services::storage::{
    Proposal, StorageMessage,
    piece::{Commitment, PieceSize},
};
use futures::FutureExt as _;
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// How long `GET /slow` takes.
const SLOW: Duration = Duration::from_millis(400);

/// A deal to propose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    number: u8,
    /// Below the ask: the ledger refuses the message that it is in.
    cheap: bool,
}

impl Wish {
    fn id(self) -> UnitId {
        UnitId::new([self.number; 32])
    }
}

/// What the operator was told.
#[derive(Debug)]
pub struct Wishes {
    all: Mutex<Vec<Wish>>,
    told: watch::Sender<u64>,
    pub healthy: AtomicBool,
    /// Whether everything of the operator's own fails.
    pub broken: AtomicBool,
    /// Told when `GET /slow` begins.
    pub slow_begun: Arc<Notify>,
}

impl Wishes {
    /// Wishes numbered from 1, some of which are cheap.
    pub fn new(count: u8, cheap: &[u8]) -> Arc<Self> {
        let all = (1..=count).map(|number| Wish { number, cheap: cheap.contains(&number) }).collect();
        Arc::new(Self {
            all: Mutex::new(all),
            told: watch::Sender::new(0),
            healthy: AtomicBool::new(true),
            broken: AtomicBool::new(false),
            slow_begun: Arc::default(),
        })
    }

    fn all(&self) -> Vec<Wish> {
        self.all.lock().unwrap().clone()
    }

    fn add(&self, number: u8) {
        self.all.lock().unwrap().push(Wish { number, cheap: false });
        self.told.send_modify(|count| *count += 1);
    }

    pub fn routes(self: &Arc<Self>) -> Routes {
        let (wishes, health) = (Arc::clone(self), Arc::clone(self));
        let add = move |Path(number): Path<u8>| {
            let wishes = Arc::clone(&wishes);
            async move { wishes.add(number) }
        };
        let begun = Arc::clone(&self.slow_begun);
        let slow = move || async move {
            begun.notify_one();
            tokio::time::sleep(SLOW).await;
            "done"
        };
        Routes {
            limits: depin_serve::Limits::default(),
            routes: Router::new().route("/wishes/{number}", routing::post(add)).route("/slow", routing::get(slow)),
            health: Box::new(move || {
                let healthy = health.healthy.load(Ordering::SeqCst);
                async move { healthy.then(Default::default).ok_or_else(|| ApiError::internal(&"told to be ill")) }.boxed()
            }),
            paths: "see /wishes/{number}, /slow",
            methods: "wishes take POST, the rest GET",
        }
    }
}

/// The duty: every wish is to be a proposed deal.
pub struct Wishing {
    pub wishes: Arc<Wishes>,
    /// Who is to store.
    pub provider: Address,
}

#[derive(Default)]
pub struct View {
    wishes: BTreeMap<UnitId, Wish>,
    /// Labels of the deals that the ledger has.
    proposed: BTreeSet<String>,
    /// Wishes that the ledger refused once; they are not tried again.
    refused: BTreeSet<Subject>,
}

impl View {
    fn open(&self) -> impl Iterator<Item = &Wish> {
        self.wishes.values().filter(|wish| !self.proposed.contains(&wish.number.to_string()))
    }
}

#[derive(Clone, Debug)]
pub struct Propose(Vec<Wish>);

impl Task for Propose {
    fn name(&self) -> &'static str {
        "propose"
    }

    fn subjects(&self) -> Vec<Subject> {
        self.0.iter().map(|wish| Subject::Unit(wish.id())).collect()
    }

    fn split(&self) -> Option<[Self; 2]> {
        let (first, second) = self.0.split_at(self.0.len() / 2);
        (!first.is_empty()).then(|| [Self(first.to_vec()), Self(second.to_vec())])
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Granted {
    pub granted: u64,
    pub open: u64,
}

impl Figures for Granted {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        counter(encoder, "wishes_granted", "Deals proposed", self.granted)
    }
}

impl Duty for Wishing {
    const SERVICE: &'static str = "storage";

    type View = View;
    type Plan = Vec<Propose>;
    type Task = Propose;
    type Figures = Granted;

    fn watch(&self) -> Option<watch::Receiver<u64>> {
        Some(self.wishes.told.subscribe())
    }

    async fn changed(&self, view: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        Ok(self.wishes.all().into_iter().map(Wish::id).filter(|id| !view.wishes.contains_key(id)).collect())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        if self.wishes.broken.load(Ordering::SeqCst) {
            return Err(RoundError::own("wishes", &"the list is lost, see /secret/path"));
        }
        view.wishes = self.wishes.all().into_iter().map(|wish| (wish.id(), wish)).collect();
        if !look.dirty.all && !look.dirty.entry {
            return Ok(look.dirty.own.clone());
        }
        let query = DealQuery { client: Some(look.address), ..DealQuery::default() };
        view.proposed = look.client.storage().all_deals(query).await?.into_iter().map(|deal| deal.label).collect();
        let all = if look.dirty.all { view.wishes.keys().copied().collect() } else { look.dirty.own.clone() };
        Ok(all)
    }

    fn registration(&self, _: &View, _: bool) -> Registration {
        Registration::InLine
    }

    fn plan(view: &View, agenda: &Agenda) -> Vec<Propose> {
        let asked = |wish: &&Wish| agenda.units.contains(&wish.id()) && !view.refused.contains(&Subject::Unit(wish.id()));
        let wishes: Vec<Wish> = view.open().filter(asked).copied().collect();
        if wishes.is_empty() { Vec::new() } else { vec![Propose(wishes)] }
    }

    async fn prepare(&self, _: &mut View, plan: Vec<Propose>) -> Result<Prepared<Propose>, RoundError> {
        Ok(plan.into())
    }

    async fn message(&self, _: &View, task: &Propose) -> Draft<Propose> {
        let proposal = |wish: &Wish| Proposal {
            provider: self.provider,
            piece: Commitment::of_zeros(PieceSize::MIN),
            size: PieceSize::MIN,
            price: if wish.cheap { Units::ZERO } else { ask().price_per_epoch(PieceSize::MIN, false) },
            term: 2_880,
            start_within: 2_000,
            verified: false,
            label: wish.number.to_string(),
        };
        Message::service(StorageMessage::ProposeDeals(task.0.iter().map(proposal).collect())).into()
    }

    fn settle(&self, view: &mut View, failures: &[Failure<Propose>], status: &SharedStatus<Granted>) -> BTreeSet<Subject> {
        for failure in failures {
            view.refused.insert(failure.subject);
            status.problem("wishes", format!("{:?} was not granted: {}", failure.subject, failure.why));
        }
        BTreeSet::new()
    }

    fn count(figures: &mut Granted, task: &Propose, failed: usize) {
        figures.granted += (task.0.len() - failed) as u64;
    }

    fn show(view: &View, figures: &mut Granted) {
        figures.open = view.open().count() as u64;
    }
}
