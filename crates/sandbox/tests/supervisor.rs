//! Supervision over a made-up runtime, in virtual time: order of starts, endings, updates, adoption. No container is needed.

use async_trait::async_trait;
use depin_sandbox::{
    Description, Ending, Exec, ExecOptions, Found, Image, InstanceId, Inventory, LogOptions, Look, Name, Network, OutputStream,
    Published, RoomStatus, Runtime, RuntimeError, Service, Settings, State, Supervisor, Usage, Variable, Workload, WorkloadError,
    Written,
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Default)]
struct World {
    running: BTreeMap<InstanceId, (String, Look)>,
    rooms: Vec<Name>,
    log: Vec<String>,
    written: u64,
    is_broken: bool,
}

struct Fake {
    description: Description,
    world: Mutex<World>,
}

impl Fake {
    fn new() -> Arc<Self> {
        let description = Description {
            name: "made up".into(),
            several_services: true,
            user_namespaces: true,
            packet_filter: true,
            fixed_volumes: true,
            notes: vec![],
        };
        Arc::new(Self { description, world: Mutex::default() })
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.world.lock().unwrap().log)
    }

    fn end(&self, id: &InstanceId, ending: Ending) {
        self.world.lock().unwrap().running.get_mut(id).unwrap().1 = Look::Ended(ending);
    }
}

