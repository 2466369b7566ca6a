//! Taking a payload in.
//!
//! Commitment, checksums and tree cache are computed while the bytes go by, so the payload is read from the network once and
//! never again from the disk. Memory: the commitment hasher's (64 KiB and 1/1016 of the payload).

use super::capacity::Reservation;
use super::index::NewEntry;
use super::layout::{Part, TempFile};
use super::record::{Hold, Stored};
use super::{CHUNK_BYTES, Store, StoreError};
use depin_quantity::Address;
use depin_services::storage::piece::{Commitment, Hasher, PieceSize, TreeCache};
use std::sync::Arc;

/// In what steps space is taken as bytes come.
const STEP: u64 = 1 << 20;

/// Zeros to lengthen a payload with.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// An upload in flight. Dropped before it is finished, it leaves nothing behind and its space is free again.
#[derive(Debug)]
pub struct Upload {
    store: Arc<Store>,
    cid: Commitment,
    client: Address,
    signed_at_ms: u64,
    /// Bytes the client announced.
    announced: u64,
    /// Bytes that will be stored: more when the piece is there already with more trailing zeros.
    stored_length: u64,
    received: u64,
    reservation: Reservation,
    payload: TempFile,
    hasher: Hasher,
    checksums: Vec<[u8; 32]>,
    chunk: blake3::Hasher,
    chunk_bytes: u64,
    _announced: Announced,
}

/// An upload that was announced and counts among what its client has on hold; until it is dropped, or its upload ends. It takes no space.
#[derive(Debug)]
pub struct Announced {
    store: Arc<Store>,
    client: Address,
    payload_bytes: u64,
    bytes: u64,
    total: u64,
}

impl Announced {
    /// All that its client has on hold or on its way, this one included, in bytes of capacity.
    pub const fn total(&self) -> u64 {
        self.total
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.store.capacity.forget(self.client, self.bytes);
    }
}

impl Store {
    /// Takes note that `client` wants to upload `payload_bytes`.
    ///
    /// - Errors: [`StoreError::TooLarge`], [`StoreError::HoldLimit`].
    pub fn announce(self: &Arc<Self>, client: Address, payload_bytes: u64) -> Result<Announced, StoreError> {
        let limit = self.settings.payload_bytes_max.min(PieceSize::MAX.payload_capacity());
        if payload_bytes > limit {
            return Err(StoreError::TooLarge { payload_bytes, limit });
        }
        let bytes = stored_bytes(payload_bytes)?;
        let index = self.index();
        let total = self.capacity.announce(client, bytes, index.held().of(&client))?;
        Ok(Announced { store: Arc::clone(self), client, payload_bytes, bytes, total })
    }

    /// Starts an upload of `payload_bytes` as piece `cid` by `client`, whose request was signed at `signed_at_ms`.
    ///
    /// - Errors: of [`Store::announce`], of [`Announced::begin`].
    pub fn begin(
        self: &Arc<Self>,
        cid: Commitment,
        payload_bytes: u64,
        client: Address,
        signed_at_ms: u64,
    ) -> Result<Upload, StoreError> {
        self.announce(client, payload_bytes)?.begin(cid, signed_at_ms)
    }

    /// Answers an upload of what its client has on hold already, whole and with exactly `payload_bytes`. The hold stays as it is: asking
    /// again without sending the bytes must not keep them for free. `None` when there is none, or it is over.
    ///
    /// - Errors: what the index says.
    pub fn held(&self, cid: &Commitment, payload_bytes: u64, client: &Address) -> Result<Option<Stored>, StoreError> {
        let (now_ms, index) = (self.clock.now_ms(), self.index());
        let Some(piece) = index.status(cid)?.filter(|piece| is_whole(&piece.damaged, piece.payload_bytes, payload_bytes)) else {
            return Ok(None);
        };
        let held = piece.holds.iter().find(|hold| hold.client == *client && hold.expires_at_ms > now_ms);
        Ok(held.map(|hold| stored_before(*cid, payload_bytes, piece.piece_size, hold)))
    }

