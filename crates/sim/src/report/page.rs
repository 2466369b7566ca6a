//! The report of one experiment.

use super::{
    chart::{CHARTS, ChartBands, Drawn, quantities},
    figures,
    html::{GENERATOR_ANY, Page, json, safe},
    shown::length,
};
use crate::{
    experiment::RUNS_PER_DRAW,
    results::{Results, ResultsError, Setting, Summary},
};
use depin_quantity::group_digits;

const DAY_MS: u64 = 86_400_000;

/// The page of a folder of results.
///
/// # Errors
/// Those of reading the table of runs.
pub fn page(results: &Results) -> Result<String, ResultsError> {
    let (identity, summary) = (&results.identity, &results.summary);
    let subsets = results.bands(&quantities())?;
    let (mut places, mut drawn, mut offset): (String, Vec<Drawn>, usize) = (String::new(), Vec::new(), 0);
    let units = &identity.scenario.unit[1];
    for chart in CHARTS {
        let bands = ChartBands { chart, subsets: &subsets, offset };
        offset += chart.lines.len();
        if let Some(one) = bands.drawn() {
            drawn.push(one);
            places += &bands.figure(units);
        }
    }
    let title = format!("{}: {}", identity.network.title, identity.scenario.title);
    let body = format!(
        "{}{}{}<h2>Over time</h2>\n<p class=\"soft\">Of all runs at each time: the median, the band of half of them, and the band of nine \
         tenths. Dashed: the median under another treatment, on the same people and chance. A run that ended early counts until then.</p>\n\
         <div class=\"charts\">\n{places}</div>\n{}<h2>All key figures</h2>\n{SIGN}{}{}{}{}{FOOT}",
        head(results),
        notices(identity.first_day.as_deref(), summary),
        figures::cards(summary),
        conversion(summary, units),
        figures::table(summary),
        compared(summary),
        audit(summary),
        inputs(results),
    );
    Ok(Page { title: &title, body: &body, charts: &json(&drawn) }.text())
}

/// Whether a text is a page that this crate wrote, which may be replaced by another.
pub fn is_page(text: &str) -> bool {
    text.contains(GENERATOR_ANY)
}

const CONVERSION: &str = "<p class=\"soft\">What rewards turned into, by whom they went to and never pooled. Caused: what there is more than \
     in the run without rewards, on the same people and chance; only this may be called caused. Average: all there is, divided by all that \
     was given; it says nothing of what the reward did. Below each median, the 5th and the 95th percentile.</p>\n";

const SIGN: &str = "<p class=\"soft\">A sign is told only when both ends of the band from P5 to P95, each moved towards zero by two of \
     its standard errors, lie on one side of zero; otherwise it is undecided. Errors shown are twice the standard error. An \
     assumption in a paler shade moves the figure no more than chance would.</p>\n";

const FOOT: &str = "<footer class=\"faint\">A simulation is a what-if: it says what follows from the assumptions above, not what will \
     happen.</footer>\n";

fn head(results: &Results) -> String {
    let (identity, runs) = (&results.identity, results.summary.runs);
    let (scenario, plan) = (&identity.scenario, identity.plan);
    let start = scenario.start.get(..10).unwrap_or(&scenario.start);
    let drawn = if plan.fixed {
        "every assumption at its default; only chance varies".to_owned()
    } else {
        match runs.draws {
            1 => "one draw of the assumptions for all runs".to_owned(),
            draws => format!("{draws} draws of the assumptions, up to {RUNS_PER_DRAW} runs each"),
        }
    };
    let opening = match scenario.opening.as_str() {
        "aged" => "aged: it has lived by its rules since its launch",
        _ => "fresh: launched at the start",
    };
    format!(
        "<h1>{}</h1>\n<p class=\"lead\">{}: {}</p>\n<ul class=\"facts\"><li>from <b>{start}</b>, <b>{}</b></li><li><b>{}</b>, \
         {drawn}</li><li>seed <b>{}</b></li><li>opening {opening}</li><li>treatment <b>{}</b></li></ul>\n",
        safe(&identity.network.title),
        safe(&scenario.title),
        safe(&scenario.about),
        length(scenario.years),
        made(runs.done),
        plan.seed,
        safe(&scenario.treatment),
    )
}

fn made(runs: u32) -> String {
    if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") }
}

/// What a reader must know before any figure.
fn notices(first_day: Option<&str>, summary: &Summary) -> String {
    let runs = summary.runs;
    let mut text = String::new();
    let mut notice = |words: String| text += &format!("<p class=\"notice\">{words}</p>\n");
    if let Some(words) = first_day {
        notice(format!("At the defaults {}.", safe(words)));
    }
    if !summary.whole() {
        notice(format!("{} of {} made; <code>depin sim resume</code> makes the others.", runs.done, made(runs.asked)));
    }
    if runs.failed > 0 {
        notice(format!("{} of {} failed and in no figure; see below.", runs.failed, made(runs.done)));
    }
    if summary.audit.violated > 0 {
        notice(format!("<b class=\"bad\">The books of {} do not balance</b>; see below.", made(summary.audit.violated)));
    }
    if runs.done < 100 {
        notice(match runs.done {
            0 => "No run is done yet, so there are no figures.".to_owned(),
            1 => "One run is no band: what is shown of it is one course of things among many.".to_owned(),
            few => format!("{few} runs are few: the ends of the bands are uncertain, and most signs cannot be told."),
        });
    }
    text
}

