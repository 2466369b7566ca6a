//! Providers that are folders, and what can go wrong with them.

use async_trait::async_trait;
use bytes::Bytes;
use depin_gateway_s3::{Progress, Provider, ShardError, Shards};
use depin_quantity::Address;
use depin_services::storage::piece::{Commitment, Hasher};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How a provider behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Behaviour {
    pub dead: bool,
    /// Serves other bytes than were stored.
    pub lying: bool,
    /// Says that its copies are damaged.
    pub damaged: bool,
    pub full: bool,
    /// Says that it stored what it throws away.
    pub forgets: bool,
    pub slow: Option<Duration>,
    /// Answers no deletion.
    pub keeps: bool,
}

/// The account of a provider by its name, `provider-7`.
pub fn address_of(name: &str) -> Address {
    let number: u8 = name.strip_prefix("provider-").and_then(|number| number.parse().ok()).unwrap();
    Address::new([number; 32])
}

/// The name of a provider by its account.
pub fn name_of(address: Address) -> String {
    format!("provider-{}", address.get()[0])
}

/// Folders, one for each provider; a piece is a file named by its CID.
pub struct FolderProviders {
    root: PathBuf,
    behaviour: Mutex<BTreeMap<String, Behaviour>>,
    /// Payload bytes of one read or written at a time; tells whether memory stays bounded.
    pub reads: Mutex<BTreeMap<String, u64>>,
}

impl FolderProviders {
    pub fn new(root: PathBuf, count: usize) -> Arc<Self> {
        let names: Vec<String> = (0..count).map(|index| format!("provider-{index}")).collect();
        for name in &names {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let behaviour = names.into_iter().map(|name| (name, Behaviour::default())).collect();
        Arc::new(Self { root, behaviour: Mutex::new(behaviour), reads: Mutex::default() })
    }

    pub fn names(&self) -> Vec<String> {
        self.behaviour.lock().unwrap().keys().cloned().collect()
    }

    pub fn set(&self, name: &str, behaviour: Behaviour) {
        self.behaviour.lock().unwrap().insert(name.to_owned(), behaviour);
    }

    /// CIDs that a provider holds.
    pub fn pieces(&self, name: &str) -> Vec<String> {
        let files = fs::read_dir(self.root.join(name)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).filter(|name| name.starts_with("baga")).collect()
    }

    pub fn pieces_in_all(&self) -> usize {
        self.names().iter().map(|name| self.pieces(name).len()).sum()
    }

    pub fn path(&self, name: &str, cid: &str) -> PathBuf {
        self.root.join(name).join(cid)
    }

    async fn behave(&self, at: &Provider) -> Result<Behaviour, ShardError> {
        let behaviour = self.behaviour.lock().unwrap().get(&at.name).copied().unwrap_or_default();
        if let Some(pause) = behaviour.slow {
            tokio::time::sleep(pause).await;
        }
        if behaviour.dead { Err(ShardError::Unreachable("connection refused".to_owned())) } else { Ok(behaviour) }
    }
}

fn io(error: std::io::Error) -> ShardError {
    match error.kind() {
        std::io::ErrorKind::NotFound => ShardError::NotFound,
        _ => ShardError::Unreachable(error.to_string()),
    }
}

#[async_trait]
impl Shards for FolderProviders {
    async fn put(&self, at: &Provider, cid: &Commitment, payload: Bytes, progress: &Progress) -> Result<(), ShardError> {
        let behaviour = self.behave(at).await?;
        if behaviour.full {
            return Err(ShardError::Full("the disk is full".to_owned()));
        }
        progress.add(payload.len() as u64);
        if behaviour.forgets {
            return Ok(());
        }
        let (path, cid) = (self.path(&at.name, &cid.to_string()), *cid);
        tokio::task::spawn_blocking(move || {
            let mut hasher = Hasher::new();
            hasher.update(&payload);
            let found = hasher.finish().unwrap().0;
            if found != cid {
                return Err(ShardError::Refused { code: "400 wrong-cid".to_owned(), message: format!("the payload is {found}") });
            }
            let fresh = path.with_extension("new");
            let mut file = fs::File::create(&fresh).map_err(io)?;
            file.write_all(&payload).and_then(|()| file.sync_all()).map_err(io)?;
            fs::rename(&fresh, &path).map_err(io)?;
            fs::File::open(path.parent().unwrap()).and_then(|folder| folder.sync_all()).map_err(io)
        })
        .await
        .unwrap()
    }

    async fn get(&self, at: &Provider, cid: &Commitment, range: Range<u64>) -> Result<Bytes, ShardError> {
        let behaviour = self.behave(at).await?;
        if behaviour.damaged {
            return Err(ShardError::Damaged);
        }
        *self.reads.lock().unwrap().entry(at.name.clone()).or_default() += range.end - range.start;
        let path = self.path(&at.name, &cid.to_string());
        let mut bytes = tokio::task::spawn_blocking(move || {
            let mut file = fs::File::open(path).map_err(io)?;
            let mut bytes = vec![0; (range.end - range.start) as usize];
            file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(&mut bytes)).map_err(io)?;
            Ok::<_, ShardError>(bytes)
        })
        .await
        .unwrap()?;
        if behaviour.lying
            && let Some(byte) = bytes.last_mut()
        {
            *byte ^= 1;
        }
        Ok(bytes.into())
    }

    async fn delete(&self, at: &Provider, cid: &Commitment) -> Result<(), ShardError> {
        if self.behave(at).await?.keeps {
            std::future::pending::<()>().await;
        }
        match fs::remove_file(self.path(&at.name, &cid.to_string())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(error)),
            _ => Ok(()),
        }
    }
}
