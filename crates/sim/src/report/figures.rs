//! Key figures on the page: cards of the most telling ones, and a table of all with their definitions.

use super::{
    chart::{capital, pair_label},
    html::safe,
    shown::{band, shown, unit_shown, with_error},
};
use crate::{
    experiment::Sign,
    kpi::{kpi, kpis, regional},
    results::{COLUMNS, Estimate, Figure, Kind, Mover, Summary, TREATMENTS, column, subset_number, treatment_name},
};

/// Key figures that get a card, in this order.
pub const CARDS: [&str; 10] = [
    "burn-to-mint",
    "months-to-burn-over-mint",
    "dilution",
    "subsidy-ratio",
    "utilisation",
    "demand-served",
    "payback-months",
    "margin",
    "death-spiral",
    "conversion.providers.paid.earned.incremental",
];

/// The unit of what is so or not so: 1 or 0 in a run.
pub const YES_OR_NO: &str = "0 or 1";

/// How a key figure is called.
pub fn title(id: &str) -> String {
    let regional = || regional(id).map(|(one, region)| format!("{} {region}", one.title));
    kpi(id).map(|kpi| kpi.title.to_owned()).or_else(regional).unwrap_or_else(|| id.to_owned())
}

/// The same where there is little room.
fn short_title(id: &str) -> String {
    match id {
        "conversion.providers.paid.earned.incremental" => "Paid use caused by a dollar of reward".to_owned(),
        _ => title(id),
    }
}

/// The unit of a key figure.
pub fn unit(id: &str) -> &'static str {
    kpi(id).map(|kpi| kpi.unit).or_else(|| regional(id).map(|(one, _)| one.unit)).unwrap_or_default()
}

/// The place of a key figure in the order in which they are defined.
pub fn place(id: &str) -> usize {
    kpis().position(|kpi| kpi.id.0 == id).unwrap_or(usize::MAX)
}

/// Key figures of a summary in the order in which they are defined, those of conversion aside: there they have their own tables.
pub fn plain(summary: &Summary) -> Vec<(&str, &Figure)> {
    let mut list: Vec<(&str, &Figure)> = summary.kpis.iter().map(|(id, figure)| (id.as_str(), figure)).collect();
    list.retain(|(id, _)| !id.starts_with("conversion."));
    list.sort_by_key(|(id, _)| place(id));
    list
}

/// A card for each of the most telling figures that are defined.
pub fn cards(summary: &Summary) -> String {
    let known = CARDS.iter().filter_map(|id| Some((*id, summary.kpis.get(*id)?))).filter(|(_, figure)| figure.runs > 0);
    let cards: String = known.map(|(id, figure)| card(id, figure)).collect();
    if cards.is_empty() { String::new() } else { format!("<div class=\"cards\">\n{cards}</div>\n{CARDS_NOTE}") }
}

const CARDS_NOTE: &str = "<p class=\"faint\">The median of all runs, with twice its standard error; below it the 5th and the 95th \
     percentile. The bar is the part of the variance that the assumptions make, the rest is chance; below it, the assumptions that move \
     the figure most, with their rank correlation.</p>\n";

fn card(id: &str, figure: &Figure) -> String {
    let unit = unit(id);
    // Of what is so or not so, the part of the runs tells more than a median.
    let (shown_of, unit, spread) = match unit {
        YES_OR_NO => (figure.mean, "share", "of the runs".to_owned()),
        unit => (figure.p50, unit, band(figure, unit)),
    };
    let beside = unit_shown(unit);
    let beside = if beside.is_empty() || shown_of.value.is_infinite() { String::new() } else { format!(" {beside}") };
    let [value, error] = [shown(shown_of.value, unit), error(shown_of, unit)];
    let split = figure.variance_by_assumptions.map_or_else(String::new, |share| {
        format!(
            "<div class=\"split\" title=\"{0} of the variance by assumptions\"><i style=\"width:{1:.0}%\"></i></div>",
            shown(share.value, "share"),
            share.value * 100.0
        )
    });
    format!(
        "<div class=\"card\"><h3>{}{}</h3><div class=\"value\">{value}<small>{beside}{error}</small></div><div class=\"band\">{}</div>\
         {split}<div class=\"moved\">{}</div></div>\n",
        safe(&short_title(id)),
        sign(figure),
        spread,
        moved(&figure.moved_by)
    )
}

