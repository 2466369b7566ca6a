//! The charts of a report: which, of what, and their numbers.

use super::{html, shown::shown};
use crate::results::{Band, COLUMNS, Fold, Quantity, SubsetBands, column};
use serde::Serialize;
use std::collections::BTreeMap;

/// A chart.
pub struct Chart {
    /// Its id in the page.
    pub id: &'static str,
    pub title: &'static str,
    /// What the numbers are; `{units}` is the service's unit.
    pub unit: &'static str,
    pub lines: &'static [Line],
    pub shape: Shape,
    /// Whether runs under the other treatments are drawn beside.
    pub paired: bool,
    /// What is to be known beyond the columns' definitions.
    pub remark: &'static str,
}

/// How a chart looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// From zero.
    Zero,
    /// Over the range of the values.
    Free,
    /// Powers of ten.
    Log,
    /// Means over all runs, one upon the other.
    Stacked,
}

/// A line of a chart: its median and bands.
pub struct Line {
    pub label: &'static str,
    pub slot: u8,
    pub quantity: Quantity,
}

const fn line(label: &'static str, slot: u8, columns: &'static [&'static str], fold: Fold) -> Line {
    Line { label, slot, quantity: Quantity { columns, value: first, fold } }
}

fn first(row: &[f64]) -> f64 {
    row.first().copied().unwrap_or(f64::NAN)
}

const DAY: &str = "USD a day";

/// The charts of a report, in their order.
pub const CHARTS: &[Chart] = &[
    Chart {
        id: "supply",
        title: "Supply",
        unit: "tokens",
        lines: &[line("supply", 1, &["supply"], Fold::Last), line("circulating", 2, &["circulating"], Fold::Last)],
        shape: Shape::Free,
        paired: false,
        remark: "",
    },
    Chart {
        id: "price",
        title: "Token price",
        unit: "USD, powers of ten",
        lines: &[line("price", 1, &["price"], Fold::Last)],
        shape: Shape::Log,
        paired: false,
        remark: "",
    },
    Chart {
        id: "burn",
        title: "Burn against mint",
        unit: "USD a day, powers of ten",
        lines: &[line("minted", 2, &["mint_usd"], Fold::PerDay), line("burned", 1, &["burn_usd"], Fold::PerDay)],
        shape: Shape::Log,
        paired: false,
        remark: "Where burned lies above minted, supply shrinks.",
    },
    Chart {
        id: "providers",
        title: "Providers",
        unit: "providers",
        lines: &[line("providers", 1, &["providers"], Fold::Last)],
        shape: Shape::Zero,
        paired: true,
        remark: "",
    },
    Chart {
        id: "capacity",
        title: "Capacity, demand and use",
        unit: "{units} a day",
        lines: &[
            line("capacity", 3, &["capacity"], Fold::Last),
            line("demand", 2, &["demand"], Fold::PerDay),
            line("use", 1, &["usage"], Fold::PerDay),
        ],
        shape: Shape::Zero,
        paired: false,
        remark: "",
    },
    Chart {
        id: "utilisation",
        title: "Utilisation",
        unit: "share of capacity",
        lines: &[line("utilisation", 1, &["utilisation"], Fold::Mean)],
        shape: Shape::Zero,
        paired: true,
        remark: "",
    },
    Chart {
        id: "useful",
        title: "Useful use, with the reward and without",
        unit: "{units} a day",
        lines: &[line("useful use", 1, &["useful_usage"], Fold::PerDay)],
        shape: Shape::Zero,
        paired: true,
        remark: "Only what lies between the lines, run by run on the same chance, may be called caused by the reward.",
    },
    Chart {
        id: "revenue",
        title: "Revenue against rewards",
        unit: "USD a day, powers of ten",
        lines: &[
            line("rewards", 2, &["reward_providers_usd"], Fold::PerDay),
            line("revenue", 1, &["revenue_third_usd"], Fold::PerDay),
        ],
        shape: Shape::Log,
        paired: false,
        remark: "",
    },
    Chart {
        id: "payback",
        title: "Payback",
        unit: "months",
        lines: &[line("payback", 1, &["payback_months"], Fold::Last)],
        shape: Shape::Zero,
        paired: false,
        remark: "Runs in which a newcomer would never be paid back are left out of the band.",
    },
    Chart {
        id: "profit",
        title: "Profit of providers",
        unit: DAY,
        lines: &[line("profit", 1, &["profit_usd"], Fold::PerDay)],
        shape: Shape::Zero,
        paired: true,
        remark: "",
    },
    Chart {
        id: "service-price",
        title: "Service price",
        unit: "USD a unit",
        lines: &[line("service", 1, &["service_price"], Fold::Last), line("alternative", 2, &["alternative_price"], Fold::Last)],
        shape: Shape::Zero,
        paired: false,
        remark: "",
    },
    Chart {
        id: "rewards",
        title: "Where rewards went",
        unit: DAY,
        lines: &[
            line("providers", 1, &["reward_providers_usd"], Fold::PerDay),
            line("stakers", 3, &["reward_stakers_usd"], Fold::PerDay),
            line("holders and treasuries", 2, &["reward_other_usd"], Fold::PerDay),
        ],
        shape: Shape::Stacked,
        paired: false,
        remark: "Means over all runs, so that the parts add up.",
    },
];

/// All quantities of all charts, in order.
pub fn quantities() -> Vec<Quantity> {
    CHARTS.iter().flat_map(|chart| chart.lines.iter().map(|line| line.quantity)).collect()
}

/// A chart as the page's script reads it.
#[derive(Serialize)]
pub struct Drawn {
    pub id: String,
    /// Seconds since 1970.
    pub x: Vec<u64>,
    pub lines: Vec<DrawnLine>,
    pub log: bool,
    /// Whether the picture begins at zero.
    pub zero: bool,
    pub stacked: bool,
    pub percent: bool,
    /// Whether lines go on over dates at which they have no value.
    pub spans: bool,
}

#[derive(Serialize)]
pub struct DrawnLine {
    pub label: String,
    pub slot: u8,
    pub dashed: bool,
    /// Five percentiles, or one line.
    pub values: Vec<Vec<Option<Short>>>,
    /// Of a line that stands upon others: its own height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<Vec<Option<Short>>>,
}

/// A number in five digits: more than any screen shows.
pub struct Short(pub f64);

impl Serialize for Short {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The shortest text of five digits reads back to one number, which is then written in the shortest way again.
        let rounded = format!("{:.4e}", self.0).parse::<f64>().unwrap_or(self.0);
        if rounded == libm::trunc(rounded) && rounded.abs() < 1e15 {
            serializer.serialize_i64(rounded as i64)
        } else {
            serializer.serialize_f64(rounded)
        }
    }
}

