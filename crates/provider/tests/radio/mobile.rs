//! A mobile access point behind real RADIUS: Debian's `radclient` tells sessions, the ledger pays them up to the carrier's cap.

use crate::world::{NETWORK, World, key};
use depin_client::{Credit, Sender, api::MobileSession, api::SessionQuery};
use depin_economy::Spec;
use depin_ledger::Message;
use depin_provider::{
    mobile::{MobileConfig, MobileDaemon, MobileHandle, Site, SpeedServer, SpeedServerConfig},
    operator::OperatorConfig,
};
use depin_quantity::{Name, Units};
use depin_radius::{Accounting, Packet, Status, request};
use depin_services::coverage::{
    CoverageMessage, Location, Region, cell_at,
    mobile::{MobileMessage, Place},
};
use std::{
    io::Write as _,
    net::{SocketAddr, UdpSocket},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const SECRET: &str = "a shared secret";
const SITE: &str = r#"{
    "kind": "indoor-wifi",
    "hexes": [{ "latitude": 52.52, "longitude": 13.405, "signal": "high", "power": -500 }],
    "access_points": [{ "from": "127.0.0.1", "secret": "a shared secret" }],
    "carriers": { "carrier.example": 1, "unknown.example": 9 }
}"#;

fn has_radclient() -> bool {
    let found = Command::new("radclient").arg("-v").output().is_ok();
    if !found {
        eprintln!(
            "\n*** radclient (Debian's freeradius-utils) is NOT here: RADIUS is tested with this project's own client only ***\n"
        );
    }
    found
}

