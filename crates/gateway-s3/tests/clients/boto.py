"""What boto3 does beyond putting and getting: checksums, forms, tags, settings, conditions, pages."""

import hashlib
import socket
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, access, secret = sys.argv[1:4]


def client(region="us-east-1", **config):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name=region,
        config=Config(proxies={}, retries={"max_attempts": 1}, **config),
    )


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, (code, error)
        assert error.response["ResponseMetadata"]["RequestId"], "an error has a request id"
        return
    raise SystemExit(f"{call} was not refused with {code}")


s3 = client(s3={"addressing_style": "path"})
B = "boto-more"
s3.create_bucket(Bucket=B)
s3.create_bucket(Bucket=B)

# Checksums of every kind, in one body and in parts.
for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
    try:
        s3.put_object(Bucket=B, Key=algorithm, Body=b"sum me", ChecksumAlgorithm=algorithm)
    except Exception as error:  # Some algorithms need a library that boto3 comes without.
        assert "crt" in str(error), error
        continue
    got = s3.get_object(Bucket=B, Key=algorithm, ChecksumMode="ENABLED")
    assert got["Body"].read() == b"sum me" and got["Checksum" + algorithm], got
big = bytes(range(256)) * 50_000
with open(sys.argv[4], "wb") as file:
    file.write(big)
parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
s3.upload_file(sys.argv[4], B, "big", Config=parts, ExtraArgs={"ChecksumAlgorithm": "SHA256", "Tagging": "a=1"})
s3.download_file(B, "big", sys.argv[4] + ".back", Config=parts)
assert open(sys.argv[4] + ".back", "rb").read() == big
found = s3.get_object_attributes(Bucket=B, Key="big", ObjectAttributes=["ETag", "Checksum", "ObjectParts", "ObjectSize"])
assert found["ObjectSize"] == len(big) and found["ObjectParts"]["TotalPartsCount"] == 3, found
assert found["Checksum"]["ChecksumSHA256"].endswith("-3") or found["Checksum"]["ChecksumType"] == "COMPOSITE", found
second = s3.get_object(Bucket=B, Key="big", PartNumber=2)
assert second["PartsCount"] == 3 and second["Body"].read() == big[5 << 20 : 10 << 20]
refused("InvalidPart", s3.get_object, Bucket=B, Key="big", PartNumber=4)

# Tags.
assert s3.get_object_tagging(Bucket=B, Key="big")["TagSet"] == [{"Key": "a", "Value": "1"}]
s3.put_object_tagging(Bucket=B, Key="big", Tagging={"TagSet": [{"Key": "b", "Value": "ä ö"}]})
assert s3.get_object_tagging(Bucket=B, Key="big")["TagSet"] == [{"Key": "b", "Value": "ä ö"}]
s3.delete_object_tagging(Bucket=B, Key="big")
assert s3.get_object_tagging(Bucket=B, Key="big")["TagSet"] == []

