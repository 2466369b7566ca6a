//! Tokens by which a tenant, or whom it trusts, is known to a provider: JWT, signed by the tenant's account key with EdDSA.
//!
//! In: an account's key and what it allows; or a text that somebody sent. Out: a token; or its claims, once form and signature are good and
//! the key is that of the account it names. Claims and scopes are upstream's (version `v1`), and have besides: `aud`, the one provider that
//! it is for; `chain`, whose accounts are meant; `gen`, the generation of the tenant's tokens, which it raises on the ledger to take all
//! tokens before back. The key itself is in the header (`jwk`), since an address is its hash.
//!
//! What a token restricts is never passed over: keys that are not known inside of `leases` are an error, and services that are named are
//! the only ones that it reaches, which upstream reads and does not look at.

use crate::{
    SigningKey,
    bearer::{self, Signed, check_time, shortened},
};
use depin_quantity::{Address, Name};
use depin_services::leasing::{BidId, DeploymentId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

pub use crate::bearer::{LEEWAY_SECS, LIFETIME, LIFETIME_MAX, TOKEN_BYTES_MAX};
/// Most entries of a list in a token.
const ENTRIES_MAX: usize = 64;

/// What one may do with leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Send manifests.
    SendManifest,
    /// Read what was sent, with its secrets.
    GetManifest,
    /// Read logs.
    Logs,
    /// Run commands in containers.
    Shell,
    /// Read what happens to containers.
    Events,
    /// Read how services are, and where they are reached.
    Status,
    /// Restart services.
    Restart,
    /// Take host names from one lease to another.
    HostnameMigrate,
    /// Take addresses from one lease to another.
    IpMigrate,
    /// Ask for attestations.
    Attestation,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SendManifest,
        Self::GetManifest,
        Self::Logs,
        Self::Shell,
        Self::Events,
        Self::Status,
        Self::Restart,
        Self::HostnameMigrate,
        Self::IpMigrate,
        Self::Attestation,
    ];

    /// Those that providers of this program give something for.
    pub const OFFERED: [Self; 6] = [Self::SendManifest, Self::GetManifest, Self::Logs, Self::Shell, Self::Events, Self::Status];

    /// Its word in a token.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SendManifest => "send-manifest",
            Self::GetManifest => "get-manifest",
            Self::Logs => "logs",
            Self::Shell => "shell",
            Self::Events => "events",
            Self::Status => "status",
            Self::Restart => "restart",
            Self::HostnameMigrate => "hostname-migrate",
            Self::IpMigrate => "ip-migrate",
            Self::Attestation => "attestation",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Scope {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Self::ALL.into_iter().find(|scope| scope.word() == text).ok_or_else(|| {
            let all: Vec<&str> = Self::OFFERED.iter().map(|scope| scope.word()).collect();
            TokenError::Claims(format!("`{}` is no scope; there are {}", shortened(text), all.join(", ")))
        })
    }
}

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Everything.
    Full,
    /// Some scopes, wherever.
    Scoped,
    /// Some scopes, each at its place.
    Granular,
}

/// What of an account's leases is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leases {
    /// How much.
    pub access: Access,
    /// With [`Access::Scoped`]: what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Scope>,
    /// With [`Access::Granular`]: where, and what there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
}

/// What is allowed at one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// Which; each once.
    pub provider: Address,
    /// How much.
    pub access: Access,
    /// With [`Access::Scoped`]: what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Scope>,
    /// With [`Access::Granular`]: where, and what there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<DeploymentPermission>,
}

/// What is allowed in one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentPermission {
    /// Which.
    pub dseq: u64,
    /// What.
    pub scope: Vec<Scope>,
    /// Only in this group; zero means all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gseq: u32,
    /// Only in the lease of this order of the group; zero means all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub oseq: u32,
    /// Which services; each once, at least one.
    pub services: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Leases {
    /// Everything.
    pub const fn full() -> Self {
        Self { access: Access::Full, scope: Vec::new(), permissions: Vec::new() }
    }
}

