//! A backtest with all that must be said beside its scores.

use super::{
    Backtest, BacktestError, Bundled, Change, Column, HORIZONS, MODELS, OURS, ReadError, Series, backtest,
    emission::{self, Issued, Year},
};
use depin_economy::Spec;
use std::collections::BTreeMap;
use time::Date;

/// What is read and forecast.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The network.
    pub network: &'a str,
    /// The series' short name.
    pub name: &'a str,
    /// What was counted, in words.
    pub title: &'a str,
    /// Where the table stands.
    pub file: &'a str,
    /// Whose it is.
    pub source: &'a str,
    /// Its text.
    pub table: &'a str,
    /// What is forecast.
    pub column: Column<'a>,
}

/// A backtest with all that must be said beside its scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// The network.
    pub network: String,
    /// The series' short name.
    pub name: String,
    /// What was counted, in words.
    pub title: String,
    /// Where the table stands, and whose it is.
    pub file: String,
    /// Whose it is.
    pub source: String,
    /// The column that was forecast.
    pub column: String,
    /// The series.
    pub series: Series,
    /// Who forecast how well.
    pub backtest: Backtest,
    /// Changes of the network's rules inside the series.
    pub changes: Vec<Change>,
    /// What was issued by year, with what the network's rules give; none where the table does not say.
    pub issuance: Option<BTreeMap<i32, Year>>,
}

/// Why there is no study.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StudyError {
    /// The table cannot be taken.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no backtest.
    #[error(transparent)]
    Backtest(#[from] BacktestError),
}

/// How a horizon came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How many weeks ahead.
    pub horizon: usize,
    /// Weeks from which every model forecast; none where the series is too short.
    pub forecasts: usize,
    /// Whether the demand process lost less than every plain forecast; none where nothing was forecast.
    pub better: Option<bool>,
    /// The best of the plain forecasts.
    pub rival: Option<&'static str>,
    /// Pinball loss of the demand process, and of that one.
    pub losses: (f64, f64),
}

/// What may be said of defaults, whatever a backtest shows.
pub const CALIBRATION: &str = "No series of akash and io.net is published in a form that could be used, so nothing of theirs is \
     calibrated. Of helium and render only what is burned and issued has a series: no supply-side parameter of theirs may be called \
     calibrated. What is learnt here stays here: no default of a scenario comes from it.";

impl Subject<'_> {
    /// Reads the table, learns from the weeks until a date (two thirds of the series without one), and forecasts the others.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn study(&self, train_until: Option<Date>, changes: &[Change]) -> Result<Study, StudyError> {
        let series = Series::read(self.table, self.column)?;
        let backtest = backtest(&series, train_until)?;
        let (first, last) = series.span();
        let inside = changes.iter().filter(|change| change.network == self.network && first <= change.on && change.on <= last);
        Ok(Study {
            network: self.network.to_owned(),
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            file: self.file.to_owned(),
            source: self.source.to_owned(),
            column: self.column.name.to_owned(),
            changes: inside.copied().collect(),
            series,
            backtest,
            issuance: None,
        })
    }
}

impl Bundled {
    /// This series as what is read and forecast.
    pub const fn subject(&self) -> Subject<'static> {
        let Self { network, name, title, file, source, table, column, .. } = *self;
        Subject { network, name, title, file, source, table, column }
    }
}

impl Study {
    /// With what a column of the table says was issued, beside what a network's file gives from its launch on. A table without the
    /// column says nothing of it, nor does a file without a launch.
    ///
    /// # Errors
    /// What is wrong in the column.
    pub fn with_issuance(mut self, table: &str, issued: Issued<'_>, spec: &Spec) -> Result<Self, ReadError> {
        let Some(launch) = spec.network().launch else { return Ok(self) };
        self.issuance = match emission::compare(table, issued, spec, launch) {
            Err(ReadError::NoColumn { .. }) => None,
            years => Some(years?),
        };
        Ok(self)
    }

    /// How each horizon came out.
    pub fn outcomes(&self) -> [Outcome; HORIZONS.len()] {
        std::array::from_fn(|at| {
            let loss = |model: &str| self.backtest.scores[model][at].pinball;
            let rivals = MODELS.into_iter().filter(|model| *model != OURS);
            let forecasts = self.backtest.scores[OURS][at].forecasts;
            let rival = rivals.min_by(|one, other| loss(one).total_cmp(&loss(other))).filter(|_| forecasts > 0);
            let better = self.backtest.better(at);
            Outcome { horizon: HORIZONS[at], forecasts, better, rival, losses: (loss(OURS), rival.map_or(f64::NAN, loss)) }
        })
    }

