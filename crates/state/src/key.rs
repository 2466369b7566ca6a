//! Keys whose bytes sort as their values do.

use depin_quantity::{Address, Instant, Name, Period, UnitId};

/// A part of a row's key. The order of the encodings is the order of the values, and no encoding is a prefix of another of the
/// same type, so a key made of several parts sorts part by part.
pub trait RowKey: Sized {
    /// Appends the encoding.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes one encoding off the front; `None` when the bytes are none.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(n)?;
    *bytes = tail;
    Some(head)
}

macro_rules! integer_keys {
    ($($t:ty),*) => {$(
        impl RowKey for $t {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

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
            fn write(&self, out: &mut Vec<u8>) {
                self.get().write(out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                <$inner>::read(bytes).map(<$t>::new)
            }
        }
    )*};
}
wrapped_keys!(Address as [u8; 32], UnitId as [u8; 32], Period as u64, Instant as u64);

impl<const N: usize> RowKey for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes, N)?.try_into().ok()
    }
}

/// Ends with a zero byte, which no name contains and which sorts before every character of one.
impl RowKey for Name {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
        out.push(0);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let end = bytes.iter().take(Name::MAX + 1).position(|b| *b == 0)?;
        let text = take(bytes, end)?;
        take(bytes, 1)?;
        std::str::from_utf8(text).ok()?.parse().ok()
    }
}

impl RowKey for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

macro_rules! tuple_keys {
    ($($name:ident $index:tt),+) => {
        impl<$($name: RowKey),+> RowKey for ($($name,)+) {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$index.write(out);)+
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::read(bytes)?,)+))
            }
        }
    };
}
tuple_keys!(A 0, B 1);
tuple_keys!(A 0, B 1, C 2);
tuple_keys!(A 0, B 1, C 2, D 3);