/// What a token says. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose leases it is about, and who signed it.
    pub iss: Address,
    /// The provider that it is for.
    pub aud: Address,
    /// When it was made.
    pub iat: u64,
    /// From when on it is good.
    pub nbf: u64,
    /// Until when it is good.
    pub exp: u64,
    /// A name for it, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The form of its claims: `v1`.
    pub version: String,
    /// The chain whose accounts and leases are meant.
    pub chain: Name,
    /// The generation of the issuer's tokens.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// What it allows.
    pub leases: Leases,
}

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token.
    #[error("this is no token: {0}")]
    Form(String),
    /// Something in it is missing or makes no sense.
    #[error("the token's claims are not good: {0}")]
    Claims(String),
    /// The signature is not the issuer's.
    #[error("the token is not signed by the account that it names")]
    Signature,
    /// Its time has not come.
    #[error("the token is good from {nbf} on, and it is {now} here (seconds since 1970); set the clock of whoever made it")]
    Early {
        /// From when on.
        nbf: u64,
        /// The provider's time.
        now: u64,
    },
    /// Its time is over.
    #[error("the token was good until {exp}, and it is {now} here (seconds since 1970); make a new one")]
    Expired {
        /// Until when.
        exp: u64,
        /// The provider's time.
        now: u64,
    },
    /// It would be good for too long.
    #[error("the token is good for {seconds} s, and {} s are the most; make one that is good for less long", LIFETIME_MAX.as_secs())]
    TooLong {
        /// How long.
        seconds: u64,
    },
    /// For somebody else.
    #[error("the token is for the provider {0}, not for this one")]
    OtherProvider(Address),
    /// Of another chain.
    #[error("the token is of the chain {0}, not of this one")]
    OtherChain(Name),
    /// Taken back.
    #[error("the token was revoked: it has the generation {token}, and its account's tokens have {current}; make a new one")]
    Revoked {
        /// The token's.
        token: u64,
        /// The account's.
        current: u64,
    },
}

/// Which services of a lease something is allowed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Services {
    /// All.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Services {
    /// Whether a service is among them.
    pub fn has(&self, service: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(service),
        }
    }
}

impl Claims {
    /// What `key`'s account says: that whoever shows it to a provider may do this until its time is over. `now` in seconds since 1970.
    pub fn new(key: &SigningKey, provider: Address, chain: Name, generation: u64, now: u64, leases: Leases) -> Self {
        Self {
            iss: key.address(),
            aud: provider,
            iat: now,
            nbf: now,
            exp: now.saturating_add(LIFETIME.as_secs()),
            jti: None,
            version: "v1".to_owned(),
            chain,
            generation,
            leases,
        }
    }

    /// The same, good for another time.
    ///
    /// # Errors
    /// [`TokenError::TooLong`].
    pub fn lasting(mut self, lifetime: Duration) -> Result<Self, TokenError> {
        if lifetime > LIFETIME_MAX {
            return Err(TokenError::TooLong { seconds: lifetime.as_secs() });
        }
        self.exp = self.nbf.saturating_add(lifetime.as_secs());
        Ok(self)
    }

    /// Whether it is good at a provider of a chain now, seconds since 1970. Whether it was revoked is not known here.
    ///
    /// # Errors
    /// [`TokenError`]: chain first, then provider, then time.
    pub fn check(&self, provider: Address, chain: Name, now: u64) -> Result<(), TokenError> {
        if self.chain != chain {
            return Err(TokenError::OtherChain(self.chain));
        }
        if self.aud != provider {
            return Err(TokenError::OtherProvider(self.aud));
        }
        check_time(self.iat, self.nbf, self.exp, now)
    }

    /// Whether its generation is the account's.
    ///
    /// # Errors
    /// [`TokenError::Revoked`].
    pub const fn check_generation(&self, current: u64) -> Result<(), TokenError> {
        if self.generation == current { Ok(()) } else { Err(TokenError::Revoked { token: self.generation, current }) }
    }

    /// Whether it allows something with all of a deployment's leases at a provider.
    pub fn allows_deployment(&self, id: DeploymentId, provider: Address, scope: Scope) -> bool {
        self.allowed(id.owner, provider, Some(scope), |one| one.dseq == id.dseq && one.gseq == 0 && one.oseq == 0).is_some()
    }

    /// For which services of a lease it allows something; without a scope, whether it allows anything. None when it does not.
    pub fn allows(&self, lease: BidId, scope: Option<Scope>) -> Option<Services> {
        let (group, oseq) = (lease.order.group, lease.order.oseq);
        let here = |one: &DeploymentPermission| {
            one.dseq == group.deployment.dseq && (one.gseq == 0 || one.gseq == group.gseq) && (one.oseq == 0 || one.oseq == oseq)
        };
        self.allowed(lease.owner(), lease.provider, scope, here)
    }

    /// Whether it allows everything at a provider: only the owner itself has that.
    pub fn is_full(&self, provider: Address) -> bool {
        self.leases.access == Access::Full
            || self.leases.permissions.iter().any(|one| one.provider == provider && one.access == Access::Full)
    }

