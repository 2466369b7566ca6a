//! Layers of writes behave as one ordered map.

use depin_state::*;
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn writes() -> impl Strategy<Value = Vec<(Vec<u8>, Option<Vec<u8>>)>> {
    let key = prop::collection::vec(0u8..4, 0..3);
    prop::collection::vec((key, prop::option::of(prop::collection::vec(any::<u8>(), 0..2))), 0..12)
}

fn apply(model: &mut Model, writes: &[(Vec<u8>, Option<Vec<u8>>)]) {
    for (key, value) in writes {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

fn walk(state: &dyn ReadState) -> Model {
    let mut rows = Model::new();
    let mut at = state.next_raw(&[], true);
    while let Some((key, value)) = at {
        at = state.next_raw(&key, false);
        assert!(rows.insert(key, value).is_none(), "a key came twice");
    }
    rows
}

proptest! {
    #[test]
    fn a_view_through_layers_equals_one_map(base in writes(), layers in prop::collection::vec(writes(), 0..4), own in writes()) {
        let mut model = Model::new();
        apply(&mut model, &base);
        let tables = Tables::from_rows(model.clone());
        let mut frozen = Vec::new();
        for layer in &layers {
            apply(&mut model, layer);
            frozen.push(Arc::new(WriteSet::new(layer.iter().cloned())));
        }
        let view = View::new(&tables, frozen.clone());
        prop_assert_eq!(&walk(&view), &model);
        let mut overlay = Overlay::new(&view);
        for (key, value) in &own {
            overlay.put_raw(key.clone(), value.clone());
        }
        apply(&mut model, &own);
        prop_assert_eq!(&walk(&overlay), &model);
        for (key, value) in &model {
            prop_assert_eq!(overlay.get_raw(key), Some(value.clone()));
        }
        let last = overlay.into_writes();
        let mut folded = tables.clone();
        for layer in frozen.iter().map(Arc::as_ref).chain([&last]) {
            folded.apply(layer);
        }
        prop_assert_eq!(walk(&folded), model);
    }

    #[test]
    fn rolling_back_leaves_no_trace(base in writes(), kept in writes(), undone in writes()) {
        let mut model = Model::new();
        apply(&mut model, &base);
        let tables = Tables::from_rows(model.clone());
        let mut overlay = Overlay::new(&tables);
        let mut memory = Memory::new();
        for (key, value) in base.iter().chain(&kept) {
            memory.put_raw(key.clone(), value.clone());
        }
        for (key, value) in &kept {
            overlay.put_raw(key.clone(), value.clone());
        }
        let (before, memory_before) = (walk(&overlay), memory.clone());
        let (mark, memory_mark) = (overlay.mark(), memory.mark());
        for (key, value) in &undone {
            overlay.put_raw(key.clone(), value.clone());
            memory.put_raw(key.clone(), value.clone());
        }
        overlay.rollback(mark);
        memory.rollback(memory_mark);
        prop_assert_eq!(walk(&overlay), before);
        prop_assert!(memory == memory_before);
    }

    #[test]
    fn keys_sort_as_their_values(a: (u64, u8), b: (u64, u8)) {
        let bytes = |k: &(u64, u8)| { let mut out = Vec::new(); k.write(&mut out); out };
        prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
        let encoded = bytes(&a);
        prop_assert_eq!(<(u64, u8)>::read(&mut encoded.as_slice()), Some(a));
    }

    #[test]
    fn names_sort_as_keys(a in "[a-z-]{1,6}", b in "[a-z-]{1,6}") {
        let bytes = |t: &str| { let mut out = Vec::new(); t.parse::<depin_quantity::Name>().unwrap().write(&mut out); out };
        prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
    }
}

#[test]
fn writes_that_change_nothing_are_left_out() {
    let tables = Tables::from_rows([(vec![1], vec![1])]);
    let mut overlay = Overlay::new(&tables);
    overlay.put_raw(vec![1], Some(vec![2]));
    overlay.put_raw(vec![1], Some(vec![1]));
    overlay.put_raw(vec![9], None);
    assert!(overlay.into_writes().is_empty());
}
