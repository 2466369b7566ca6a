//! Access control lists: there is the private one, and asking for it changes nothing.

use super::{Answer, Front, errors};
use crate::map::tables;
use s3s::{
    S3Response, S3Result,
    dto::{AccessControlPolicy, Permission, PutBucketAclInput, PutBucketAclOutput, PutObjectAclInput, PutObjectAclOutput},
    s3_error,
};

/// Whether a list grants everything to the owner and nothing to anybody else. A canned one has been checked at the door.
fn is_private(front: &Front, policy: Option<AccessControlPolicy>) -> S3Result<()> {
    let owner = Some(front.core.config.access_key.as_str());
    let private = policy.is_none_or(|policy| {
        policy.grants.unwrap_or_default().iter().all(|grant| {
            let to_owner = grant.grantee.as_ref().is_some_and(|grantee| grantee.id.as_deref() == owner);
            to_owner && grant.permission.as_ref().is_some_and(|permission| permission.as_str() == Permission::FULL_CONTROL)
        })
    });
    if private {
        return Ok(());
    }
    Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs: only the owner has access"))
}

pub(super) async fn bucket(front: &Front, input: PutBucketAclInput) -> Answer<PutBucketAclOutput> {
    front.core.map.read(move |db| tables::require_bucket(db, &input.bucket)).await.map_err(errors::map)?;
    is_private(front, input.access_control_policy)?;
    Ok(S3Response::new(PutBucketAclOutput::default()))
}

pub(super) async fn object(front: &Front, input: PutObjectAclInput) -> Answer<PutObjectAclOutput> {
    let there = front.core.map.read(move |db| tables::object(db, &input.bucket, &input.key));
    there.await.map_err(errors::map)?;
    is_private(front, input.access_control_policy)?;
    Ok(S3Response::new(PutObjectAclOutput::default()))
}
