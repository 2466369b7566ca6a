//! Starts an engine on threads of its own and reports how it ends.

use crate::{
    application::genesis_block,
    beacon::{Beacon, BeaconError, BeaconKey, Share},
    block::Block,
    config::{Config, ConfigError, hex, public_key},
    handle::{End, Handle},
    intact::VoteJournal,
    machine::{Genesis, Machine},
    network::Committee,
    progress::Progress,
    requests::WAITING,
    wiring::Node,
};
use commonware_cryptography::{Crc32, ed25519};
use commonware_runtime::{Runner as _, tokio::Runner};
use commonware_utils::ordered::Set;
use depin_files::Readers;
use std::{
    any::Any,
    fs::{File, TryLockError},
    io,
    net::{SocketAddr, TcpListener},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};
use tokio::sync::{mpsc, oneshot, watch};

/// File that a running engine holds locked.
const LOCK: &str = "lock";
/// File that says which chain and node the folder belongs to.
const IDENTITY: &str = "identity";
/// Folder of the store inside the engine's folder.
pub(crate) const STORE: &str = "store";

/// Bytes of stack of each thread: the engine's futures are deep, and very deep without optimisation.
pub(crate) const STACK: usize = 16 << 20;

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The beacon's key, or this node's share of it.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
    /// Another engine uses the folder.
    #[error("{} is in use by another engine; stop that one first", .0.display())]
    Busy(PathBuf),
    /// The folder belongs to another chain or another key.
    #[error("{} belongs to another {what}; use another folder", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The engine; see [`Engine::start`].
pub struct Engine;

impl Engine {
    /// Starts an engine for `machine` and returns at once. The store is opened, and the machine loaded, in the background:
    /// [`Handle::opened`] waits for it.
    ///
    /// # Errors
    /// Everything that can be seen before the engine's thread runs; what fails later resolves [`Handle::closed`].
    pub fn start(config: Config, machine: Arc<dyn Machine>) -> Result<Handle, StartError> {
        config.check()?;
        let committee = Committee::of(&config)?;
        let chain = machine.genesis();
        let genesis = genesis_block(&chain, &committee.keys);
        let beacon = beacon(&chain, &committee.keys, config.share.as_deref())?;
        let me = public_key(&config.seed);
        let lock = claim(&config.data, &genesis, &me)?;
        // A clear error now instead of a failed network later; the port is free again when the check is over.
        TcpListener::bind(config.listen).map_err(|source| StartError::Listen { address: config.listen, source })?;

        let progress = Arc::new(Progress::new(&genesis, config.history));
        let (requests, receiver) = mpsc::channel(WAITING);
        let (stop, stopping) = oneshot::channel();
        let (ended, end) = watch::channel(None);
        let handle = Handle::new(requests, stop, end, progress.clone(), genesis.clone(), me);
        let settings = commonware_runtime::tokio::Config::new()
            .with_storage_directory(config.data.join(STORE))
            .with_worker_threads(config.threads)
            .with_thread_stack_size(STACK);
        let path = config.data.clone();
        let journal = VoteJournal::new(&config.data, &config.data.join(STORE));
        let node = Node {
            config,
            committee,
            chain_id: chain.chain_id,
            genesis,
            machine,
            beacon,
            progress: progress.clone(),
            requests: receiver,
            stopping,
        };
        thread::Builder::new()
            .name("depin-engine".into())
            .stack_size(STACK)
            .spawn(move || {
                let run = || Runner::new(settings).start(|runtime| node.run(runtime));
                let end = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| End::Failed(reason(panic.as_ref())));
                if end == End::Stopped
                    && progress.is_in_order()
                    && let Err(error) = journal.close()
                {
                    tracing::warn!(%error, "the next start looks through the vote journal as after a crash");
                }
                // Free the folder before anyone is told, so that whoever waits can start again. Handles outlive the run and must not
                // hold its files.
                progress.close();
                drop(lock);
                ended.send_replace(Some(end));
            })
            .map_err(|source| StartError::Folder { path, source })?;
        Ok(handle)
    }
}

/// The beacon of a chain, with this node's share if it has one.
pub(crate) fn beacon(
    chain: &Genesis,
    committee: &Set<ed25519::PublicKey>,
    share: Option<&[u8]>,
) -> Result<Arc<Beacon>, BeaconError> {
    let key = chain.beacon.as_deref().map(|bytes| BeaconKey::read(bytes, committee.len())).transpose()?;
    let share = match (&key, share) {
        (Some(key), Some(share)) => Some(Share::read(share, key)?),
        (None, Some(_)) => return Err(BeaconError::NoBeacon),
        (_, None) => None,
    };
    Ok(Beacon::new(&chain.chain_id, key, share))
}

/// Locks the folder and checks that it belongs to this chain and key.
pub(crate) fn claim(folder: &Path, genesis: &Block, key: &[u8; 32]) -> Result<File, StartError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::Folder { path, source }
    };
    depin_files::private_folder(folder).map_err(failed(folder))?;
    let path = folder.join(LOCK);
    let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StartError::Busy(folder.to_owned())),
        Err(TryLockError::Error(source)) => return Err(StartError::Folder { path, source }),
    }
    let path = folder.join(IDENTITY);
    let own = Identity { chain: hex(&genesis.header().digest()), key: hex(key) };
    let found = match std::fs::read(&path) {
        Ok(bytes) => Identity::read(&bytes).or_else(|| {
            tracing::warn!(path = %path.display(), "whose the engine's folder is was damaged, and is written anew");
            None
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(StartError::Folder { path, source }),
    };
    match found {
        Some(found) if found.chain != own.chain => Err(StartError::Foreign { folder: folder.to_owned(), what: "chain" }),
        Some(found) if found.key != own.key => Err(StartError::Foreign { folder: folder.to_owned(), what: "key" }),
        Some(_) => Ok(lock),
        None => {
            depin_files::replace(&path, own.text().as_bytes(), Readers::Everybody).map_err(failed(&path))?;
            Ok(lock)
        }
    }
}

/// Where the engine of a folder keeps its store; there from the first start on.
pub fn store(folder: &Path) -> PathBuf {
    folder.join(STORE)
}

/// Whether the chain in an engine's folder began from `chain` with these validators; none where the folder does not say from what.
pub fn began_from(folder: &Path, chain: &Genesis, validators: &[[u8; 32]]) -> Option<bool> {
    let found = Identity::read(&std::fs::read(folder.join(IDENTITY)).ok()?)?;
    // Validators that are none began no chain.
    Some(Committee::keys(validators).is_ok_and(|keys| found.chain == hex(&genesis_block(chain, &keys).header().digest())))
}

/// Whose an engine's folder is.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    chain: String,
    key: String,
}

impl Identity {
    fn text(&self) -> String {
        let Self { chain, key } = self;
        let body = format!("{chain}\n{key}\n");
        format!("{body}check {:08x}\n", Crc32::checksum(body.as_bytes()))
    }

    /// Reads it; none when it is not what was written. The first version wrote no check.
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let mut line = || lines.next().filter(|line| line.len() == 64 && line.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let read = Self { chain: line()?.to_owned(), key: line()?.to_owned() };
        let unchecked = format!("{}\n{}\n", read.chain, read.key);
        (text == read.text() || text == unchecked).then_some(read)
    }
}

/// The text of a panic.
pub(crate) fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a part failed: {}", text.unwrap_or("no message"))
}
