//! A ledger's node on loopback that runs `rendering`, an artist who is its own dispatcher, and nodes that render.

use depin_client::{
    Client, Sender, SigningKey, Trust,
    api::{RenderingJob, RenderingJobQuery, RenderingTicket},
    render::{Order, RenderNode, SCENE_PART, scene_key},
};
use depin_ledger::{GenesisAccount, GenesisDoc, Message};
use depin_networks::{Recipe, compose};
use depin_node::{Node, NodeConfig, NodeHandle};
use depin_provider::{
    operator::OperatorConfig,
    rendering::{RenderingConfig, RenderingHandle, RenderingNode},
};
use depin_quantity::{ContentHash, Instant, Name, Span, UnitId, Units};
use depin_render::{EngineKind, EngineSettings, Engines, Found, Scene, SceneLimits};
use depin_services::rendering::{
    Engine, Format, Frames, Issued, JobState, NewJob, Opening, Purpose, RenderingMessage, Secret, Tier, salt_of, secret_hash,
    ticket_hash,
};
use std::{env, path::PathBuf, process::Command, sync::Arc, time::Duration};
use tempfile::TempDir;

const NETWORK: &str = include_str!("../../../../networks/filecoin/network.toml");
const NODE_SEED: [u8; 32] = [99; 32];
/// What the artist's dispatcher committed to.
pub const SECRET: Secret = Secret::new([7; 32]);
/// Nothing here takes longer, unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);

const MITSUBA: &str = r#"<scene version="3.0.0"><integrator type="path"/>
  <sensor type="perspective"><float name="fov" value="45"/>
    <transform name="to_world"><lookat origin="0,-4,2" target="0,0,0" up="0,0,1"/></transform>
    <film type="hdrfilm"/><sampler type="independent"/></sensor>
  <shape type="sphere"><transform name="to_world"><scale value="0.5"/><translate x="$frame"/></transform></shape>
  <emitter type="constant"/></scene>"#;

/// Five parts of one text each: the letters of it are counted.
const TASK: &str = r#"
import json, sys, zipfile
script = """
import collections, os
(name,) = os.listdir("inputs")
with open("inputs/" + name) as file:
    counts = collections.Counter(file.read())
with open("outputs/letters.csv", "w") as file:
    file.writelines("%s,%d\\n" % pair for pair in sorted(counts.items()))
"""
task = {"command": ["count.py"], "inputs": "texts", "per-part": 1, "outputs": ["letters.csv"]}
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("task.json", json.dumps(task))
    archive.writestr("count.py", script)
    for n in range(5):
        archive.writestr("texts/%d.txt" % n, "abc" * (n + 1))
"#;

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// A renderer of this machine; none is said loudly, and a failure where one was promised (`DEPIN_TEST_RENDER=required`).
pub async fn engine(test: &str) -> Option<Found> {
    // The quicker one, where both are there.
    one_of(test, &[EngineKind::Mitsuba, EngineKind::Blender]).await
}

/// The first of these that this machine has.
pub async fn one_of(test: &str, wanted: &[EngineKind]) -> Option<Found> {
    let of = |name| env::var_os(name).map(Into::into);
    let settings = EngineSettings { blender: None, python: of("DEPIN_TEST_MITSUBA"), tasks: of("DEPIN_TEST_TASKS") };
    let engines = Engines::find(&settings).await;
    if let Some(found) = wanted.iter().find_map(|engine| engines.get(*engine)) {
        return Some(found.clone());
    }
    let why: Vec<String> = wanted.iter().filter_map(|engine| engines.missing(*engine)).map(ToString::to_string).collect();
    eprintln!("\n*** {test} TESTED NOTHING: {} ***\n", why.join("; "));
    assert!(env::var_os("DEPIN_TEST_RENDER").is_none_or(|value| value != "required"), "{why:?}");
    None
}

