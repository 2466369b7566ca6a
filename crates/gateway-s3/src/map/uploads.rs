//! Multipart uploads.

use super::{
    MapError, int,
    objects::{NewContent, NewObject, ObjectMeta, Slice, tables as objects},
    uint,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;

/// How long a completed upload answers a second completion: clients that lost the first answer try again within minutes.
const COMPLETIONS_KEPT_MS: u64 = 24 * 3600 * 1000;
/// Every part but the last has at least this many bytes.
const PART_MIN: u64 = 5 << 20;

/// A part to be put in its place.
#[derive(Clone, Debug)]
pub(crate) struct NewPart {
    pub(crate) upload: String,
    pub(crate) number: u32,
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) checksums: BTreeMap<String, String>,
}

/// A part as it is.
#[derive(Clone, Debug)]
pub(crate) struct PartRow {
    pub(crate) number: u32,
    pub(crate) blob: i64,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) checksums: BTreeMap<String, String>,
}

/// An unfinished upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadRow {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) started_ms: u64,
    pub(crate) meta: ObjectMeta,
}

/// What a completed upload became.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    pub(crate) etag: String,
    pub(crate) meta: ObjectMeta,
}

pub(crate) mod tables {
    //! Statements; each runs inside the caller's transaction.
    use super::*;

    pub(crate) fn create(
        db: &Connection,
        id: &str,
        bucket: &str,
        key: &str,
        meta: &ObjectMeta,
        now_ms: u64,
    ) -> Result<(), MapError> {
        objects::require_bucket(db, bucket)?;
        db.prepare_cached("INSERT INTO uploads (id, bucket, key, started_ms, meta) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![id, bucket, key.as_bytes(), int(now_ms), serde_json::to_string(meta)?])?;
        Ok(())
    }

    /// The upload with this id, when it is for this bucket and key.
    pub(crate) fn upload(db: &Connection, id: &str, bucket: &str, key: &str) -> Result<UploadRow, MapError> {
        objects::require_bucket(db, bucket)?;
        let found: Option<(i64, String)> = db
            .prepare_cached("SELECT started_ms, meta FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3")?
            .query_row(params![id, bucket, key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (started_ms, meta) = found.ok_or(MapError::NoSuchUpload)?;
        Ok(UploadRow { id: id.to_owned(), key: key.to_owned(), started_ms: uint(started_ms), meta: serde_json::from_str(&meta)? })
    }

    /// Parts above `after`, at most `max`.
    pub(crate) fn parts(db: &Connection, upload: &str, after: u32, max: usize) -> Result<Vec<PartRow>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT number, blob, size, etag, modified_ms, checksums FROM parts WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
        )?;
        let rows = statement.query_map(params![upload, after, int(max as u64)], |row| {
            let part = PartRow {
                number: row.get(0)?,
                blob: row.get(1)?,
                size: uint(row.get(2)?),
                etag: row.get(3)?,
                modified_ms: uint(row.get(4)?),
                checksums: BTreeMap::new(),
            };
            Ok((part, row.get::<_, String>(5)?))
        })?;
        rows.map(|row| {
            let (part, checksums) = row?;
            Ok(PartRow { checksums: serde_json::from_str(&checksums)?, ..part })
        })
        .collect()
    }

    /// Puts a part that is one whole content in its place; the one of the same number that was there goes.
    pub(crate) fn put_part(db: &Connection, part: &NewPart, content: &NewContent) -> Result<(), MapError> {
        require(db, &part.upload)?;
        let (blob, size) = objects::insert_whole(db, content)?;
        place(db, part, blob, size)
    }

    /// Puts a part that is a range of an object in its place, sharing its contents. The object must still have the blob that was read.
    pub(crate) fn copy_part(
        db: &Connection,
        part: &NewPart,
        source: (&str, &str),
        source_blob: i64,
        range: std::ops::Range<u64>,
    ) -> Result<(), MapError> {
        require(db, &part.upload)?;
        let from = objects::object(db, source.0, source.1)?;
        if from.blob != source_blob {
            return Err(MapError::SourceChanged);
        }
        let slices: Vec<Slice> = objects::slices(db, from.blob, range.start, range.end)?
            .into_iter()
            .map(|row| {
                let skip = range.start.saturating_sub(row.start);
                let end = (row.start + row.slice.length).min(range.end);
                Slice { content: row.slice.content, origin: row.slice.origin + skip, length: end - row.start - skip }
            })
            .collect();
        let (blob, size) = objects::insert_blob(db, &slices)?;
        place(db, part, blob, size)
    }

    fn require(db: &Connection, upload: &str) -> Result<(), MapError> {
        let there: bool =
            db.prepare_cached("SELECT EXISTS (SELECT 1 FROM uploads WHERE id = ?1)")?.query_row([upload], |row| row.get(0))?;
        if there { Ok(()) } else { Err(MapError::NoSuchUpload) }
    }

    fn place(db: &Connection, part: &NewPart, blob: i64, size: u64) -> Result<(), MapError> {
        let old: Option<i64> = db
            .prepare_cached("SELECT blob FROM parts WHERE upload = ?1 AND number = ?2")?
            .query_row(params![part.upload, part.number], |row| row.get(0))
            .optional()?;
        db.prepare_cached(
            "INSERT INTO parts (upload, number, blob, size, etag, modified_ms, checksums) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (upload, number) DO UPDATE SET blob = ?3, size = ?4, etag = ?5, modified_ms = ?6, checksums = ?7",
        )?
        .execute(params![
            part.upload,
            part.number,
            blob,
            int(size),
            part.etag,
            int(part.modified_ms),
            serde_json::to_string(&part.checksums)?
        ])?;
        old.map_or(Ok(()), |old| objects::drop_blob(db, old))
    }

    /// The parts that `wanted` names (ascending numbers and ETags), checked.
    pub(crate) fn chosen(db: &Connection, upload: &str, wanted: &[(u32, String)]) -> Result<Vec<PartRow>, MapError> {
        let mut all: BTreeMap<u32, PartRow> = parts(db, upload, 0, 10_000)?.into_iter().map(|part| (part.number, part)).collect();
        let mut chosen = Vec::with_capacity(wanted.len());
        for (number, etag) in wanted {
            let part = all.remove(number).filter(|part| part.etag == *etag).ok_or(MapError::InvalidPart(*number))?;
            chosen.push(part);
        }
        match chosen.split_last().and_then(|(_, rest)| rest.iter().find(|part| part.size < PART_MIN)) {
            Some(part) => Err(MapError::PartTooSmall { number: part.number, size: part.size }),
            None => Ok(chosen),
        }
    }

    /// Makes the object out of the chosen parts and forgets the upload.
    pub(crate) fn complete(db: &Connection, upload: &str, wanted: &[(u32, String)], object: &NewObject) -> Result<(), MapError> {
        self::upload(db, upload, &object.bucket, &object.key)?;
        let mut slices = Vec::new();
        for part in chosen(db, upload, wanted)? {
            slices.extend(objects::slices(db, part.blob, 0, part.size)?.into_iter().map(|row| row.slice));
        }
        let (blob, size) = objects::insert_blob(db, &slices)?;
        objects::put_object(db, object, blob, size)?;
        // The new blob holds the contents by now, so only parts that were not chosen lose theirs.
        abort(db, upload)?;
        remember(db, upload, object)
    }

    fn remember(db: &Connection, upload: &str, object: &NewObject) -> Result<(), MapError> {
        let forgotten = object.modified_ms.saturating_sub(COMPLETIONS_KEPT_MS);
        db.prepare_cached("DELETE FROM completions WHERE done_ms < ?1")?.execute([int(forgotten)])?;
        let kept =
            ObjectMeta { checksums: object.meta.checksums.clone(), composite: object.meta.composite, ..ObjectMeta::default() };
        db.prepare_cached(
            "INSERT OR REPLACE INTO completions (id, bucket, key, etag, checksums, done_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            upload,
            object.bucket,
            object.key.as_bytes(),
            object.etag,
            serde_json::to_string(&kept)?,
            int(object.modified_ms)
        ])?;
        Ok(())
    }