fn error(estimate: Estimate, unit: &str) -> String {
    let whole = with_error(twice(estimate), unit);
    whole.split_once(" ± ").map_or_else(String::new, |(_, error)| format!(" ± {error}"))
}

/// A number, and its error in a line below.
fn below(estimate: Estimate, unit: &str) -> String {
    let error = with_error(estimate, unit);
    match error.split_once(" ± ") {
        Some((value, error)) => format!("{value}<br><small>± {error}</small>"),
        None => error,
    }
}

/// Twice the standard error is what is shown: the true value lies within in nineteen of twenty reports.
fn twice(estimate: Estimate) -> Estimate {
    Estimate { error: estimate.error.map(|error| 2.0 * error), ..estimate }
}

/// A badge where some runs have one sign and some the other.
fn sign(figure: &Figure) -> String {
    if figure.sign != Sign::Undecided || figure.below_zero == 0.0 || figure.above_zero == 0.0 {
        return String::new();
    }
    format!(
        "<span class=\"badge\" title=\"above zero in {} of the runs, below in {}\">undecided</span>",
        shown(figure.above_zero, "share"),
        shown(figure.below_zero, "share")
    )
}

fn moved(movers: &[Mover]) -> String {
    let one = |mover: &Mover| format!("{} {:+.2}", safe(short_key(&mover.key)), mover.rank_correlation);
    let clear: Vec<String> = movers.iter().filter(|mover| mover.clear).map(one).collect();
    if clear.is_empty() { String::new() } else { clear.join(" · ") }
}

/// A key without what all of them begin with.
pub fn short_key(key: &str) -> &str {
    key.strip_prefix("scenario.").unwrap_or(key)
}

/// All key figures in one table.
pub fn table(summary: &Summary) -> String {
    let rows = plain(summary).into_iter().map(|(id, figure)| row(&title(id), &definition(id), figure, unit(id)));
    frame(&rows.collect::<String>())
}

/// How a key figure is computed, and where that comes from.
pub fn definition(id: &str) -> String {
    let known = kpi(id).map(|kpi| (kpi.formula, kpi.source));
    let Some((formula, source)) = known.or_else(|| regional(id).map(|(one, _)| (one.formula, one.source))) else {
        return String::new();
    };
    let source = if source.is_empty() { String::new() } else { format!(" Source: {}.", safe(source)) };
    format!("<span class=\"def\">{}.{source} <code>{}</code></span>", safe(formula.trim_end_matches('.')), safe(id))
}

const HEAD: &str = "<tr><th>figure</th><th class=\"n\">P5</th><th class=\"n\">P50</th><th class=\"n\">P95</th><th>sign</th>\
                    <th class=\"n\">by assumptions</th><th>moved most by</th></tr>";

fn frame(rows: &str) -> String {
    if rows.is_empty() {
        return "<p class=\"soft\">There is none yet: no run is done.</p>\n".to_owned();
    }
    format!("<div class=\"wide\"><table>\n<thead>{HEAD}</thead>\n<tbody>{rows}</tbody></table></div>\n")
}

fn row(title: &str, definition: &str, figure: &Figure, unit: &str) -> String {
    let beside = unit_shown(unit);
    let unit_text = if beside.is_empty() { String::new() } else { format!(" <small>{}</small>", safe(beside)) };
    let percentile = |estimate| below(twice(estimate), unit);
    let p50 = if unit == YES_OR_NO {
        format!("{}<br><small>of the runs</small>", with_error(twice(figure.mean), "share"))
    } else {
        percentile(figure.p50)
    };
    let variance = figure.variance_by_assumptions.map_or_else(|| "-".to_owned(), |share| below(twice(share), "share"));
    let sign = match figure.sign {
        _ if figure.runs == 0 => "-".to_owned(),
        Sign::Undecided => "<span class=\"badge\">undecided</span>".to_owned(),
        sign => sign.name().to_owned(),
    };
    let movers = figure.moved_by.iter().map(|mover| {
        let class = if mover.clear { "" } else { " class=\"faint\"" };
        format!("<span{class}>{} {:+.2}</span>", safe(short_key(&mover.key)), mover.rank_correlation)
    });
    format!(
        "<tr><td>{}{unit_text}{definition}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{sign}</td>\
         <td class=\"n\">{variance}</td><td class=\"key\">{}</td></tr>\n",
        safe(title),
        percentile(figure.p5),
        p50,
        percentile(figure.p95),
        movers.collect::<String>()
    )
}

