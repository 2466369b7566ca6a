//! The picture of a supply projection: stacked areas of what is free to move by where it came from, lines for all there is and for the cap.
//!
//! In: points that were thinned to what a picture can show. Out: the text of an SVG. `plotters` draws it with its SVG backend alone:
//! text in, text out, no font files, no C library. Floats are only pixels here.

use super::dating::Dating;
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::{
        ShapeStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

/// One token's panel.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// The token.
    pub token: String,
    /// Names of the layers, the lowest first.
    pub layers: Vec<String>,
    /// In order of time.
    pub points: Vec<Point>,
    /// In whole tokens, where there is one.
    pub cap: Option<f64>,
    /// How the cap is labelled: `cap`, or that it is only a model.
    pub cap_label: String,
}

/// What one moment looks like, in whole tokens.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// Seconds since 1970.
    pub at: i64,
    /// Sizes of the layers.
    pub layers: Vec<f64>,
    /// Minted and not burnt, locked parts with it.
    pub supply: f64,
    /// Free to move: the layers together, less what was burnt.
    pub circulating: f64,
}

/// The library draws on whole units. A unit is a fraction of a pixel, so that slopes have no steps.
const FINE: u32 = 8;
/// A drawn picture's size in units: width, and height of each panel.
const WIDTH: u32 = 1200 * FINE;
const PANEL: u32 = 620 * FINE;
const HEAD: u32 = 64 * FINE;
/// Room right of a panel for its legend.
const LEGEND: u32 = 250 * FINE;
/// Most points of a line: more than pixels would only make the file larger.
pub const POINTS_MOST: usize = 1_000;

/// Colours that people with colour-blindness tell apart (Okabe and Ito), softened for areas.
const COLOURS: [RGBColor; 8] = [
    RGBColor(86, 156, 214),
    RGBColor(240, 178, 76),
    RGBColor(96, 185, 150),
    RGBColor(214, 120, 84),
    RGBColor(190, 140, 190),
    RGBColor(235, 222, 110),
    RGBColor(130, 130, 150),
    RGBColor(160, 205, 230),
];
const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(110, 116, 126);
const GRID: RGBColor = RGBColor(226, 229, 234);
const CAP: RGBColor = RGBColor(190, 40, 50);
const FONT: &str = "Helvetica, Arial, DejaVu Sans, sans-serif";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Failed = DrawingAreaErrorKind<std::io::Error>;
type Done = Result<(), Failed>;

/// Draws the panels below one another.
///
/// # Errors
/// None is reachable: everything is drawn into memory.
pub fn draw(title: &str, subtitle: &str, panels: &[Panel], dating: Dating) -> Result<String, String> {
    let mut text = String::new();
    let height = HEAD + PANEL * u32::try_from(panels.len()).unwrap_or(1).max(1);
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        all(&root, (title, subtitle), panels, dating).map_err(|error| error.to_string())?;
    }
    let drawn = format!("width=\"{WIDTH}\" height=\"{height}\" viewBox=");
    Ok(text.replacen(&drawn, &format!("width=\"{}\" height=\"{}\" viewBox=", WIDTH / FINE, height / FINE), 1))
}

/// Units of so many pixels.
const fn px(pixels: i32) -> i32 {
    pixels * FINE as i32
}

/// A line so many pixels wide.
fn stroke(colour: RGBColor, pixels: u32) -> ShapeStyle {
    colour.stroke_width(pixels * FINE)
}

fn all(root: &Area<'_>, (title, subtitle): (&str, &str), panels: &[Panel], dating: Dating) -> Done {
    root.fill(&WHITE)?;
    let (head, body) = root.split_vertically(HEAD);
    head.draw(&Text::new(title.to_owned(), (px(24), px(16)), font(24, INK)))?;
    head.draw(&Text::new(subtitle.to_owned(), (px(24), px(44)), font(14, FAINT)))?;
    let parts = body.split_evenly((panels.len().max(1), 1));
    for (panel, area) in panels.iter().zip(&parts) {
        draw_panel(area, panel, dating)?;
    }
    root.present()
}

fn font(size: u32, colour: RGBColor) -> TextStyle<'static> {
    let family = FontFamily::Name(FONT);
    TextStyle {
        font: FontDesc::new(family, f64::from(size * FINE), FontStyle::Normal),
        color: colour.to_backend_color(),
        pos: Pos::new(HPos::Left, VPos::Top),
    }
}