/// Tells a record with `radclient`; gives whether it was answered.
fn radclient(to: SocketAddr, command: &str, secret: &str, lines: &str) -> bool {
    let mut child = Command::new("radclient")
        .args(["-r", "1", "-t", "3", &to.to_string(), command, secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("radclient starts");
    child.stdin.take().expect("it reads").write_all(lines.as_bytes()).expect("it takes a record");
    child.wait().expect("it ends").success()
}

fn record(status: Status, session: &str, up: u64, down: u64, seconds: u32) -> Accounting {
    let user = Some(b"a@carrier.example".to_vec());
    Accounting { status, session: session.as_bytes().to_vec(), user, up, down, seconds, ..Accounting::default() }
}

/// Tells a record with our own client; gives whether it was answered.
fn tell(to: SocketAddr, says: &Accounting) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let bytes = request(1, says, SECRET.as_bytes());
    socket.send_to(&bytes, to).unwrap();
    let (asked, mut buffer) = (Packet::parse(&bytes).unwrap(), [0; 4_096]);
    let Ok(length) = socket.recv(&mut buffer) else { return false };
    let answer = Packet::parse(&buffer[..length]).unwrap();
    answer.check_response(SECRET.as_bytes(), &asked.authenticator).is_ok()
}

impl World {
    /// Account 1 is a carrier with credits, which pays for so many bytes at each access point.
    async fn carrier(&self, credits: u128, bytes: u64) {
        let (spec, sender) = (Spec::parse(NETWORK).unwrap(), Sender::new(self.client.clone(), key(1)));
        let dc = Credit::of(&spec, Name::literal("DC")).unwrap();
        dc.provide(&sender, Units::new(credits)).await.unwrap();
        for message in [
            MobileMessage::OpenCarrier { credits: Units::new(credits), price: None },
            MobileMessage::Authorise { carrier: 1, access_point: None, bytes },
        ] {
            sender.submit(Message::service(CoverageMessage::Mobile(message))).await.unwrap();
        }
    }

    fn mobile_config(&self, folder: &Path) -> MobileConfig {
        let file = self.folder.path().join("coverage.json");
        std::fs::write(&file, SITE).unwrap();
        let location = Location { cell: cell_at(52.52, 13.405).unwrap(), gain: 30, elevation: 5, region: Region::Eu868 };
        let place = Place { latitude: 525_200_000, longitude: 134_050_000 };
        let operator = OperatorConfig::new(Name::literal("cafe"));
        let site = Site::read(&file).unwrap();
        let mut config = MobileConfig::new(operator, folder.to_path_buf(), key(120), site, (location, place));
        config.report_every = Duration::from_secs(1);
        config
    }

    async fn mobile(&self, config: MobileConfig) -> MobileHandle {
        let point = MobileDaemon::start(config, self.client.clone(), key(3)).await.unwrap();
        let ready = tokio::time::timeout(crate::world::PATIENCE, point.ready()).await;
        ready.unwrap_or_else(|_| panic!("{:?}", point.status()));
        point
    }

    async fn sessions(&self) -> Vec<MobileSession> {
        self.client.coverage().sessions(&SessionQuery::default()).await.unwrap().items
    }

    /// Waits until a session of so many bytes is over on the ledger.
    async fn session_over(&self, bytes: u64) -> MobileSession {
        self.until("a session that is over", || async {
            self.sessions().await.into_iter().find(|one| one.stopped && one.up + one.down == bytes)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_radclient_tells_are_paid_up_to_the_cap() {
    let real = has_radclient();
    let world = World::start(NETWORK, 1).await;
    world.carrier(100_000, 50_000).await;
    let point = world.mobile(world.mobile_config(&world.folder.path().join("cafe"))).await;
    let entry = world.client.coverage().access_point(point.access_point()).await.unwrap().unwrap();
    assert_eq!((entry.kind.as_str(), entry.object, entry.hexes), ("indoor-wifi", 1, 1));
    let to = point.radius();
    let acct = |lines: &str| {
        let lines = format!("User-Name = \"a@carrier.example\"\n{lines}\n");
        real && radclient(to, "acct", SECRET, &lines)
    };
    let all = |status: &str, up: u64, down: u64, seconds: u32| {
        format!(
            "Acct-Status-Type = {status}\nAcct-Session-Id = \"one\"\nAcct-Input-Octets = {up}\nAcct-Output-Octets = {down}\nAcct-Session-Time = {seconds}"
        )
    };
    if real {
        assert!(acct(&all("Start", 0, 0, 0)) && acct(&all("Interim-Update", 400, 2_000, 60)));
        assert!(acct(&all("Stop", 800, 4_000, 90)) && acct(&all("Stop", 800, 4_000, 90)), "a repetition is answered too");
        assert!(!radclient(to, "acct", "another secret", &all("Stop", 1, 1, 1)), "another secret is not answered");
        assert!(!radclient(to, "auth", SECRET, "User-Name = \"a\"\nUser-Password = \"b\""), "authentication is not served");
    } else {
        for (status, up, down, seconds) in
            [(Status::Start, 0, 0, 0), (Status::Stop, 800, 4_000, 90), (Status::Stop, 800, 4_000, 90)]
        {
            assert!(tell(to, &record(status, "one", up, down, seconds)));
        }
    }
    let over = world.session_over(4_800).await;
    assert_eq!((over.paid, over.units, over.cost.units.get()), (4_800, 200, 200), "24 bytes a unit, a credit each");
    // Beyond the cap of 50,000 bytes nothing is paid; a counter beyond 4 GiB is told by gigawords.
    assert!(tell(to, &record(Status::Stop, "two", 5_000_000_000, 0, 600)));
    let over = world.session_over(5_000_000_000).await;
    assert_eq!(
        (over.paid, world.client.coverage().authorised(1, point.access_point()).await.unwrap().unwrap().used),
        (45_200, 50_000)
    );
    // A subscriber of a carrier that is not on the ledger waits, and is told.
    let elsewhere = Accounting { user: Some(b"a@unknown.example".to_vec()), ..record(Status::Stop, "three", 1, 1, 1) };
    assert!(tell(to, &elsewhere));
    world
        .until("the missing carrier to be told", || async { point.status().problems.contains_key("carrier").then_some(()) })
        .await;
    let status = point.status().service;
    if real {
        assert_eq!((status.datagrams_forged, status.datagrams_not_served), (1, 1), "{status:?}");
    }
    assert!(status.records_repeated >= 1 && status.heartbeats >= 1, "{status:?}");
    assert!(world.client.audit().await.unwrap().ok);
    point.stop().await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Bytes go over a real line, both sides time them, and the ledger has the worse of both: not above the pace.
#[tokio::test(flavor = "multi_thread")]
async fn speed_is_measured_by_both_sides_and_paced() {
    let world = World::start(NETWORK, 1).await;
    world.carrier(1_000, 1_000).await;
    let config = SpeedServerConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), length: Duration::from_millis(300) };
    // Account 2 fills every role of the file.
    let server = SpeedServer::start(config, world.client.clone(), Name::literal("radio-test"), key(2)).await.unwrap();
    let mut config = world.mobile_config(&world.folder.path().join("cafe"));
    config.speed_server = Some(server.address().to_string());
    let point = world.mobile(config).await;
    let tests = world
        .until("two speed tests", || async {
            let entry = world.client.coverage().access_point(point.access_point()).await.unwrap().unwrap();
            Some(entry.speed_tests).filter(|tests| tests.len() >= 2)
        })
        .await;
    for test in &tests {
        assert!(test.down > 0 && test.up > 0 && test.down <= 250 * 125_000 && test.up <= 250 * 125_000, "{test:?}");
    }
    server.stop().await;
    point.stop().await;
}

/// Another key than that of the role measures nothing here, and the daemon says so.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_s_tests_are_refused_and_told() {
    let world = World::start(NETWORK, 1).await;
    let config = SpeedServerConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), length: Duration::from_millis(100) };
    let server = SpeedServer::start(config, world.client.clone(), Name::literal("radio-test"), key(5)).await.unwrap();
    let mut config = world.mobile_config(&world.folder.path().join("cafe"));
    config.speed_server = Some(server.address().to_string());
    let point = world.mobile(config).await;
    let why = world.until("a refusal", || async { point.status().problems.get("speed-test").cloned() }).await;
    assert!(why.contains("measures speed here"), "{why}");
    point.stop().await;
    server.stop().await;
}

/// What the disk holds at the moment of an answer is what a crash leaves: it is copied then, and a second daemon goes on from the copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_answered_is_paid_after_a_crash_and_once() {
    let mut world = World::start(NETWORK, 1).await;
    world.carrier(100_000, 1_000_000).await;
    let (folder, left) = (world.folder.path().join("cafe"), world.folder.path().join("left"));
    let mut config = world.mobile_config(&folder);
    config.report_every = Duration::from_secs(3_600);
    let point = world.mobile(config).await;
    world.stop_node().await;
    assert!(tell(point.radius(), &record(Status::Start, "one", 0, 0, 0)));
    assert!(
        tell(point.radius(), &record(Status::Stop, "one", 2_400, 0, 60)),
        "the node is away, and it is answered all the same"
    );
    copy(&folder, &left);
    drop(point);
    world.restart_node().await;
    let point = world.mobile(world.mobile_config(&left)).await;
    let over = world.session_over(2_400).await;
    assert_eq!((over.paid, over.units), (2_400, 100));
    // The first folder knows nothing of that report: its daemon tells the same session again, and nothing is paid twice.
    point.stop().await;
    let again = world.mobile(world.mobile_config(&folder)).await;
    world.until("nothing to wait", || async { (again.status().service.sessions_waiting == 0).then_some(()) }).await;
    let sessions = world.sessions().await;
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    let carrier = world.client.coverage().carrier(1).await.unwrap().unwrap();
    assert_eq!((carrier.bytes.as_str(), carrier.spent.units.get()), ("2400", 100));
    assert!(world.client.audit().await.unwrap().ok);
    again.stop().await;
}