fn conversion(summary: &Summary, units: &str) -> String {
    let tables = figures::conversion(summary, units);
    if tables.is_empty() { tables } else { format!("<h2>Incentive conversion</h2>\n{CONVERSION}{tables}") }
}

fn compared(summary: &Summary) -> String {
    let tables = figures::differences(summary);
    if tables.is_empty() {
        return tables;
    }
    format!(
        "<h2>Against other treatments</h2>\n<p class=\"soft\">What was asked for less the treatment, run by run on the same people and \
         chance.</p>\n{tables}"
    )
}

fn audit(summary: &Summary) -> String {
    let (audit, runs) = (&summary.audit, summary.runs);
    let verdict = if audit.violated == 0 {
        format!("<span class=\"good\">All books balance</span> in {}", made(audit.runs))
    } else {
        format!("<span class=\"bad\">The books of {} of {} do not balance</span>", audit.violated, made(audit.runs))
    };
    let mut text = format!(
        "<h2>Audit</h2>\n<p>{verdict}: {} rows of the ledger were checked at the ends of runs. The largest sum of all cash is {} millionths \
         of a dollar.</p>\n",
        group_digits(&audit.checked.to_string(), ','),
        safe(&audit.cash_left_micro_usd)
    );
    text += &list("What does not hold", &audit.violations, audit.violated as usize);
    text += &list("Runs that failed", &summary.failures, runs.failed as usize);
    if !summary.stopped.is_empty() {
        let ends = summary.stopped.iter().map(|(reason, count)| format!("<li>{}: {}</li>", made(*count), safe(reason)));
        text += &format!("<p>Runs that ended early, as the scenario says:</p>\n<ul>{}</ul>\n", ends.collect::<String>());
    }
    text
}

fn list(title: &str, failures: &[crate::results::Failure], all: usize) -> String {
    if failures.is_empty() {
        return String::new();
    }
    let lines = failures.iter().map(|failure| format!("<li>run {}: {}</li>\n", failure.run, safe(&failure.message)));
    let more = if all > failures.len() { "<li>… the table <code>outcomes</code> has all</li>" } else { "" };
    format!("<p>{title}:</p>\n<ul>{}{more}</ul>\n", lines.collect::<String>())
}

/// The command that makes the same results again, from the files that are kept.
const AGAIN: &str = "depin sim run --again . --out ../again";

fn inputs(results: &Results) -> String {
    let identity = &results.identity;
    let set = |setting: &Setting| {
        let against = setting.against.as_ref().map(|key| format!(", taken from {}", safe(key))).unwrap_or_default();
        format!("<li><code>{}</code> = {}{against}</li>", safe(&setting.key), safe(&setting.value))
    };
    let recorded = identity.agents_every.map(|rows| {
        let days = u64::from(rows) * identity.scenario.record_ms / DAY_MS;
        let every = if days == 1 { "day".to_owned() } else { format!("{days} days") };
        format!(" Single providers were recorded every {every}.")
    });
    let (plan, recorded) = (identity.plan, recorded.unwrap_or_default());
    let set = match identity.set.iter().map(set).collect::<String>() {
        none if none.is_empty() => String::new(),
        list => format!("<p>Set by hand; the files below have it already:</p>\n<ul>{list}</ul>\n"),
    };
    let texts = results.inputs.scenario.iter().map(|(name, text)| {
        format!("<details><summary>The scenario: {}</summary><pre>{}</pre></details>\n", safe(name), safe(text))
    });
    let texts: String = texts.collect();
    let files = results.summary.files.iter().map(|(name, sum)| {
        format!(
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"key\">{}</td></tr>\n",
            safe(name),
            sum.bytes,
            safe(&sum.sha256)
        )
    });
    format!(
        "<h2>Exact inputs</h2>\n<p>The same files, seed and version give the same bytes on any machine and with any number of workers. In the \
         folder of this page:</p>\n<pre class=\"command\">{AGAIN}</pre>\n<p class=\"soft\">depin {}, results of format {}, {} of seed {}.{recorded} What was assumed in each draw stands in \
         <code>inputs/points.csv</code>, and beside each run's figures in <code>outcomes</code>.</p>\n{set}\
         <details><summary>The network's file, as it was run (SHA-256 {})</summary><pre>{}</pre></details>\n{texts}\
         <div class=\"wide\"><table>\n<thead><tr><th>table</th><th class=\"n\">bytes</th><th>SHA-256</th></tr></thead>\n<tbody>{}</tbody>\
         </table></div>\n",
        safe(&identity.depin),
        identity.format,
        made(plan.runs),
        plan.seed,
        short(&identity.network.sha256),
        safe(&results.inputs.network),
        files.collect::<String>()
    )
}

fn short(hash: &str) -> String {
    safe(hash.get(..16).unwrap_or(hash)) + "…"
}
