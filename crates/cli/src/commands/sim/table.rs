//! Key figures on a terminal of 80 columns.

use crate::output::{Output, Table, count, wrap};
use depin_sim::{
    experiment::Sign,
    report::{CARDS, ComparedFigure, Comparison, length, plain, shown, title, unit, unit_shown, with_error},
    results::{Estimate, Figure, Identity, Summary},
};

/// Columns of the table, whatever the terminal's are.
const WIDTH: u16 = 80;
/// What of conversion a terminal shows: by recipient, what was caused, per dollar when it was earned.
const CONVERSION: [(&str, &str); 3] = [("use", "useful use"), ("paid", "paid use"), ("revenue", "revenue")];

/// What was run, and its key figures.
pub fn text(identity: &Identity, summary: &Summary, out: &Output) -> String {
    let (scenario, runs) = (&identity.scenario, summary.runs);
    let start = scenario.start.get(..10).unwrap_or(&scenario.start);
    let mut text = format!("{}\n", out.bold(&format!("{}: {}", identity.network.title, scenario.title)));
    let drawn = if identity.plan.fixed { "assumptions fixed".to_owned() } else { count(runs.draws.into(), "draw", "draws") };
    text += &format!("from {start}, {}; {}, {drawn}, seed {}\n\n", length(scenario.years), made(runs.done), identity.plan.seed);
    text += &first_day(identity, out);
    text += &figures(summary, out);
    text += "\n";
    text += &conversion(summary, out);
    text + &footer(summary, out)
}

/// What is to be known of the first day.
fn first_day(identity: &Identity, out: &Output) -> String {
    let Some(words) = &identity.first_day else { return String::new() };
    format!("{}\n\n", wrap(&format!("at the defaults {words}"), narrow(out).width, 0).join("\n"))
}

fn figures(summary: &Summary, out: &Output) -> String {
    let mut table = Table::new(&["FIGURE", ">P5", ">P50", ">P95", "SIGN"]);
    let all = plain(summary);
    let of_cards = all.iter().filter(|(id, _)| CARDS.contains(id));
    for (id, figure) in of_cards.chain(all.iter().filter(|(id, _)| !CARDS.contains(id))).filter(|(_, figure)| figure.runs > 0) {
        let beside = unit_shown(unit(id));
        let name = if beside.is_empty() { title(id) } else { format!("{}, {beside}", title(id)) };
        table.row(row(name, figure, unit(id)));
    }
    table.render_or(&narrow(out), "no run is done, so there are no figures")
}

fn conversion(summary: &Summary, out: &Output) -> String {
    let mut table = Table::new(&["CAUSED BY A DOLLAR OF REWARD TO", ">P5", ">P50", ">P95", "SIGN"]);
    for recipient in ["providers", "stakers", "holders"] {
        for (what, words) in CONVERSION {
            let figure = summary.kpis.get(&format!("conversion.{recipient}.{what}.earned.incremental"));
            // Whoever got no reward caused nothing with it.
            if let Some(figure) = figure.filter(|figure| figure.runs > 0) {
                table.row(row(format!("{recipient}: {words}, USD"), figure, ""));
            }
        }
    }
    if table.is_empty() { String::new() } else { table.render(&narrow(out)) + "\n" }
}

fn made(runs: u32) -> String {
    count(runs.into(), "run", "runs")
}

/// As wide as the terminal, and never wider than a table is.
pub const fn narrow(out: &Output) -> Output {
    Output { width: if out.width < WIDTH { out.width } else { WIDTH }, ..*out }
}

fn row(name: String, figure: &Figure, unit: &str) -> [String; 5] {
    let p50 = with_error(twice(figure.p50), unit);
    // A sign is worth a word where a figure can have either.
    let sign = match figure.sign {
        Sign::Undecided if figure.below_zero == 0.0 || figure.above_zero == 0.0 => "",
        Sign::Positive if figure.p5.value >= 0.0 && figure.below_zero == 0.0 => "",
        sign => sign.name(),
    };
    [name, shown(figure.p5.value, unit), p50, shown(figure.p95.value, unit), sign.to_owned()]
}

fn twice(estimate: Estimate) -> Estimate {
    Estimate { error: estimate.error.map(|error| 2.0 * error), ..estimate }
}

fn footer(summary: &Summary, out: &Output) -> String {
    let (runs, audit) = (summary.runs, &summary.audit);
    let mut text = match audit.violated {
        0 => format!("books balance in {} ({} rows checked)\n", made(audit.runs), audit.checked),
        n => format!("{}\n", out.bad(&format!("the books of {} do not balance; see the report", made(n)))),
    };
    if runs.failed > 0 {
        let first = summary.failures.first().map(|one| format!(": run {}, {}", one.run, one.message)).unwrap_or_default();
        text += &format!("{}{first}\n", out.bad(&format!("{} failed", made(runs.failed))));
    }
    if runs.stopped > 0 {
        text += &format!("{} ended early, as the scenario says\n", made(runs.stopped));
    }
    text + "± is twice the standard error, in the unit of the median;\nundecided: the sign changes inside the ranges\n"
}

/// Several experiments side by side.
pub fn comparison(comparison: &Comparison, out: &Output) -> String {
    let mut text = String::new();
    let heads: Vec<String> =
        std::iter::once("FIGURE".to_owned()).chain((1..=comparison.names.len()).map(|number| format!(">[{number}]"))).collect();
    for (number, name) in (1..).zip(&comparison.names) {
        text += &format!("[{number}] {name}\n");
    }
    for one in &comparison.left_out {
        text += &format!("{}\n", wrap(&format!("left out: {one}"), narrow(out).width, 2).join("\n  "));
    }
    let mut table = Table::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    let shown_of = |figure: &&ComparedFigure| {
        !figure.id.starts_with("conversion.") || (figure.id.ends_with(".earned.incremental") && !figure.id.contains("-units."))
    };
    for figure in comparison.figures.iter().filter(shown_of) {
        let cell = |(own, less): (&Option<Figure>, &Option<Figure>)| {
            let Some(own) = own else { return "-".to_owned() };
            let mark = match less.as_ref().map(|less| less.sign) {
                Some(Sign::Positive) => " +",
                Some(Sign::Negative) => " -",
                Some(Sign::Undecided) => " ?",
                Some(Sign::Zero) => " =",
                None => "",
            };
            format!("{}{mark}", shown(own.p50.value, &figure.unit))
        };
        let cells = figure.each.iter().zip(&figure.less_first).map(cell);
        table.row(std::iter::once(name(figure)).chain(cells));
    }
    text += "\n";
    text += &table.render(&narrow(out));
    text + "\nmedians; against [1]: + more, - less, = the same, ? undecided\n"
}

fn name(figure: &ComparedFigure) -> String {
    let short = figure.id.strip_prefix("conversion.").and_then(|rest| rest.strip_suffix(".earned.incremental"));
    let beside = unit_shown(&figure.unit);
    match short.and_then(|rest| rest.split_once('.')) {
        Some((recipient, what)) => format!("caused by a reward to {recipient}: {what}"),
        None if beside.is_empty() => figure.title.clone(),
        None => format!("{}, {beside}", figure.title),
    }
}