# Settings that nobody made, and settings that nobody can make.
assert s3.get_bucket_acl(Bucket=B)["Grants"][0]["Permission"] == "FULL_CONTROL"
assert s3.get_object_acl(Bucket=B, Key="big")["Grants"][0]["Permission"] == "FULL_CONTROL"
rules = s3.get_bucket_encryption(Bucket=B)["ServerSideEncryptionConfiguration"]["Rules"]
assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
assert s3.get_bucket_ownership_controls(Bucket=B)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
assert s3.get_bucket_request_payment(Bucket=B)["Payer"] == "BucketOwner"
assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=B)
assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=B)
assert "Status" not in s3.get_bucket_versioning(Bucket=B) and "Status" not in s3.get_bucket_accelerate_configuration(Bucket=B)
refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=B)
refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=B)
refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=B)
refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=B)
s3.put_bucket_tagging(Bucket=B, Tagging={"TagSet": [{"Key": "team", "Value": "x & ü"}]})
assert s3.get_bucket_tagging(Bucket=B)["TagSet"] == [{"Key": "team", "Value": "x & ü"}]
s3.delete_bucket_tagging(Bucket=B)
refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=B)
# A client that is set to another region is told this one, and signs anew.
elsewhere = client(region="eu-west-1", s3={"addressing_style": "path"})
elsewhere.put_object(Bucket=B, Key="from elsewhere", Body=b"by another region")
assert elsewhere.get_object(Bucket=B, Key="from elsewhere")["Body"].read() == b"by another region"
refused("AuthorizationHeaderMalformed", elsewhere.list_buckets)
s3.delete_object(Bucket=B, Key="from elsewhere")
refused("NoSuchWebsiteConfiguration", s3.get_bucket_website, Bucket=B)
refused("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, Bucket=B)
refused("ReplicationConfigurationNotFoundError", s3.get_bucket_replication, Bucket=B)
refused("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=B)
refused("NotImplemented", s3.put_bucket_policy, Bucket=B, Policy="{}")
refused("NotImplemented", s3.put_bucket_versioning, Bucket=B, VersioningConfiguration={"Status": "Enabled"})
refused("AccessControlListNotSupported", s3.put_object_acl, Bucket=B, Key="big", ACL="public-read")
refused("AccessControlListNotSupported", s3.put_object, Bucket=B, Key="p", Body=b"", ACL="public-read")
refused("InvalidRequest", s3.put_object, Bucket=B, Key="l", Body=b"", ObjectLockLegalHoldStatus="ON")
refused("NotImplemented", s3.put_object, Bucket=B, Key="k", Body=b"", ServerSideEncryption="aws:kms")
refused("NotImplemented", s3.put_object, Bucket=B, Key="g", Body=b"", StorageClass="GLACIER")

# Conditions.
etag = s3.head_object(Bucket=B, Key="big")["ETag"]
refused("PreconditionFailed", s3.copy_object, Bucket=B, Key="big", CopySource=f"{B}/CRC32", IfNoneMatch="*")
refused("PreconditionFailed", s3.delete_object, Bucket=B, Key="big", IfMatch='"0"')
s3.delete_object(Bucket=B, Key="big", IfMatch=etag)

# A form.
form = s3.generate_presigned_post(B, "up/${filename}", ExpiresIn=60)
fields = "".join(f'--XX\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form["fields"].items())
body = fields + '--XX\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\nby form\r\n--XX--\r\n'
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(form["url"], body.encode(), {"Content-Type": "multipart/form-data; boundary=XX"})
assert opener.open(request).status == 204
assert s3.get_object(Bucket=B, Key="up/f.txt")["Body"].read() == b"by form"

# Names that XML cannot carry as they are, and pages.
names = sorted(["a\r\nb", "]]>", "tab\there", "é 😀", "plus+and%2F"])
for name in names:
    s3.put_object(Bucket=B, Key="names/" + name, Body=name.encode())
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=B, Prefix="names/", PaginationConfig={"PageSize": 2})
assert [o["Key"] for page in pages for o in page["Contents"]] == ["names/" + name for name in names]
assert len(s3.list_object_versions(Bucket=B, Prefix="names/")["Versions"]) == len(names)
pages = s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1})
assert B in [b["Name"] for page in pages for b in page["Buckets"]]

# By host, and presigned. Not every system knows that names below localhost are this machine.
known = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: known("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named)
port = endpoint.rsplit(":", 1)[1]
endpoint = f"http://localhost:{port}"  # `client` reads it
hosted = client(s3={"addressing_style": "virtual"})
assert hosted.get_object(Bucket=B, Key="up/f.txt")["Body"].read() == b"by form"
url = s3.generate_presigned_url("put_object", Params={"Bucket": B, "Key": "link"}, ExpiresIn=60)
assert opener.open(urllib.request.Request(url, b"x", {"Content-Type": ""}, method="PUT")).status == 200
assert hashlib.md5(b"x").hexdigest() in s3.head_object(Bucket=B, Key="link")["ETag"]

everything = [{"Key": o["Key"]} for o in s3.list_objects_v2(Bucket=B)["Contents"]]
gone = s3.delete_objects(Bucket=B, Delete={"Objects": everything})
assert len(gone["Deleted"]) == len(everything), gone
s3.delete_bucket(Bucket=B)
