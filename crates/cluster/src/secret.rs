//! A cluster's own secret, by which its programs know each other: Ray's token.

use crate::error::ClusterError;
use rand::TryRng as _;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroize as _;

/// 256 bits as 64 hexadecimal digits, as Ray makes them itself (`ray/_private/authentication/authentication_token_generator.py`). In no message
/// and no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// [`ClusterError::Randomness`].
    pub fn generate() -> Result<Self, ClusterError> {
        let mut bytes = [0; 32];
        rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| ClusterError::Randomness(error.to_string()))?;
        let secret = Self(hex::encode(bytes));
        bytes.zeroize();
        Ok(secret)
    }

    /// The digits.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_good = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_good { Ok(Self(text)) } else { Err("a secret of a cluster has 64 hexadecimal digits") }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_are_read_back_and_shown_nowhere() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one, other);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Secret>(&text).unwrap(), one);
        assert!(!format!("{one:?}").contains(one.reveal()));
        for bad in ["\"\"", "\"xyz\"", "\"AA\"", "7"] {
            assert!(serde_json::from_str::<Secret>(bad).is_err(), "{bad}");
        }
    }
}
