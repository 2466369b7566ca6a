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

fn size(rows: &Model) -> i64 {
    rows.iter().map(|(key, value)| (key.len() + value.len()) as i64).sum()
}

/// Both hold what `after` says, and what `before` says once they are rolled back.
fn check_undo(memory: &mut Memory, overlay: &mut Overlay<'_>, marks: (Mark, Mark), after: &Model, before: &Model) {
    assert_eq!(walk(memory), *after);
    assert_eq!(walk(overlay), *after);
    let grown = overlay.growth();
    memory.rollback(marks.0);
    overlay.rollback(marks.1);
    assert_eq!(walk(memory), *before);
    assert_eq!(walk(overlay), *before);
    assert_eq!(grown - overlay.growth(), size(after) - size(before));
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
        let before = size(&model);
        apply(&mut model, &own);
        prop_assert_eq!(overlay.growth(), size(&model) - before);
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
        check_undo(&mut memory, &mut overlay, marks, &model, &before);
    }

    /// Taking rows out, some of them or all, is seeing them in order and deleting each, and can be undone.
    #[test]
    fn taking_is_seeing_and_deleting(base in writes(), written in writes(), from in 0..21usize, inclusive: bool, most in 0..9usize) {
        let from = keys().nth(from).unwrap();
        let mut model = Model::new();
        apply(&mut model, &base);
        let tables = Tables::from_rows(model.clone());
        apply(&mut model, &written);
        let mut memory = write(write(Memory::new(), &base), &written);
        let mut overlay = write(Overlay::new(&tables), &written);
        let marks = (memory.mark(), overlay.mark());
        let after = |key: &Vec<u8>| if inclusive { *key >= from } else { *key > from };
        let expected: Vec<_> = model.clone().into_iter().filter(|(key, _)| after(key)).take(most).collect();
        for state in [&mut memory as &mut dyn State, &mut overlay] {
            let mut taken = Vec::new();
            state.take_raw(&from, inclusive, &mut |key, value| {
                let wanted = taken.len() < most;
                if wanted {
                    taken.push((key.to_vec(), value.to_vec()));
                }
                wanted
            });
            prop_assert_eq!(&taken, &expected);
        }
        let before = model.clone();
        expected.iter().for_each(|(key, _)| drop(model.remove(key)));
        check_undo(&mut memory, &mut overlay, marks, &model, &before);
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

/// What is done to a large state, by number of a key.
#[derive(Clone, Debug)]
enum Step {
    Put(u16, u8),
    Delete(u16),
    Change(u16, u8),
    /// Every key of a stretch, in order.
    PutRun(u16, u16),
    Take(u16, u16),
    Look(u16),
    /// Keys of several walks in turns, each so much farther on than the one of its last turn, now and then written.
    Walks(Vec<u16>, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..2_000u16;
    prop_oneof![
        4 => (at.clone(), any::<u8>()).prop_map(|(at, n)| Step::Put(at, n)),
        4 => at.clone().prop_map(Step::Delete),
        2 => (at.clone(), any::<u8>()).prop_map(|(at, n)| Step::Change(at, n)),
        2 => (at.clone(), 1..400u16).prop_map(|(at, n)| Step::PutRun(at, n)),
        2 => (at.clone(), 1..400u16).prop_map(|(at, n)| Step::Take(at, n)),
        2 => at.clone().prop_map(Step::Look),
        3 => (prop::collection::vec(at, 1..7), 1..40u16).prop_map(|(from, by)| Step::Walks(from, by)),
    ]
}

/// A key of one of two tables.
fn numbered(number: u16) -> Vec<u8> {
    [&[1 + (number % 2) as u8][..], &number.to_be_bytes()].concat()
}

fn take_some(state: &mut dyn State, at: u16, most: u16) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    state.take_raw(&numbered(at), true, &mut |key, _| {
        let wanted = keys.len() < usize::from(most);
        if wanted {
            keys.push(key.to_vec());
        }
        wanted
    });
    keys
}

fn do_step(step: &Step, memory: &mut Memory, model: &mut Model) {
    match *step {
        Step::Put(at, n) => {
            let value = vec![n; usize::from(n) * 3];
            memory.put_raw(Key::new(&numbered(at)), Some(&value));
            model.insert(numbered(at), value);
        }
        Step::Delete(at) => {
            memory.put_raw(Key::new(&numbered(at)), None);
            model.remove(&numbered(at));
        }
        Step::Change(at, n) => {
            memory.change_raw(Key::new(&numbered(at)), &mut |_, after| {
                after.push(n);
                true
            });
            model.insert(numbered(at), vec![n]);
        }
        Step::PutRun(at, n) => (at..at + n).for_each(|at| do_step(&Step::Put(at, 7), memory, model)),
        Step::Take(at, n) => {
            let expected: Vec<_> = model.range(numbered(at)..).take(usize::from(n)).map(|(key, _)| key.clone()).collect();
            assert_eq!(take_some(memory, at, n), expected);
            expected.iter().for_each(|key| drop(model.remove(key)));
        }
        Step::Look(at) => assert_eq!(memory.get_raw(&numbered(at)), model.get(&numbered(at)).cloned()),
        Step::Walks(ref from, by) => {
            for (turn, at) in (0..30).flat_map(|turn| from.iter().map(move |at| (turn, at + turn * by))) {
                do_step(&if turn % 4 == 3 { Step::Put(at, turn as u8) } else { Step::Look(at) }, memory, model);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Thousands of rows, written here and there and in runs, deleted by the stretch, undone at the end.
    #[test]
    fn a_large_state_is_one_map(kept in prop::collection::vec(step(), 0..60), undone in prop::collection::vec(step(), 0..60)) {
        let (mut memory, mut model) = (Memory::new(), Model::new());
        kept.iter().for_each(|step| do_step(step, &mut memory, &mut model));
        let (mark, before) = (memory.mark(), model.clone());
        undone.iter().for_each(|step| do_step(step, &mut memory, &mut model));
        let rows = |memory: &Memory| {
            let mut rows = Model::new();
            memory.scan(&[], true, &mut |key, value| rows.insert(key.to_vec(), value.to_vec()).is_none());
            rows
        };
        prop_assert_eq!(rows(&memory), model);
        memory.rollback(mark);
        prop_assert_eq!(rows(&memory), before.clone());
        let copy = Tables::from_rows(before.clone());
        prop_assert!(memory.to_tables().iter().eq(copy.iter()));
        memory.settle();
        prop_assert!(memory == kept_again(&before));
    }
}

fn kept_again(rows: &Model) -> Memory {
    write(Memory::new(), &rows.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect::<Vec<_>>())
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
