//! Tokens by which the hirer of a cluster, or whom it trusts, is known to the provider of the head: JWT, signed by the hirer's account key.
//!
//! In: the hirer's key and the hire; or a text that somebody sent. Out: a token; or its claims, once the signature is that of the account that
//! they name. A token opens everything of one hire at one provider, since whoever may submit a job runs code anyway; it opens no lease, and
//! tokens of leases open no cluster. It is good for an hour at most, and cannot be taken back before.

use crate::{
    SigningKey,
    bearer::{self, Signed, check_time, shortened},
    lease::{LIFETIME, LIFETIME_MAX, TokenError},
};
use depin_quantity::{Address, Name, UnitId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The form of the claims.
const VERSION: &str = "cluster-v1";

/// What a token of a cluster says. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The hirer, who signed it.
    pub iss: Address,
    /// The provider that it is for: the one of the cluster's head.
    pub aud: Address,
    /// When it was made.
    pub iat: u64,
    /// From when on it is good.
    pub nbf: u64,
    /// Until when it is good.
    pub exp: u64,
    /// The form of its claims: `cluster-v1`.
    pub version: String,
    /// The chain whose accounts and hires are meant.
    pub chain: Name,
    /// The hire.
    pub hire: UnitId,
}

impl Claims {
    /// What the hirer says: whoever shows it to the provider may use the cluster until its time is over. `now` in seconds since 1970.
    pub fn new(key: &SigningKey, provider: Address, chain: Name, hire: UnitId, now: u64) -> Self {
        let exp = now.saturating_add(LIFETIME.as_secs());
        Self { iss: key.address(), aud: provider, iat: now, nbf: now, exp, version: VERSION.to_owned(), chain, hire }
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

    /// Whether it is good at a provider of a chain now, seconds since 1970.
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
}

impl Signed for Claims {
    fn signer(&self) -> Address {
        self.iss
    }

    fn check_form(&self) -> Result<(), TokenError> {
        if self.version != VERSION {
            return Err(TokenError::Claims(format!("the version is `{}`, and `{VERSION}` is known", shortened(&self.version))));
        }
        if self.exp <= self.nbf {
            return Err(TokenError::Claims("it ends before it begins".to_owned()));
        }
        Ok(())
    }
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
mod tests {
    use super::*;
    use crate::lease::{self, Leases};

    const NOW: u64 = 1_800_000_000;

    fn claims(key: &SigningKey) -> Claims {
        Claims::new(key, Address::new([9; 32]), Name::literal("a-chain"), UnitId::new([12; 32]), NOW)
    }

    #[test]
    fn a_token_says_what_was_signed_and_is_good_for_its_time_and_place() {
        let key = SigningKey::from_seed(&[1; 32]);
        let read = read(&mint(&key, &claims(&key)).unwrap()).unwrap();
        assert_eq!(read, claims(&key));
        let (here, chain) = (Address::new([9; 32]), Name::literal("a-chain"));
        assert_eq!(read.check(here, chain, NOW), Ok(()));
        assert!(matches!(read.check(Address::new([8; 32]), chain, NOW), Err(TokenError::OtherProvider(_))));
        assert!(matches!(read.check(here, Name::literal("b-chain"), NOW), Err(TokenError::OtherChain(_))));
        assert!(matches!(read.check(here, chain, NOW + 3_600), Err(TokenError::Expired { .. })));
        assert!(matches!(read.check(here, chain, NOW - 3_600), Err(TokenError::Early { .. })));
        assert!(claims(&key).lasting(Duration::from_secs(3_601)).is_err());
    }

    #[test]
    fn who_signs_for_another_account_is_refused() {
        let (key, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        assert_eq!(read(&mint(&other, &claims(&key)).unwrap()), Err(TokenError::Signature));
    }

    #[test]
    fn tokens_of_leases_open_no_cluster_and_the_other_way_round() {
        let key = SigningKey::from_seed(&[1; 32]);
        let of_lease = lease::Claims::new(&key, Address::new([9; 32]), Name::literal("a-chain"), 0, NOW, Leases::full());
        assert!(matches!(read(&lease::mint(&key, &of_lease).unwrap()), Err(TokenError::Claims(_))));
        assert!(matches!(lease::read(&mint(&key, &claims(&key)).unwrap()), Err(TokenError::Claims(_))));
    }
}
