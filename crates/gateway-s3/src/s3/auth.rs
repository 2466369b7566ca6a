//! The one account of a gateway.

use s3s::{
    S3Result,
    auth::{S3Auth, SecretKey},
    s3_error,
};

/// Knows one access key and its secret.
pub(super) struct OneAccount {
    access_key: String,
    secret_key: SecretKey,
}

impl OneAccount {
    pub(super) fn new(access_key: String, secret_key: &str) -> Self {
        Self { access_key, secret_key: SecretKey::from(secret_key) }
    }
}

#[async_trait::async_trait]
impl S3Auth for OneAccount {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            Ok(self.secret_key.clone())
        } else {
            Err(s3_error!(
                InvalidAccessKeyId,
                "The access key is not one of this gateway; its keys are in the home's endpoints.json"
            ))
        }
    }
}
