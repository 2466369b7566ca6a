//! Encryption of contents, and its format.
//!
//! A *content* is the bytes of one upload (one object, or one part of a multipart upload). In: plain bytes. Out: a ciphertext stream of
//! *frames*, which the writer packs into segments; and back, from any frame on. Called by `ingest` and `reader`. Absent on purpose:
//! storage, and names: object keys and sizes stay at the gateway, providers see ciphertext only.
//!
//! # Format, version 1
//!
//! * Every content has its own random 32-byte data key and a random 16-byte tag. The data key never encrypts anything else.
//! * Plain bytes are cut into frames of [`FRAME`] = 65,536 bytes; the last one, the *final* frame, holds 1 to 65,536 bytes. An empty
//!   content has no frames and is stored nowhere.
//! * Frame `i` is sealed by XChaCha20-Poly1305 (16-byte tag appended) with
//!   - nonce (24 bytes): `i` as u64 little endian, then 1 for the final frame and 0 otherwise, then 15 zero bytes;
//!   - associated data: `"depin-frame-1"`, the content's tag, the frame size as u32 little endian.
//! * So a frame opens only at its own place of its own content, and only the true last frame opens as final: truncation, extension,
//!   reordering, repetition and swapping between contents are all noticed. Frame `i` starts at `i * 65,552` of the ciphertext stream.
//! * The data key is wrapped by the gateway's master key: 24 random bytes of nonce, then XChaCha20-Poly1305 of the data key with
//!   associated data `"depin-key-1"` and the content's tag: 72 bytes, kept in the object map.

use chacha20poly1305::{AeadInOut, Key, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Plain bytes per frame.
pub(crate) const FRAME: usize = 65_536;
/// Bytes of a frame's authentication tag.
pub(crate) const OVERHEAD: usize = 16;
/// Bytes of a full frame in the ciphertext stream.
pub(crate) const SEALED_FRAME: usize = FRAME + OVERHEAD;
/// Bytes of a wrapped data key.
const WRAPPED: usize = 24 + 32 + OVERHEAD;

/// Why ciphertext does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CryptError {
    /// The data key is not wrapped by this master key, or the map was altered.
    #[error(
        "the content's key does not open with this gateway's master key; restore the master.key file that belongs to this object map"
    )]
    Key,
    /// The frame was altered, moved or cut.
    #[error("frame {index} of the content does not open: its bytes were altered, moved or cut")]
    Frame {
        /// Which frame.
        index: u64,
    },
}

/// Length of the ciphertext stream of `plain` bytes.
pub(crate) fn sealed_length(plain: u64) -> u64 {
    plain + plain.div_ceil(FRAME as u64) * OVERHEAD as u64
}

/// The range of the ciphertext stream that holds the plain range `from..to` of a content of `size` bytes, in whole frames.
///
/// `from < to <= size`.
pub(crate) fn sealed_range(size: u64, from: u64, to: u64) -> std::ops::Range<u64> {
    let first = from / FRAME as u64;
    let past = to.div_ceil(FRAME as u64);
    first * SEALED_FRAME as u64..(past * SEALED_FRAME as u64).min(sealed_length(size))
}

/// The gateway's master key.
#[derive(Clone)]
pub(crate) struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Takes 32 random bytes.
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Makes the key material of a new content.
    pub(crate) fn new_content(&self) -> (ContentKey, WrappedKey) {
        let key = Zeroizing::new(rand::random::<[u8; 32]>());
        let tag: [u8; 16] = rand::random();
        let nonce: [u8; 24] = rand::random();
        let mut sealed = Zeroizing::new(*key);
        let cipher = XChaCha20Poly1305::new(&Key::from(*self.0));
        let mac = cipher
            .encrypt_inout_detached(&XNonce::from(nonce), &key_context(&tag), sealed.as_mut_slice().into())
            .expect("32 bytes are far below the cipher's limit");
        let mut wrapped = Vec::with_capacity(WRAPPED);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(sealed.as_slice());
        wrapped.extend_from_slice(mac.as_slice());
        (ContentKey::new(&key, tag), WrappedKey { tag, wrapped })
    }

    /// Opens a wrapped data key.
    ///
    /// # Errors
    /// [`CryptError::Key`] when it was wrapped by another master key or altered.
    pub(crate) fn open(&self, wrapped: &WrappedKey) -> Result<ContentKey, CryptError> {
        let (nonce, rest) = wrapped.wrapped.split_first_chunk::<24>().ok_or(CryptError::Key)?;
        let (sealed, mac) = rest.split_first_chunk::<32>().ok_or(CryptError::Key)?;
        let mac = Tag::try_from(mac).map_err(|_| CryptError::Key)?;
        let mut key = Zeroizing::new(*sealed);
        XChaCha20Poly1305::new(&Key::from(*self.0))
            .decrypt_inout_detached(&XNonce::from(*nonce), &key_context(&wrapped.tag), key.as_mut_slice().into(), &mac)
            .map_err(|_| CryptError::Key)?;
        Ok(ContentKey::new(&key, wrapped.tag))
    }
}

