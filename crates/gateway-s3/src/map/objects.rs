//! Buckets, objects, contents and listings.

use super::{MapError, int, uint};
use crate::crypt::WrappedKey;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;

/// Where a run of a content's ciphertext lies in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) segment: i64,
    pub(crate) at: u64,
    pub(crate) length: u64,
}

/// A stored upload: its key, its size and where its ciphertext lies, in order.
#[derive(Clone, Debug)]
pub(crate) struct NewContent {
    pub(crate) key: WrappedKey,
    pub(crate) size: u64,
    pub(crate) extents: Vec<Extent>,
}

/// A range of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) content: i64,
    pub(crate) origin: u64,
    pub(crate) length: u64,
}

/// A range of a content at its place in an object.
#[derive(Clone, Debug)]
pub(crate) struct SliceRow {
    pub(crate) start: u64,
    pub(crate) slice: Slice,
    pub(crate) key: WrappedKey,
    pub(crate) content_size: u64,
}

/// An extent at its place in a content's ciphertext.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtentRow {
    pub(crate) start: u64,
    pub(crate) extent: Extent,
}

/// Headers that belong to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct ObjectMeta {
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) expires_ms: Option<i64>,
    pub(crate) website_redirect: Option<String>,
    pub(crate) user: BTreeMap<String, String>,
    /// Base64 checksums by algorithm name.
    pub(crate) checksums: BTreeMap<String, String>,
    /// Whether the checksums are of the whole object or of its parts' checksums.
    pub(crate) composite: bool,
    /// Sizes of the parts of a multipart upload.
    pub(crate) parts: Vec<u64>,
    /// Checksums of those parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) part_checksums: Vec<BTreeMap<String, String>>,
    /// Tags by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
    /// What a multipart upload said of its checksum when it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) declared: Option<Declared>,
}

/// The checksum that a multipart upload wants.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Declared {
    /// Name as in `x-amz-checksum-<name>`.
    pub(crate) algorithm: String,
    /// Of the whole object, not of its parts' checksums.
    pub(crate) whole: bool,
}

/// An object to be put in its place.
#[derive(Clone, Debug)]
pub(crate) struct NewObject {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) meta: ObjectMeta,
    pub(crate) condition: WriteCondition,
}

/// ETags that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Any object.
    Any,
    /// One of these.
    Of(Vec<String>),
}

impl Tags {
    pub(crate) fn hold(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Of(tags) => tags.iter().any(|tag| tag == etag),
        }
    }
}

/// What must hold of the present object for a write or a deletion to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WriteCondition {
    /// `If-Match`.
    pub(crate) if_match: Option<Tags>,
    /// `If-None-Match`.
    pub(crate) if_none_match: Option<Tags>,
    /// Its size in bytes.
    pub(crate) size: Option<u64>,
    /// When it was last modified, in whole seconds since 1970.
    pub(crate) modified_s: Option<i64>,
}

/// What conditions ask of the present object.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    pub(crate) blob: i64,
    pub(crate) etag: String,
    pub(crate) size: u64,
    pub(crate) modified_ms: u64,
}

/// An object as it is.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRow {
    pub(crate) key: String,
    pub(crate) blob: i64,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) meta: ObjectMeta,
}

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// After this key.
    After(Vec<u8>),
    /// After every key that starts so.
    PastPrefix(Vec<u8>),
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Object(Box<ObjectRow>),
    Prefix(String),
}

/// A page of a listing; `next` is set when there is more.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListPage {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: Option<Cursor>,
}

impl WriteCondition {
    pub(crate) fn check(&self, present: Option<&Present>) -> Result<(), MapError> {
        let Some(present) = present else {
            let wants_one = self.if_match.is_some() || self.size.is_some() || self.modified_s.is_some();
            return if wants_one { Err(MapError::NoSuchKey) } else { Ok(()) };
        };
        let modified_s = i64::try_from(present.modified_ms / 1000).unwrap_or(i64::MAX);
        let failed = [
            (self.if_match.as_ref().is_some_and(|tags| !tags.hold(&present.etag)), "If-Match"),
            (self.if_none_match.as_ref().is_some_and(|tags| tags.hold(&present.etag)), "If-None-Match"),
            (self.size.is_some_and(|size| size != present.size), "x-amz-if-match-size"),
            (self.modified_s.is_some_and(|time| time != modified_s), "x-amz-if-match-last-modified-time"),
        ];
        match failed.into_iter().find(|(failed, _)| *failed) {
            None => Ok(()),
            Some((_, name)) => Err(MapError::Precondition(name)),
        }
    }
}

