//! Several experiments side by side: one table, one page.

use super::{
    figures::{definition, place, title, unit},
    html::{Page, json, safe},
    overlay::Overlays,
    shown::{band, length, shown, unit_shown, with_error},
};
use crate::results::{Estimate, Figure, Results, ResultsError, TableReader, difference};
use serde::Serialize;

/// Several experiments side by side.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// What each one is called.
    pub names: Vec<String>,
    /// What was asked for and could not be simulated: each with its reason.
    pub left_out: Vec<String>,
    /// What of them is not alike, so that figures beside each other are not of the same.
    pub unlike: Vec<String>,
    /// Whether each one is held against the first run by run: one seed, and runs of the same time.
    pub paired: Vec<bool>,
    /// Key figures that any of them has.
    pub figures: Vec<ComparedFigure>,
}

/// One key figure in each experiment.
#[derive(Debug, Serialize)]
pub struct ComparedFigure {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What one of it is.
    pub unit: String,
    /// It in each experiment, in the order of the names.
    pub each: Vec<Option<Figure>>,
    /// Each less the first: run by run where they share their chance.
    pub less_first: Vec<Option<Figure>>,
}

impl Comparison {
    /// Compares what folders hold.
    ///
    /// # Errors
    /// Those of reading their tables.
    pub fn new(list: &[Results]) -> Result<Self, ResultsError> {
        let defined = |one: &Results, id: &str| one.summary.kpis.get(id).is_some_and(|figure| figure.runs > 0);
        let mut ids: Vec<&String> = list.iter().flat_map(|one| one.summary.kpis.keys()).collect();
        ids.sort_by_key(|id| (place(id), (*id).clone()));
        ids.dedup();
        ids.retain(|id| list.iter().any(|one| defined(one, id)));
        let tables = list.iter().map(Results::outcomes).collect::<Result<Vec<_>, _>>()?;
        let paired: Vec<bool> = list.iter().map(|one| runs_as(&list[0], one)).collect();
        let mut figures = Vec::new();
        for id in ids {
            let each: Vec<Option<Figure>> = list.iter().map(|one| one.summary.kpis.get(id).cloned()).collect();
            let mut less_first = vec![None];
            for index in 1..list.len() {
                less_first.push(less(id, list, &tables, &each, &paired, index)?);
            }
            figures.push(ComparedFigure { id: id.clone(), title: title(id), unit: unit(id).to_owned(), each, less_first });
        }
        let names = names(list);
        let unlike = unlike(&names, list);
        Ok(Self { names, left_out: Vec::new(), unlike, paired, figures })
    }

    /// Them on one page.
    ///
    /// # Errors
    /// Those of reading their tables.
    pub fn page(&self, list: &[Results]) -> Result<String, ResultsError> {
        let overlays = Overlays::new(&self.names, list)?;
        let title = format!("{} side by side", self.names.join(", "));
        let facts = self.names.iter().zip(list).map(|(name, one)| {
            let (scenario, runs) = (&one.identity.scenario, one.summary.runs);
            let start = scenario.start.get(..10).unwrap_or(&scenario.start);
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{start}, {}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                safe(name),
                safe(&one.identity.network.title),
                safe(&scenario.title),
                length(scenario.years),
                runs.done,
                one.identity.plan.seed
            )
        });
        let body = format!(
            "<h1>{}</h1>\n<p class=\"lead\">Experiments side by side: the same figures, by the same definitions.</p>\n<div class=\"wide\">\
             <table>\n<thead><tr><th></th><th>network</th><th>scenario</th><th>time</th><th class=\"n\">runs</th><th class=\"n\">seed</th></tr>\
             </thead>\n<tbody>{}</tbody></table></div>\n{}<h2>Over time</h2>\n<p class=\"soft\">The median of all runs of each, and the band of \
             nine tenths of them.</p>\n<div class=\"charts\">\n{}</div>\n<h2>Key figures</h2>\n<p class=\"soft\">The median, below it the 5th \
             and the 95th percentile. {}</p>\n{}",
            safe(&self.names.join(" · ")),
            facts.collect::<String>(),
            self.notices(list),
            overlays.figures(),
            self.pairing(),
            self.table(),
        );
        Ok(Page { title: &title, body: &body, charts: &json(&overlays.drawn()) }.text())
    }

    /// What a reader must know before any figure: what was left out, what is not alike, and fleets that do not begin whole.
    fn notices(&self, list: &[Results]) -> String {
        let left_out = self.left_out.iter().map(|one| format!("Left out: {}.", safe(one)));
        let first = self.names.iter().zip(list);
        let first =
            first.filter_map(|(name, one)| Some(format!("{}: {}.", safe(name), safe(one.identity.first_day.as_deref()?))));
        let unlike = self.unlike.iter().map(|words| safe(words));
        left_out.chain(unlike).chain(first).map(|words| format!("<p class=\"notice\">{words}</p>\n")).collect()
    }

    fn pairing(&self) -> &'static str {
        if self.paired.iter().all(|paired| *paired) {
            "Differences from the first are taken run by run: runs of one number share the seed's chance, as far as they have the same \
             people and draw the same assumptions."
        } else {
            "Differences from the first are taken run by run where both have one seed and runs of the same time, and else between the \
             medians."
        }
    }

    /// All columns have the same part of the page, so that none is lost, however many there are: each figure's name stands above them.
    fn table(&self) -> String {
        let heads: String = self.names.iter().map(|name| format!("<th class=\"n\">{}</th>", safe(name))).collect();
        let rows: String = self.figures.iter().map(ComparedFigure::rows).collect();
        format!("<table class=\"beside\">\n<thead><tr>{heads}</tr></thead>\n{rows}</table>\n")
    }
}