    /// Which forecasts a day lies in.
    fn reached(&self, day: Date) -> String {
        let over = HORIZONS.iter().zip(self.backtest.over(day)).filter(|(_, over)| *over > 0);
        let over: Vec<String> = over.map(|(weeks, over)| format!("{over} of those {weeks} weeks ahead")).collect();
        match over.is_empty() {
            true if day <= self.backtest.train_until => "It lies in what was learnt from.".to_owned(),
            true => "No forecast reaches over it.".to_owned(),
            false => format!("Forecasts that reach over it: {}.", over.join(", ")),
        }
    }

    /// What has to be said, a sentence or two each: who was better, how much a score is worth, what changed meanwhile, issuance.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = self.outcomes().iter().map(Outcome::words).collect();
        remarks.push(
            "Forecasts from neighbouring weeks overlap: of those that look so many weeks ahead, about one in so many is independent."
                .to_owned(),
        );
        remarks.extend(self.changes.iter().map(|change| {
            let (on, what) = (change.on, change.what);
            format!("Rules changed on {on}: {what}. No forecast was told, and nothing was fitted to it. {}", self.reached(on))
        }));
        if self.series.missing > 0 {
            remarks.push(format!("{} days are missing; the other days of their weeks stand for them.", self.series.missing));
        }
        remarks.push(match &self.issuance {
            Some(_) => "Issuance is no forecast: it is replayed from the series, and what the document's own rules give stands beside it."
                .to_owned(),
            None => "Issuance is no forecast, and this series says nothing of it: the document's own emission is held against nothing here."
                .to_owned(),
        });
        remarks
    }
}

impl Outcome {
    fn words(&self) -> String {
        let Self { horizon, losses: (own, other), .. } = self;
        match (self.better, self.rival) {
            (Some(true), Some(rival)) => {
                format!(
                    "{horizon} weeks ahead the {OURS} is better than all plain forecasts: it loses {own:.3}, the next, {rival}, {other:.3}."
                )
            }
            (Some(_), Some(rival)) => {
                format!(
                    "{horizon} weeks ahead the {OURS} is worse than a plain forecast: it loses {own:.3}, {rival} only {other:.3}."
                )
            }
            _ => format!("{horizon} weeks ahead nothing was forecast: too few weeks are left, or lie before."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CHANGES, bundled};
    use super::*;
    use time::macros::date;

    fn render() -> Study {
        bundled("render").next().unwrap().subject().study(Some(date!(2024 - 09 - 30)), CHANGES).unwrap()
    }

    #[test]
    fn who_is_worse_is_called_worse_and_what_was_not_forecast_is_told() {
        let mut study = render();
        let lost = |study: &mut Study, model: &'static str, loss: f64| {
            study.backtest.scores.get_mut(model).unwrap()[0].pinball = loss;
        };
        for (model, loss) in MODELS.into_iter().zip([0.3, 0.4, 0.2, 0.5]) {
            lost(&mut study, model, loss);
        }
        let said = study.remarks();
        assert_eq!(said[0], "4 weeks ahead the demand process is worse than a plain forecast: it loses 0.300, trend only 0.200.");
        lost(&mut study, OURS, 0.1);
        assert!(study.remarks()[0].contains("better than all plain forecasts: it loses 0.100, the next, trend, 0.200"));
        for scores in study.backtest.scores.values_mut() {
            scores[2] = super::super::ModelScore::default();
        }
        assert!(study.remarks()[2].starts_with("26 weeks ahead nothing was forecast"));
    }

    #[test]
    fn changes_of_rules_are_dated_and_counted_and_other_networks_have_none_here() {
        let study = render();
        assert_eq!(study.changes.len(), 3);
        let said = study.remarks().join("\n");
        assert!(said.contains("Rules changed on 2024-12-20") && said.contains("nothing was fitted to it"), "{said}");
        // Forecasts of 4 weeks that begin in the 4 weeks before it.
        assert_eq!(study.backtest.over(date!(2024 - 12 - 20))[0], 4);
        assert_eq!(study.backtest.over(date!(2024 - 06 - 05)), [0; 3], "before the first forecast");
        assert!(said.contains(
            "RENDER an epoch (RNP-013). No forecast was told, and nothing was fitted to it. It lies in what was learnt from."
        ));
        assert!(said.contains("Forecasts that reach over it: 4 of those 4 weeks ahead, 13 of those 13 weeks ahead"), "{said}");
        assert!(said.contains("says nothing of it"));
    }
}
