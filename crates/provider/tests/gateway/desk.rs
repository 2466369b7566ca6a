//! A desk in memory: one lease of one tenant, with services that do as they are told.

use crate::world::{PROVIDER, TENANT, chain, key};
use async_trait::async_trait;
use bytes::Bytes;
use depin_client::lease::sign_report;
use depin_provider::leasing::{Desk, DeskError, ForwardedPort, ImagePart, ImageTaken, ServedService, Standing, Tenancy};
use depin_quantity::Address;
use depin_sandbox::{
    Exec, ExecControl, ExecOptions, InstanceId, InstanceStatus, LogOptions, Name, Output, OutputStream, RoomStatus, RuntimeError,
    State, Status,
};
use depin_sdl::{Manifest, ManifestGroup, ManifestHash};
use depin_services::leasing::{BidId, DeploymentId, SignedReport};
use futures::{StreamExt as _, channel::mpsc, stream};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, duplex},
    sync::watch,
};

pub const FILE: &str = r#"
version: "2.0"
services:
  db:
    image: postgres:16
    env: ["PASSWORD=secret"]
    expose: [{port: 5432, to: [{service: web}]}]
  web:
    image: nginx:1.27
    expose: [{port: 80, to: [{global: true}]}, {port: 9000, to: [{global: true}]}]
profiles:
  compute:
    small: {resources: {cpu: {units: 0.5}, memory: {size: 512Mi}, storage: {size: 1Gi}}}
  placement:
    west: {pricing: {small: {denom: uakt, amount: 1000}}}
deployment:
  db: {west: {profile: small, count: 1}}
  web: {west: {profile: small, count: 2}}
"#;

pub fn manifest() -> Manifest {
    depin_sdl::read(FILE).unwrap().manifest().clone()
}

pub fn deployment() -> DeploymentId {
    DeploymentId { owner: key(TENANT).address(), dseq: 7 }
}

pub fn lease() -> BidId {
    deployment().group(1).order(1).bid(key(PROVIDER).address())
}

/// The desk, and what was asked of it.
pub struct Fake {
    pub room: watch::Sender<RoomStatus>,
    pub taken: Mutex<Option<Manifest>>,
    pub commands: Mutex<Vec<(String, u32, ExecOptions)>>,
    pub sizes: Arc<Mutex<Vec<(u16, u16)>>>,
    pub parts: Mutex<Vec<ImagePart>>,
    /// What `take` says instead of taking.
    pub refuses: Mutex<Option<DeskError>>,
}

pub fn instance(service: &str, replica: u32, state: State, reason: &str) -> InstanceStatus {
    let name = |text: &str| Name::new(text).unwrap();
    InstanceStatus {
        id: InstanceId::new(name("lease-1"), name(service), replica),
        status: Status { state, reason: reason.to_owned(), restarts: 0, again_in: None, last_ending: None },
        outdated: false,
    }
}

impl Default for Fake {
    fn default() -> Self {
        let instances = vec![
            instance("db", 0, State::Healthy, ""),
            instance("web", 0, State::Healthy, ""),
            instance("web", 1, State::Starting, "its port 80 does not answer yet"),
        ];
        let room = watch::Sender::new(RoomStatus { instances, problem: None });
        Self {
            room,
            taken: Mutex::new(Some(manifest())),
            commands: Mutex::default(),
            sizes: Arc::default(),
            parts: Mutex::default(),
            refuses: Mutex::default(),
        }
    }
}

impl Fake {
    fn check(&self, of: BidId) -> Result<(), DeskError> {
        if of == lease() { Ok(()) } else { Err(DeskError::NoLease(of.to_string())) }
    }
}

#[async_trait]
impl Desk for Fake {
    fn provider(&self) -> Address {
        key(PROVIDER).address()
    }

    async fn standing(&self) -> Standing {
        Standing {
            leases: 1,
            orders: 2,
            deployments: 1,
            inventory: serde_json::json!({ "available": [] }),
            domain: Some("apps.example".to_owned()),
            reclamation_seconds: Some(3_600),
        }
    }

    async fn take(&self, of: DeploymentId, manifest: Manifest) -> Result<(), DeskError> {
        if of != deployment() {
            return Err(DeskError::NoDeployment(of.to_string()));
        }
        if let Some(error) = self.refuses.lock().unwrap().clone() {
            return Err(error);
        }
        let wanted: ManifestHash = self::manifest().hash();
        if manifest.hash() != wanted {
            return Err(DeskError::Hash { wanted, found: manifest.hash() });
        }
        *self.taken.lock().unwrap() = Some(manifest);
        Ok(())
    }

    async fn manifest(&self, of: BidId) -> Result<ManifestGroup, DeskError> {
        self.check(of)?;
        let taken = self.taken.lock().unwrap().clone();
        taken.map(|manifest| manifest.groups[0].clone()).ok_or_else(|| DeskError::NoManifest(of.to_string()))
    }