    /// Answers an upload of what is there already, whole and with exactly `payload_bytes`: adds the client's hold without its bytes.
    /// `None` when the bytes are needed.
    ///
    /// What a deal covers is held anew. Else the hold ends with the longest one there is, or one client after the other would keep a piece
    /// that none of them sends; where that leaves less than half of a hold's time, the bytes are needed. A client that has a hold keeps it as it is, and after its end
    /// the bytes have to be sent again.
    ///
    /// - Errors: what the index says.
    pub fn adopt(
        &self,
        cid: &Commitment,
        payload_bytes: u64,
        client: Address,
        signed_at_ms: u64,
    ) -> Result<Option<Stored>, StoreError> {
        let (now_ms, fresh) = (self.clock.now_ms(), self.new_hold(client, signed_at_ms));
        self.index().change("take note of an upload", |changes| {
            let Some(entry) = changes.entry(cid)? else { return Ok(None) };
            if !is_whole(&entry.damaged, entry.payload_bytes, payload_bytes) {
                return Ok(None);
            }
            let holds = changes.holds(cid)?;
            let hold = match holds.iter().find(|hold| hold.client == client) {
                Some(held) if held.expires_at_ms <= now_ms => return Ok(None),
                Some(held) => *held,
                None => {
                    let longest = holds.iter().map(|hold| hold.expires_at_ms).max().unwrap_or(0);
                    let covered = !changes.deals(cid)?.is_empty();
                    let expires_at_ms = if covered { fresh.expires_at_ms } else { longest };
                    if expires_at_ms < now_ms.saturating_add(self.settings.hold_ms / 2) {
                        return Ok(None);
                    }
                    let hold = Hold { expires_at_ms, ..fresh };
                    changes.put_hold(cid, &hold)?;
                    hold
                }
            };
            Ok(Some(stored_before(*cid, payload_bytes, entry.piece_size, &hold)))
        })
    }

    fn new_hold(&self, client: Address, signed_at_ms: u64) -> Hold {
        Hold { client, signed_at_ms, expires_at_ms: self.clock.now_ms().saturating_add(self.settings.hold_ms) }
    }
}

impl Announced {
    /// Starts the upload as piece `cid`, whose request was signed at `signed_at_ms`. It must fit as things are now; space is taken as its
    /// bytes come.
    ///
    /// - Errors: [`StoreError::CapacityFull`], [`StoreError::HoldsFull`], [`StoreError::NoRoom`], and what the disk says.
    pub fn begin(self, cid: Commitment, signed_at_ms: u64) -> Result<Upload, StoreError> {
        let (store, announced) = (Arc::clone(&self.store), self.payload_bytes);
        let there = store.index().status(&cid)?;
        let stored_length = announced.max(there.as_ref().map_or(0, |piece| piece.payload_bytes));
        // What repairs a piece of a deal is nobody's to wait for.
        let on_trust = there.is_none_or(|piece| piece.deals.is_empty());
        let reservation = store.capacity.begin(stored_bytes(stored_length)?, on_trust)?;
        store.settings.floor.admit(stored_length)?;
        let payload = store.layout.create_temp(Part::Payload)?;
        Ok(Upload {
            store,
            cid,
            client: self.client,
            signed_at_ms,
            announced,
            stored_length,
            received: 0,
            reservation,
            payload,
            hasher: Hasher::new(),
            checksums: Vec::new(),
            chunk: blake3::Hasher::new(),
            chunk_bytes: 0,
            _announced: self,
        })
    }
}

fn is_whole(damaged: &[u32], stored_length: u64, payload_bytes: u64) -> bool {
    damaged.is_empty() && stored_length == payload_bytes
}

fn stored_before(cid: Commitment, payload_bytes: u64, piece_size: PieceSize, hold: &Hold) -> Stored {
    Stored { cid, payload_bytes, piece_size, expires_at_ms: hold.expires_at_ms, new: false }
}

/// What a payload takes of the capacity: itself and its tree cache.
pub(super) fn stored_bytes(payload_bytes: u64) -> Result<u64, StoreError> {
    Ok(payload_bytes + TreeCache::bytes_for(PieceSize::for_payload(payload_bytes)?))
}

