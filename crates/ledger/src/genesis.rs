//! What a chain starts from.

use crate::{Reporter, Stamp};
use depin_economy::{BlockContext, Chance, DEVELOPMENT, Genesis, Grant, Session, Spec};
use depin_quantity::{Address, Instant, Name, Units};
use depin_services::{Live, ReadError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// An account that is funded at genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisAccount {
    /// Who.
    pub address: Address,
    /// Name for tables.
    pub name: Name,
    /// Allocation of the network's file that the tokens come out of. On a development network whose file has none to give,
    /// `development`: they are advanced, ahead of the file's schedule, which is a stated deviation from it.
    pub from: Name,
    /// Base units of `token`.
    pub amount: Units,
    /// Which token; the one that fees are paid in, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Name>,
}

/// Everything that a chain's first block starts from; its digest is part of every chain's genesis header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisDoc {
    /// Name of the chain; signatures are bound to it.
    pub chain_id: Name,
    /// Name of the network.
    pub network: Name,
    /// Which of the network's files: `network` (by the document) or another variant.
    pub variant: Name,
    /// The network's file, whole.
    pub network_toml: String,
    /// Ledger time of height zero.
    pub time: Instant,
    /// Highest speed of ledger time that blocks may use; 1 on a chain that is not for development.
    pub speed_max: u32,
    /// Funded accounts.
    pub accounts: Vec<GenesisAccount>,
    /// Accounts in the roles that the network's file names: who may grant DataCap, who reports prices.
    pub roles: BTreeMap<Name, Address>,
    /// Public keys of the first committee.
    #[serde(with = "keys")]
    pub validators: Vec<[u8; 32]>,
    /// Public key of the committee's beacon, as the engine encodes it: a committee of several draws its lots together by it. A
    /// committee of one has none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "beacon")]
    pub beacon: Option<Vec<u8>>,
    /// Who may report randomness from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub randomness: Option<Reporter>,
}

/// The end of the year 9999, as far as RFC 3339 writes dates; sums of times stay far from the end of 64 bits.
const LAST_TIME: Instant = Instant::new(253_402_300_799_999);

mod keys {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(keys: &[[u8; 32]], s: S) -> Result<S::Ok, S::Error> {
        keys.iter().map(hex::encode).collect::<Vec<_>>().serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<[u8; 32]>, D::Error> {
        let parse = |text: String| {
            let mut key = [0; 32];
            hex::decode_to_slice(&text, &mut key).map(|()| key).map_err(|_| D::Error::custom("a key has 64 hexadecimal digits"))
        };
        Vec::<String>::deserialize(d)?.into_iter().map(parse).collect()
    }
}

mod beacon {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(key: &Option<Vec<u8>>, s: S) -> Result<S::Ok, S::Error> {
        match key {
            Some(key) => s.serialize_some(&hex::encode(key)),
            None => s.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<u8>>, D::Error> {
        let key = Option::<String>::deserialize(d)?;
        key.map(hex::decode).transpose().map_err(|_| D::Error::custom("a beacon's key is written in hexadecimal digits"))
    }
}

/// Why a genesis document cannot start a chain.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The network's file is wrong.
    #[error("the network's file is wrong: {0}")]
    Spec(String),
    /// The document names another network than its file.
    #[error("the document says network `{document}`, its file says `{file}`")]
    Network {
        /// In the document.
        document: Name,
        /// In the file.
        file: Name,
    },
    /// The network runs a service that this build does not have.
    #[error("{0}")]
    Service(ReadError),
    /// No validator.
    #[error("no validator is named; a chain needs at least one")]
    NoValidator,
    /// More validators than a staking bonds.
    #[error("{given} validators are named; the staking `{staking}` bonds at most {most}")]
    TooManyValidators {
        /// Validators named.
        given: usize,
        /// The staking.
        staking: Name,
        /// Most that it bonds.
        most: u64,
    },
    /// Several validators who draw no lots together.
    #[error(
        "{0} validators are named and no beacon; a committee of several needs its key in `beacon`, so that none of them draws lots alone"
    )]
    NoBeacon(usize),
    /// A beacon of one.
    #[error("a beacon is named for a committee of one, which has nobody to draw lots with; leave `beacon` out")]
    BeaconAlone,
    /// A time that no clock shows.
    #[error("`time` is {}; the last that is allowed is the end of the year 9999", .0.to_rfc3339())]
    Time(Instant),
    /// A speed of zero.
    #[error("`speed_max` is zero; the slowest speed is 1")]
    Speed,
    /// The economy cannot start with these roles and accounts.
    #[error("the network cannot start: {0}")]
    Funding(#[from] depin_economy::GenesisError),
}

impl From<ReadError> for GenesisError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Spec(errors) => Self::Spec(errors.to_string()),
            unknown @ ReadError::Unknown(_) => Self::Service(unknown),
        }
    }
}

