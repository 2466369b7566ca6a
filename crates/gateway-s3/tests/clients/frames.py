"""s3fs and pyarrow: files as data frames' libraries open them."""

import os
import sys

which, endpoint, access, secret = sys.argv[1:5]
big = os.urandom(12_000_000)
if which == "s3fs":
    import s3fs

    fs = s3fs.S3FileSystem(key=access, secret=secret, endpoint_url=endpoint, client_kwargs={"region_name": "us-east-1"})
    fs.mkdir("frames-s3fs")
    with fs.open("frames-s3fs/dir/big", "wb", block_size=5 << 20) as file:
        file.write(big)
    with fs.open("frames-s3fs/dir/big", "rb") as file:
        file.seek(5_000_000)
        assert file.read(100) == big[5_000_000:5_000_100]
    assert fs.cat("frames-s3fs/dir/big") == big
    fs.copy("frames-s3fs/dir/big", "frames-s3fs/dir/copy")
    assert sorted(fs.find("frames-s3fs")) == ["frames-s3fs/dir/big", "frames-s3fs/dir/copy"]
    assert fs.info("frames-s3fs/dir/copy")["size"] == len(big)
    assert fs.exists("frames-s3fs/dir") and not fs.exists("frames-s3fs/none")
    fs.rm("frames-s3fs", recursive=True)
else:
    import pyarrow
    import pyarrow.fs
    import pyarrow.parquet

    fs = pyarrow.fs.S3FileSystem(
        access_key=access,
        secret_key=secret,
        endpoint_override=endpoint.split("//")[1],
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
        proxy_options=None,
    )
    fs.create_dir("frames-arrow")
    table = pyarrow.table({"n": list(range(400_000)), "text": [f"row {n} {n * n}" for n in range(400_000)]})
    pyarrow.parquet.write_table(table, "frames-arrow/dir/t.parquet", filesystem=fs, compression="none")
    assert pyarrow.parquet.read_table("frames-arrow/dir/t.parquet", filesystem=fs).equals(table)
    with fs.open_output_stream("frames-arrow/dir/big") as file:
        file.write(big)
    with fs.open_input_file("frames-arrow/dir/big") as file:
        file.seek(100)
        assert file.read(50) == big[100:150] and file.size() == len(big)
    found = fs.get_file_info(pyarrow.fs.FileSelector("frames-arrow", recursive=True))
    assert sorted(f.path for f in found if f.is_file) == ["frames-arrow/dir/big", "frames-arrow/dir/t.parquet"]
    fs.move("frames-arrow/dir/big", "frames-arrow/moved")
    fs.delete_dir("frames-arrow")