impl Upload {
    /// Takes the next bytes.
    ///
    /// - Errors: [`StoreError::TooLong`], [`StoreError::CapacityFull`], [`StoreError::HoldsFull`], [`StoreError::NoRoom`],
    ///   [`StoreError::DiskFull`], and what the disk says. The upload is lost then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let length = bytes.len() as u64;
        if length > self.announced - self.received {
            return Err(StoreError::TooLong { expected: self.announced });
        }
        self.received += length;
        self.append(bytes)
    }

    /// Ends the upload. Once this returns `Ok`, the piece is on the disk for good.
    ///
    /// - Errors: [`StoreError::Truncated`], [`StoreError::Mismatch`], those of [`Upload::write`] for want of room, and what the disk says;
    ///   then nothing of the upload is left.
    pub fn finish(mut self) -> Result<Stored, StoreError> {
        if self.received != self.announced {
            return Err(StoreError::Truncated { got: self.received, expected: self.announced });
        }
        // The commitment is of the zero-padded piece, so these zeros belong to what was announced.
        while self.hasher.payload_bytes() < self.stored_length {
            let missing = self.stored_length - self.hasher.payload_bytes();
            let step = missing.min(ZEROS.len() as u64) as usize;
            self.append(&ZEROS[..step])?;
        }
        if self.chunk_bytes > 0 || self.checksums.is_empty() {
            self.checksums.push(*self.chunk.finalize().as_bytes());
        }
        let (found, cache) = self.hasher.finish_with_cache()?;
        if found != self.cid {
            return Err(StoreError::Mismatch { expected: self.cid, found });
        }
        self.payload.sync()?;
        self.reservation.grow_to(stored_bytes(self.stored_length)?)?;
        let mut tree = self.store.layout.create_temp(Part::Tree)?;
        tree.write(cache.as_bytes())?;
        tree.sync()?;
        let entry = NewEntry {
            cid: &self.cid,
            payload_bytes: self.stored_length,
            piece_size: cache.size(),
            stored_bytes: stored_bytes(self.stored_length)?,
            stored_at_ms: self.store.clock.now_ms(),
            checksums: &self.checksums,
        };
        let hold = self.store.new_hold(self.client, self.signed_at_ms);
        self.store.keep(&entry, &hold, self.reservation, self.payload, tree)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.take_space(self.hasher.payload_bytes() + bytes.len() as u64)?;
        self.payload.write(bytes)?;
        self.hasher.update(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = (CHUNK_BYTES - self.chunk_bytes).min(rest.len() as u64) as usize;
            let (head, tail) = rest.split_at(room);
            self.chunk.update(head);
            self.chunk_bytes += head.len() as u64;
            if self.chunk_bytes == CHUNK_BYTES {
                self.checksums.push(*self.chunk.finalize().as_bytes());
                self.chunk.reset();
                self.chunk_bytes = 0;
            }
            rest = tail;
        }
        Ok(())
    }
}

impl Upload {
    /// Takes space up to `length` bytes of payload, a step at a time.
    fn take_space(&mut self, length: u64) -> Result<(), StoreError> {
        if self.reservation.missing(length) == 0 {
            return Ok(());
        }
        let until = length.div_ceil(STEP).saturating_mul(STEP).min(self.stored_length);
        self.store.settings.floor.admit(self.reservation.missing(until))?;
        self.reservation.grow_to(until)
    }
}

impl Store {
    /// Makes synced files the piece, unless another upload of it was quicker.
    ///
    /// Renames happen inside of the index transaction and under its lock, so that no removal or other upload of the same
    /// piece comes between. A crash after the rename and before the commit leaves files without a row: opening removes them.
    fn keep(
        &self,
        entry: &NewEntry<'_>,
        hold: &Hold,
        reservation: Reservation,
        payload: TempFile,
        tree: TempFile,
    ) -> Result<Stored, StoreError> {
        let mut index = self.index();
        let (mut replaced, mut written) = (None, false);
        let stored = index.change("record an upload", |changes| {
            let there = changes.entry(entry.cid)?;
            let whole = there.as_ref().filter(|there| there.damaged.is_empty() && there.payload_bytes >= entry.payload_bytes);
            let payload_bytes = whole.map_or(entry.payload_bytes, |there| there.payload_bytes);
            let new = whole.is_none();
            if new {
                replaced = there.map(|there| there.stored_bytes);
                written = true;
                self.layout.persist(entry.cid, [(Part::Payload, payload), (Part::Tree, tree)])?;
                changes.put_piece(entry)?;
            }
            changes.put_hold(entry.cid, hold)?;
            let (cid, piece_size, expires_at_ms) = (*entry.cid, entry.piece_size, hold.expires_at_ms);
            Ok(Stored { cid, payload_bytes, piece_size, expires_at_ms, new })
        });
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => {
                // The row was rolled back. Files that replaced older ones hold the same piece and stay.
                if written && replaced.is_none() {
                    self.layout.remove(entry.cid)?;
                }
                return Err(error);
            }
        };
        drop(index);
        if stored.new {
            reservation.commit();
            if let Some(bytes) = replaced {
                self.capacity.release(bytes);
                self.damage_changed();
            }
        }
        Ok(stored)
    }
}
