//! The folder that a backtest leaves.

use super::{
    subject::Subject,
    told::{Told, scores},
};
use crate::error::{CliError, Result};
use depin_files::{Readers, create};
use depin_sim::{
    backtest::Study,
    report::backtest_page,
    results::{REPORT, number},
};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// What is written, and where.
pub struct Folder<'a> {
    pub path: &'a Path,
    pub studies: &'a [Study],
    pub subjects: &'a [Subject],
    pub told: &'a Told,
}

/// Refuses a folder that holds anything.
pub fn vacant(path: &Path) -> Result<()> {
    let taken = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) if error.kind() == ErrorKind::NotADirectory => true,
        Err(error) => return Err(CliError::file("read", path, &error)),
    };
    if taken {
        return Err(CliError::refused("exists", format_args!("{} is there, and is left as it is", path.display()))
            .hint("name another folder with --out, or move this one away"));
    }
    Ok(())
}

impl Folder<'_> {
    pub fn write(&self) -> Result<()> {
        vacant(self.path)?;
        let inputs = self.path.join("inputs");
        fs::create_dir_all(&inputs).map_err(|error| CliError::file("make", &inputs, &error))?;
        for subject in self.subjects {
            put(inputs.join(&subject.kept_as), &subject.table)?;
        }
        put(self.path.join("forecasts.csv"), &self.forecasts())?;
        put(self.path.join("scores.csv"), &self.scores())?;
        if self.studies.iter().any(|study| study.issuance.is_some()) {
            put(self.path.join("issuance.csv"), &self.issuance())?;
        }
        put(self.path.join(REPORT), &backtest_page(self.studies))?;
        let text = serde_json::to_string_pretty(self.told).expect("names and numbers are JSON");
        put(self.path.join("backtest.json"), &(text + "\n"))
    }

    /// A line per forecast, in the series' own unit.
    fn forecasts(&self) -> String {
        let mut text = "network,series,model,from,weeks,p5,p25,p50,p75,p95,came\n".to_owned();
        for study in self.studies {
            for one in &study.backtest.forecasts {
                let (said, came) = one.values();
                let numbers = said.into_iter().chain([came]).map(number::text).collect::<Vec<_>>().join(",");
                text += &format!("{},{},{},{},{numbers}\n", names(study), one.model, one.from, one.horizon);
            }
        }
        text
    }

    fn scores(&self) -> String {
        let mut text = "network,series,model,weeks,forecasts,pinball,in_50,in_90\n".to_owned();
        for study in self.studies {
            for one in scores(study) {
                let numbers =
                    [one.pinball, one.in_50, one.in_90].map(|value| value.map_or_else(String::new, number::text)).join(",");
                text += &format!("{},{},{},{},{numbers}\n", names(study), one.model, one.weeks, one.forecasts);
            }
        }
        text
    }

    fn issuance(&self) -> String {
        let mut text = "network,series,year,weeks,by_series,by_rules\n".to_owned();
        for study in self.studies {
            for (year, one) in study.issuance.iter().flatten() {
                let (series, rules) = (number::text(one.by_series), number::text(one.by_rules));
                text += &format!("{},{year},{},{series},{rules}\n", names(study), one.weeks);
            }
        }
        text
    }
}

/// Network and series as two cells.
fn names(study: &Study) -> String {
    format!("{},{}", study.network, cell(&study.name))
}

/// A text as CSV has it.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn put(path: PathBuf, text: &str) -> Result<()> {
    create(&path, text.as_bytes(), Readers::Everybody).map_err(|error| CliError::file("write", &path, &error))
}
