//! What a chain starts from.

use crate::Stamp;
use depin_economy::Spec;
use depin_quantity::{Address, Instant, Name, Units};
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
    /// Allocation of the network's file that the tokens come out of; nothing is minted that the file does not allocate.
    pub from: Name,
    /// Base units of the network's main token.
    pub amount: Units,
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
    #[error("no service `{0}` in this build; `storage` is there")]
    Service(Name),
    /// No validator.
    #[error("no validator is named; a chain needs at least one")]
    NoValidator,
    /// A time that no clock shows.
    #[error("`time` is {} ms after 1970; the last that is allowed is the end of the year 9999", .0.get())]
    Time(Instant),
    /// A speed of zero.
    #[error("`speed_max` is zero; the slowest speed is 1")]
    Speed,
    /// The economy cannot start with these roles and accounts.
    #[error("the network cannot start: {0}")]
    Funding(#[from] depin_economy::GenesisError),
}

impl GenesisDoc {
    /// SHA-256 over the document's canonical JSON (this type's own field order, no blanks).
    pub fn digest(&self) -> [u8; 32] {
        let json = serde_json::to_vec(self).expect("the document is plain data");
        Sha256::digest(json).into()
    }

    /// What the economy starts with.
    pub(crate) fn to_economy(&self, token: Name) -> depin_economy::Genesis {
        let grant = |a: &GenesisAccount| depin_economy::Grant { token, from: a.from, to: a.address, amount: a.amount };
        depin_economy::Genesis {
            roles: self.roles.iter().map(|(role, account)| (*role, *account)).collect(),
            owners: Vec::new(),
            grants: self.accounts.iter().map(grant).collect(),
        }
    }

    /// The stamp of height zero.
    pub const fn stamp(&self) -> Stamp {
        Stamp { wall: self.time.get(), time: self.time, speed: 1 }
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
        if service != Name::literal("storage") {
            return Err(GenesisError::Service(service));
        }
        if self.validators.is_empty() {
            return Err(GenesisError::NoValidator);
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
