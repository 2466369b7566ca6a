//! Gathers what the picture shows: cumulative amounts by where they came from, thinned as they come.

use super::{
    Report,
    dating::Dating,
    plot::{self, POINTS_MOST, Panel, Point},
};
use crate::error::{CliError, Result};
use depin_economy::{CapKind, ProjectionRow, TokenRow};
use depin_quantity::{Instant, Name, Units};

/// A picture in the making: at most twice as many points as it will show, however many rows there are.
pub struct Picture {
    panels: Vec<Panel>,
    decimals: Vec<u8>,
    /// Every how many rows one is kept, and how many came since.
    stride: usize,
    skipped: usize,
    last: Option<Vec<Point>>,
}

impl Picture {
    pub fn new(report: &Report) -> Self {
        let decimals = report.tokens.iter().map(|token| report.economy.spec().token(*token).map_or(0, |t| t.decimals)).collect();
        let panels = report.tokens.iter().map(|token| Panel { token: token.to_string(), ..Panel::default() }).collect();
        Self { panels, decimals, stride: 1, skipped: 0, last: None }
    }

    /// Takes a row; the last one is always shown.
    pub fn see(&mut self, row: &ProjectionRow) {
        let at = i64::try_from(row.until.get() / 1_000).unwrap_or(i64::MAX);
        let decimals = self.decimals.clone();
        let points: Vec<Point> =
            self.panels.iter_mut().zip(&row.tokens).zip(decimals).map(|((panel, token), d)| point(panel, token, d, at)).collect();
        if self.skipped > 0 {
            self.skipped -= 1;
            self.last = Some(points);
            return;
        }
        self.push(points);
        self.skipped = self.stride - 1;
        if self.panels.iter().any(|panel| panel.points.len() >= 2 * POINTS_MOST) {
            self.stride *= 2;
            for panel in &mut self.panels {
                let mut index = 0;
                panel.points.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
            }
        }
    }

    fn push(&mut self, points: Vec<Point>) {
        for (panel, point) in self.panels.iter_mut().zip(points) {
            panel.points.push(point);
        }
        self.last = None;
    }

    pub fn draw(mut self, report: &Report) -> Result<String> {
        if let Some(points) = self.last.take() {
            self.push(points);
        }
        for panel in &mut self.panels {
            drop_empty_layers(panel);
        }
        let info = report.economy.spec().network();
        let tokens: Vec<&str> = report.tokens.iter().map(Name::as_str).collect();
        let title = format!("{}: supply of {}", info.title, tokens.join(", "));
        let subtitle = format!(
            "{} to {}, variant {}; every pool earns in full, areas are what has unlocked or was paid, by where it came from",
            day(report, report.from),
            day(report, report.until),
            info.variant
        );
        plot::draw(&title, &subtitle, &self.panels, report.dating).map_err(|error| CliError::broken("plot", error))
    }
}

/// Layers that hold nothing all the time would only crowd the legend.
fn drop_empty_layers(panel: &mut Panel) {
    let used: Vec<bool> = (0..panel.layers.len())
        .map(|layer| panel.points.iter().any(|point| point.layers.get(layer).is_some_and(|size| *size > 0.0)))
        .collect();
    let keep = |index: &mut usize| {
        *index += 1;
        used[*index - 1]
    };
    let mut index = 0;
    panel.layers.retain(|_| keep(&mut index));
    for point in &mut panel.points {
        point.layers.resize(used.len(), 0.0);
        let mut index = 0;
        point.layers.retain(|_| keep(&mut index));
    }
}

/// A token's row as a point; a pool that a later parameter version adds becomes a new layer on top.
fn point(panel: &mut Panel, row: &TokenRow, decimals: u8, at: i64) -> Point {
    let mut layers = vec![0.0; panel.layers.len()];
    for (name, amount) in row.vested.iter().chain(&row.emitted) {
        let name = name.as_str();
        let place = panel.layers.iter().position(|layer| layer == name).unwrap_or_else(|| {
            panel.layers.push(name.to_owned());
            layers.push(0.0);
            panel.layers.len() - 1
        });
        layers[place] += whole(*amount, decimals);
    }
    let cap = whole(row.cap.amount, decimals);
    let kind = if row.cap.kind == CapKind::Model { "cap (a model, not enforced)" } else { "cap" };
    (panel.cap, panel.cap_label) = (Some(cap), format!("{kind}: {}", short(cap)));
    Point { at, layers, supply: whole(row.supply, decimals), circulating: whole(row.circulating, decimals) }
}

/// The day: a picture has no room for the time of day.
fn day(report: &Report, at: Instant) -> String {
    match report.dating {
        Dating::Calendar => at.to_rfc3339().chars().take(10).collect(),
        Dating::SinceStart => report.date(at),
    }
}

/// Whole tokens, for drawing only.
fn whole(amount: Units, decimals: u8) -> f64 {
    amount.get() as f64 / 10f64.powi(decimals.into())
}

/// `389000000` as `389 million`.
fn short(value: f64) -> String {
    let (size, name) = [(1e12, " trillion"), (1e9, " billion"), (1e6, " million")]
        .into_iter()
        .find(|(size, _)| value >= *size)
        .unwrap_or((1.0, ""));
    let text = format!("{:.3}", value / size);
    format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
}
