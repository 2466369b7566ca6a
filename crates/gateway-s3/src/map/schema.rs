//! Tables of the object map.

use super::MapError;
use depin_database::{Begun, Database};

const FORMAT: &str = "1";

/// Keys of objects are blobs, so that they sort by their UTF-8 bytes, as S3 lists them. All `_ms` are milliseconds since 1970; `until_ms`
/// and those of `silences` are ledger time, the others are wall time.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bucket_tags (
    bucket TEXT PRIMARY KEY REFERENCES buckets (name) ON DELETE CASCADE, tags TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS segments (
    id INTEGER PRIMARY KEY, k INTEGER NOT NULL, n INTEGER NOT NULL, payload INTEGER NOT NULL,
    used INTEGER NOT NULL, live INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS segments_dead ON segments (id) WHERE live = 0;
CREATE INDEX IF NOT EXISTS segments_half ON segments (payload, id) WHERE live * 2 <= used;
CREATE TABLE IF NOT EXISTS shards (
    segment INTEGER NOT NULL REFERENCES segments (id) ON DELETE CASCADE, idx INTEGER NOT NULL,
    provider TEXT NOT NULL, cid TEXT NOT NULL, piece_size INTEGER NOT NULL, sums BLOB NOT NULL,
    state TEXT NOT NULL, deal TEXT, until_ms INTEGER, attempts INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0,
    renew_ms INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', avoid TEXT NOT NULL DEFAULT '[]', changed_ms INTEGER NOT NULL,
    price TEXT, PRIMARY KEY (segment, idx)) STRICT;
CREATE INDEX IF NOT EXISTS shards_due ON shards (state, next_ms);
CREATE INDEX IF NOT EXISTS shards_until ON shards (until_ms) WHERE until_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS shards_cid ON shards (cid);
CREATE INDEX IF NOT EXISTS shards_provider ON shards (provider, segment, idx);
CREATE TABLE IF NOT EXISTS retired (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, cid TEXT NOT NULL, deal TEXT, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX IF NOT EXISTS retired_due ON retired (next_ms);

CREATE TABLE IF NOT EXISTS contents (
    id INTEGER PRIMARY KEY, tag BLOB NOT NULL, wrapped BLOB NOT NULL, size INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS extents (
    content INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE, start INTEGER NOT NULL, length INTEGER NOT NULL,
    segment INTEGER NOT NULL REFERENCES segments (id), at INTEGER NOT NULL,
    PRIMARY KEY (content, start)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS extents_segment ON extents (segment);
CREATE TABLE IF NOT EXISTS blobs (id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS slices (
    blob INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE, start INTEGER NOT NULL, content INTEGER NOT NULL REFERENCES contents (id),
    origin INTEGER NOT NULL, length INTEGER NOT NULL,
    PRIMARY KEY (blob, start)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS slices_content ON slices (content);

CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL REFERENCES buckets (name), key BLOB NOT NULL, blob INTEGER NOT NULL REFERENCES blobs (id),
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified_ms INTEGER NOT NULL, meta TEXT NOT NULL,
    PRIMARY KEY (bucket, key)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL REFERENCES buckets (name), key BLOB NOT NULL, started_ms INTEGER NOT NULL,
    meta TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_key ON uploads (bucket, key, id);
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads (id), number INTEGER NOT NULL, blob INTEGER NOT NULL REFERENCES blobs (id),
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified_ms INTEGER NOT NULL, checksums TEXT NOT NULL,
    PRIMARY KEY (upload, number)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS completions (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, etag TEXT NOT NULL, checksums TEXT NOT NULL, done_ms INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS completions_done ON completions (done_ms);

CREATE TABLE IF NOT EXISTS spending (day INTEGER PRIMARY KEY, units TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS providers (address TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS silences (
    provider TEXT PRIMARY KEY, silent_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS faults (
    provider TEXT NOT NULL, kind TEXT NOT NULL, cid TEXT NOT NULL, segment INTEGER NOT NULL, shard INTEGER NOT NULL,
    detail TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (provider, kind, cid)) STRICT, WITHOUT ROWID;
";

/// Makes missing tables. A database of something else is left as it is, and so is one without tables that was `used` before.
pub(super) fn prepare(database: &mut Database, used: bool) -> Result<(), MapError> {
    let own = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'segments', 'shards', 'objects')";
    let own: i64 = database.connection().query_row(own, [], |row| row.get(0))?;
    match (database.begun()?, own) {
        (Begun::New, _) if used => return Err(MapError::NoMap("holds nothing")),
        (Begun::New, _) | (Begun::Before, 4) => {}
        _ => return Err(MapError::NoMap("is a database of another program")),
    }
    let found: String = database.change(|connection| {
        connection.execute_batch(TABLES)?;
        // Maps of before prices were kept with placements.
        let priced = "SELECT count(*) FROM pragma_table_info('shards') WHERE name = 'price'";
        if connection.query_row(priced, [], |row| row.get::<_, i64>(0))? == 0 {
            connection.execute_batch("ALTER TABLE shards ADD COLUMN price TEXT")?;
        }
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?1)", [FORMAT])?;
        connection.query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
    })?;
    if found == FORMAT { Ok(()) } else { Err(MapError::Format { found, known: FORMAT }) }
}