fn draw_panel(area: &Area<'_>, panel: &Panel, dating: Dating) -> Done {
    let (Some(first), Some(last)) = (panel.points.first(), panel.points.last()) else { return Ok(()) };
    let (begin, end) = (first.at as f64, (last.at as f64).max(first.at as f64 + 1.0));
    let stacked = panel.points.iter().map(|p| p.layers.iter().sum::<f64>());
    let highest = stacked.chain(panel.points.iter().map(|p| p.supply)).chain(panel.cap).fold(0.0, f64::max);
    let scale = Scale::of(highest, 8);
    let (plot, side) = area.split_horizontally(WIDTH - LEGEND);
    let mut chart = ChartBuilder::on(&plot)
        .margin_left(px(16))
        .margin_right(px(8))
        .margin_bottom(px(8))
        .margin_top(px(12))
        .x_label_area_size(px(44))
        .y_label_area_size(px(78))
        .build_cartesian_2d(begin..end, 0.0..scale.top)?;
    let dates = Dates::of(first.at, last.at, dating);
    let plane = chart.plotting_area();
    for step in 1..=scale.steps {
        let y = scale.step * f64::from(step);
        plane.draw(&PathElement::new(vec![(begin, y), (end, y)], stroke(GRID, 1)))?;
    }
    for (layer, _) in panel.layers.iter().enumerate().rev() {
        let upper = |p: &Point| (p.at as f64, p.layers.iter().take(layer + 1).sum::<f64>());
        let mut edge: Vec<(f64, f64)> = panel.points.iter().map(upper).collect();
        edge.push((end, 0.0));
        edge.push((begin, 0.0));
        chart.plotting_area().draw(&Polygon::new(edge, colour(layer).filled()))?;
    }
    let line = |value: fn(&Point) -> f64| panel.points.iter().map(move |p| (p.at as f64, value(p))).collect::<Vec<_>>();
    chart.draw_series(LineSeries::new(line(|p| p.supply), stroke(INK, 2)))?;
    if burns(panel) {
        chart.draw_series(DashedLineSeries::new(line(|p| p.circulating), px(7), px(4), stroke(INK, 2)))?;
    }
    if let Some(cap) = panel.cap {
        chart.draw_series(DashedLineSeries::new([(begin, cap), (end, cap)], px(10), px(5), stroke(CAP, 2)))?;
    }
    axes(&plot, &chart, &scale, &dates, &panel.token)?;
    legend(&side, panel)
}

fn colour(layer: usize) -> RGBColor {
    COLOURS[layer % COLOURS.len()]
}

