//! `depin rule`: the rules of the networks, to read and to run.

use crate::{
    args::{EvalArgs, RuleCommand},
    error::{CliError, Result},
    output::{Output, Table, tell, write_out},
};
use base64_simd::STANDARD;
use depin_files::TEXT_MAX;
use depin_networks::wrap;
use depin_quantity::{BYTES_MAX, Basis, Field, Kind, Outputs, RuleCard, nearest_name};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

/// All rules, by id.
fn cards() -> Vec<&'static RuleCard> {
    let mut cards: Vec<_> = depin_rules::rule_cards().collect();
    cards.sort_by_key(|card| order(card.id));
    cards
}

/// Letters, then the number as a number: FIL-EM-2 before FIL-EM-10.
fn order(id: &str) -> (&str, u64) {
    let (head, number) = id.rsplit_once('-').unwrap_or((id, "0"));
    (head, number.parse().unwrap_or(0))
}

fn find(id: &str) -> Result<&'static RuleCard> {
    let wanted = id.to_ascii_uppercase();
    if let Some(card) = cards().into_iter().find(|card| card.id == wanted) {
        return Ok(card);
    }
    let near = nearest_name(&wanted, cards().iter().map(|card| card.id));
    let hint = near.map_or_else(
        || "`depin rule list` shows all ids".to_owned(),
        |near| format!("did you mean {near}? `depin rule list` shows all ids"),
    );
    Err(CliError::refused("unknown-rule", format_args!("there is no rule {id}")).hint(hint))
}

pub fn run(command: &RuleCommand, out: &Output) -> Result<()> {
    match command {
        RuleCommand::List { network } => list(network.as_deref(), out),
        RuleCommand::Show { id } => {
            let card = find(id)?;
            out.result(&as_json(card), |out| page(card, out))
        }
        RuleCommand::Eval(args) => eval(args, out),
    }
}

