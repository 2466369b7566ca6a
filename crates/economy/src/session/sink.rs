//! Where events go.

/// Takes events in the order of their causes. A sink may keep them, as a receipt does, or only count them, as a simulation of many
/// agents does.
pub trait Sink<E> {
    /// Takes one event.
    fn emit(&mut self, event: E);

    /// Whether it wants to be told what happened to single members and parties: metrics that changed, rewards that were paid, transfers. Who
    /// sums what a network does as a whole says no: such an event costs as much as the row that it tells of, and may be left out then.
    fn wants_each(&self) -> bool {
        true
    }

    /// The present point; see [`Sink::rollback`].
    fn mark(&self) -> usize;

    /// Forgets every event since `mark`: what caused them was undone.
    fn rollback(&mut self, mark: usize);
}

/// Keeps every event.
impl<E> Sink<E> for Vec<E> {
    fn emit(&mut self, event: E) {
        self.push(event);
    }

    fn mark(&self) -> usize {
        self.len()
    }

    fn rollback(&mut self, mark: usize) {
        self.truncate(mark);
    }
}

/// A sink that only counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted(usize);

impl Counted {
    /// Events that were taken and not rolled back.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl<E> Sink<E> for Counted {
    fn emit(&mut self, _: E) {
        self.0 += 1;
    }

    fn mark(&self) -> usize {
        self.0
    }

    fn rollback(&mut self, mark: usize) {
        self.0 = mark;
    }
}

/// Takes events of one part as events of the whole: of the economy or of the service as events of the network.
pub struct Widened<'a, T>(pub &'a mut dyn Sink<T>);

impl<E, T: From<E>> Sink<E> for Widened<'_, T> {
    fn emit(&mut self, event: E) {
        self.0.emit(event.into());
    }

    fn wants_each(&self) -> bool {
        self.0.wants_each()
    }

    fn mark(&self) -> usize {
        self.0.mark()
    }

    fn rollback(&mut self, mark: usize) {
        self.0.rollback(mark);
    }
}