pub(crate) mod tables {
    //! Statements; each runs inside the caller's transaction.
    use super::*;

    pub(crate) fn create_bucket(db: &Connection, name: &str, now_ms: u64) -> Result<(), MapError> {
        let made = db.execute("INSERT OR IGNORE INTO buckets VALUES (?1, ?2)", params![name, int(now_ms)])?;
        if made == 1 { Ok(()) } else { Err(MapError::BucketExists(name.to_owned())) }
    }

    /// A bucket's tags; none where none were set.
    pub(crate) fn bucket_tags(db: &Connection, name: &str) -> Result<BTreeMap<String, String>, MapError> {
        require_bucket(db, name)?;
        let tags: Option<String> = db
            .prepare_cached("SELECT tags FROM bucket_tags WHERE bucket = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(tags.map(|tags| serde_json::from_str(&tags)).transpose()?.unwrap_or_default())
    }

    /// Puts these tags on a bucket in place of those that it has.
    pub(crate) fn set_bucket_tags(db: &Connection, name: &str, tags: &BTreeMap<String, String>) -> Result<(), MapError> {
        require_bucket(db, name)?;
        if tags.is_empty() {
            db.execute("DELETE FROM bucket_tags WHERE bucket = ?1", [name])?;
            return Ok(());
        }
        let tags = serde_json::to_string(tags)?;
        db.execute("INSERT INTO bucket_tags VALUES (?1, ?2) ON CONFLICT (bucket) DO UPDATE SET tags = ?2", [name, &tags])?;
        Ok(())
    }

    /// Unfinished multipart uploads do not keep a bucket alive: they are aborted with it.
    pub(crate) fn delete_bucket(db: &Connection, name: &str) -> Result<(), MapError> {
        require_bucket(db, name)?;
        let used: bool = db.query_row("SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1)", [name], |row| row.get(0))?;
        if used {
            return Err(MapError::BucketNotEmpty(name.to_owned()));
        }
        let uploads: Vec<String> = db
            .prepare_cached("SELECT id FROM uploads WHERE bucket = ?1")?
            .query_map([name], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for upload in uploads {
            crate::map::uploads::tables::abort(db, &upload)?;
        }
        db.execute("DELETE FROM completions WHERE bucket = ?1", [name])?;
        db.execute("DELETE FROM buckets WHERE name = ?1", [name])?;
        Ok(())
    }

    pub(crate) fn require_bucket(db: &Connection, name: &str) -> Result<(), MapError> {
        let there: bool =
            db.prepare_cached("SELECT EXISTS (SELECT 1 FROM buckets WHERE name = ?1)")?.query_row([name], |row| row.get(0))?;
        if there { Ok(()) } else { Err(MapError::NoSuchBucket(name.to_owned())) }
    }

    /// All buckets by name, with their creation times.
    pub(crate) fn buckets(db: &Connection) -> Result<Vec<(String, u64)>, MapError> {
        let mut statement = db.prepare_cached("SELECT name, created_ms FROM buckets ORDER BY name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, uint(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn object(db: &Connection, bucket: &str, key: &str) -> Result<ObjectRow, MapError> {
        let found = db
            .prepare_cached("SELECT key, blob, size, etag, modified_ms, meta FROM objects WHERE bucket = ?1 AND key = ?2")?
            .query_row(params![bucket, key.as_bytes()], object_row)
            .optional()?;
        match found {
            Some(object) => object.read(),
            None => {
                require_bucket(db, bucket)?;
                Err(MapError::NoSuchKey)
            }
        }
    }

    /// Adds a content and counts its bytes as live in its segments.
    pub(crate) fn insert_content(db: &Connection, content: &NewContent) -> Result<i64, MapError> {
        db.prepare_cached("INSERT INTO contents (tag, wrapped, size) VALUES (?1, ?2, ?3)")?.execute(params![
            content.key.tag,
            content.key.wrapped,
            int(content.size)
        ])?;
        let id = db.last_insert_rowid();
        let mut start = 0;
        for extent in &content.extents {
            db.prepare_cached("INSERT INTO extents (content, start, length, segment, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![id, int(start), int(extent.length), extent.segment, int(extent.at)])?;
            db.prepare_cached("UPDATE segments SET live = live + ?2 WHERE id = ?1")?
                .execute(params![extent.segment, int(extent.length)])?;
            start += extent.length;
        }
        Ok(id)
    }

    /// Adds a blob made of slices, in order.
    pub(crate) fn insert_blob(db: &Connection, slices: &[Slice]) -> Result<(i64, u64), MapError> {
        let size = slices.iter().map(|slice| slice.length).sum();
        db.prepare_cached("INSERT INTO blobs (size) VALUES (?1)")?.execute([int(size)])?;
        let blob = db.last_insert_rowid();
        let mut start = 0;
        for slice in slices.iter().filter(|slice| slice.length > 0) {
            db.prepare_cached("INSERT INTO slices (blob, start, content, origin, length) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![blob, int(start), slice.content, int(slice.origin), int(slice.length)])?;
            start += slice.length;
        }
        Ok((blob, size))
    }

    /// Adds a blob that is one whole content; an empty content has no row and no slice.
    pub(crate) fn insert_whole(db: &Connection, content: &NewContent) -> Result<(i64, u64), MapError> {
        if content.size == 0 {
            return insert_blob(db, &[]);
        }
        let id = insert_content(db, content)?;
        insert_blob(db, &[Slice { content: id, origin: 0, length: content.size }])
    }

    /// Removes a blob and every content that nothing else uses.
    pub(crate) fn drop_blob(db: &Connection, blob: i64) -> Result<(), MapError> {
        let contents: Vec<i64> = db
            .prepare_cached("SELECT DISTINCT content FROM slices WHERE blob = ?1")?
            .query_map([blob], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        db.prepare_cached("DELETE FROM slices WHERE blob = ?1")?.execute([blob])?;
        db.prepare_cached("DELETE FROM blobs WHERE id = ?1")?.execute([blob])?;
        for content in contents {
            let used: bool = db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM slices WHERE content = ?1)")?
                .query_row([content], |row| row.get(0))?;
            if !used {
                drop_content(db, content)?;
            }
        }
        Ok(())
    }

    fn drop_content(db: &Connection, content: i64) -> Result<(), MapError> {
        db.prepare_cached(
            "UPDATE segments SET live = live - dead.bytes
             FROM (SELECT segment, sum(length) AS bytes FROM extents WHERE content = ?1 GROUP BY segment) AS dead
             WHERE id = dead.segment",
        )?
        .execute([content])?;
        db.prepare_cached("DELETE FROM extents WHERE content = ?1")?.execute([content])?;
        db.prepare_cached("DELETE FROM contents WHERE id = ?1")?.execute([content])?;
        Ok(())
    }

    /// Puts an object whose blob is there already in its place; what was there goes.
    pub(crate) fn put_object(db: &Connection, object: &NewObject, blob: i64, size: u64) -> Result<(), MapError> {
        require_bucket(db, &object.bucket)?;
        let present = present(db, &object.bucket, &object.key)?;
        object.condition.check(present.as_ref())?;
        db.prepare_cached(
            "INSERT INTO objects (bucket, key, blob, size, etag, modified_ms, meta) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (bucket, key) DO UPDATE SET blob = ?3, size = ?4, etag = ?5, modified_ms = ?6, meta = ?7",
        )?
        .execute(params![
            object.bucket,
            object.key.as_bytes(),
            blob,
            int(size),
            object.etag,
            int(object.modified_ms),
            serde_json::to_string(&object.meta)?
        ])?;
        if let Some(old) = present {
            drop_blob(db, old.blob)?;
        }
        Ok(())
    }

    /// Makes `object` from the slices of the object at `source`, which must still have the ETag that was read.
    pub(crate) fn copy_object(
        db: &Connection,
        object: &NewObject,
        source: (&str, &str),
        source_blob: i64,
    ) -> Result<u64, MapError> {
        let from = self::object(db, source.0, source.1)?;
        if from.blob != source_blob {
            return Err(MapError::SourceChanged);
        }
        let slices: Vec<Slice> = slices(db, from.blob, 0, from.size)?.into_iter().map(|row| row.slice).collect();
        let (blob, size) = insert_blob(db, &slices)?;
        put_object(db, object, blob, size)?;
        Ok(size)
    }

    pub(crate) fn present(db: &Connection, bucket: &str, key: &str) -> Result<Option<Present>, MapError> {
        Ok(db
            .prepare_cached("SELECT blob, etag, size, modified_ms FROM objects WHERE bucket = ?1 AND key = ?2")?
            .query_row(params![bucket, key.as_bytes()], |row| {
                Ok(Present { blob: row.get(0)?, etag: row.get(1)?, size: uint(row.get(2)?), modified_ms: uint(row.get(3)?) })
            })
            .optional()?)
    }

    /// Puts other tags on an object; nothing else of it changes.
    pub(crate) fn set_tags(db: &Connection, bucket: &str, key: &str, tags: BTreeMap<String, String>) -> Result<(), MapError> {
        let object = object(db, bucket, key)?;
        let meta = serde_json::to_string(&ObjectMeta { tags, ..object.meta })?;
        db.prepare_cached("UPDATE objects SET meta = ?3 WHERE bucket = ?1 AND key = ?2")?.execute(params![
            bucket,
            key.as_bytes(),
            meta
        ])?;
        Ok(())
    }

    /// Removes an object; one that is not there is no error unless the condition wants it.
    pub(crate) fn delete_object(db: &Connection, bucket: &str, key: &str, condition: &WriteCondition) -> Result<(), MapError> {
        require_bucket(db, bucket)?;
        let present = present(db, bucket, key)?;
        condition.check(present.as_ref())?;
        if let Some(Present { blob, .. }) = present {
            db.prepare_cached("DELETE FROM objects WHERE bucket = ?1 AND key = ?2")?.execute(params![bucket, key.as_bytes()])?;
            drop_blob(db, blob)?;
        }
        Ok(())
    }

    /// The wrapped key of the newest content, where there is any.
    pub(crate) fn newest_key(db: &Connection) -> Result<Option<WrappedKey>, MapError> {
        let newest = "SELECT tag, wrapped FROM contents ORDER BY id DESC LIMIT 1";
        let key = |row: &rusqlite::Row<'_>| Ok(WrappedKey { tag: row.get(0)?, wrapped: row.get(1)? });
        Ok(db.query_row(newest, [], key).optional()?)
    }

    /// Slices of a blob that touch `from..to`, with their contents' keys.
    pub(crate) fn slices(db: &Connection, blob: i64, from: u64, to: u64) -> Result<Vec<SliceRow>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT start, content, origin, length, tag, wrapped, size FROM slices JOIN contents ON contents.id = content
             WHERE blob = ?1 AND start < ?3 AND start + length > ?2 ORDER BY start",
        )?;
        let rows = statement.query_map(params![blob, int(from), int(to)], |row| {
            Ok(SliceRow {
                start: uint(row.get(0)?),
                slice: Slice { content: row.get(1)?, origin: uint(row.get(2)?), length: uint(row.get(3)?) },
                key: WrappedKey { tag: row.get(4)?, wrapped: row.get(5)? },
                content_size: uint(row.get(6)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Extents of a content that touch the ciphertext range `from..to`.
    pub(crate) fn extents(db: &Connection, content: i64, from: u64, to: u64) -> Result<Vec<ExtentRow>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT start, segment, at, length FROM extents WHERE content = ?1 AND start < ?3 AND start + length > ?2 ORDER BY start",
        )?;
        let rows = statement.query_map(params![content, int(from), int(to)], |row| {
            Ok(ExtentRow {
                start: uint(row.get(0)?),
                extent: Extent { segment: row.get(1)?, at: uint(row.get(2)?), length: uint(row.get(3)?) },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// At most `max` lines of a bucket, from the cursor on. Keys with the same part up to the delimiter become one line.
    pub(crate) fn list(
        db: &Connection,
        bucket: &str,
        prefix: &str,
        delimiter: &str,
        from: Option<&Cursor>,
        max: usize,
    ) -> Result<ListPage, MapError> {
        require_bucket(db, bucket)?;
        let mut page = ListPage::default();
        if max == 0 {
            return Ok(page);
        }
        let (mut seek, mut after) = start_of(prefix, from);
        let end = successor(prefix.as_bytes());
        let mut last: Option<Cursor> = None;
        loop {
            // One more than fits tells whether the page is cut.
            let batch = (max - page.entries.len() + 1).min(1000);
            let rows = rows_from(db, bucket, &seek, after, end.as_deref(), batch)?;
            let full = rows.len() == batch;
            let mut jumped = false;
            for row in rows {
                if page.entries.len() == max {
                    page.next = last;
                    return Ok(page);
                }
                (seek, after) = (row.key.clone().into_bytes(), true);
                match common_prefix(&row.key, prefix, delimiter) {
                    None => {
                        last = Some(Cursor::After(seek.clone()));
                        page.entries.push(Entry::Object(Box::new(row)));
                    }
                    Some(group) => {
                        let past = successor(group.as_bytes()).unwrap_or_default();
                        last = Some(Cursor::PastPrefix(group.clone().into_bytes()));
                        page.entries.push(Entry::Prefix(group));
                        (seek, after, jumped) = (past, false, true);
                        break;
                    }
                }
            }
            if !full && !jumped {
                return Ok(page);
            }
        }
    }

    fn rows_from(
        db: &Connection,
        bucket: &str,
        seek: &[u8],
        after: bool,
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ObjectRow>, MapError> {
        // An empty blob is below every key and 0xFF above every one: UTF-8 has no such byte.
        let end = end.unwrap_or(&[0xFF]);
        let comparison = if after { ">" } else { ">=" };
        let mut statement = db.prepare_cached(&format!(
            "SELECT key, blob, size, etag, modified_ms, meta FROM objects
             WHERE bucket = ?1 AND key {comparison} ?2 AND key < ?3 ORDER BY key LIMIT ?4"
        ))?;
        let rows = statement.query_map(params![bucket, seek, end, int(limit as u64)], object_row)?;
        rows.map(|row| row.map_err(MapError::from).and_then(RawObject::read)).collect()
    }
}

/// The first place to look at, and whether it is left out itself.
fn start_of(prefix: &str, from: Option<&Cursor>) -> (Vec<u8>, bool) {
    let (seek, after) = match from {
        None => (Vec::new(), false),
        Some(Cursor::After(key)) => (key.clone(), true),
        Some(Cursor::PastPrefix(group)) => (successor(group).unwrap_or_default(), false),
    };
    if seek.as_slice() < prefix.as_bytes() { (prefix.as_bytes().to_vec(), false) } else { (seek, after) }
}

/// The smallest byte string above everything that starts with `prefix`; none when that is unbounded.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if let Some(next) = last.checked_add(1) {
            bytes.push(next);
            return Some(bytes);
        }
    }
    None
}

fn common_prefix(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    if delimiter.is_empty() {
        return None;
    }
    let rest = key.strip_prefix(prefix)?;
    rest.find(delimiter).map(|at| key[..prefix.len() + at + delimiter.len()].to_owned())
}

struct RawObject {
    key: Vec<u8>,
    blob: i64,
    size: i64,
    etag: String,
    modified_ms: i64,
    meta: String,
}

fn object_row(row: &Row<'_>) -> rusqlite::Result<RawObject> {
    Ok(RawObject {
        key: row.get(0)?,
        blob: row.get(1)?,
        size: row.get(2)?,
        etag: row.get(3)?,
        modified_ms: row.get(4)?,
        meta: row.get(5)?,
    })
}

impl RawObject {
    fn read(self) -> Result<ObjectRow, MapError> {
        Ok(ObjectRow {
            key: String::from_utf8(self.key).map_err(|error| MapError::Record(error.to_string()))?,
            blob: self.blob,
            size: uint(self.size),
            etag: self.etag,
            modified_ms: uint(self.modified_ms),
            meta: serde_json::from_str(&self.meta)?,
        })
    }
}