    /// What the upload with this id became, when it was completed not long ago.
    pub(crate) fn completion(db: &Connection, id: &str, bucket: &str, key: &str) -> Result<Option<Completion>, MapError> {
        objects::require_bucket(db, bucket)?;
        let found: Option<(String, String)> = db
            .prepare_cached("SELECT etag, checksums FROM completions WHERE id = ?1 AND bucket = ?2 AND key = ?3")?
            .query_row(params![id, bucket, key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        found.map(|(etag, meta)| Ok(Completion { etag, meta: serde_json::from_str(&meta)? })).transpose()
    }

    /// Forgets an upload and its parts.
    pub(crate) fn abort(db: &Connection, upload: &str) -> Result<(), MapError> {
        let blobs: Vec<i64> = db
            .prepare_cached("SELECT blob FROM parts WHERE upload = ?1")?
            .query_map([upload], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        db.prepare_cached("DELETE FROM parts WHERE upload = ?1")?.execute([upload])?;
        for blob in blobs {
            objects::drop_blob(db, blob)?;
        }
        let gone = db.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([upload])?;
        if gone == 1 { Ok(()) } else { Err(MapError::NoSuchUpload) }
    }

    /// Uploads of a bucket after (key, id), in that order.
    pub(crate) fn uploads(db: &Connection, bucket: &str, prefix: &str, after: (&str, &str)) -> Result<Vec<UploadRow>, MapError> {
        objects::require_bucket(db, bucket)?;
        let mut statement = db.prepare_cached(
            "SELECT id, key, started_ms, meta FROM uploads WHERE bucket = ?1 AND (key, id) > (?2, ?3) AND key >= ?4 ORDER BY key, id",
        )?;
        let rows = statement.query_map(params![bucket, after.0.as_bytes(), after.1, prefix.as_bytes()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
        })?;
        let mut uploads = Vec::new();
        for row in rows {
            let (id, key, started_ms, meta) = row?;
            let key = String::from_utf8(key).map_err(|error| MapError::Record(error.to_string()))?;
            if !key.starts_with(prefix) {
                break;
            }
            uploads.push(UploadRow { id, key, started_ms: uint(started_ms), meta: serde_json::from_str(&meta)? });
        }
        Ok(uploads)
    }
}