impl ComparedFigure {
    fn rows(&self) -> String {
        let cell = |(figure, less): (&Option<Figure>, &Option<Figure>)| {
            let Some(figure) = figure else { return "<td class=\"n\">-</td>".to_owned() };
            let less = less.as_ref().filter(|less| !less.p50.value.is_nan()).map_or_else(String::new, |less| {
                let sign = if less.p50.value > 0.0 { "+" } else { "" };
                format!("<br><small>{sign}{} ({})</small>", with_error(twice(less.p50), &self.unit), less.sign.name())
            });
            format!(
                "<td class=\"n\">{}<br><small>{}</small>{less}</td>",
                shown(figure.p50.value, &self.unit),
                band(figure, &self.unit)
            )
        };
        let unit = unit_shown(&self.unit);
        let unit = if unit.is_empty() { String::new() } else { format!(" <small>{}</small>", safe(unit)) };
        let cells: String = self.each.iter().zip(&self.less_first).map(cell).collect();
        let (wide, title, definition) = (self.each.len(), safe(&self.title), definition(&self.id));
        format!(
            "<tbody><tr><td class=\"figure\" colspan=\"{wide}\">{title}{unit}{definition}</td></tr>\n<tr>{cells}</tr></tbody>\n"
        )
    }
}

fn twice(estimate: Estimate) -> Estimate {
    Estimate { error: estimate.error.map(|error| 2.0 * error), ..estimate }
}

/// Whether runs of one number have the same chance and the same time, so that their figures are set against each other.
fn runs_as(one: &Results, other: &Results) -> bool {
    let plan = |one: &Results| (one.identity.plan.seed, one.identity.plan.fixed);
    let time = |one: &Results| (one.identity.scenario.start.clone(), one.identity.scenario.years.to_bits());
    plan(one) == plan(other) && time(one) == time(other)
}

/// What of experiments is not alike, in words.
fn unlike(names: &[String], list: &[Results]) -> Vec<String> {
    let each = |of: &dyn Fn(&Results) -> String| -> Option<String> {
        let all: Vec<String> = list.iter().map(of).collect();
        let told = || names.iter().zip(&all).map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
        all.iter().any(|one| *one != all[0]).then(told)
    };
    let time = |one: &Results| {
        let scenario = &one.identity.scenario;
        format!("{} from {}", length(scenario.years), scenario.start.get(..10).unwrap_or(&scenario.start))
    };
    let assumptions = |one: &Results| if one.identity.plan.fixed { "fixed" } else { "drawn" }.to_owned();
    let mut words = Vec::new();
    let mut say =
        |each: Option<String>, before: &str, behind: &str| words.extend(each.map(|told| format!("{before}: {told}. {behind}")));
    say(
        each(&time),
        "Runs are not of the same time",
        "Figures of whole runs are of other times, and differences are only those of medians.",
    );
    say(
        each(&|one| one.summary.runs.done.to_string()),
        "Not equally many runs are done",
        "The fewer there are, the less sure a figure is; differences run by run are over those that both have.",
    );
    say(each(&|one| one.identity.plan.seed.to_string()), "Seeds are not the same", "Runs of another seed share no chance.");
    say(each(&assumptions), "Assumptions are not treated alike", "Bands with drawn ones are wider for that alone.");
    words
}

/// A figure less that of the first experiment.
fn less(
    id: &str,
    list: &[Results],
    tables: &[TableReader],
    each: &[Option<Figure>],
    paired: &[bool],
    index: usize,
) -> Result<Option<Figure>, ResultsError> {
    let (Some(first), Some(own)) = (&each[0], &each[index]) else { return Ok(None) };
    if paired[index] {
        return difference(&tables[index], &tables[0], list[index].identity.plan, id).map(Some);
    }
    Ok(own.apart(first))
}

/// What each is called: its network and scenario; where that does not tell them apart, its folder's name, or its whole path.
fn names(list: &[Results]) -> Vec<String> {
    let ways: [fn(&Results) -> String; 3] = [
        |one| format!("{} {}", one.identity.network.name, one.identity.scenario.name),
        |one| one.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        |one| one.path.display().to_string(),
    ];
    let all = ways.map(|way| list.iter().map(way).collect::<Vec<String>>());
    let own = |index: usize| {
        let alone = all.iter().find(|names| names.iter().filter(|name| **name == names[index]).count() == 1);
        alone.unwrap_or(&all[2])[index].clone()
    };
    (0..list.len()).map(own).collect()
}
