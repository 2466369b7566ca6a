//! Keys whose bytes sort as their values do.

use ahash::RandomState;
use depin_quantity::{Address, Instant, Name, Period, UnitId};
use std::{
    hash::{BuildHasher as _, Hasher as _},
    ops::Deref,
    sync::LazyLock,
};

/// A whole key, and its hash once a layer needed it; the layers below use the same.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    bytes: &'a [u8],
    hash: Option<u64>,
}

/// Random for each process, so that nobody can choose keys that collide. It finds rows and never orders them.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl<'a> Key<'a> {
    /// The key with these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hash: None }
    }

    /// A key whose hash is known.
    pub(crate) const fn known(bytes: &'a [u8], hash: u64) -> Self {
        Self { bytes, hash: Some(hash) }
    }

    /// The same key with its hash.
    pub(crate) fn hashed(self) -> Self {
        Self::known(self.bytes, self.hash())
    }

    /// Its bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn hash(self) -> u64 {
        self.hash.unwrap_or_else(|| {
            let mut hasher = HASHER.build_hasher();
            hasher.write(self.bytes);
            hasher.finish()
        })
    }
}

/// The first eight bytes as a number: keys sort as these do, unless they are equal.
#[inline]
pub(crate) fn first_bytes(key: &[u8]) -> u64 {
    if let Some(bytes) = key.first_chunk() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    bytes[..key.len()].copy_from_slice(key);
    u64::from_be_bytes(bytes)
}

/// Most bytes of a key: a table and four parts of 32 bytes, rounded up.
const KEY_MAX: usize = 136;

/// Bytes of one key, held in place: keys are made for every read and write.
#[derive(Clone, Copy, Debug)]
pub struct KeyBytes {
    /// What stands behind `len` means nothing.
    bytes: [u8; KEY_MAX],
    len: usize,
}

impl KeyBytes {
    /// No bytes.
    pub const fn new() -> Self {
        Self { bytes: [0; KEY_MAX], len: 0 }
    }

    /// Appends one byte.
    ///
    /// # Panics
    /// Past 136 bytes: no row has such a key.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    /// Appends bytes.
    ///
    /// # Panics
    /// Past 136 bytes: no row has such a key.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        self.bytes[self.len..end].copy_from_slice(bytes);
        self.len = end;
    }

    /// Appends a name and a zero byte. Copying all of a name costs less than copying as much of it as there is.
    #[inline]
    fn extend_from_name(&mut self, name: &Name) {
        let end = self.len + name.len();
        match self.bytes[self.len..].first_chunk_mut() {
            Some(room) => *room = *name.padded(),
            None => self.bytes[self.len..end].copy_from_slice(name.as_bytes()),
        }
        self.bytes[end] = 0;
        self.len = end + 1;
    }
}

impl Default for KeyBytes {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for KeyBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A part of a row's key. The order of the encodings is the order of the values, and no encoding is a prefix of another of the
/// same type, so a key made of several parts sorts part by part.
pub trait RowKey: Sized {
    /// Appends the encoding.
    fn write(&self, out: &mut KeyBytes);

    /// Takes one encoding off the front; `None` when the bytes are none.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(n)?;
    *bytes = tail;
    Some(head)
}

macro_rules! integer_keys {
    ($($t:ty),*) => {$(
        impl RowKey for $t {
            #[inline]
            fn write(&self, out: &mut KeyBytes) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            #[inline]
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes, size_of::<$t>())?.try_into().ok().map(<$t>::from_be_bytes)
            }
        }
    )*};
}
integer_keys!(u8, u16, u32, u64, u128);

macro_rules! wrapped_keys {
    ($($t:ty as $inner:ty),*) => {$(
        impl RowKey for $t {
            #[inline]
            fn write(&self, out: &mut KeyBytes) {
                self.get().write(out);
            }

            #[inline]
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                <$inner>::read(bytes).map(<$t>::new)
            }
        }
    )*};
}
wrapped_keys!(Address as [u8; 32], UnitId as [u8; 32], Period as u64, Instant as u64);

impl<const N: usize> RowKey for [u8; N] {
    #[inline]
    fn write(&self, out: &mut KeyBytes) {
        out.extend_from_slice(self);
    }

    #[inline]
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes, N)?.try_into().ok()
    }
}

/// Ends with a zero byte, which no name contains and which sorts before every character of one.
impl RowKey for Name {
    #[inline]
    fn write(&self, out: &mut KeyBytes) {
        out.extend_from_name(self);
    }

    #[inline]
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let end = bytes.iter().take(Name::MAX + 1).position(|b| *b == 0)?;
        let text = take(bytes, end)?;
        take(bytes, 1)?;
        std::str::from_utf8(text).ok()?.parse().ok()
    }
}

impl RowKey for () {
    #[inline]
    fn write(&self, _: &mut KeyBytes) {}

    #[inline]
    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

macro_rules! tuple_keys {
    ($($name:ident $index:tt),+) => {
        impl<$($name: RowKey),+> RowKey for ($($name,)+) {
            #[inline]
            fn write(&self, out: &mut KeyBytes) {
                $(self.$index.write(out);)+
            }

            #[inline]
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::read(bytes)?,)+))
            }
        }
    };
}
tuple_keys!(A 0, B 1);
tuple_keys!(A 0, B 1, C 2);
tuple_keys!(A 0, B 1, C 2, D 3);