fn list(network: Option<&str>, out: &Output) -> Result<()> {
    let all = cards();
    if let Some(network) = network {
        let known: Vec<&str> = all.iter().flat_map(|card| card.networks).copied().collect();
        if !known.contains(&network) {
            let near =
                nearest_name(network, known.iter().copied()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            let mut names = known.clone();
            names.sort_unstable();
            names.dedup();
            let hint = format!("{near}there are rules of {}", names.join(", "));
            return Err(CliError::refused("unknown-network", format_args!("no rule is of a network {network}")).hint(hint));
        }
    }
    let wanted: Vec<_> = all.into_iter().filter(|card| network.is_none_or(|network| card.is_of(network))).collect();
    let value = json!({"rules": wanted.iter().map(|card| as_json(card)).collect::<Vec<_>>()});
    out.result(&value, |out| {
        let mut table = Table::new(&["RULE", "NETWORK", "BASIS", "TITLE"]);
        for card in &wanted {
            table.row([card.id.to_owned(), of(card), card.basis.name().to_owned(), card.title.to_owned()]);
        }
        table.render(out)
    })
}

fn of(card: &RuleCard) -> String {
    if card.networks.is_empty() { "any".to_owned() } else { card.networks.join(", ") }
}

fn as_json(card: &RuleCard) -> Value {
    let fields = |fields: &[Field]| -> Vec<Value> {
        let one = |f: &Field| json!({"name": f.name, "takes": f.takes(), "unit": f.unit, "description": f.description, "default": default(f)});
        fields.iter().map(one).collect()
    };
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let examples = card.examples.iter().map(|(input, output)| json!({"input": parsed(input), "output": parsed(output)}));
    json!({
        "id": card.id, "networks": card.networks, "basis": card.basis.name(), "functions": card.basis.functions(), "title": card.title, "description": card.description, "formula": card.formula,
        "rounding": card.rounding, "inputs": fields(card.inputs), "outputs": fields(card.outputs), "source": card.source,
        "examples": examples.collect::<Vec<_>>(),
    })
}

fn default(field: &Field) -> Option<Value> {
    field.default.and_then(|text| serde_json::from_str(text).ok())
}

/// The card as people read it.
fn page(card: &RuleCard, out: &Output) -> String {
    let width = usize::from(out.width).min(100);
    let mut text = format!("{}  {}\n{}\n\n", out.bold(card.id), out.bold(card.title), out.dim(&format!("of {}", of(card))));
    text += &indented(card.description, 0, width);
    for (head, body) in [("Formula", card.formula), ("Rounding", card.rounding)] {
        text += &format!("\n{}\n{}", out.bold(head), indented(body, 2, width));
    }
    text += &format!("\n{}\n{}", out.bold("Basis"), indented(&basis(card), 2, width));
    if !card.inputs.is_empty() {
        text += &format!("\n{}\n{}", out.bold("Inputs"), fields(card.inputs, true, out));
    }
    text += &format!("\n{}\n{}", out.bold("Outputs"), fields(card.outputs, false, out));
    text += &format!("\n{}\n{}", out.bold("Source"), indented(card.source, 2, width));
    text += &format!("\n{}\n", out.bold(if card.examples.len() == 1 { "Example" } else { "Examples" }));
    for (input, output) in card.examples {
        text += &format!("  depin rule eval {} --input {}\n", card.id, quoted(&one_line(input)));
        text += &format!("  {}\n", out.good(&one_line(output)));
    }
    text
}

/// What a card stands on, in words.
fn basis(card: &RuleCard) -> String {
    match card.basis {
        Basis::Runs(_) => format!("runs what the live rules call: {}", card.basis.functions().join(", ")),
        Basis::Model => "model: a closed form or a reference; nothing live calls it".to_owned(),
    }
}

fn fields(fields: &[Field], inputs: bool, out: &Output) -> String {
    let mut table = Table::new(&["  NAME", "UNIT", "MEANING"]);
    for field in fields {
        let absent = field.default.filter(|_| inputs).map(|text| format!(" [default: {text}]")).unwrap_or_default();
        let unit = if field.unit.is_empty() { "-" } else { field.unit };
        let file = if matches!(field.kind, Kind::Bytes) { ", or \"@FILE\"" } else { "" };
        let meaning =
            if inputs { format!("{}; {}{file}{absent}", field.description, field.takes()) } else { field.description.to_owned() };
        table.row([format!("  {}", field.name), unit.to_owned(), meaning]);
    }
    table.render(out)
}

/// Spaces and line ends as one space: examples may be written on several lines.
fn one_line(json: &str) -> String {
    json.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An argument that a shell takes as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Text in lines of at most `width` columns, each after `indent` blanks.
fn indented(text: &str, indent: usize, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(indent));
    lines.iter().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
}

fn eval(args: &EvalArgs, out: &Output) -> Result<()> {
    let card = find(&args.id)?;
    match args.input.strip_prefix('@') {
        _ if args.input == "-" => eval_lines(card, io::stdin().lock()),
        Some(path) => {
            let path = Path::new(path);
            let file = File::open(path).map_err(|error| CliError::file("read", path, &error))?;
            eval_lines(card, BufReader::new(file))
        }
        None => {
            let outputs = evaluated(card, &args.input).map_err(|why| {
                CliError::refused("input", why).hint(format!("`depin rule show {}` shows its inputs and an example", card.id))
            })?;
            out.result(&outputs, |_| format!("{outputs}\n"))
        }
    }
}

/// An error in a stream: on its line's place, for programs.
#[derive(Serialize)]
struct Refused {
    error: LineError,
}

#[derive(Serialize)]
struct LineError {
    line: u64,
    code: &'static str,
    message: String,
}

/// Runs the rule on JSON text. Inputs that are bytes may be `@FILE`.
fn evaluated(card: &RuleCard, json: &str) -> std::result::Result<Outputs, String> {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else {
        return card.evaluate_text(json).map_err(|error| error.to_string());
    };
    for field in card.inputs.iter().filter(|field| matches!(field.kind, Kind::Bytes)) {
        if let Some(path) = value[field.name].as_str().and_then(|text| text.strip_prefix('@')) {
            value[field.name] = Value::String(contents(Path::new(path))?);
        }
    }
    card.evaluate(&value).map_err(|error| error.to_string())
}

/// A file's bytes as a rule takes them.
fn contents(path: &Path) -> std::result::Result<String, String> {
    let refused = |why: &dyn std::fmt::Display| format!("cannot read {}: {why}", path.display());
    // A pipe without a writer would be waited for, and a device has no end.
    let kind = std::fs::metadata(path).map_err(|error| refused(&error))?.file_type();
    if !kind.is_file() {
        return Err(refused(&"it is no regular file; put the bytes into one, or write them as base64:…"));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| refused(&error))?;
    if bytes.len() > BYTES_MAX {
        return Err(refused(&format_args!("it has more than {BYTES_MAX} bytes, which is the most that a rule takes")));
    }
    Ok(format!("base64:{}", STANDARD.encode_to_string(bytes)))
}

/// The next line of at most `most` bytes without its end; none at the end. What has no end of a line, such as a device, is read to that bound.
fn next_line(input: &mut impl BufRead, number: u64, most: u64) -> Result<Option<String>> {
    let broken = |error: io::Error| CliError::broken("io", format_args!("cannot read line {number}: {error}"));
    let mut bytes = Vec::new();
    input.take(most + 1).read_until(b'\n', &mut bytes).map_err(broken)?;
    if bytes.len() as u64 > most {
        let why = format!("line {number} is longer than {most} bytes, which is the most that is read of one");
        return Err(CliError::refused("input", why).hint("give one JSON object a line"));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(bytes).map_err(|error| broken(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A line of outputs for a line of inputs, each written before the next is read. Empty lines are passed over.
fn eval_lines(card: &RuleCard, mut input: impl BufRead) -> Result<()> {
    let (mut lines, mut refused) = (0_u64, 0_u64);
    for number in 1.. {
        let Some(line) = next_line(&mut input, number, TEXT_MAX)? else { break };
        let line = if number == 1 { depin_files::without_mark(&line) } else { &line };
        if line.trim().is_empty() {
            continue;
        }
        lines += 1;
        match evaluated(card, line) {
            Ok(outputs) => write_out(format!("{outputs}\n").as_bytes())?,
            Err(message) => {
                refused += 1;
                let error = LineError { line: number, code: "input", message };
                tell(serde_json::to_string(&Refused { error }).expect("numbers and strings are JSON"));
            }
        }
    }
    if refused == 0 {
        return Ok(());
    }
    let hint = format!("`depin rule show {}` shows its inputs and an example", card.id);
    Err(CliError::refused("input", format_args!("{refused} of {lines} lines were refused")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_files_of_bytes_are_read_to_a_bound() {
        let mut two: &[u8] = b"{}\r\n\n{\"a\": 1}";
        let mut next = |number| next_line(&mut two, number, 20).unwrap();
        assert_eq!(
            [next(1), next(2), next(3), next(4)],
            [Some("{}".to_owned()), Some(String::new()), Some("{\"a\": 1}".to_owned()), None]
        );
        let endless = File::open("/dev/zero").unwrap();
        let error = next_line(&mut BufReader::new(endless), 1, 1 << 16).unwrap_err();
        assert!(error.code == "input" && error.message.contains("line 1 is longer than 65536 bytes"), "{error:?}");
        let refused = contents(Path::new("/dev/zero")).unwrap_err();
        assert!(refused.contains("no regular file"), "{refused}");
        // A pipe that nobody writes into is not waited for.
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(contents(&pipe).unwrap_err().contains("no regular file"));
    }
}
