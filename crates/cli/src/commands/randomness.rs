//! `depin randomness`: brings randomness from outside, such as a public beacon's, to a chain that names somebody to bring it.
//!
//! In: lines with a round and its 32 bytes, from a file or as they come through a pipe. Out: a transaction for each, one after the
//! other, and a line when it is final. Rounds that the chain has had are passed over, so a pipe can be begun again anywhere.

use crate::{
    args::RandomnessArgs,
    error::{CliError, Result},
    output::Output,
    remote::Remote,
    settings::Settings,
};
use depin_client::{Sender, SubmitError, api::FinalReceipt};
use depin_ledger::Message;
use depin_quantity::Seed;
use serde::{Deserialize, Serialize};
use std::{path::Path, time::Duration};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, BufReader};

/// Bytes of a line at most: a beacon's JSON with its signatures is some hundred.
const LINE_MAX: u64 = 16 * 1024;
/// How often a report that comes too soon behind the last is sent again, and the pause before.
const AGAIN: (u32, Duration) = (60, Duration::from_secs(1));

#[derive(Serialize)]
struct Reported {
    round: u64,
    receipt: FinalReceipt,
}

pub async fn run(args: &RandomnessArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let chance = remote.client.status().await?.chance;
    if chance.as_ref().is_some_and(|chance| chance.reporter.is_none()) {
        return Err(CliError::refused("no-reporter", "the genesis document of this chain names nobody who reports randomness")
            .hint("begin one with `depin up --fresh --randomness`"));
    }
    let mut last = chance.and_then(|chance| chance.report).map(|report| report.round);
    let sender = remote.sender(&args.from)?;
    if args.file == Path::new("-") {
        return report_all(BufReader::new(tokio::io::stdin()), &mut last, &sender, out).await;
    }
    let file = tokio::fs::File::open(&args.file).await.map_err(|error| CliError::file("read", &args.file, &error))?;
    report_all(BufReader::new(file), &mut last, &sender, out).await
}

async fn report_all(mut lines: impl AsyncBufRead + Unpin, last: &mut Option<u64>, sender: &Sender, out: &Output) -> Result<()> {
    let (mut number, mut passed) = (0u64, 0u64);
    while let Some(line) = next_line(&mut lines, number + 1).await? {
        number += 1;
        let Some((round, value)) = read(&line, number)? else { continue };
        if last.is_some_and(|last| round <= last) {
            passed += 1;
            continue;
        }
        let receipt = report(sender, round, value).await?;
        *last = Some(round);
        out.line(&Reported { round, receipt }, |_| format!("round {round} is in the ledger\n"))?;
    }
    if passed > 0 {
        out.note(format_args!("passed over {passed} rounds that the chain has had or has gone past"));
    }
    Ok(())
}

/// The next line; `None` at the end.
async fn next_line(lines: &mut (impl AsyncBufRead + Unpin), number: u64) -> Result<Option<String>> {
    use tokio::io::AsyncReadExt as _;
    let mut line = Vec::new();
    let broken = |error: std::io::Error| CliError::broken("input", format_args!("line {number} cannot be read: {error}"));
    let read = (&mut *lines).take(LINE_MAX).read_until(b'\n', &mut line).await.map_err(broken)?;
    if read as u64 == LINE_MAX && line.last() != Some(&b'\n') {
        return Err(wrong(number, format_args!("it is longer than {LINE_MAX} bytes")));
    }
    let text = String::from_utf8(line).map_err(|_| wrong(number, format_args!("it is no text")))?;
    Ok((read > 0).then_some(text))
}

fn wrong(number: u64, why: std::fmt::Arguments<'_>) -> CliError {
    CliError::refused("randomness", format_args!("line {number} holds no round: {why}")).hint(
        "write a round and its 32 bytes as 64 hexadecimal digits: `4711 9f86…`, or {\"round\": 4711, \"randomness\": \"9f86…\"}",
    )
}

/// A round and its value; `None` for an empty line and for one that begins with `#`.
fn read(line: &str, number: u64) -> Result<Option<(u64, Seed)>> {
    #[derive(Deserialize)]
    struct Beacon {
        round: u64,
        randomness: String,
    }
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (round, digits) = if line.starts_with('{') {
        let Beacon { round, randomness } = serde_json::from_str(line).map_err(|error| wrong(number, format_args!("{error}")))?;
        (round, randomness)
    } else {
        let mut words = line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty());
        let (Some(round), Some(digits), None) = (words.next(), words.next(), words.next()) else {
            return Err(wrong(number, format_args!("it has other than two words")));
        };
        let round = round.parse().map_err(|_| wrong(number, format_args!("`{round}` is no number")))?;
        (round, digits.to_owned())
    };
    let mut value = [0; 32];
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    hex::decode_to_slice(digits, &mut value).map_err(|error| wrong(number, format_args!("`{digits}`: {error}")))?;
    Ok(Some((round, Seed::new(value))))
}

/// Reports a round, and waits while the one before is still to be mixed in.
async fn report(sender: &Sender, round: u64, value: Seed) -> Result<FinalReceipt> {
    let (times, pause) = AGAIN;
    let mut tried = 0;
    loop {
        tried += 1;
        match sender.submit(Message::ReportRandomness { round, value }).await {
            Err(SubmitError::Failed { code, .. }) if code == "report-waits" && tried < times => tokio::time::sleep(pause).await,
            done => return Ok(done?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_round_is_read_from_words_and_from_a_beacons_json() {
        let expected = Some((4711, Seed::new(hex::decode(DIGITS).unwrap().try_into().unwrap())));
        for line in [
            format!("4711 {DIGITS}\n"),
            format!("\u{feff}4711,{DIGITS}\r\n"),
            format!("4711\t0x{}", DIGITS.to_uppercase()),
            format!("{{\"round\":4711,\"randomness\":\"{DIGITS}\",\"signature\":\"ab\"}}"),
        ] {
            assert_eq!(read(&line, 1).unwrap(), expected, "{line}");
        }
        assert_eq!(read("\n", 1).unwrap(), None);
        assert_eq!(read("# since Monday", 1).unwrap(), None);
    }

    #[test]
    fn what_holds_no_round_is_refused_with_its_line() {
        for (line, why) in [
            ("4711", "two words"),
            ("4711 ab cd", "two words"),
            ("x ab", "`x` is no number"),
            ("-1 ab", "`-1` is no number"),
            ("1 ab", "`ab`"),
            ("{\"round\": 1}", "randomness"),
        ] {
            let error = read(line, 9).unwrap_err();
            assert!(error.message.contains(why) && error.message.contains("line 9"), "{line:?}: {error:?}");
            assert!(error.hint.contains("hexadecimal"));
        }
    }

    #[tokio::test]
    async fn lines_are_bounded() {
        let mut two: &[u8] = b"1 a\n2 b";
        assert_eq!(next_line(&mut two, 1).await.unwrap().as_deref(), Some("1 a\n"));
        assert_eq!(next_line(&mut two, 2).await.unwrap().as_deref(), Some("2 b"));
        assert_eq!(next_line(&mut two, 3).await.unwrap(), None);
        let long = vec![b'1'; 20_000];
        assert!(next_line(&mut long.as_slice(), 1).await.unwrap_err().message.contains("longer"));
        assert!(next_line(&mut &b"\xff\n"[..], 1).await.unwrap_err().message.contains("no text"));
    }
}
