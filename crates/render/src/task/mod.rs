//! Tasks: a command with declared inputs and outputs, run part by part as a scene is rendered frame by frame.
//!
//! In: a zip with a `task.json` at its top. Out: how many parts it has, which files each is given, and what its node leaves ([`Outputs`]). A
//! part is to a task what a frame is to a scene: it has a number, is given out, run again for a check, approved and paid in the same way.
//! Absent on purpose: containers, networks, graphics processors. The command is a script of the package, run by the node's Python.
//!
//! ```json
//! {"command": ["classify.py", "package/model.onnx"], "inputs": "images", "per-part": 8, "outputs": ["labels.csv"]}
//! ```
//!
//! A part's command runs in an empty folder that has `inputs/` with the part's files, `outputs/` for what it declares, and `package/`, the whole
//! package to read. `DEPIN_PART` is the part's number, `DEPIN_SEED` what its chance begins with, `DEPIN_THREADS` how many threads it has. Inputs
//! are in the order of their names; part *k* has those from *k* · `per-part` on.
//!
//! A task that gives the same bytes whenever it runs declares nothing more: its parts are verified by their hash. One that does not says by
//! `alike` how far two runs may be apart, and its checks are compared by that.

mod outputs;

pub use outputs::{OUTPUTS_MOST, Outputs};

use crate::driver::plain;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The file that makes a zip a task.
pub(crate) const TASK_FILE: &str = "task.json";
/// What says of outputs how far apart they may be; it travels with them.
const ALIKE_FILE: &str = "alike.json";
/// Largest `task.json`, bytes.
pub(crate) const FILE_MOST: u64 = 64 * 1024;
/// Most words of a command.
const WORDS_MOST: usize = 64;
/// Longest word of a command, bytes.
const WORD_MOST: usize = 1_000;
/// Most files that a part declares.
const DECLARED_MOST: usize = 16;
/// Most files that a part is given.
const PER_PART_MOST: u32 = 10_000;
/// Most threads of a part.
const THREADS_MOST: u32 = 64;

/// How far outputs of two honest nodes may be apart, where a task does not give the same bytes whenever it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alike {
    /// The share of lines that may differ: 0 to 0.5.
    pub lines: f64,
    /// How far two numbers in like lines may be apart, as a share of the larger: 0 to 0.1.
    pub numbers: f64,
}

impl Alike {
    fn is_sound(self) -> bool {
        (0.0..=0.5).contains(&self.lines) && (0.0..=0.1).contains(&self.numbers)
    }

    /// Whether two files are alike. Those that are text are compared line by line, word by word; others must be the same.
    fn are_alike(self, a: &[u8], b: &[u8]) -> bool {
        if a == b {
            return true;
        }
        let (Ok(a), Ok(b)) = (std::str::from_utf8(a), std::str::from_utf8(b)) else { return false };
        let (a, b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
        if a.len() != b.len() {
            return false;
        }
        let apart = a.iter().zip(&b).filter(|(a, b)| !self.is_like_line(a, b)).count();
        apart as f64 <= self.lines * a.len() as f64
    }

    fn is_like_line(self, a: &str, b: &str) -> bool {
        let words = |line: &'_ str| -> Vec<String> {
            line.split(|c: char| c.is_whitespace() || ",;:[]{}\"".contains(c))
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let (a, b) = (words(a), words(b));
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || self.are_like_numbers(a, b))
    }

    fn are_like_numbers(self, a: &str, b: &str) -> bool {
        match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) if a.is_finite() && b.is_finite() => (a - b).abs() <= self.numbers * a.abs().max(b.abs()),
            _ => false,
        }
    }
}

/// `task.json`, as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TaskFile {
    command: Vec<String>,
    inputs: String,
    per_part: u32,
    outputs: Vec<String>,
    #[serde(default = "one")]
    threads: u32,
    #[serde(default)]
    alike: Option<Alike>,
}

const fn one() -> u32 {
    1
}

/// Why a `task.json` is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// Not JSON of this form.
    #[error("{TASK_FILE} cannot be read: {0}")]
    Form(String),
    /// A value that is not allowed, with what is.
    #[error("{TASK_FILE}: {0}")]
    Value(&'static str),
    /// A file that is named and not there.
    #[error("{TASK_FILE} names the script \"{0}\", which is not in the zip")]
    NoScript(String),
    /// There is nothing to work on.
    #[error("{TASK_FILE} names the folder \"{0}\" for its inputs, and the zip has no file in it")]
    NoInputs(String),
}

/// A task, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    file: TaskFile,
    /// Its inputs, in the order of their names.
    inputs: usize,
}

impl Task {
    /// Reads `task.json` against the names of the files beside it.
    ///
    /// # Errors
    /// [`TaskError`]: what is wrong and what is allowed.
    pub(crate) fn read(bytes: &[u8], names: &[&str]) -> Result<Self, TaskError> {
        let file: TaskFile = serde_json::from_slice(bytes).map_err(|error| TaskError::Form(plain(&error.to_string(), 300)))?;
        let need = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(TaskError::Value(what)) };
        let is_word = |word: &String| (1..=WORD_MOST).contains(&word.len()) && !word.chars().any(char::is_control);
        need(
            (1..=WORDS_MOST).contains(&file.command.len()) && file.command.iter().all(is_word),
            "`command` is a script of the zip and its arguments: 1 to 64 words of 1 to 1,000 bytes",
        )?;
        need(is_plain_path(&file.inputs), "`inputs` is a folder of the zip, such as \"images\"")?;
        need((1..=PER_PART_MOST).contains(&file.per_part), "`per-part` is how many inputs a part has: 1 to 10,000")?;
        let declared: BTreeSet<&String> = file.outputs.iter().collect();
        let is_output = |name: &String| is_plain_path(name) && !name.contains('/') && name != ALIKE_FILE && name.len() <= 255;
        need(
            (1..=DECLARED_MOST).contains(&file.outputs.len())
                && declared.len() == file.outputs.len()
                && file.outputs.iter().all(is_output),
            "`outputs` are 1 to 16 names of files without folders, each once, none of them alike.json",
        )?;
        need((1..=THREADS_MOST).contains(&file.threads), "`threads` is 1 to 64")?;
        need(file.alike.is_none_or(Alike::is_sound), "`alike` has `lines` from 0 to 0.5 and `numbers` from 0 to 0.1")?;
        let script = &file.command[0];
        if !names.contains(&script.as_str()) {
            return Err(TaskError::NoScript(plain(script, 120)));
        }
        let folder = format!("{}/", file.inputs);
        let inputs = names.iter().filter(|name| name.starts_with(&folder)).count();
        if inputs == 0 {
            return Err(TaskError::NoInputs(plain(&file.inputs, 120)));
        }
        Ok(Self { file, inputs })
    }

    /// How many files it works on.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many parts it has, from 0 on.
    pub const fn parts(&self) -> usize {
        self.inputs.div_ceil(self.file.per_part as usize)
    }

    /// How far outputs may be apart; none where they must be the same.
    pub const fn alike(&self) -> Option<Alike> {
        self.file.alike
    }
}

/// A path within a folder: no empty parts, none that leads out, nothing absolute.
fn is_plain_path(path: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\\');
    path.len() <= WORD_MOST && !path.chars().any(char::is_control) && path.split('/').all(is_part)
}

#[cfg(test)]
mod tests;