fn genesis() -> GenesisDoc {
    let recipe = Recipe {
        name: Name::literal("frames"),
        service: "rendering",
        emission: NETWORK,
        payment: NETWORK,
        stake: NETWORK,
        unit: None,
    };
    let network_toml = compose(&recipe).unwrap().toml;
    let spec = depin_economy::Spec::parse(&network_toml).unwrap();
    let account = |n: u8| GenesisAccount {
        address: key(n).address(),
        name: format!("account-{n}").parse().unwrap(),
        from: Name::literal("foundation"),
        amount: Units::new(1_000_000_000_000_000_000_000),
        token: None,
    };
    GenesisDoc {
        chain_id: Name::literal("render-test"),
        network: Name::literal("frames"),
        variant: spec.network().variant,
        roles: spec.roles().into_iter().map(|role| (role, key(9).address())).collect(),
        network_toml,
        time: Instant::new(1_790_000_000_000),
        speed_max: 450,
        accounts: (1..=6).map(account).collect(),
        validators: vec![SigningKey::from_seed(&NODE_SEED).public_key()],
        beacon: None,
        randomness: None,
    }
}

pub struct World {
    pub folder: TempDir,
    _node: NodeHandle,
    pub client: Client,
    pub artist: Sender,
    pub found: Found,
    /// The packed scene, sealed.
    pub sealed: Vec<u8>,
    scene: ContentHash,
}