/// A data key as the object map keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    /// The content's random tag.
    pub(crate) tag: [u8; 16],
    /// Nonce, sealed key and authentication tag.
    pub(crate) wrapped: Vec<u8>,
}

fn key_context(tag: &[u8; 16]) -> [u8; 27] {
    let mut context = [0; 27];
    context[..11].copy_from_slice(b"depin-key-1");
    context[11..].copy_from_slice(tag);
    context
}

/// The opened key of one content.
#[derive(Clone)]
pub(crate) struct ContentKey {
    cipher: XChaCha20Poly1305,
    context: [u8; 33],
}

impl ContentKey {
    fn new(key: &Zeroizing<[u8; 32]>, tag: [u8; 16]) -> Self {
        let mut context = [0; 33];
        context[..13].copy_from_slice(b"depin-frame-1");
        context[13..29].copy_from_slice(&tag);
        context[29..].copy_from_slice(&(FRAME as u32).to_le_bytes());
        Self { cipher: XChaCha20Poly1305::new(&Key::from(**key)), context }
    }

    /// Seals one frame and appends it to `out`.
    fn seal_frame(&self, index: u64, last: bool, plain: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(plain);
        let mac = self
            .cipher
            .encrypt_inout_detached(&nonce(index, last), &self.context, (&mut out[start..]).into())
            .expect("a frame is far below the cipher's limit");
        out.extend_from_slice(mac.as_slice());
    }

    /// Opens one sealed frame and appends its plain bytes to `out`, which is left as it was on failure.
    fn open_frame(&self, index: u64, last: bool, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), CryptError> {
        let error = CryptError::Frame { index };
        let plain = sealed.len().checked_sub(OVERHEAD).ok_or(error)?;
        let mac = Tag::try_from(&sealed[plain..]).map_err(|_| error)?;
        let start = out.len();
        out.extend_from_slice(&sealed[..plain]);
        let opened = self.cipher.decrypt_inout_detached(&nonce(index, last), &self.context, (&mut out[start..]).into(), &mac);
        if opened.is_err() {
            out.truncate(start);
        }
        opened.map_err(|_| error)
    }
}

fn nonce(index: u64, last: bool) -> XNonce {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&index.to_le_bytes());
    bytes[8] = u8::from(last);
    XNonce::from(bytes)
}

/// Seals a content from its start to its end.
///
/// Holds back up to one frame, because only the end tells which frame is final.
pub(crate) struct FrameSealer {
    key: ContentKey,
    held: Vec<u8>,
    index: u64,
}

impl FrameSealer {
    /// Starts at frame 0.
    pub(crate) fn new(key: ContentKey) -> Self {
        Self { key, held: Vec::with_capacity(FRAME), index: 0 }
    }

    /// Takes plain bytes; appends the frames that are certainly not final to `out`.
    pub(crate) fn update(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        while !plain.is_empty() {
            if self.held.len() == FRAME {
                self.key.seal_frame(self.index, false, &self.held, out);
                self.index += 1;
                self.held.clear();
            }
            let take = plain.len().min(FRAME - self.held.len());
            // A whole frame with more behind it needs no copy.
            if self.held.is_empty() && plain.len() > FRAME {
                self.key.seal_frame(self.index, false, &plain[..FRAME], out);
                self.index += 1;
                plain = &plain[FRAME..];
                continue;
            }
            self.held.extend_from_slice(&plain[..take]);
            plain = &plain[take..];
        }
    }

    /// Appends the final frame to `out`; nothing for an empty content.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.key.seal_frame(self.index, true, &self.held, out);
        }
    }
}

/// Opens a run of whole frames of one content, fed in pieces of any length.
pub(crate) struct FrameOpener {
    key: ContentKey,
    frames: u64,
    index: u64,
    held: Vec<u8>,
}

impl FrameOpener {
    /// Starts at the frame that holds plain byte `from` of a content of `size` bytes.
    pub(crate) fn new(key: ContentKey, size: u64, from: u64) -> Self {
        Self { key, frames: size.div_ceil(FRAME as u64), index: from / FRAME as u64, held: Vec::new() }
    }

    /// Takes ciphertext; appends the plain bytes of every completed frame to `out`.
    ///
    /// The final frame is completed by [`Self::finish`], unless it is full.
    ///
    /// # Errors
    /// [`CryptError::Frame`] for the first frame that does not open.
    pub(crate) fn update(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) -> Result<(), CryptError> {
        loop {
            if !self.held.is_empty() {
                let take = sealed.len().min(SEALED_FRAME - self.held.len());
                self.held.extend_from_slice(&sealed[..take]);
                sealed = &sealed[take..];
                if self.held.len() < SEALED_FRAME {
                    return Ok(());
                }
                let held = std::mem::take(&mut self.held);
                self.open_next(&held, out)?;
                self.held = held;
                self.held.clear();
            }
            if sealed.len() < SEALED_FRAME {
                self.held.extend_from_slice(sealed);
                return Ok(());
            }
            let (frame, rest) = sealed.split_at(SEALED_FRAME);
            self.open_next(frame, out)?;
            sealed = rest;
        }
    }

