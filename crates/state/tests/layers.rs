//! Layers of writes behave as one ordered map.

use depin_state::*;
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn writes() -> impl Strategy<Value = Vec<(Vec<u8>, Option<Vec<u8>>)>> {
    let key = prop::collection::vec(0u8..4, 0..3);
    // Short and long values are stored in different ways.
    let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..2), prop::collection::vec(any::<u8>(), 70..90)];
    prop::collection::vec((key, prop::option::of(value)), 0..12)
}

fn apply(model: &mut Model, writes: &[(Vec<u8>, Option<Vec<u8>>)]) {
    for (key, value) in writes {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

fn write<S: State>(mut state: S, writes: &[(Vec<u8>, Option<Vec<u8>>)]) -> S {
    for (key, value) in writes {
        state.put_raw(Key::new(key), value.as_deref());
    }
    state
}

/// Every key that [`writes`] may use.
fn keys() -> impl Iterator<Item = Vec<u8>> {
    let longer = (0..4).flat_map(|a| std::iter::once(vec![a]).chain((0..4).map(move |b| vec![a, b])));
    std::iter::once(Vec::new()).chain(longer)
}

/// A write set says exactly what differs between two maps, in key order.
fn check_changes(writes: &WriteSet, before: &Model, after: &Model) {
    let mut expected = Vec::new();
    for key in keys().filter(|key| before.get(key) != after.get(key)) {
        expected.push((key.clone(), before.get(&key).cloned(), after.get(&key).cloned()));
    }
    let owned = |c: Change<'_>| (c.key.bytes().to_vec(), c.before.map(<[u8]>::to_vec), c.after.map(<[u8]>::to_vec));
    assert_eq!(writes.changes().map(owned).collect::<Vec<_>>(), expected);
    for key in keys() {
        let changed = before.get(&key) != after.get(&key);
        assert_eq!(writes.get(Key::new(&key)), changed.then(|| after.get(&key).map(Vec::as_slice)));
    }
}

fn walk(state: &dyn ReadState) -> Model {
    let mut rows = Model::new();
    let mut at = state.next_raw(&[], true);
    while let Some((key, value)) = at {
        at = state.next_raw(&key, false);
        assert!(rows.insert(key, value).is_none(), "a key came twice");
    }
    check_scans(state, &rows);
    rows
}

/// Scanning from any key, for any number of rows, shows what asking row by row gives.
fn check_scans(state: &dyn ReadState, rows: &Model) {
    for (from, inclusive, most) in keys().flat_map(|key| [(key.clone(), true, 99), (key.clone(), false, 99), (key, false, 2)]) {
        let after = |key: &Vec<u8>| if inclusive { *key >= from } else { *key > from };
        let expected: Vec<_> =
            rows.iter().filter(|(key, _)| after(key)).take(most).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut seen = Vec::new();
        state.scan(&from, inclusive, &mut |key, value| {
            seen.push((key.to_vec(), value.to_vec()));
            seen.len() < most
        });
        assert_eq!(seen, expected, "from {from:?}, inclusive {inclusive}");
    }
}

proptest! {
    #[test]
    fn a_view_through_layers_equals_one_map(base in writes(), layers in prop::collection::vec(writes(), 0..4), own in writes()) {
        let mut model = Model::new();
        apply(&mut model, &base);
        let tables = Tables::from_rows(model.clone());
        let mut frozen = Vec::new();
        for layer in &layers {
            let before = model.clone();
            apply(&mut model, layer);
            let view = View::new(&tables, frozen.clone());
            let writes = write(Overlay::new(&view), layer).into_writes();
            check_changes(&writes, &before, &model);
            frozen.push(Arc::new(writes));
        }
        let view = View::new(&tables, frozen.clone());
        prop_assert_eq!(&walk(&view), &model);
        for key in keys() {
            prop_assert_eq!(view.get_raw(&key), model.get(&key).cloned());
        }
        let overlay = write(Overlay::new(&view), &own);
        apply(&mut model, &own);
        prop_assert_eq!(&walk(&overlay), &model);
        for key in keys() {
            prop_assert_eq!(overlay.get_raw(&key), model.get(&key).cloned());
        }
        let last = overlay.into_writes();
        let mut folded = tables.clone();
        for layer in frozen.iter().map(Arc::as_ref).chain([&last]) {
            folded.apply(layer);
        }
        prop_assert_eq!(&walk(&folded), &model);
        prop_assert!(folded.iter().eq(model.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))));
        prop_assert_eq!(folded.len(), model.len());
    }

    /// Changing a row in place is reading it and writing it, and can be undone.
    #[test]
    fn changing_in_place_is_reading_and_writing(base in writes(), changed in writes()) {
        let mut model = Model::new();
        apply(&mut model, &base);
        let tables = Tables::from_rows(model.clone());
        let mut memory = write(Memory::new(), &base);
        let mut overlay = Overlay::new(&tables);
        let marks = (memory.mark(), overlay.mark());
        let before = model.clone();
        for (key, more) in &changed {
            let mut change = |row: Option<&[u8]>, after: &mut Vec<u8>| {
                after.extend_from_slice(row.unwrap_or(b"new"));
                after.extend_from_slice(more.as_deref().unwrap_or_default());
                more.is_some()
            };
            memory.change_raw(Key::new(key), &mut change);
            overlay.change_raw(Key::new(key), &mut change);
            let mut row = model.get(key).cloned().unwrap_or_else(|| b"new".to_vec());
            if let Some(more) = more {
                row.extend_from_slice(more);
                model.insert(key.clone(), row);
            }
        }
        prop_assert_eq!(&walk(&memory), &model);
        prop_assert_eq!(&walk(&overlay), &model);
        memory.rollback(marks.0);
        overlay.rollback(marks.1);
        prop_assert_eq!(&walk(&memory), &before);
        prop_assert_eq!(&walk(&overlay), &before);
    }

    #[test]
    fn rolling_back_leaves_no_trace(base in writes(), kept in writes(), undone in writes()) {
        let mut model = Model::new();
        apply(&mut model, &base);
        let tables = Tables::from_rows(model.clone());
        let mut overlay = write(Overlay::new(&tables), &kept);
        let mut memory = write(write(Memory::new(), &base), &kept);
        let (before, memory_before) = (walk(&overlay), memory.clone());
        let (mark, memory_mark) = (overlay.mark(), memory.mark());
        (overlay, memory) = (write(overlay, &undone), write(memory, &undone));
        overlay.rollback(mark);
        memory.rollback(memory_mark);
        prop_assert_eq!(&walk(&overlay), &before);
        prop_assert!(memory == memory_before);
        let writes = overlay.into_writes();
        check_changes(&writes, &model, &before);
        prop_assert!(writes == write(Overlay::new(&tables), &kept).into_writes(), "what was undone left a trace");
    }

    #[test]
    fn keys_sort_as_their_values(a: (u64, u8), b: (u64, u8)) {
        let bytes = |k: &(u64, u8)| { let mut out = KeyBytes::new(); k.write(&mut out); out };
        prop_assert_eq!(bytes(&a).cmp(&*bytes(&b)), a.cmp(&b));
        let encoded = bytes(&a);
        prop_assert_eq!(<(u64, u8)>::read(&mut &*encoded), Some(a));
    }

    #[test]
    fn names_sort_as_keys(a in "[a-z-]{1,6}", b in "[a-z-]{1,6}") {
        let bytes = |t: &str| { let mut out = KeyBytes::new(); t.parse::<depin_quantity::Name>().unwrap().write(&mut out); out };
        prop_assert_eq!(bytes(&a).cmp(&*bytes(&b)), a.cmp(&b));
    }
}

#[test]
fn writes_that_change_nothing_are_left_out() {
    let tables = Tables::from_rows([(vec![1], vec![1])]);
    let written = [(vec![1], Some(vec![2])), (vec![1], Some(vec![1])), (vec![9], None)];
    let writes = write(Overlay::new(&tables), &written).into_writes();
    assert!(writes.is_empty());
    assert_eq!(writes.get(Key::new(&[1])), None);
}

#[test]
fn a_row_pushed_last_is_found_and_comes_last() {
    let tables = Tables::default();
    let mut writes = write(Overlay::new(&tables), &[(vec![1], Some(vec![2]))]).into_writes();
    writes.push_last(&[0x8f], &[7]);
    assert_eq!(writes.get(Key::new(&[0x8f])), Some(Some(&[7][..])));
    assert_eq!(writes.iter().map(|(key, _)| key).collect::<Vec<_>>(), [[1], [0x8f]]);
}
