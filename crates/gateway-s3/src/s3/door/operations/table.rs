//! The rows. Where a request could match several, the first one counts.

use super::{
    Level::{self, Bucket, Object, Service},
    Operation, Support, Unset,
};

const ACL: &str = "access is by the one account's signature; only private ACLs exist";
const VERSIONS: &str = "objects have no versions";
const LOCK: &str = "object lock needs versions, and objects have none";
const LIFECYCLE: &str = "objects stay until they are deleted";
const BY_BUCKET: &str = "there are no settings per bucket";
const NO_LOCK: Unset = Unset::Invalid("InvalidRequest", "Bucket is missing Object Lock Configuration");

/// Headers of bodies that are stored.
const PUT: &[&str] = &[
    "x-amz-meta-*",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-algorithm",
];
const SUMS: &[&str] = &[
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-algorithm",
];
const COPY: &[&str] = &[
    "x-amz-meta-*",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-metadata-directive",
    "x-amz-website-redirect-location",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-source-expected-bucket-owner",
    "x-amz-checksum-algorithm",
];
const COPY_PART: &[&str] = &[
    "x-amz-copy-source",
    "x-amz-copy-source-range",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-source-expected-bucket-owner",
];
const RESPONSE: &[&str] = &[
    "partNumber",
    "versionId",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];

const fn served(
    name: &'static str,
    method: &'static str,
    level: Level,
    query: &'static [&'static str],
    optional: &'static [&'static str],
    headers: &'static [&'static str],
) -> Operation {
    Operation { name, method, level, query, header: None, optional, headers, support: Support::Served }
}

const fn with_header(
    name: &'static str,
    query: &'static [&'static str],
    header: &'static str,
    headers: &'static [&'static str],
) -> Operation {
    Operation { header: Some(header), ..served(name, "PUT", Object, query, &[], headers) }
}

const fn unset(name: &'static str, level: Level, query: &'static [&'static str], answer: Unset) -> Operation {
    Operation { support: Support::Unset(answer), ..served(name, "GET", level, query, &["versionId"], &[]) }
}

const fn refused(
    name: &'static str,
    method: &'static str,
    level: Level,
    query: &'static [&'static str],
    why: &'static str,
) -> Operation {
    Operation { support: Support::Refused(why), ..served(name, method, level, query, &[], &[]) }
}

macro_rules! xml {
    ($root:literal) => {
        Unset::Xml(concat!("<", $root, " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></", $root, ">"))
    };
    ($root:literal, $inside:literal) => {
        Unset::Xml(concat!("<", $root, " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", $inside, "</", $root, ">"))
    };
}

const PRIVATE: Unset = xml!(
    "AccessControlPolicy",
    "<Owner><ID>{owner}</ID><DisplayName>{owner}</DisplayName></Owner><AccessControlList><Grant>\
     <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{owner}</ID>\
     <DisplayName>{owner}</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>"
);
const NO_CONFIGURATION: Unset = Unset::None("NoSuchConfiguration", "The specified configuration does not exist");

