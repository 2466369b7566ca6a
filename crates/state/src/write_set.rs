//! What one block changed, frozen.

use crate::{Key, key::first_bytes, layer::Layer};

/// One changed row.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Its whole key.
    pub key: Key<'a>,
    /// What was there before the block; `None` when there was no row.
    pub before: Option<&'a [u8]>,
    /// What is there after it; `None` when it was deleted.
    pub after: Option<&'a [u8]>,
}

/// Changed rows of one block, each once. Made by an overlay; iterates in ascending key order.
#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    layer: Layer,
    /// Numbers of the entries that change something, in key order.
    order: Vec<u32>,
}

impl WriteSet {
    /// What `layer` changes.
    pub(crate) fn of(mut layer: Layer) -> Self {
        let mut order = Vec::with_capacity(layer.len());
        for number in 0..u32::try_from(layer.len()).expect("a layer numbers its entries so") {
            if layer.before(number) == layer.after(number) {
                let entry = layer.entry_mut(number);
                entry.after = entry.before;
            } else {
                // The first bytes decide nearly always; comparing them costs no look at the key.
                order.push((first_bytes(layer.key(number).bytes()), number));
            }
        }
        // Rules walk tables in order, so writes come in long ascending runs, which this sort takes as they are.
        order.sort_by(|(a, i), (b, j)| a.cmp(b).then_with(|| layer.key(*i).bytes().cmp(layer.key(*j).bytes())));
        Self { layer, order: order.into_iter().map(|(_, number)| number).collect() }
    }

    /// Adds a row whose key sorts after all others.
    ///
    /// # Panics
    /// When it does not: the caller chose its key as the last of all tables.
    pub fn push_last(&mut self, key: &[u8], value: &[u8]) {
        assert!(self.order.last().is_none_or(|last| self.layer.key(*last).bytes() < key), "the key sorts after all others");
        let key = Key::new(key);
        let number = self.layer.find(key).unwrap_or_else(|| self.layer.add(key));
        let after = self.layer.keep(value);
        self.layer.entry_mut(number).after = Some(after);
        self.order.push(number);
    }

    /// The change of `key`, if there is one: what is there after it.
    pub fn get(&self, key: Key<'_>) -> Option<Option<&[u8]>> {
        let number = self.layer.find(key)?;
        let entry = self.layer.entry(number);
        (entry.before != entry.after).then(|| self.layer.after(number))
    }

    /// The changes in key order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let layer = &self.layer;
        self.order.iter().map(|i| Change { key: layer.key(*i), before: layer.before(*i), after: layer.after(*i) })
    }

    /// Keys and what is there after the block, in key order; `None` is a deletion.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.changes().map(|change| (change.key.bytes(), change.after))
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The first change after `key` (or at it).
    pub(crate) fn next(&self, key: &[u8], inclusive: bool) -> Option<(&[u8], Option<&[u8]>)> {
        let before = |i: &u32| if inclusive { self.layer.key(*i).bytes() < key } else { self.layer.key(*i).bytes() <= key };
        let number = *self.order.get(self.order.partition_point(before))?;
        Some((self.layer.key(number).bytes(), self.layer.after(number)))
    }
}

impl PartialEq for WriteSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