/// What rewards brought, and the words for it; the service's unit goes into the braces.
const BROUGHT: [(&str, &str); 5] = [
    ("use", "useful use, USD at the alternative's price"),
    ("use-units", "useful use, {units}"),
    ("paid", "paid use, USD at the alternative's price"),
    ("paid-units", "paid use, {units}"),
    ("revenue", "revenue from third parties, USD"),
];
const COSTS: [(&str, &str); 3] = [
    ("earned", "per USD of reward, when earned"),
    ("sold", "per USD of reward, when sold"),
    ("dilution", "per percent of supply"),
];
/// Stands above what rewards to others than providers come to.
const OTHERS: &str = "<p class=\"soft\">The same use and the same difference, divided by what these got. They were never given alone, so \
     it is a ratio and no effect of theirs: without tokens, stake, fees and burning are gone as well.</p>\n";
const HOW: [(&str, &str); 2] = [("incremental", "caused (incremental)"), ("average", "average")];

/// Incentive conversion by recipient, never pooled; averages and what was caused stand apart.
pub fn conversion(summary: &Summary, units: &str) -> String {
    let mut recipients: Vec<&str> =
        summary.kpis.keys().filter_map(|id| id.strip_prefix("conversion.")?.split('.').next()).collect();
    recipients.dedup();
    // Providers first: their work is what rewards are for.
    recipients.sort_by_key(|recipient| *recipient != "providers");
    recipients
        .iter()
        .map(|recipient| {
            let note = if *recipient == "providers" { "" } else { OTHERS };
            format!("<h3 class=\"part\">Rewards to {}</h3>\n{note}{}", safe(recipient), matrix(summary, recipient, units))
        })
        .collect()
}

fn matrix(summary: &Summary, recipient: &str, units: &str) -> String {
    let figure = |what: &str, by: &str, how: &str| {
        summary.kpis.get(&format!("conversion.{recipient}.{what}.{by}.{how}")).filter(|figure| figure.runs > 0)
    };
    let columns: Vec<(&str, &str, &str)> = HOW
        .iter()
        .flat_map(|(how, _)| COSTS.iter().map(move |(by, words)| (*how, *by, *words)))
        .filter(|(how, by, _)| BROUGHT.iter().any(|(what, _)| figure(what, by, how).is_some()))
        .collect();
    let groups = HOW.iter().map(|(how, words)| {
        let wide = columns.iter().filter(|(own, ..)| own == how).count();
        if wide == 0 { String::new() } else { format!("<th class=\"group\" colspan=\"{wide}\">{words}</th>") }
    });
    let groups: String = groups.collect();
    let heads: String = columns.iter().map(|(_, _, words)| format!("<th class=\"n\">{words}</th>")).collect();
    let mut rows = String::new();
    for (what, words) in BROUGHT {
        let cells = columns.iter().map(|(how, by, _)| {
            let cell = figure(what, by, how).map_or_else(
                || "-".to_owned(),
                |figure| {
                    let median = format!("{} <small>{}</small>", shown(figure.p50.value, ""), error(figure.p50, ""));
                    format!("{median} {}<br><small>{}</small>", sign(figure), band(figure, ""))
                },
            );
            format!("<td class=\"n\">{cell}</td>")
        });
        rows += &format!("<tr><td>{}</td>{}</tr>\n", safe(&words.replace("{units}", units)), cells.collect::<String>());
    }
    format!(
        "<div class=\"wide\"><table>\n<thead><tr><th></th>{groups}</tr><tr><th></th>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
    )
}

/// What was asked for less each treatment beside it, run by run.
pub fn differences(summary: &Summary) -> String {
    let mut text = String::new();
    for treatment in TREATMENTS {
        let Some(list) = summary.differences.get(treatment_name(treatment)) else { continue };
        let rows: String = (list.iter())
            .map(|(name, figure)| {
                let (title, unit, kind) = column(name)
                    .map_or((name.as_str(), "", Kind::Stock), |at| (COLUMNS[at].title, COLUMNS[at].unit, COLUMNS[at].kind));
                let over = if kind == Kind::Flow { "over the whole run" } else { "at the end" };
                row(title, &format!("<span class=\"def\">{over}</span>"), figure, unit)
            })
            .collect();
        text += &format!("<h3>Less {}</h3>\n{}", capital(pair_label(subset_number(treatment))).to_lowercase(), frame(&rows));
    }
    text
}