#[async_trait]
impl Runtime for Fake {
    fn describe(&self) -> &Description {
        &self.description
    }
    fn check(&self, workload: &Workload) -> Result<(), WorkloadError> {
        if workload.services.len() < 9 {
            return Ok(());
        }
        Err(WorkloadError::Unsupported { what: "nine services".into(), runtime: "made up".into(), instead: "use eight".into() })
    }
    async fn open(&self, workload: &Workload) -> Result<(), RuntimeError> {
        let mut world = self.world.lock().unwrap();
        if !world.rooms.contains(&workload.room) {
            world.rooms.push(workload.room.clone());
        }
        Ok(())
    }
    async fn start(&self, workload: &Workload, service: &Service, replica: u32) -> Result<(), RuntimeError> {
        let id = InstanceId::new(workload.room.clone(), service.name.clone(), replica);
        let mut world = self.world.lock().unwrap();
        world.log.push(format!("start {id}"));
        if service.image == Image::Reference("missing".into()) {
            return Err(RuntimeError::ImageMissing { image: "missing".into(), detail: "nowhere".into() });
        }
        world.running.insert(id, (service.digest(), Look::Running));
        Ok(())
    }
    async fn look(&self, id: &InstanceId) -> Result<Look, RuntimeError> {
        let world = self.world.lock().unwrap();
        if world.is_broken {
            return Err(RuntimeError::failed("looking", "the engine is away"));
        }
        Ok(world.running.get(id).map_or(Look::Absent, |(_, look)| look.clone()))
    }
    async fn stop(&self, id: &InstanceId, _grace: Duration) -> Result<(), RuntimeError> {
        self.world.lock().unwrap().log.push(format!("stop {id}"));
        Ok(())
    }
    async fn remove(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        let mut world = self.world.lock().unwrap();
        world.log.push(format!("remove {id}"));
        world.running.remove(id);
        Ok(())
    }
    async fn usage(&self, _id: &InstanceId) -> Result<Usage, RuntimeError> {
        Ok(Usage::default())
    }
    async fn written(&self, service: &Service, _id: &InstanceId) -> Result<Vec<Written>, RuntimeError> {
        let used = self.world.lock().unwrap().written;
        Ok(vec![Written { place: "ephemeral storage".into(), used, limit: service.limits.ephemeral_bytes }])
    }
    async fn published(&self, _id: &InstanceId) -> Result<Vec<Published>, RuntimeError> {
        Ok(vec![])
    }
    async fn address(&self, id: &InstanceId, _port: u16) -> Result<SocketAddr, RuntimeError> {
        Err(RuntimeError::NotThere { id: id.clone() })
    }
    async fn logs(&self, id: &InstanceId, _options: LogOptions) -> Result<OutputStream, RuntimeError> {
        Err(RuntimeError::NotThere { id: id.clone() })
    }
    async fn exec(&self, id: &InstanceId, _options: ExecOptions) -> Result<Exec, RuntimeError> {
        Err(RuntimeError::NotThere { id: id.clone() })
    }
    async fn list(&self) -> Result<Inventory, RuntimeError> {
        let world = self.world.lock().unwrap();
        let instances = world.running.iter().map(|(id, (digest, _))| Found { id: id.clone(), digest: digest.clone() });
        Ok(Inventory { rooms: world.rooms.clone(), instances: instances.collect() })
    }
    async fn clear(&self, room: &Name) -> Result<(), RuntimeError> {
        let mut world = self.world.lock().unwrap();
        world.log.push(format!("clear {room}"));
        world.running.retain(|id, _| id.room != *room);
        Ok(())
    }
    async fn close(&self, room: &Name) -> Result<(), RuntimeError> {
        let mut world = self.world.lock().unwrap();
        world.log.push(format!("close {room}"));
        world.rooms.retain(|name| name != room);
        world.running.retain(|id, _| id.room != *room);
        Ok(())
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn service(text: &str) -> Service {
    Service::new(name(text), Image::Reference("box".into()))
}

fn workload(services: Vec<Service>) -> Workload {
    Workload { room: name("r"), network: Network::Private, services }
}

fn id(service: &str, replica: u32) -> InstanceId {
    InstanceId::new(name("r"), name(service), replica)
}

fn supervisor(fake: &Arc<Fake>) -> Supervisor {
    Supervisor::new(fake.clone(), Settings::default())
}

async fn until(supervisor: &Supervisor, done: impl Fn(&RoomStatus) -> bool) -> RoomStatus {
    let (status, held) = supervisor.wait(&name("r"), Duration::from_secs(60), done).await;
    assert!(held, "{status:#?}");
    status
}

fn is(state: State) -> impl Fn(&RoomStatus) -> bool {
    move |status| status.instances[0].status.state == state
}

#[tokio::test(start_paused = true)]
async fn a_service_starts_after_those_that_it_waits_for() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    let web = Service { depends_on: vec![name("db")], replicas: 2, ..service("web") };
    supervisor.deploy(workload(vec![web, service("db")])).await.unwrap();
    until(&supervisor, RoomStatus::is_healthy).await;
    assert_eq!(fake.log(), ["start r/db-0", "start r/web-0", "start r/web-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_ended_starts_again_after_its_pause_and_what_cannot_start_says_why() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    supervisor.deploy(workload(vec![service("a")])).await.unwrap();
    until(&supervisor, RoomStatus::is_healthy).await;
    fake.end(&id("a", 0), Ending::Exited { code: 2 });
    let status = until(&supervisor, is(State::Restarting)).await;
    assert!(status.instances[0].status.reason.contains("exit code 2"));
    let status = until(&supervisor, RoomStatus::is_healthy).await;
    assert_eq!(status.instances[0].status.restarts, 1);

    let missing = Service { image: Image::Reference("missing".into()), ..service("a") };
    supervisor.deploy(workload(vec![missing])).await.unwrap();
    let status = until(&supervisor, is(State::Failed)).await;
    assert!(status.instances[0].status.reason.contains("image missing cannot be had"), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_start_is_tried_at_once_when_it_is_to_be_something_else() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    let missing = Service { image: Image::Reference("missing".into()), ..service("a") };
    supervisor.deploy(workload(vec![missing.clone()])).await.unwrap();
    // Pauses of 1, 2, 4… seconds: after the sixth failure the next try is half a minute away.
    until(&supervisor, |status| status.instances[0].status.restarts >= 6).await;
    let changed = tokio::time::Instant::now();
    supervisor.deploy(workload(vec![missing])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(supervisor.status(&name("r")).unwrap().instances[0].status.restarts, 6, "the same once more changes nothing");
    supervisor.deploy(workload(vec![service("a")])).await.unwrap();
    until(&supervisor, RoomStatus::is_healthy).await;
    assert!(changed.elapsed() < Duration::from_secs(4), "{:?}", changed.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_writes_too_much_is_removed() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    supervisor.deploy(workload(vec![service("a")])).await.unwrap();
    until(&supervisor, RoomStatus::is_healthy).await;
    fake.log();
    fake.world.lock().unwrap().written = 513 << 20;
    let status = until(&supervisor, is(State::Evicted)).await;
    assert_eq!(fake.log(), ["remove r/a-0"]);
    assert!(status.instances[0].status.reason.contains("513 MiB"), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_one_replica_after_the_other_and_drops_what_is_gone() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    supervisor.deploy(workload(vec![Service { replicas: 2, ..service("a") }, service("b")])).await.unwrap();
    until(&supervisor, RoomStatus::is_healthy).await;
    fake.log();
    let env = vec![Variable::new("K", "secret")];
    supervisor.deploy(workload(vec![Service { replicas: 2, env, ..service("a") }])).await.unwrap();
    until(&supervisor, |status| status.is_healthy() && status.instances.len() == 2).await;
    assert_eq!(
        fake.log(),
        ["stop r/b-0", "remove r/b-0", "stop r/a-0", "remove r/a-0", "start r/a-0", "stop r/a-1", "remove r/a-1", "start r/a-1"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_adopted_what_changed_is_replaced_and_the_rest_removed() {
    let fake = Fake::new();
    let other = Workload { room: name("old"), ..workload(vec![service("x")]) };
    let first = supervisor(&fake);
    first.deploy(workload(vec![service("a"), service("b"), service("gone")])).await.unwrap();
    first.deploy(other).await.unwrap();
    until(&first, RoomStatus::is_healthy).await;
    drop(first);
    fake.log();
    let second = supervisor(&fake);
    let changed = Service { args: Some(vec!["x".into()]), ..service("b") };
    let done = second.reconcile(vec![workload(vec![service("a"), changed])]).await.unwrap();
    assert_eq!(done.adopted, [id("a", 0), id("b", 0)]);
    assert_eq!(done.closed, [name("old")]);
    until(&second, RoomStatus::is_healthy).await;
    assert_eq!(fake.log(), ["remove r/gone-0", "close old", "stop r/b-0", "remove r/b-0", "start r/b-0"]);
}

/// What is wanted besides is known later, when somebody was asked who may be away now.
#[tokio::test(start_paused = true)]
async fn what_is_not_known_to_be_unwanted_stays_until_it_is_swept() {
    let fake = Fake::new();
    let first = supervisor(&fake);
    for room in ["old", "kept"] {
        first.deploy(Workload { room: name(room), ..workload(vec![service("x")]) }).await.unwrap();
    }
    first.deploy(workload(vec![service("a")])).await.unwrap();
    until(&first, RoomStatus::is_healthy).await;
    fake.world.lock().unwrap().running.retain(|id, _| id.room != name("kept"));
    drop(first);
    fake.log();
    let second = supervisor(&fake);
    let done = second.take_over(vec![workload(vec![service("a")])]).await.unwrap();
    assert_eq!((done.adopted, done.removed.len(), done.closed.len()), (vec![id("a", 0)], 0, 0));
    assert_eq!(fake.log(), [""; 0]);
    let keep = [name("r"), name("kept")].into();
    assert_eq!(second.sweep(&keep).await.unwrap(), [name("old")]);
    assert_eq!(second.sweep(&keep).await.unwrap(), []);
    assert_eq!(fake.log(), ["close old"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_suspended_leaves_its_rooms_and_comes_up_again() {
    let fake = Fake::new();
    let first = supervisor(&fake);
    first.deploy(workload(vec![service("a")])).await.unwrap();
    until(&first, RoomStatus::is_healthy).await;
    fake.log();
    first.suspend().await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(fake.log(), ["stop r/a-0", "clear r"], "nothing is started again");
    assert_eq!(fake.world.lock().unwrap().rooms, [name("r")]);
    let second = supervisor(&fake);
    second.reconcile(vec![workload(vec![service("a")])]).await.unwrap();
    until(&second, RoomStatus::is_healthy).await;
    assert_eq!(fake.log(), ["start r/a-0"]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_ends_nothing_and_is_told() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    supervisor.deploy(workload(vec![service("a")])).await.unwrap();
    until(&supervisor, RoomStatus::is_healthy).await;
    fake.log();
    fake.world.lock().unwrap().is_broken = true;
    let status = until(&supervisor, |status| status.problem.is_some()).await;
    assert_eq!(status.instances[0].status.state, State::Healthy);
    assert!(status.problem.unwrap().contains("the engine is away"));
    fake.world.lock().unwrap().is_broken = false;
    until(&supervisor, RoomStatus::is_healthy).await;
    assert_eq!(fake.log(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_changes_nothing_and_says_what_is_allowed() {
    let fake = Fake::new();
    let supervisor = supervisor(&fake);
    let circle = |a: &str, b: &str| Service { depends_on: vec![name(b)], ..service(a) };
    let memory = |bytes| {
        let mut made = service("a");
        made.limits.memory_bytes = bytes;
        made
    };
    let cases = [
        (vec![], "needs one at least"),
        (vec![service("a"), service("a")], "`a` is there twice"),
        (vec![circle("a", "b"), circle("b", "a")], "in a circle: a, b"),
        (vec![circle("a", "z")], "waits for `z`"),
        (vec![memory(1)], "4 MiB or more"),
        (vec![memory(u64::MAX)], "below 2^63"),
        (vec![Service { replicas: u32::MAX, ..service("a") }], "at most 256 fit"),
        (vec![Service { replicas: 0, ..service("a") }], "1 or more"),
        (vec![Service { env: vec![Variable::new("A=B", "")], ..service("a") }], "without `=`"),
        ((0..9).map(|n| service(&format!("s{n}"))).collect(), "use eight"),
    ];
    for (services, words) in cases {
        let refused = supervisor.deploy(workload(services)).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
    for path in ["data", "/", "/a/../b", "/proc/x", "/dev", "/a:ro", "/a,b", "//a"] {
        let source = depin_sandbox::Source::Memory { bytes: 1 };
        let mount = depin_sandbox::Mount { name: name("m"), path: path.into(), read_only: false, source };
        let refused = supervisor.deploy(workload(vec![Service { mounts: vec![mount], ..service("a") }])).await;
        assert!(refused.unwrap_err().to_string().contains("absolute path below /"), "{path}");
    }
    assert_eq!((supervisor.rooms(), fake.log()), (vec![], vec![]));
    assert!(!format!("{:?}", Variable::new("PASSWORD", "hunter2")).contains("hunter2"));
}