/// Whether anything was burnt, or is locked otherwise, so that the layers stand above what circulates.
fn burns(panel: &Panel) -> bool {
    panel.points.iter().any(|p| p.layers.iter().sum::<f64>() - p.circulating > p.supply * 1e-6)
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Axes with labels by hand: the library knows neither calendars nor millions.
fn axes(area: &Area<'_>, chart: &Chart<'_, '_>, scale: &Scale, dates: &Dates, token: &str) -> Done {
    let plane = chart.plotting_area();
    let (left, top) = area.get_base_pixel();
    let place = |x: f64, y: f64| {
        let (px, py) = plane.map_coordinate(&(x, y));
        (px - left, py - top)
    };
    let right = font(13, FAINT).pos(Pos::new(HPos::Right, VPos::Center));
    for step in 0..=scale.steps {
        let (_, y) = place(dates.begin, scale.step * f64::from(step));
        let (x, _) = place(dates.begin, 0.0);
        area.draw(&Text::new(scale.label(step), (x - px(8), y), right.clone()))?;
    }
    let below = font(13, FAINT).pos(Pos::new(HPos::Center, VPos::Top));
    let ends = (place(dates.begin, 0.0), place(dates.end, 0.0));
    area.draw(&PathElement::new(vec![ends.0, ends.1], stroke(FAINT, 1)))?;
    for (at, label) in &dates.ticks {
        let (x, y) = place(*at, 0.0);
        area.draw(&PathElement::new(vec![(x, y), (x, y + px(5))], stroke(FAINT, 1)))?;
        area.draw(&Text::new(label.clone(), (x, y + px(9)), below.clone()))?;
    }
    let unit = format!("{} {token}", scale.unit).trim().to_owned();
    let upright = font(14, INK).transform(FontTransform::Rotate270).pos(Pos::new(HPos::Center, VPos::Center));
    let middle = (ends.0.1 + place(dates.begin, scale.top).1) / 2;
    area.draw(&Text::new(unit, (px(20), middle), upright))
}

fn legend(area: &Area<'_>, panel: &Panel) -> Done {
    let mut y = px(20);
    let mut entry = |style: ShapeStyle, kind: Mark, label: &str| -> Done {
        let text = font(14, INK).pos(Pos::new(HPos::Left, VPos::Center));
        match kind {
            Mark::Area => area.draw(&Rectangle::new([(px(8), y - px(7)), (px(30), y + px(7))], style))?,
            Mark::Line => area.draw(&PathElement::new(vec![(px(8), y), (px(30), y)], style))?,
            Mark::Dashes => {
                for x in [8, 17, 26].map(px) {
                    area.draw(&PathElement::new(vec![(x, y), (x + px(5), y)], style))?;
                }
            }
        }
        area.draw(&Text::new(label.to_owned(), (px(38), y), text))?;
        y += px(24);
        Ok(())
    };
    if panel.cap.is_some() {
        entry(stroke(CAP, 2), Mark::Dashes, &panel.cap_label)?;
    }
    entry(stroke(INK, 2), Mark::Line, "total supply")?;
    if burns(panel) {
        entry(stroke(INK, 2), Mark::Dashes, "circulating")?;
    }
    for (index, name) in panel.layers.iter().enumerate().rev() {
        entry(colour(index).filled(), Mark::Area, name)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Mark {
    Area,
    Line,
    Dashes,
}

/// Round steps of the upright axis and the unit they are told in.
struct Scale {
    step: f64,
    steps: i32,
    top: f64,
    unit: &'static str,
    divisor: f64,
}

impl Scale {
    fn of(highest: f64, most: i32) -> Self {
        let highest = if highest > 0.0 { highest } else { 1.0 };
        let rough = highest * 1.04 / f64::from(most);
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(10.0 * power);
        let steps = (1..=most).find(|n| step * f64::from(*n) >= highest).unwrap_or(most);
        let top = (step * f64::from(steps)).max(highest * 1.04);
        let (unit, divisor) = [(1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand")]
            .into_iter()
            .find(|(size, _)| highest >= 2.0 * size)
            .map_or(("", 1.0), |(size, name)| (name, size));
        Self { step, steps, top, unit, divisor }
    }

    fn label(&self, step: i32) -> String {
        let (value, grain) = (self.step * f64::from(step) / self.divisor, self.step / self.divisor);
        let places = (0..6).find(|p| (grain * 10f64.powi(*p)).fract().abs() < 1e-9).unwrap_or(6);
        format!("{value:.*}", usize::try_from(places).unwrap_or(0))
    }
}

/// Ticks at beginnings of years, months or days, as many as fit.
struct Dates {
    begin: f64,
    end: f64,
    ticks: Vec<(f64, String)>,
}

impl Dates {
    fn of(begin: i64, end: i64, dating: Dating) -> Self {
        const DAY: i64 = 86_400;
        let most = 12;
        let days = (end - begin) / DAY;
        let known = dating == Dating::Calendar;
        let year = move |d: time::OffsetDateTime| if known { d.year().to_string() } else { format!("year {}", d.year() - 1_970) };
        let ticks = if days > 2 * 365 {
            let years =
                [1i32, 2, 5, 10, 20, 50, 100, 200, 500].into_iter().find(|n| days / 365 / i64::from(*n) < most).unwrap_or(1_000);
            Self::calendar((begin, end), 12 * years, known, year)
        } else if days > 40 {
            let months = [1i32, 2, 3].into_iter().find(|n| days / 30 / i64::from(*n) < most).unwrap_or(3);
            let month = |d: time::OffsetDateTime| match known {
                true => format!("{}-{:02}", d.year(), u8::from(d.month())),
                false => format!("month {}", (d.year() - 1_970) * 12 + i32::from(u8::from(d.month())) - 1),
            };
            Self::calendar((begin, end), months, known, month)
        } else if days >= 1 {
            let every = DAY * [1, 2, 5].into_iter().find(|n| days / n <= most).unwrap_or(5);
            let day = |d: time::OffsetDateTime| match known {
                true => format!("{:02}-{:02}", u8::from(d.month()), d.day()),
                false => format!("day {}", d.unix_timestamp() / DAY),
            };
            Self::even(begin, end, every, day)
        } else {
            let seconds = end - begin;
            let every = [60, 300, 900, 3_600, 7_200].into_iter().find(|n| seconds / n <= most).unwrap_or(14_400);
            Self::even(begin, end, every, |d| format!("{:02}:{:02}", d.hour(), d.minute()))
        };
        Self { begin: begin as f64, end: end as f64, ticks }
    }

    fn calendar(
        (begin, end): (i64, i64),
        months: i32,
        known: bool,
        label: impl Fn(time::OffsetDateTime) -> String,
    ) -> Vec<(f64, String)> {
        let Ok(first) = time::OffsetDateTime::from_unix_timestamp(begin) else { return Vec::new() };
        let start = first.year() * 12 + i32::from(u8::from(first.month())) - 1;
        // Ticks of a time since the start stand at multiples from there.
        let anchor = if known { 0 } else { 12 * 1_970 };
        let start = (start - anchor).div_euclid(months) * months + anchor;
        (0..)
            .map(|n| start + n * months)
            .map_while(|month| {
                let name = time::Month::try_from(u8::try_from(month.rem_euclid(12) + 1).ok()?).ok()?;
                let day = time::Date::from_calendar_date(month.div_euclid(12), name, 1).ok()?;
                Some(day.midnight().assume_utc())
            })
            .take_while(|at| at.unix_timestamp() <= end)
            .filter(|at| at.unix_timestamp() >= begin)
            .map(|at| (at.unix_timestamp() as f64, label(at)))
            .collect()
    }

    fn even(begin: i64, end: i64, every: i64, label: impl Fn(time::OffsetDateTime) -> String) -> Vec<(f64, String)> {
        let first = begin.div_euclid(every) * every;
        (0..)
            .map(|n| first + n * every)
            .skip_while(|at| *at < begin)
            .take_while(|at| *at <= end)
            .filter_map(|at| Some((at as f64, label(time::OffsetDateTime::from_unix_timestamp(at).ok()?))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel() -> Panel {
        let year = 31_536_000;
        let point = |n: i64| {
            let (old, new) = (100e6, 20e6 * n as f64);
            Point { at: 1_600_000_000 + n * year, layers: vec![old, new], supply: old + new, circulating: old + new * 0.8 }
        };
        Panel {
            token: "AKT".into(),
            layers: vec!["investors".into(), "validators".into()],
            points: (0..12).map(point).collect(),
            cap: Some(389e6),
            cap_label: "cap 389 million".into(),
        }
    }

    #[test]
    fn a_picture_names_its_axes_its_layers_and_the_cap() {
        let svg = draw("Akash: supply", "by year", &[panel()], Dating::Calendar).unwrap();
        for word in ["Akash: supply", "million AKT", "investors", "validators", "cap 389 million", "circulating", "2022", "400"] {
            assert!(svg.contains(word), "{word} is missing");
        }
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn the_dashed_line_is_left_out_where_nothing_was_burnt() {
        let mut panel = panel();
        for point in &mut panel.points {
            point.circulating = point.layers.iter().sum();
        }
        assert!(!draw("t", "s", &[panel], Dating::Calendar).unwrap().contains("circulating"));
    }

    #[test]
    fn steps_are_round_and_told_in_a_unit_that_keeps_them_short() {
        let labels = |highest| {
            let scale = Scale::of(highest, 8);
            ((0..=scale.steps).map(|n| scale.label(n)).collect::<Vec<_>>(), scale.unit)
        };
        assert_eq!(labels(389e6), (["0", "100", "200", "300", "400"].map(String::from).to_vec(), "million"));
        assert_eq!(labels(2e9), (["0.0", "0.5", "1.0", "1.5", "2.0"].map(String::from).to_vec(), "billion"));
        assert_eq!(labels(0.0).1, "");
    }

    #[test]
    fn ticks_fall_on_beginnings_of_the_calendar() {
        let at = |text: &str| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
        let ticks = |from: &str, until: &str| {
            let dates = Dates::of(at(from).unix_timestamp(), at(until).unix_timestamp(), Dating::Calendar);
            dates.ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(ticks("2020-09-25T14:00:00Z", "2024-06-01T00:00:00Z"), ["2021", "2022", "2023", "2024"]);
        assert_eq!(ticks("2020-01-01T00:00:00Z", "2070-01-01T00:00:00Z")[1], "2025");
        assert_eq!(ticks("2024-01-15T00:00:00Z", "2024-04-15T00:00:00Z"), ["2024-02", "2024-03", "2024-04"]);
        assert_eq!(ticks("2024-01-15T00:00:00Z", "2024-01-18T00:00:00Z"), ["01-15", "01-16", "01-17", "01-18"]);
    }

    #[test]
    fn ticks_of_a_network_without_a_launch_are_counted_from_its_start() {
        let year = 31_557_600;
        let labels =
            |until: i64| Dates::of(0, until, Dating::SinceStart).ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(3 * year), ["year 0", "year 1", "year 2"]);
        assert_eq!(labels(90 * 86_400), ["month 0", "month 1", "month 2", "month 3"]);
        assert_eq!(labels(30 * year)[1], "year 5");
    }
}
