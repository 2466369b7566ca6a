//! Charts of several experiments on one picture each.

use super::{
    chart::{Drawn, DrawnLine, Short},
    html::safe,
};
use crate::results::{Band, Fold, Quantity, Results, ResultsError, SubsetBands};
use std::collections::{BTreeMap, BTreeSet};

/// What is compared over time.
struct Overlay {
    id: &'static str,
    title: &'static str,
    unit: &'static str,
    log: bool,
    quantity: Quantity,
    definition: &'static str,
}

fn first(row: &[f64]) -> f64 {
    row.first().copied().unwrap_or(f64::NAN)
}

fn quotient(row: &[f64]) -> f64 {
    let [above, below] = [0, 1].map(|at| row.get(at).copied().unwrap_or(f64::NAN));
    if below > 0.0 { above / below } else { f64::NAN }
}

fn product(row: &[f64]) -> f64 {
    row.iter().product()
}

const OVERLAYS: [Overlay; 8] = [
    Overlay {
        id: "burn-to-mint",
        title: "Burned to minted",
        unit: "times, powers of ten",
        log: true,
        quantity: Quantity { columns: &["burn_usd", "mint_usd"], value: quotient, fold: Fold::Mean },
        definition: "Burned by minted tokens, both in dollars of their day. Above 1, supply shrinks.",
    },
    Overlay {
        id: "subsidy",
        title: "Rewards by revenue",
        unit: "times, powers of ten",
        log: true,
        quantity: Quantity { columns: &["reward_providers_usd", "revenue_third_usd"], value: quotient, fold: Fold::Mean },
        definition: "Rewards to providers by revenue from third parties, both in dollars.",
    },
    Overlay {
        id: "useful",
        title: "Useful use",
        unit: "USD a day at the alternative's price, powers of ten",
        log: true,
        quantity: Quantity { columns: &["useful_usage", "alternative_price"], value: product, fold: Fold::PerDay },
        definition: "Units that somebody wanted for their own sake, each at the price of the alternative, so that services compare.",
    },
    Overlay {
        id: "utilisation",
        title: "Utilisation",
        unit: "share of capacity",
        log: false,
        quantity: Quantity { columns: &["utilisation"], value: first, fold: Fold::Mean },
        definition: "Use divided by capacity.",
    },
    Overlay {
        id: "price",
        title: "Token price",
        unit: "USD, powers of ten",
        log: true,
        quantity: Quantity { columns: &["price"], value: first, fold: Fold::Last },
        definition: "Price of one whole main token on the simulated market.",
    },
    Overlay {
        id: "providers",
        title: "Providers",
        unit: "powers of ten",
        log: true,
        quantity: Quantity { columns: &["providers"], value: first, fold: Fold::Last },
        definition: "Providers that take part.",
    },
    Overlay {
        id: "payback",
        title: "Payback",
        unit: "months",
        log: false,
        quantity: Quantity { columns: &["payback_months"], value: first, fold: Fold::Last },
        definition: "Months until a newcomer of the best class would have its capital back.",
    },
    Overlay {
        id: "service-price",
        title: "Service price by the alternative's",
        unit: "share",
        log: false,
        quantity: Quantity { columns: &["service_price", "alternative_price"], value: quotient, fold: Fold::Last },
        definition: "What customers pay for a unit, by what the alternative asks.",
    },
];

/// Experiments of which bands are drawn; more of them would hide each other.
const BANDS_MOST: usize = 3;
const SLOTS: usize = 6;

/// Bands of several experiments.
pub struct Overlays<'a> {
    names: &'a [String],
    bands: Vec<SubsetBands>,
}

impl<'a> Overlays<'a> {
    /// Reads the tables of runs.
    pub fn new(names: &'a [String], list: &[Results]) -> Result<Self, ResultsError> {
        let quantities = OVERLAYS.each_ref().map(|overlay| overlay.quantity);
        let own = |one: &Results| Ok(one.bands(&quantities)?.remove(&0).unwrap_or_default());
        Ok(Self { names, bands: list.iter().map(own).collect::<Result<_, ResultsError>>()? })
    }

    /// Places for the pictures.
    pub fn figures(&self) -> String {
        let figure = |overlay: &Overlay| {
            let Overlay { id, title, unit, definition, .. } = overlay;
            format!(
                "<figure id=\"chart-{id}\">\n<h3>{title} <small>{}</small></h3>\n<div class=\"legend\"></div>\n<div class=\"plot\" \
                 role=\"img\" aria-label=\"{title}\"></div>\n<figcaption>{definition}</figcaption>\n</figure>\n",
                safe(unit)
            )
        };
        OVERLAYS.iter().map(figure).collect()
    }

    /// Their numbers, for the page's script.
    pub fn drawn(&self) -> Vec<Drawn> {
        let dates: BTreeSet<u64> = self.bands.iter().flat_map(|bands| bands.dates.iter().map(|date| date.get() / 1000)).collect();
        let places: BTreeMap<u64, usize> = dates.iter().enumerate().map(|(place, date)| (*date, place)).collect();
        let one = |(index, overlay): (usize, &Overlay)| Drawn {
            id: overlay.id.to_owned(),
            x: dates.iter().copied().collect(),
            lines: self
                .names
                .iter()
                .zip(&self.bands)
                .enumerate()
                .map(|(nth, (name, bands))| {
                    let pick = |pick: &dyn Fn(&Band) -> f64| {
                        let mut values: Vec<Option<Short>> = Vec::new();
                        values.resize_with(dates.len(), || None);
                        for (date, band) in bands.dates.iter().zip(bands.bands.get(index).into_iter().flatten()) {
                            let value =
                                band.as_ref().map(pick).filter(|value| value.is_finite() && (!overlay.log || *value > 0.0));
                            values[places[&(date.get() / 1000)]] = value.map(Short);
                        }
                        values
                    };
                    let values = if self.bands.len() <= BANDS_MOST {
                        (0..5).map(|at| pick(&|band| band.percentiles[at])).collect()
                    } else {
                        vec![pick(&|band| band.percentiles[2])]
                    };
                    let slot = u8::try_from(nth % SLOTS + 1).unwrap_or(1);
                    DrawnLine { label: name.clone(), slot, dashed: nth >= SLOTS, values, own: None }
                })
                .collect(),
            log: overlay.log,
            zero: true,
            stacked: false,
            percent: overlay.unit.starts_with("share"),
            spans: true,
        };
        OVERLAYS.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::column;

    #[test]
    fn every_overlay_is_made_of_columns_of_the_table() {
        for overlay in &OVERLAYS {
            assert!(overlay.quantity.columns.iter().all(|name| column(name).is_some()), "{}", overlay.id);
        }
        assert!(quotient(&[1.0, 0.0]).is_nan() && quotient(&[1.0]).is_nan());
        assert_eq!((quotient(&[1.0, 4.0]), product(&[2.0, 3.0])), (0.25, 6.0));
    }
}
