//! The page of backtests.

use super::{
    chart::{Drawn, DrawnLine, Short, capital},
    html::{Page, json, safe},
    shown::shown,
};
use crate::backtest::{CALIBRATION, Forecast, GIVEN, HORIZONS, Kind, MODELS, ModelScore, OURS, Study};
use time::Date;

/// What is drawn of the plain forecasts: the median of the simplest.
const BESIDE: &str = MODELS[1];

/// Backtests of some series, on one page.
pub fn backtest_page(studies: &[Study]) -> String {
    let names: Vec<&str> = studies.iter().map(|study| study.network.as_str()).collect();
    let title = format!("Backtest: {}", names.first().copied().unwrap_or_default());
    let (mut body, mut drawn) = (format!("<h1>{}</h1>\n", safe(&title)), Vec::new());
    body += &format!(
        "<p class=\"lead\">Forecasts of demand, scored on weeks that they had not seen.</p>\n<p>Every forecast was given {}. Scores are \
         pinball losses over the levels 5, 25, 50, 75 and 95 %, in natural logarithms: smaller is better. A band that says what it means \
         holds its own part of the outcomes.</p>\n<p class=\"notice\">{}</p>\n",
        safe(GIVEN),
        safe(CALIBRATION)
    );
    for (nth, study) in studies.iter().enumerate() {
        body += &section(study, nth, &mut drawn);
    }
    Page { title: &title, body: &body, charts: &json(&drawn) }.text()
}

fn section(study: &Study, nth: usize, drawn: &mut Vec<Drawn>) -> String {
    let (first, last) = study.series.span();
    let mut places = String::new();
    for horizon in HORIZONS {
        let own: Vec<&Forecast> = study.backtest.forecasts.iter().filter(|one| one.horizon == horizon).collect();
        if own.is_empty() {
            continue;
        }
        let id = format!("backtest-{nth}-{horizon}");
        places += &format!(
            "<figure id=\"chart-{id}\">\n<h3>{horizon} weeks ahead <small>{}, powers of ten</small></h3>\n<div class=\"legend\"></div>\n<div \
             class=\"plot\" role=\"img\" aria-label=\"Forecasts of {horizon} weeks\"></div>\n<figcaption>{}</figcaption>\n</figure>\n",
            safe(&study.title),
            match study.series.kind {
                Kind::Flow => "By the first week that was not known: the mean of a week over the weeks ahead.",
                Kind::Stock => "By the first week that was not known: what there was after the weeks ahead.",
            }
        );
        drawn.push(chart(&id, &own));
    }
    let remarks: String = study.remarks().iter().map(|remark| format!("<li>{}</li>\n", safe(remark))).collect();
    format!(
        "<h2>{}</h2>\n<ul class=\"facts\"><li>column <b>{}</b> of <b>{}</b></li><li>{} weeks from <b>{first}</b> to <b>{last}</b></li><li>learnt \
         until <b>{}</b></li></ul>\n<p class=\"soft\">{}</p>\n{}<ul>\n{remarks}</ul>\n<div class=\"charts\">\n{places}</div>\n{}",
        safe(&capital(&study.title)),
        safe(&study.column),
        safe(&study.file),
        study.series.weeks.len(),
        study.backtest.train_until,
        safe(&study.source),
        scores(study),
        issuance(study),
    )
}

fn scores(study: &Study) -> String {
    let mut rows = String::new();
    for (at, horizon) in HORIZONS.into_iter().enumerate() {
        for model in MODELS {
            let ModelScore { forecasts, pinball, in_50, in_90 } = study.backtest.scores[model][at];
            let cell = |text: String| if forecasts > 0 { text } else { "-".to_owned() };
            let best = if study.backtest.best(at) == Some(model) { " class=\"good\"" } else { "" };
            rows += &format!(
                "<tr><td>{horizon} weeks</td><td{best}>{model}</td><td class=\"n\">{forecasts}</td><td class=\"n\">{}</td><td \
                 class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                cell(format!("{pinball:.3}")),
                cell(shown(in_50, "share")),
                cell(shown(in_90, "share"))
            );
        }
    }
    format!(
        "<div class=\"wide\"><table>\n<thead><tr><th>ahead</th><th>forecast</th><th class=\"n\">weeks scored</th><th class=\"n\">pinball \
         loss</th><th class=\"n\">in the 50 % band</th><th class=\"n\">in the 90 % band</th></tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
    )
}

fn issuance(study: &Study) -> String {
    let Some(years) = &study.issuance else { return String::new() };
    let rows: String = (years.iter())
        .map(|(year, one)| {
            format!(
                "<tr><td>{year}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2}</td></tr>\n",
                one.weeks,
                shown(one.by_series, ""),
                shown(one.by_rules, ""),
                one.ratio()
            )
        })
        .collect();
    format!(
        "<h3>Issuance: replayed, and by the document's rules</h3>\n<div class=\"wide\"><table>\n<thead><tr><th>year</th><th \
         class=\"n\">weeks</th><th class=\"n\">issued</th><th class=\"n\">by the rules</th><th class=\"n\">rules / issued</th></tr></thead>\n\
         <tbody>{rows}</tbody></table></div>\n"
    )
}

fn chart(id: &str, forecasts: &[&Forecast]) -> Drawn {
    let of = |model: &str| forecasts.iter().filter(|one| one.model == model).copied().collect::<Vec<&Forecast>>();
    let (own, beside) = (of(OURS), of(BESIDE));
    let values = |all: &[&Forecast], pick: &dyn Fn(&Forecast) -> f64| -> Vec<Option<Short>> {
        all.iter().map(|one| Some(Short(pick(one)))).collect()
    };
    let fan = (0..5).map(|level| values(&own, &|one| one.values().0[level])).collect();
    let line = |label: &str, slot, dashed, values| DrawnLine { label: label.to_owned(), slot, dashed, values, own: None };
    Drawn {
        id: id.to_owned(),
        x: own.iter().map(|one| seconds(one.from)).collect(),
        lines: vec![
            line(OURS, 1, false, fan),
            line("what came", 2, false, vec![values(&own, &|one| one.values().1)]),
            line(BESIDE, 3, true, vec![values(&beside, &|one| one.values().0[2])]),
        ],
        log: true,
        zero: false,
        stacked: false,
        percent: false,
        spans: false,
    }
}

fn seconds(date: Date) -> u64 {
    u64::try_from(date.midnight().assume_utc().unix_timestamp()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backtest::{CHANGES, bundled},
        report::is_page,
    };

    #[test]
    fn a_page_has_every_series_with_its_scores_its_remarks_and_a_chart_a_horizon() {
        let studies: Vec<Study> =
            bundled("filecoin").map(|one| one.subject().study(None, CHANGES).unwrap_or_else(|error| panic!("{error}"))).collect();
        let page = backtest_page(&studies);
        assert!(is_page(&page) && page == backtest_page(&studies));
        for words in [
            "Raw power onboarded",
            "Active deals",
            "no price path",
            "akash and io.net",
            "Rules changed on 2021-06-30",
            "pinball loss",
        ] {
            assert!(page.contains(words), "{words}");
        }
        let charts = page.matches("<figure id=\"chart-backtest-").count();
        assert!(charts >= 2 && page.matches("\"id\":\"backtest-").count() == charts, "{charts}");
    }
}