    fn allowed(
        &self,
        owner: Address,
        provider: Address,
        scope: Option<Scope>,
        here: impl Fn(&DeploymentPermission) -> bool,
    ) -> Option<Services> {
        let has = |scopes: &[Scope]| scope.is_none_or(|scope| scopes.contains(&scope)).then_some(Services::All);
        if self.iss != owner {
            return None;
        }
        match self.leases.access {
            Access::Full => Some(Services::All),
            Access::Scoped => has(&self.leases.scope),
            Access::Granular => {
                let at = self.leases.permissions.iter().find(|one| one.provider == provider)?;
                match at.access {
                    Access::Full => Some(Services::All),
                    Access::Scoped => has(&at.scope),
                    Access::Granular => {
                        let fits = at.deployments.iter().filter(|one| here(one) && has(&one.scope).is_some());
                        let services: BTreeSet<String> = fits.flat_map(|one| one.services.iter().cloned()).collect();
                        (!services.is_empty()).then_some(Services::Only(services))
                    }
                }
            }
        }
    }
}

impl Signed for Claims {
    fn signer(&self) -> Address {
        self.iss
    }

    fn check_form(&self) -> Result<(), TokenError> {
        let wrong = |why: &str| Err(TokenError::Claims(why.to_owned()));
        if self.version != "v1" {
            return Err(TokenError::Claims(format!("the version is `{}`, and `v1` is known", shortened(&self.version))));
        }
        if self.exp <= self.nbf {
            return wrong("it ends before it begins");
        }
        let Leases { access, scope, permissions } = &self.leases;
        match access {
            Access::Full if !scope.is_empty() || !permissions.is_empty() => {
                wrong("full access has neither scope nor permissions")
            }
            Access::Scoped if !permissions.is_empty() => wrong("scoped access has no permissions"),
            Access::Granular if !scope.is_empty() => wrong("granular access has no scope of its own"),
            Access::Full => Ok(()),
            Access::Scoped => check_scope(scope),
            Access::Granular => check_permissions(permissions),
        }
    }
}

fn each_once<T: Ord>(items: impl ExactSizeIterator<Item = T>, what: &str) -> Result<(), TokenError> {
    let count = items.len();
    if count == 0 || count > ENTRIES_MAX {
        return Err(TokenError::Claims(format!("it has {count} {what}; it must have 1 to {ENTRIES_MAX}")));
    }
    let distinct: BTreeSet<T> = items.collect();
    if distinct.len() == count { Ok(()) } else { Err(TokenError::Claims(format!("one of its {what} is there twice"))) }
}

fn check_scope(scope: &[Scope]) -> Result<(), TokenError> {
    each_once(scope.iter(), "scopes")
}

fn check_permissions(permissions: &[Permission]) -> Result<(), TokenError> {
    each_once(permissions.iter().map(|one| one.provider), "providers")?;
    for one in permissions {
        let wrong = |why: &str| Err(TokenError::Claims(format!("the permission for {}: {why}", one.provider)));
        match one.access {
            Access::Full if !one.scope.is_empty() || !one.deployments.is_empty() => {
                return wrong("full access has neither scope nor deployments");
            }
            Access::Scoped if !one.deployments.is_empty() => return wrong("scoped access has no deployments"),
            Access::Granular if !one.scope.is_empty() => return wrong("granular access has no scope of its own"),
            Access::Full => {}
            Access::Scoped => check_scope(&one.scope)?,
            Access::Granular => {
                if one.deployments.is_empty() || one.deployments.len() > ENTRIES_MAX {
                    return wrong("granular access names 1 to 64 deployments");
                }
                for deployment in &one.deployments {
                    if deployment.dseq == 0 || (deployment.oseq > 0 && deployment.gseq == 0) {
                        return wrong("a deployment has its `dseq`, and a `gseq` where it has an `oseq`");
                    }
                    check_scope(&deployment.scope)?;
                    each_once(deployment.services.iter(), "services")?;
                }
            }
        }
    }
    Ok(())
}

/// Signs a token.
///
/// # Errors
/// [`TokenError::Claims`] for claims that nobody would take.
pub fn mint(key: &SigningKey, claims: &Claims) -> Result<String, TokenError> {
    bearer::mint(key, claims)
}

/// What a token says, when its form is good and it is signed by the account that it names. [`Claims::check`] says whether it is good now.
///
/// # Errors
/// [`TokenError`].
pub fn read(token: &str) -> Result<Claims, TokenError> {
    bearer::read(token)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
