//! The components of one record: a few, in place.

use crate::{Component, Limit, Refusal, Topic};
use depin_quantity::{Measured, Name, Units};
use std::{fmt, ops::Deref};

/// Most components that one record may carry.
pub const COMPONENTS_MAX: usize = 4;

/// Up to [`COMPONENTS_MAX`] components, in the order given; copied, never allocated, since every record has some.
#[derive(Clone, Copy)]
pub struct Components {
    items: [Component; COMPONENTS_MAX],
    len: u8,
}

impl Components {
    /// No components.
    pub const NONE: Self = {
        let unused = Component { metric: Name::literal("-"), quantity: Measured::ZERO };
        Self { items: [unused; COMPONENTS_MAX], len: 0 }
    };

    /// One component.
    pub const fn one(component: Component) -> Self {
        let mut components = Self::NONE;
        components.items[0] = component;
        components.len = 1;
        components
    }

    /// Several components.
    ///
    /// # Errors
    /// [`Refusal::OutOfRange`] for more than [`COMPONENTS_MAX`].
    pub fn new(components: impl IntoIterator<Item = Component>) -> Result<Self, Refusal> {
        let mut all = Self::NONE;
        for component in components {
            let too_many = Refusal::OutOfRange { what: Topic::Record, reason: Limit::AtMost(Units::new(COMPONENTS_MAX as u128)) };
            *all.items.get_mut(usize::from(all.len)).ok_or(too_many)? = component;
            all.len += 1;
        }
        Ok(all)
    }

    /// Whether both are of the same metrics, in the same order.
    pub(crate) fn same_metrics(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().zip(other.iter()).all(|(own, other)| own.metric == other.metric)
    }
}

impl Deref for Components {
    type Target = [Component];

    fn deref(&self) -> &[Component] {
        &self.items[..usize::from(self.len)]
    }
}

impl PartialEq for Components {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Components {}

impl fmt::Debug for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(quantity: u128) -> Component {
        Component { metric: Name::literal("units"), quantity: Measured::new(quantity) }
    }

    #[test]
    fn a_record_carries_up_to_four_components_in_their_order() {
        for n in 0..=4 {
            let components = Components::new((0..n).map(component)).unwrap();
            assert_eq!(components.iter().map(|c| c.quantity.get()).collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
        }
        assert_eq!(Components::new([component(7)]), Ok(Components::one(component(7))));
        assert_ne!(Components::one(component(7)), Components::NONE, "what is unused is not compared, what is used is");
    }

    #[test]
    fn a_fifth_component_is_refused() {
        let refusal = Refusal::OutOfRange { what: Topic::Record, reason: Limit::AtMost(Units::new(4)) };
        assert_eq!(Components::new((0..5).map(component)), Err(refusal));
    }
}
