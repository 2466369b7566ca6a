"""minio-py: parts, listings, metadata, tags, presigned links, deletion of many."""

import io
import sys
import urllib.request
from datetime import timedelta

from minio import Minio
from minio.commonconfig import CopySource, Tags
from minio.deleteobjects import DeleteObject

endpoint, access, secret = sys.argv[1:4]
try:
    s3 = Minio(endpoint.split("//")[1], access, secret, secure=False, region="us-east-1")
except TypeError:
    s3 = Minio(endpoint=endpoint.split("//")[1], access_key=access, secret_key=secret, secure=False, region="us-east-1")
B = "minio-py"


def call(method, *values, **named):
    """Newer versions take names only."""
    names = ("bucket_name", "object_name")
    return method(**dict(zip(names, values)), **named)


call(s3.make_bucket, B)
big = bytes(range(256)) * 45_000
call(s3.put_object, B, "big", data=io.BytesIO(big), length=-1, part_size=5 << 20, metadata={"who": "anna"})
stat = call(s3.stat_object, B, "big")
assert stat.size == len(big) and stat.metadata["x-amz-meta-who"] == "anna", stat
got = call(s3.get_object, B, "big")
assert got.read() == big
got.close()
got = call(s3.get_object, B, "big", offset=10, length=20)
assert got.read() == big[10:30]
call(s3.copy_object, B, "dir/copy", source=CopySource(bucket_name=B, object_name="big"))
assert [o.object_name for o in call(s3.list_objects, B)] == ["big", "dir/"]
assert [o.object_name for o in call(s3.list_objects, B, recursive=True)] == ["big", "dir/copy"]
tags = Tags.new_object_tags()
tags["a"] = "1"
call(s3.set_object_tags, B, "big", tags=tags)
assert call(s3.get_object_tags, B, "big") == {"a": "1"}
call(s3.delete_object_tags, B, "big")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert opener.open(call(s3.presigned_get_object, B, "big", expires=timedelta(minutes=1))).read() == big
errors = list(call(s3.remove_objects, B, delete_object_list=[DeleteObject("big"), DeleteObject("dir/copy")]))
assert not errors, errors
call(s3.remove_bucket, B)