/// Bands of all subsets for one chart; `offset` is the place of its first quantity.
pub struct ChartBands<'a> {
    pub chart: &'a Chart,
    pub subsets: &'a BTreeMap<u32, SubsetBands>,
    pub offset: usize,
}

/// Names of subsets that run beside the one that was asked for.
pub fn pair_label(subset: u32) -> &'static str {
    match subset {
        1 => "no tokens",
        2 => "central capital",
        _ => "with tokens",
    }
}

impl ChartBands<'_> {
    fn short(&self, value: f64) -> Option<Short> {
        let shown = value.is_finite() && (self.chart.shape != Shape::Log || value > 0.0);
        shown.then_some(Short(value))
    }

    fn column(&self, bands: &[Option<Band>], pick: impl Fn(&Band) -> f64) -> Vec<Option<Short>> {
        bands.iter().map(|band| band.as_ref().and_then(|band| self.short(pick(band)))).collect()
    }

    /// For the page's script; none where there are no rows.
    pub fn drawn(&self) -> Option<Drawn> {
        let own = self.subsets.get(&0)?;
        let fan = |index: usize| {
            let bands = &own.bands[self.offset + index];
            (0..5).map(|at| self.column(bands, |band| band.percentiles[at])).collect()
        };
        let mut lines = Vec::new();
        if self.chart.shape == Shape::Stacked {
            lines = self.stacked(own);
        } else {
            for (index, line) in self.chart.lines.iter().enumerate() {
                lines.push(DrawnLine {
                    label: line.label.to_owned(),
                    slot: line.slot,
                    dashed: false,
                    values: fan(index),
                    own: None,
                });
            }
        }
        for (subset, bands) in self.subsets.iter().filter(|(subset, _)| self.chart.paired && **subset > 0) {
            // A pair has the dates of its run, as far as it went.
            let mut values = self.column(&bands.bands[self.offset], |band| band.percentiles[2]);
            values.resize_with(own.dates.len(), || None);
            let slot = if *subset == 1 { 2 } else { 3 };
            lines.push(DrawnLine { label: pair_label(*subset).to_owned(), slot, dashed: true, values: vec![values], own: None });
        }
        Some(Drawn {
            id: self.chart.id.to_owned(),
            x: own.dates.iter().map(|date| date.get() / 1000).collect(),
            lines,
            log: self.chart.shape == Shape::Log,
            zero: matches!(self.chart.shape, Shape::Zero | Shape::Stacked),
            stacked: self.chart.shape == Shape::Stacked,
            percent: self.chart.unit.starts_with("share"),
            spans: false,
        })
    }

    fn stacked(&self, own: &SubsetBands) -> Vec<DrawnLine> {
        let mut below = vec![0.0; own.dates.len()];
        let line = |(index, line): (usize, &Line)| {
            let heights: Vec<f64> =
                own.bands[self.offset + index].iter().map(|band| band.as_ref().map_or(0.0, |band| band.mean)).collect();
            below.iter_mut().zip(&heights).for_each(|(below, height)| *below += height);
            DrawnLine {
                label: line.label.to_owned(),
                slot: line.slot,
                dashed: false,
                values: vec![below.iter().map(|value| self.short(*value)).collect()],
                own: Some(heights.iter().map(|value| self.short(*value)).collect()),
            }
        };
        self.chart.lines.iter().enumerate().map(line).collect()
    }

    /// The chart's place in the page: title, room for the picture, definitions, and a few of its numbers.
    pub fn figure(&self, units: &str) -> String {
        let Chart { id, title, unit, .. } = self.chart;
        let unit = html::safe(&unit.replace("{units}", units));
        format!(
            "<figure id=\"chart-{id}\">\n<h3>{title} <small>{unit}</small></h3>\n<div class=\"legend\"></div>\n<div class=\"plot\" \
             role=\"img\" aria-label=\"{title}\"></div>\n<figcaption>{}</figcaption>\n{}</figure>\n",
            self.caption(),
            self.numbers()
        )
    }

    /// What each line is, in the words of the table's columns.
    fn caption(&self) -> String {
        let definitions = self.chart.lines.iter().filter_map(|line| {
            let name = line.quantity.columns.first()?;
            let definition = COLUMNS[column(name)?].definition;
            Some(format!("<b>{}</b>: {}.", capital(line.label), html::safe(definition)))
        });
        let mut text = definitions.collect::<Vec<_>>().join(" ");
        if !self.chart.remark.is_empty() {
            text += &format!(" {}", self.chart.remark);
        }
        text
    }

    /// The numbers at a few dates, for those who do not see the picture.
    fn numbers(&self) -> String {
        let Some(own) = self.subsets.get(&0).filter(|own| !own.dates.is_empty()) else { return String::new() };
        let last = own.dates.len() - 1;
        let mut places: Vec<usize> = (0..=4).map(|quarter| last * quarter / 4).collect();
        places.dedup();
        let unit = if self.chart.unit.starts_with("share") { "share" } else { "" };
        let mut rows = String::new();
        for (index, line) in self.chart.lines.iter().enumerate() {
            rows += &format!("<tr><th>{}</th>", line.label);
            for place in &places {
                let band = own.bands[self.offset + index].get(*place).copied().flatten();
                let text = band.map_or_else(
                    || "-".to_owned(),
                    |band| {
                        let [p5, _, p50, _, p95] = band.percentiles.map(|value| shown(value, unit));
                        format!("{p50}<br><small>{p5} to {p95}</small>")
                    },
                );
                rows += &format!("<td class=\"n\">{text}</td>");
            }
            rows += "</tr>\n";
        }
        let dates = places.iter().map(|place| {
            let date = own.dates[*place].to_rfc3339();
            format!("<th class=\"n\">{}</th>", date.get(..10).unwrap_or(&date))
        });
        format!(
            "<details class=\"screen\"><summary>Numbers</summary><div class=\"wide\"><table><tr><th></th>{}</tr>\n{rows}</table></div>\
             <p class=\"faint\">median, and the band of 90 % of the runs</p></details>\n",
            dates.collect::<String>()
        )
    }
}

/// With a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_chart_is_a_column_of_the_table() {
        for chart in CHARTS {
            for line in chart.lines {
                assert!(line.quantity.columns.iter().all(|name| column(name).is_some()), "{}", chart.id);
            }
        }
        assert_eq!(quantities().len(), CHARTS.iter().map(|chart| chart.lines.len()).sum::<usize>());
    }

    #[test]
    fn numbers_of_a_picture_have_five_digits() {
        let text = |value| serde_json::to_string(&Short(value)).unwrap();
        assert_eq!((text(1.0 / 3.0).as_str(), text(123_456_789.0).as_str()), ("0.33333", "123460000"));
        assert_eq!((text(0.0).as_str(), text(-2.5e-9).as_str()), ("0", "-2.5e-9"));
    }
}