    async fn tenancy(&self, of: BidId) -> Result<Tenancy, DeskError> {
        self.check(of)?;
        if self.taken.lock().unwrap().is_none() {
            return Err(DeskError::NoManifest(of.to_string()));
        }
        let port = ForwardedPort { port: 9000, proto: "TCP", outside: "192.0.2.1:31000".parse().unwrap() };
        let db =
            ServedService { name: "db".to_owned(), replicas: 1, hosts: vec![], answers: true, is_current: true, ports: vec![] };
        let web = ServedService {
            name: "web".to_owned(),
            replicas: 2,
            hosts: vec!["a.apps.example".to_owned()],
            answers: true,
            is_current: true,
            ports: vec![port],
        };
        Ok(Tenancy { room: self.room.subscribe(), services: vec![db, web], generation: 4 })
    }

    async fn logs(&self, of: BidId, service: &str, options: LogOptions) -> Result<Vec<(u32, OutputStream)>, DeskError> {
        self.check(of)?;
        let count = if service == "web" { 2 } else { 1 };
        let one = |replica: u32| {
            let all: Vec<String> = (0..100).map(|n| format!("{service} {replica} says {n}\n")).collect();
            let last = all.len() - options.tail.map_or(all.len(), |tail| (tail as usize).min(all.len()));
            let lines = stream::iter(all[last..].to_vec()).map(|line| Ok(Output::Stdout(line.into())));
            let more = if options.follow && service == "db" {
                // It never stops.
                stream::repeat_with(|| Ok(Output::Stderr(Bytes::from(vec![b'x'; 8 << 10]))))
                    .chunks(1)
                    .map(|mut one| one.remove(0))
                    .boxed()
            } else if options.follow {
                stream::pending().boxed()
            } else {
                stream::empty().boxed()
            };
            (replica, lines.chain(more).boxed())
        };
        Ok((0..count).map(one).collect())
    }

    async fn image(&self, of: BidId, part: ImagePart) -> Result<ImageTaken, DeskError> {
        self.check(of)?;
        let have = part.at + part.bytes.len() as u64;
        let taken = ImageTaken { have, whole: have == part.of };
        self.parts.lock().unwrap().push(part);
        Ok(taken)
    }

    async fn report(&self, of: BidId, report: SignedReport) -> Result<SignedReport, DeskError> {
        self.check(of)?;
        if report.report.answered < report.report.probes {
            return Err(DeskError::Report("this provider saw it well all the time".to_owned()));
        }
        Ok(sign_report(&key(PROVIDER), chain(), report.report))
    }

    async fn exec(&self, of: BidId, service: &str, replica: u32, options: ExecOptions) -> Result<Exec, DeskError> {
        self.check(of)?;
        if replica > 1 {
            return Err(DeskError::NoService(format!("the service {service} has no replica {replica}")));
        }
        self.commands.lock().unwrap().push((service.to_owned(), replica, options.clone()));
        let (near, mut far) = duplex(4 << 10);
        let (told, output) = mpsc::unbounded::<Result<Output, RuntimeError>>();
        let code = match options.command[0].as_str() {
            "refused" => return Err(DeskError::Refused("this runtime has no terminals".to_owned())),
            "broken" => return Err(DeskError::Unavailable("the engine is away".to_owned())),
            "exit" => options.command[1].parse().unwrap(),
            _ => 0,
        };
        match options.command[0].as_str() {
            "exit" => told.unbounded_send(Ok(Output::Stderr("bye\n".into()))).unwrap(),
            // It keeps its tenant waiting, and says nothing.
            "hang" => drop(tokio::spawn(async move {
                let _kept = (told, far);
                std::future::pending::<()>().await;
            })),
            "big" => {
                told.unbounded_send(Ok(Output::Stdout(Bytes::from(vec![b'y'; 1 << 20])))).unwrap();
            }
            _ => drop(tokio::spawn(async move {
                let mut piece = [0; 1 << 10];
                while let Ok(read @ 1..) = far.read(&mut piece).await {
                    let _ = told.unbounded_send(Ok(Output::Stdout(Bytes::copy_from_slice(&piece[..read]))));
                }
            })),
        }
        let control = Box::new(Control { code, sizes: Arc::clone(&self.sizes) });
        Ok(Exec { output: output.boxed(), input: Box::pin(near), control })
    }
}

struct Control {
    code: i64,
    sizes: Arc<Mutex<Vec<(u16, u16)>>>,
}

#[async_trait]
impl ExecControl for Control {
    async fn resize(&self, rows: u16, columns: u16) -> Result<(), RuntimeError> {
        self.sizes.lock().unwrap().push((rows, columns));
        Ok(())
    }

    async fn exit_code(&self) -> Result<i64, RuntimeError> {
        Ok(self.code)
    }
}