impl World {
    pub async fn start(found: Found) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("node");
        let config = NodeConfig {
            pace: Duration::from_millis(20),
            heartbeat: Duration::from_millis(250),
            heartbeat_idle: Duration::ZERO,
            ..NodeConfig::single(&home, genesis(), NODE_SEED)
        };
        let node = Node::start(config).await.unwrap();
        let client = Client::new(node.api_url()).unwrap();
        let scene = Scene::open(&scene_file(&folder, found.engine), folder.path(), SceneLimits::default()).unwrap();
        let hash = ContentHash::new(scene.hash());
        let mut sealed = Vec::new();
        let mut packed = std::fs::File::open(scene.path()).unwrap();
        depin_render::seal(&mut packed, &mut sealed, &scene_key(&key(1), hash)).unwrap();
        let artist = Sender::new(client.clone(), key(1));
        Self { folder, _node: node, client, artist, found, sealed, scene: hash }
    }

    pub fn config(&self, name: &'static str) -> RenderingConfig {
        let operator = OperatorConfig { resync: Duration::from_secs(2), ..OperatorConfig::new(Name::literal(name)) };
        let folder = self.folder.path().join(name);
        let mut config = RenderingConfig::new(operator, folder, self.found.clone(), 50, ContentHash::new([9; 32]));
        config.tick = Duration::from_millis(300);
        config
    }

    pub async fn node(&self, name: &'static str, account: u8) -> RenderingHandle {
        self.start_node(self.config(name), account).await
    }

    pub async fn start_node(&self, config: RenderingConfig, account: u8) -> RenderingHandle {
        let node = RenderingNode::start(config, self.client.clone(), key(account)).await.unwrap();
        tokio::time::timeout(PATIENCE, node.ready()).await.unwrap_or_else(|_| panic!("{:?}", node.status()));
        node
    }

    /// What a dispatcher reaches a node by.
    pub fn reach(&self, node: &RenderingHandle, by: u8) -> RenderNode {
        let (chain, reach) = (Name::literal("render-test"), depin_client::Reach::local());
        RenderNode::new((node.node(), node.url()), Arc::new(key(by)), chain, &Trust::default(), &reach).unwrap()
    }

    pub async fn say(&self, message: RenderingMessage) {
        self.artist.submit(Message::service(message)).await.unwrap();
    }

    /// Orders a job, and waits until it is drawn.
    pub async fn job(&self) -> RenderingJob {
        let engine = Engine { name: self.found.engine.word().parse().unwrap(), build: self.found.build.clone() };
        let is_task = self.found.engine == EngineKind::Python;
        let (width, height, samples) = if is_task { (1, 1, 1) } else { (64, 48, 4) };
        let job = NewJob {
            dispatcher: key(1).address(),
            scene: self.scene,
            sealed: ContentHash::new(sha(&self.sealed)),
            engine,
            frames: Frames { first: 1, last: 4, step: 1 },
            width,
            height,
            samples,
            seed: 1,
            format: if is_task { Format::Outputs } else { Format::Png },
            tier: Tier::Economy,
            memory_mb: 1_024,
            auto_approve: false,
            check_share: "2%".parse().unwrap(),
            frame_work_most: 10_000,
            deliver_within: Span::from_secs(3_600),
            open_for: Span::from_days(1),
            funds: 1_000_000,
            secret: secret_hash(SECRET),
        };
        self.say(RenderingMessage::OpenJob(Box::new(job))).await;
        let mine = RenderingJobQuery { artist: Some(key(1).address()), ..RenderingJobQuery::default() };
        let id = self.client.rendering().jobs(&mine).await.unwrap().items.remove(0).job;
        let mut found = None;
        self.until("the job is drawn", async || {
            found = self.client.rendering().job(id).await.unwrap();
            found.as_ref().is_some_and(|job| job.state == JobState::Open)
        })
        .await;
        found.unwrap()
    }

    /// Gives a ticket of the ledger to a node; what opens it.
    pub async fn issue(&self, job: UnitId, node: UnitId, frame: u32, attempt: u8, purpose: Purpose) -> (u32, Opening) {
        let salt = salt_of(SECRET, job, node, frame, attempt, &purpose);
        let opening = Opening { frame, attempt, purpose, salt };
        let number = self.client.rendering().job(job).await.unwrap().unwrap().tickets;
        let tickets = vec![Issued { hash: ticket_hash(job, node, &opening), node }];
        self.say(RenderingMessage::Issue { job, tickets }).await;
        (number, opening)
    }

    /// Sends the scene in parts.
    pub async fn push(&self, node: &RenderNode, job: UnitId) {
        let (key, of) = (scene_key(&key(1), self.scene), self.sealed.len() as u64);
        for (part, at) in self.sealed.chunks(SCENE_PART.min(100_000)).zip((0u64..).step_by(SCENE_PART.min(100_000))) {
            node.put_scene(job, (at, of), part.to_vec(), &key).await.unwrap();
        }
        assert!(node.scene(job).await.unwrap().whole);
    }

    /// Orders a ticket's frame and waits until the ledger has it.
    pub async fn delivered(&self, node: &RenderNode, job: UnitId, number: u32, index: u32) -> RenderingTicket {
        node.order(job, number, Order { frame: i64::from(index) + 1, index }).await.unwrap();
        self.until("an end of the work", async || self.ticket(job, number).await.state != "issued").await;
        let ticket = self.ticket(job, number).await;
        assert_eq!(ticket.state, "delivered", "{:?}", node.ticket(job, number).await);
        ticket
    }

    pub async fn ticket(&self, job: UnitId, number: u32) -> RenderingTicket {
        self.client.rendering().ticket(job, number).await.unwrap().unwrap()
    }

    /// Waits until a ticket is so far.
    pub async fn ticket_until(&self, job: UnitId, number: u32, state: &str) -> RenderingTicket {
        let mut found = None;
        self.until(&format!("ticket {number} {state}"), async || {
            let ticket = self.ticket(job, number).await;
            let is_so = ticket.state == state;
            found = Some(ticket);
            is_so
        })
        .await;
        found.unwrap()
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what} did not come about");
    }
}

pub fn sha(bytes: &[u8]) -> [u8; 32] {
    depin_client::render::content_of(bytes).get()
}

fn scene_file(folder: &TempDir, engine: EngineKind) -> PathBuf {
    let name = match engine {
        EngineKind::Blender => "scene.blend",
        EngineKind::Mitsuba => "scene.xml",
        EngineKind::Python => "task.zip",
    };
    let path = folder.path().join(name);
    match engine {
        EngineKind::Python => {
            let made = Command::new("python3").args(["-c", TASK]).arg(&path).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        EngineKind::Mitsuba => std::fs::write(&path, MITSUBA).unwrap(),
        EngineKind::Blender => {
            let script = format!(
                "import bpy; bpy.context.scene.render.engine = 'CYCLES'; o = bpy.data.objects['Cube']; \
                 o.keyframe_insert('location', frame=1); o.location.x = 2; o.keyframe_insert('location', frame=4); \
                 bpy.ops.wm.save_as_mainfile(filepath={:?})",
                path.display().to_string()
            );
            let made = Command::new("blender").args(["--background", "--factory-startup", "--python-expr", &script]).output();
            assert!(made.unwrap().status.success() && path.is_file());
        }
    }
    path
}