impl GenesisDoc {
    /// SHA-256 over the document's canonical JSON (this type's own field order, no blanks).
    pub fn digest(&self) -> [u8; 32] {
        let json = serde_json::to_vec(self).expect("the document is plain data");
        Sha256::digest(json).into()
    }

    /// Starts the economy: roles, allocations, grants, and what a development network advances beside them.
    pub(crate) fn start(&self, spec: &Spec, session: &mut Session<'_>) -> Result<(), GenesisError> {
        let main = spec.fee().token;
        let token = |account: &GenesisAccount| account.token.unwrap_or(main);
        let allocated = |account: &&GenesisAccount| {
            let allocations = spec.supply(token(account)).map_or(&[][..], |supply| &supply.allocations);
            account.from != DEVELOPMENT || allocations.iter().any(|part| part.to == DEVELOPMENT)
        };
        let (grants, advances): (Vec<_>, Vec<_>) = self.accounts.iter().partition(allocated);
        let grant = |a: &GenesisAccount| Grant { token: token(a), from: a.from, to: a.address, amount: a.amount };
        session.genesis(&Genesis {
            roles: self.roles.iter().map(|(role, account)| (*role, *account)).collect(),
            owners: Vec::new(),
            grants: grants.into_iter().map(grant).collect(),
        })?;
        for account in advances {
            let advanced = session.advance(token(account), account.address, account.amount);
            advanced.map_err(depin_economy::GenesisError::from)?;
        }
        Ok(())
    }

    /// The stamp of height zero.
    pub const fn stamp(&self) -> Stamp {
        Stamp { wall: self.time.get(), time: self.time, speed: 1 }
    }

    /// As [`GenesisDoc::check`], and tries the start itself on an empty state: whether all roles are filled and all accounts can be
    /// funded.
    ///
    /// # Errors
    /// [`GenesisError`], the first that applies.
    pub fn rehearse(&self) -> Result<Spec, GenesisError> {
        let spec = self.check()?;
        let economy = depin_economy::Economy::new(spec.clone());
        let (empty, mut events) = (depin_state::Tables::default(), Vec::new());
        let mut overlay = depin_state::Overlay::new(&empty);
        // Nothing is drawn at the start.
        let at = BlockContext::new(self.time, Chance::NONE);
        self.start(&spec, &mut economy.session(&mut overlay, at, &mut events))?;
        Ok(spec)
    }

    /// Reads and checks the network's file and everything that is said about it.
    ///
    /// # Errors
    /// [`GenesisError`], the first that applies.
    pub fn check(&self) -> Result<Spec, GenesisError> {
        let spec = Spec::parse(&self.network_toml).map_err(|e| GenesisError::Spec(e.to_string()))?;
        let (name, service) = (spec.network().name, spec.network().service);
        if name != self.network {
            return Err(GenesisError::Network { document: self.network, file: name });
        }
        if !Live::runs(service) {
            return Err(ReadError::Unknown(service).into());
        }
        if self.validators.is_empty() {
            return Err(GenesisError::NoValidator);
        }
        let given = self.validators.len();
        let few = |rule: &depin_economy::StakingRule| rule.liveness.is_some() && rule.validators_most < given as u64;
        if let Some((staking, rule)) = spec.stakings().iter().find(|(_, rule)| few(rule)) {
            return Err(GenesisError::TooManyValidators { given, staking: *staking, most: rule.validators_most });
        }
        match (given, &self.beacon) {
            (1, Some(_)) => return Err(GenesisError::BeaconAlone),
            (2.., None) => return Err(GenesisError::NoBeacon(given)),
            _ => {}
        }
        if self.time > LAST_TIME {
            return Err(GenesisError::Time(self.time));
        }
        if self.speed_max == 0 {
            return Err(GenesisError::Speed);
        }
        Ok(spec)
    }
}