/// All operations.
pub(crate) const OPERATIONS: &[Operation] = &[
    // The account.
    refused("ListDirectoryBuckets", "GET", Service, &["x-id=ListDirectoryBuckets"], "there are no directory buckets"),
    served("ListBuckets", "GET", Service, &[], &["prefix", "max-buckets", "continuation-token", "bucket-region"], &[]),
    // Settings of a bucket: read as never made, and not to be made.
    unset("GetBucketAcl", Bucket, &["acl"], PRIVATE),
    unset("GetBucketAccelerateConfiguration", Bucket, &["accelerate"], xml!("AccelerateConfiguration")),
    unset("GetBucketAnalyticsConfiguration", Bucket, &["analytics", "id"], NO_CONFIGURATION),
    unset(
        "ListBucketAnalyticsConfigurations",
        Bucket,
        &["analytics"],
        xml!("ListBucketAnalyticsConfigurationResult", "<IsTruncated>false</IsTruncated>"),
    ),
    unset(
        "GetBucketCors",
        Bucket,
        &["cors"],
        Unset::None("NoSuchCORSConfiguration", "The CORS configuration does not exist; requests from any origin are answered"),
    ),
    unset(
        "GetBucketEncryption",
        Bucket,
        &["encryption"],
        xml!(
            "ServerSideEncryptionConfiguration",
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
             <BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
        ),
    ),
    unset("GetBucketIntelligentTieringConfiguration", Bucket, &["intelligent-tiering", "id"], NO_CONFIGURATION),
    unset(
        "ListBucketIntelligentTieringConfigurations",
        Bucket,
        &["intelligent-tiering"],
        xml!("ListBucketIntelligentTieringConfigurationsOutput", "<IsTruncated>false</IsTruncated>"),
    ),
    unset("GetBucketInventoryConfiguration", Bucket, &["inventory", "id"], NO_CONFIGURATION),
    unset(
        "ListBucketInventoryConfigurations",
        Bucket,
        &["inventory"],
        xml!("ListInventoryConfigurationsResult", "<IsTruncated>false</IsTruncated>"),
    ),
    unset(
        "GetBucketLifecycleConfiguration",
        Bucket,
        &["lifecycle"],
        Unset::None("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    ),
    unset("GetBucketLogging", Bucket, &["logging"], xml!("BucketLoggingStatus")),
    unset("GetBucketMetricsConfiguration", Bucket, &["metrics", "id"], NO_CONFIGURATION),
    unset(
        "ListBucketMetricsConfigurations",
        Bucket,
        &["metrics"],
        xml!("ListMetricsConfigurationsResult", "<IsTruncated>false</IsTruncated>"),
    ),
    unset("GetBucketMetadataConfiguration", Bucket, &["metadataConfiguration"], NO_CONFIGURATION),
    unset("GetBucketMetadataTableConfiguration", Bucket, &["metadataTable"], NO_CONFIGURATION),
    unset("GetBucketNotificationConfiguration", Bucket, &["notification"], xml!("NotificationConfiguration")),
    unset(
        "GetObjectLockConfiguration",
        Bucket,
        &["object-lock"],
        Unset::None("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
    ),
    unset(
        "GetBucketOwnershipControls",
        Bucket,
        &["ownershipControls"],
        xml!("OwnershipControls", "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"),
    ),
    unset("GetBucketPolicy", Bucket, &["policy"], Unset::None("NoSuchBucketPolicy", "The bucket policy does not exist")),
    unset(
        "GetBucketPolicyStatus",
        Bucket,
        &["policyStatus"],
        Unset::None("NoSuchBucketPolicy", "The bucket policy does not exist"),
    ),
    unset(
        "GetPublicAccessBlock",
        Bucket,
        &["publicAccessBlock"],
        Unset::None("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
    ),
    unset(
        "GetBucketReplication",
        Bucket,
        &["replication"],
        Unset::None("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    ),
    unset(
        "GetBucketRequestPayment",
        Bucket,
        &["requestPayment"],
        xml!("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"),
    ),
    unset(
        "GetBucketWebsite",
        Bucket,
        &["website"],
        Unset::None("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    ),
    refused("CreateSession", "GET", Bucket, &["session"], "there are no directory buckets"),
    served("PutBucketAcl", "PUT", Bucket, &["acl"], &[], SUMS),
    refused("PutBucketAbac", "PUT", Bucket, &["abac"], BY_BUCKET),
    refused("PutBucketAccelerateConfiguration", "PUT", Bucket, &["accelerate"], BY_BUCKET),
    refused("PutBucketAnalyticsConfiguration", "PUT", Bucket, &["analytics"], BY_BUCKET),
    refused("PutBucketCors", "PUT", Bucket, &["cors"], "requests from any origin are answered, for every bucket"),
    refused("PutBucketEncryption", "PUT", Bucket, &["encryption"], "every object is encrypted with the gateway's own key"),
    refused("PutBucketIntelligentTieringConfiguration", "PUT", Bucket, &["intelligent-tiering"], BY_BUCKET),
    refused("PutBucketInventoryConfiguration", "PUT", Bucket, &["inventory"], BY_BUCKET),
    refused("PutBucketLifecycleConfiguration", "PUT", Bucket, &["lifecycle"], LIFECYCLE),
    refused("PutBucketLogging", "PUT", Bucket, &["logging"], BY_BUCKET),
    refused("PutBucketMetricsConfiguration", "PUT", Bucket, &["metrics"], BY_BUCKET),
    refused("PutBucketNotificationConfiguration", "PUT", Bucket, &["notification"], BY_BUCKET),
    refused("PutBucketOwnershipControls", "PUT", Bucket, &["ownershipControls"], ACL),
    refused("PutBucketPolicy", "PUT", Bucket, &["policy"], ACL),
    refused("PutBucketReplication", "PUT", Bucket, &["replication"], "copies are kept by the redundancy of the gateway"),
    refused("PutBucketRequestPayment", "PUT", Bucket, &["requestPayment"], "the gateway's account pays"),
    refused("PutBucketVersioning", "PUT", Bucket, &["versioning"], VERSIONS),
    refused("PutBucketWebsite", "PUT", Bucket, &["website"], BY_BUCKET),
    refused("PutObjectLockConfiguration", "PUT", Bucket, &["object-lock"], LOCK),
    refused("PutPublicAccessBlock", "PUT", Bucket, &["publicAccessBlock"], "nothing is public"),
    refused("UpdateBucketMetadataTableConfiguration", "PUT", Bucket, &["metadataInventoryTable"], BY_BUCKET),
    refused("CreateBucketMetadataTableConfiguration", "POST", Bucket, &["metadataTable"], BY_BUCKET),
    refused("CreateBucketMetadataConfiguration", "POST", Bucket, &["metadataConfiguration"], BY_BUCKET),
    refused("DeleteBucketAnalyticsConfiguration", "DELETE", Bucket, &["analytics"], BY_BUCKET),
    refused("DeleteBucketCors", "DELETE", Bucket, &["cors"], BY_BUCKET),
    refused("DeleteBucketEncryption", "DELETE", Bucket, &["encryption"], "every object is encrypted"),
    refused("DeleteBucketIntelligentTieringConfiguration", "DELETE", Bucket, &["intelligent-tiering"], BY_BUCKET),
    refused("DeleteBucketInventoryConfiguration", "DELETE", Bucket, &["inventory"], BY_BUCKET),
    refused("DeleteBucketLifecycle", "DELETE", Bucket, &["lifecycle"], LIFECYCLE),
    refused("DeleteBucketMetadataConfiguration", "DELETE", Bucket, &["metadataConfiguration"], BY_BUCKET),
    refused("DeleteBucketMetadataTableConfiguration", "DELETE", Bucket, &["metadataTable"], BY_BUCKET),
    refused("DeleteBucketMetricsConfiguration", "DELETE", Bucket, &["metrics"], BY_BUCKET),
    refused("DeleteBucketOwnershipControls", "DELETE", Bucket, &["ownershipControls"], ACL),
    refused("DeleteBucketPolicy", "DELETE", Bucket, &["policy"], ACL),
    refused("DeleteBucketReplication", "DELETE", Bucket, &["replication"], BY_BUCKET),
    refused("DeleteBucketWebsite", "DELETE", Bucket, &["website"], BY_BUCKET),
    refused("DeletePublicAccessBlock", "DELETE", Bucket, &["publicAccessBlock"], "nothing is public"),
    // Buckets and listings.
    served("GetBucketLocation", "GET", Bucket, &["location"], &[], &[]),
    served("GetBucketTagging", "GET", Bucket, &["tagging"], &[], &[]),
    served("PutBucketTagging", "PUT", Bucket, &["tagging"], &[], SUMS),
    served("DeleteBucketTagging", "DELETE", Bucket, &["tagging"], &[], &[]),
    served("GetBucketVersioning", "GET", Bucket, &["versioning"], &[], &[]),
    served("ListMultipartUploads", "GET", Bucket, &["uploads"], &[], &[]),
    served("ListObjectVersions", "GET", Bucket, &["versions"], &[], &["x-amz-optional-object-attributes"]),
    served("ListObjectsV2", "GET", Bucket, &["list-type=2"], &[], &["x-amz-optional-object-attributes"]),
    served("ListObjects", "GET", Bucket, &[], &[], &["x-amz-optional-object-attributes"]),
    served("HeadBucket", "HEAD", Bucket, &[], &[], &[]),
    served("CreateBucket", "PUT", Bucket, &[], &[], &["x-amz-bucket-object-lock-enabled", "x-amz-object-ownership"]),
    served("DeleteBucket", "DELETE", Bucket, &[], &[], &[]),
    served("DeleteObjects", "POST", Bucket, &["delete"], &[], SUMS),
    refused("WriteGetObjectResponse", "POST", Service, &["x-id=WriteGetObjectResponse"], "there are no object lambdas"),
    // Objects.
    unset("GetObjectAcl", Object, &["acl"], PRIVATE),
    unset("GetObjectLegalHold", Object, &["legal-hold"], NO_LOCK),
    unset("GetObjectRetention", Object, &["retention"], NO_LOCK),
    refused("GetObjectTorrent", "GET", Object, &["torrent"], "S3 itself has given it up"),
    served("PutObjectAcl", "PUT", Object, &["acl"], &["versionId"], SUMS),
    refused("PutObjectLegalHold", "PUT", Object, &["legal-hold"], LOCK),
    refused("PutObjectRetention", "PUT", Object, &["retention"], LOCK),
    refused("RenameObject", "PUT", Object, &["renameObject"], "copy the object and delete the old one"),
    refused("UpdateObjectEncryption", "PUT", Object, &["encryption"], "every object is encrypted with the gateway's own key"),
    refused("RestoreObject", "POST", Object, &["restore"], "nothing is archived"),
    refused("SelectObjectContent", "POST", Object, &["select"], "objects are not looked into"),
    served(
        "GetObjectAttributes",
        "GET",
        Object,
        &["attributes"],
        &["versionId"],
        &["x-amz-object-attributes", "x-amz-max-parts", "x-amz-part-number-marker"],
    ),
    served("GetObjectTagging", "GET", Object, &["tagging"], &["versionId"], &[]),
    served("PutObjectTagging", "PUT", Object, &["tagging"], &["versionId"], SUMS),
    served("DeleteObjectTagging", "DELETE", Object, &["tagging"], &["versionId"], &[]),
    served("ListParts", "GET", Object, &["uploadId"], &["max-parts", "part-number-marker"], &[]),
    served("CreateMultipartUpload", "POST", Object, &["uploads"], &[], CREATE),
    with_header("UploadPartCopy", &["partNumber", "uploadId"], "x-amz-copy-source", COPY_PART),
    served("UploadPart", "PUT", Object, &["partNumber", "uploadId"], &[], SUMS),
    served("CompleteMultipartUpload", "POST", Object, &["uploadId"], &[], COMPLETE),
    served("AbortMultipartUpload", "DELETE", Object, &["uploadId"], &[], &[]),
    with_header("CopyObject", &[], "x-amz-copy-source", COPY),
    served("PutObject", "PUT", Object, &[], &[], PUT),
    served("GetObject", "GET", Object, &[], RESPONSE, &["x-amz-checksum-mode"]),
    served("HeadObject", "HEAD", Object, &[], RESPONSE, &["x-amz-checksum-mode"]),
    served("DeleteObject", "DELETE", Object, &[], &["versionId"], &["x-amz-if-match-last-modified-time", "x-amz-if-match-size"]),
];

const CREATE: &[&str] =
    &["x-amz-meta-*", "x-amz-tagging", "x-amz-website-redirect-location", "x-amz-checksum-algorithm", "x-amz-checksum-type"];
const COMPLETE: &[&str] = &[
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-type",
    "x-amz-mp-object-size",
];
