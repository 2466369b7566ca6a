//! Every state goes back to a mark exactly as it was, whatever marks were taken and rolled back in between.

use depin_state::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// What is done to a state.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, Option<u8>),
    Change(u8, Option<u8>),
    Take(u8, usize),
    /// Takes a mark, as an operation does when it begins.
    Mark,
    /// Keeps what was written since the innermost mark: that operation went well.
    Keep,
    /// Goes back to the n-th mark from within: that operation failed, and all in it are gone.
    Rollback(usize),
    /// Nobody goes back any more: the owner of the state begins anew.
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..24u8, prop::option::weighted(0.7, any::<u8>())).prop_map(|(key, value)| Step::Put(key, value)),
        3 => (0..24u8, prop::option::of(any::<u8>())).prop_map(|(key, value)| Step::Change(key, value)),
        2 => (0..24u8, 0..6usize).prop_map(|(key, most)| Step::Take(key, most)),
        4 => Just(Step::Mark),
        2 => Just(Step::Keep),
        3 => (0..3usize).prop_map(Step::Rollback),
        1 => Just(Step::Settle),
    ]
}

/// A key of one of two tables.
fn key(number: u8) -> Vec<u8> {
    vec![1 + number % 2, number]
}

/// Rows of several lengths, so that some are written in place and some are not.
fn value(number: u8) -> Vec<u8> {
    vec![number; usize::from(number % 3) + 1]
}

fn write(state: &mut dyn State, model: &mut Model, step: &Step) {
    match *step {
        Step::Put(at, number) => {
            state.put_raw(Key::new(&key(at)), number.map(value).as_deref());
            match number {
                Some(number) => drop(model.insert(key(at), value(number))),
                None => drop(model.remove(&key(at))),
            }
        }
        Step::Change(at, more) => {
            state.change_raw(Key::new(&key(at)), &mut |before, after| {
                after.extend_from_slice(before.unwrap_or_default());
                after.extend(more);
                more.is_some()
            });
            if let Some(more) = more {
                model.entry(key(at)).or_default().push(more);
            }
        }
        Step::Take(at, most) => {
            let mut taken = 0;
            state.take_raw(&key(at), true, &mut |_, _| {
                taken += 1;
                taken <= most
            });
            let gone: Vec<_> = model.range(key(at)..).take(most).map(|(key, _)| key.clone()).collect();
            gone.iter().for_each(|key| drop(model.remove(key)));
        }
        _ => {}
    }
}

fn rows(state: &dyn ReadState) -> Model {
    let mut rows = Model::new();
    state.scan(&[], true, &mut |key, value| rows.insert(key.to_vec(), value.to_vec()).is_none());
    rows
}

/// Does the steps, and compares with copies of a map that were kept at each mark.
fn check(state: &mut dyn State, mut model: Model, steps: &[Step]) {
    let mut marks: Vec<(Mark, Model)> = Vec::new();
    for step in steps {
        match *step {
            Step::Mark => marks.push((state.mark(), model.clone())),
            Step::Keep => drop(marks.pop()),
            Step::Rollback(within) if within < marks.len() => {
                let at = marks.len() - 1 - within;
                let (mark, before) = marks[at].clone();
                state.rollback(mark);
                model = before;
                marks.truncate(at);
            }
            Step::Settle => {
                state.settle();
                marks.clear();
            }
            _ => write(state, &mut model, step),
        }
        assert_eq!(rows(state.as_read()), model, "after {step:?}");
    }
    for (mark, before) in marks.into_iter().rev() {
        state.rollback(mark);
        assert_eq!(rows(state.as_read()), before);
    }
}

fn filled(numbers: &[(u8, u8)]) -> (Memory, Model) {
    let (mut memory, mut model) = (Memory::new(), Model::new());
    for (at, number) in numbers {
        write(&mut memory, &mut model, &Step::Put(*at, Some(*number)));
    }
    (memory, model)
}

proptest! {
    #[test]
    fn every_state_goes_back_to_its_marks(
        base in prop::collection::vec((0..24u8, any::<u8>()), 0..16),
        written in prop::collection::vec((0..24u8, any::<u8>()), 0..8),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let (mut memory, model) = filled(&base);
        let tables = memory.to_tables();
        check(&mut Overlay::new(&tables), model.clone(), &steps);
        check(&mut memory.clone(), model.clone(), &steps);

        // Over another overlay that has writes of its own.
        let mut below = Overlay::new(&tables);
        let mut under = model.clone();
        written.iter().for_each(|(at, number)| write(&mut below, &mut under, &Step::Put(*at, Some(*number))));
        check(&mut Overlay::new(&below), under, &steps);

        memory.settle();
        check(&mut memory, model, &steps);
    }

    /// What a rollback undid is not in the write set; what stayed is, once.
    #[test]
    fn a_write_set_knows_nothing_of_what_was_undone(
        base in prop::collection::vec((0..24u8, any::<u8>()), 0..16),
        kept in prop::collection::vec((0..24u8, any::<u8>()), 0..8),
        undone in prop::collection::vec(step(), 0..20),
    ) {
        let (memory, model) = filled(&base);
        let tables = memory.to_tables();
        let (mut with, mut without) = (Overlay::new(&tables), Overlay::new(&tables));
        for (at, number) in &kept {
            for state in [&mut with, &mut without] {
                write(state, &mut model.clone(), &Step::Put(*at, Some(*number)));
            }
        }
        let mark = with.mark();
        let mut scratch = rows(&with);
        undone.iter().for_each(|step| write(&mut with, &mut scratch, step));
        with.rollback(mark);
        prop_assert!(with.into_writes() == without.into_writes());
    }
}

proptest! {
    /// Branches of a memory share pages, and nothing that one of them writes, undoes or deletes shows in another.
    #[test]
    fn branches_know_nothing_of_each_other(
        rows in 0..1_500u16,
        before in prop::collection::vec(step(), 0..20),
        steps in prop::collection::vec((0..3usize, step()), 0..60),
    ) {
        let (mut memory, mut model) = (Memory::new(), Model::new());
        for row in 0..rows {
            let (key, value) = ([&[1, 9][..], &row.wrapping_mul(40_503).to_be_bytes()].concat(), vec![row as u8; 30]);
            memory.put_raw(Key::new(&key), Some(&value));
            model.insert(key, value);
        }
        let mark = memory.mark();
        let settled = model.clone();
        before.iter().for_each(|step| write(&mut memory, &mut model, step));
        let branch = memory.branch();
        let mut branches = [(memory, model.clone()), (branch.clone(), model.clone()), (branch, model)];
        for (n, step) in &steps {
            let (state, model) = &mut branches[*n];
            if matches!(step, Step::Mark) {
                // A branch of a branch.
                let next = state.branch();
                *state = next;
            } else {
                write(state, model, step);
            }
        }
        for (state, model) in &branches {
            prop_assert_eq!(&rows_of(state), model);
        }
        // What the first one can undo, it still can; the others never heard of it.
        if !steps.iter().any(|(n, step)| *n == 0 && matches!(step, Step::Mark)) {
            branches[0].0.rollback(mark);
            prop_assert_eq!(&rows_of(&branches[0].0), &settled);
            prop_assert_eq!(&rows_of(&branches[1].0), &branches[1].1);
        }
    }
}

fn rows_of(state: &dyn ReadState) -> Model {
    rows(state)
}