    /// Opens what is left: the final frame when it is not a full one.
    ///
    /// # Errors
    /// [`CryptError::Frame`] when it does not open.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), CryptError> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() { Ok(()) } else { self.open_next(&held, out) }
    }

    fn open_next(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), CryptError> {
        self.key.open_frame(self.index, self.index + 1 == self.frames, frame, out)?;
        self.index += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn master() -> MasterKey {
        MasterKey::new(Zeroizing::new([7; 32]))
    }

    fn seal(key: &ContentKey, plain: &[u8], step: usize) -> Vec<u8> {
        let (mut sealer, mut out) = (FrameSealer::new(key.clone()), Vec::new());
        for piece in plain.chunks(step.max(1)) {
            sealer.update(piece, &mut out);
        }
        sealer.finish(&mut out);
        out
    }

    fn open(key: &ContentKey, size: u64, from: u64, sealed: &[u8], step: usize) -> Result<Vec<u8>, CryptError> {
        let (mut opener, mut out) = (FrameOpener::new(key.clone(), size, from), Vec::new());
        for piece in sealed.chunks(step.max(1)) {
            opener.update(piece, &mut out)?;
        }
        opener.finish(&mut out)?;
        Ok(out)
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// What was sealed opens again, whatever the lengths and the cuts, from any frame on.
        #[test]
        fn contents_open_as_they_were_sealed(length in 0usize..300_000, cut in 1usize..200_000, other_cut in 1usize..200_000, from in 0f64..1.0) {
            let (key, _) = master().new_content();
            let plain = bytes(length);
            let sealed = seal(&key, &plain, cut);
            prop_assert_eq!(sealed.len() as u64, sealed_length(length as u64));
            let whole = open(&key, length as u64, 0, &sealed, other_cut);
            prop_assert_eq!(whole.as_ref(), Ok(&plain));
            if length > 0 {
                let from = ((length - 1) as f64 * from) as u64;
                let range = sealed_range(length as u64, from, from + 1);
                let part = open(&key, length as u64, from, &sealed[range.start as usize..range.end as usize], other_cut).unwrap();
                prop_assert_eq!(part[from as usize % FRAME], plain[from as usize]);
            }
        }
    }

    #[test]
    fn altered_cut_moved_and_swapped_frames_do_not_open() {
        let (key, _) = master().new_content();
        let (other, _) = master().new_content();
        let size = 3 * FRAME as u64 + 5;
        let plain = bytes(size as usize);
        let sealed = seal(&key, &plain, FRAME);

        let mut altered = sealed.clone();
        altered[SEALED_FRAME + 9] ^= 1;
        assert_eq!(open(&key, size, 0, &altered, 1000), Err(CryptError::Frame { index: 1 }));

        let mut swapped = sealed.clone();
        swapped[..2 * SEALED_FRAME].rotate_left(SEALED_FRAME);
        assert_eq!(open(&key, size, 0, &swapped, 1 << 20), Err(CryptError::Frame { index: 0 }));

        // A content cut at a frame's border, with a size that agrees with the cut: frame 2 is not final.
        let cut = &sealed[..3 * SEALED_FRAME];
        assert_eq!(open(&key, 3 * FRAME as u64, 0, cut, 1 << 20), Err(CryptError::Frame { index: 2 }));

        let foreign = seal(&other, &plain, FRAME);
        assert_eq!(open(&key, size, 0, &foreign, 1 << 20), Err(CryptError::Frame { index: 0 }));
        assert_eq!(open(&key, size, 0, &sealed[..sealed.len() - 1], 1 << 20), Err(CryptError::Frame { index: 3 }));
    }

    #[test]
    fn a_wrapped_key_opens_only_with_its_master_key_and_its_tag() {
        let (key, wrapped) = master().new_content();
        let opened = master().open(&wrapped).unwrap();
        let sealed = seal(&key, b"hello", 5);
        assert_eq!(open(&opened, 5, 0, &sealed, 5).unwrap(), b"hello");

        let stranger = MasterKey::new(Zeroizing::new([8; 32]));
        assert_eq!(stranger.open(&wrapped).err(), Some(CryptError::Key));
        let mut renamed = wrapped.clone();
        renamed.tag[0] ^= 1;
        assert_eq!(master().open(&renamed).err(), Some(CryptError::Key));
        let mut short = wrapped;
        short.wrapped.pop();
        assert_eq!(master().open(&short).err(), Some(CryptError::Key));
    }
}
