//! `depin evidence`: shows the ledger that a validator signed twice.
//!
//! In: a file with two votes of one validator for two blocks of one view, as whoever saw them kept them. Out: a transaction with both,
//! which every node checks for itself. A node never accuses by its own observation: somebody sends what he saw, and pays the fee.

use super::events::Writer;
use crate::{
    args::VotesArgs,
    error::{CliError, Result},
    output::{Output, Progress, short_id, shorten},
    remote::Remote,
    sending::submit,
    settings::Settings,
};
use depin_client::api::FinalReceipt;
use depin_ledger::Message;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Bytes of a file that could be evidence: two votes are a few hundred.
const FILE_MAX: u64 = 64 * 1024;

#[derive(Serialize)]
struct Shown {
    receipt: FinalReceipt,
}

pub async fn run(args: &VotesArgs, settings: &Settings, out: &Output) -> Result<()> {
    let (first, second) = votes(&read(&args.file)?, &args.file)?;
    let remote = Remote::new(settings)?;
    let spec = remote.spec().await?;
    let mut progress = Progress::start(out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(&remote.sender(&args.from)?, Message::SignedTwice { first, second }, out).await?;
    progress.done();
    let writer = Writer::new(&remote, &spec, out).await?;
    let shown = Shown { receipt };
    out.result(&shown, |_| {
        let FinalReceipt { events, height, fee, id, .. } = &shown.receipt;
        let slashed = events.iter().filter(|event| event["event"]["event"] != "posting");
        let mut text: String = slashed.map(|event| format!("{}\n", writer.details(event))).collect();
        text += &format!(
            "the ledger took the evidence (block {height}, fee {}, transaction {})\n",
            shorten(&fee.display),
            short_id(*id)
        );
        text
    })
}

fn read(file: &Path) -> Result<String> {
    depin_files::read_text_of(file, FILE_MAX).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => {
            wrong(file, format_args!("it has more than {FILE_MAX} bytes, and two votes are a few hundred"))
        }
        std::io::ErrorKind::InvalidData => wrong(file, "it is no text"),
        _ => CliError::file("read", file, &error),
    })
}

fn wrong(file: &Path, why: impl std::fmt::Display) -> CliError {
    CliError::refused("evidence", format_args!("{} is no evidence: {why}", file.display()))
        .hint("write both encoded votes in hexadecimal, one on each line, or as {\"first\": \"…\", \"second\": \"…\"}")
}

/// Two votes: two lines of hexadecimal digits, or JSON as the ledger writes the message.
fn votes(text: &str, file: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    #[derive(Deserialize)]
    struct Both {
        first: String,
        second: String,
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let (first, second) = match lines.as_slice() {
        [first, ..] if first.starts_with('{') => match serde_json::from_str(text) {
            Ok(Both { first, second }) => (first, second),
            Err(_) => return Err(wrong(file, "it has no texts `first` and `second`")),
        },
        [first, second] => ((*first).to_owned(), (*second).to_owned()),
        other => return Err(wrong(file, format_args!("it has {} lines, and two votes are two", other.len()))),
    };
    let vote = |which: &str, digits: &str| match hex::decode(digits) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(wrong(file, format_args!("the {which} vote is not written in hexadecimal digits"))),
    };
    let (first, second) = (vote("first", &first)?, vote("second", &second)?);
    if first == second {
        return Err(wrong(file, "both votes are the same, and nobody is punished for saying one thing twice"));
    }
    Ok((first, second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn two_votes_are_read_from_lines_and_from_json() {
        let file = Path::new("votes");
        let both = (vec![0xab], vec![0xcd, 0xef]);
        assert_eq!(votes("# seen on Monday\nab\n\n cdef \n", file).unwrap(), both);
        assert_eq!(votes("{\"first\": \"ab\",\n \"second\": \"CDEF\"}", file).unwrap(), both);
    }

    #[test]
    fn what_is_no_evidence_is_refused_before_a_fee_is_paid() {
        for (text, why) in [
            ("", "0 lines"),
            ("ab", "1 lines"),
            ("ab\nxy", "second vote"),
            ("ab\nab", "both votes are the same"),
            ("{\"first\": \"ab\"}", "`first` and `second`"),
            ("ab\ncd\nef", "3 lines"),
        ] {
            let error = votes(text, Path::new("votes")).unwrap_err();
            assert!(error.message.contains(why) && error.hint.contains("hexadecimal"), "{text:?}: {error:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("votes");
        fs::write(&file, "\u{feff}ab\r\ncdef\r\n").unwrap();
        assert_eq!(votes(&read(&file).unwrap(), &file).unwrap(), (vec![0xab], vec![0xcd, 0xef]), "as some editors write it");
        // A device says that it has no bytes, and has no end.
        assert!(read(Path::new("/dev/zero")).unwrap_err().message.contains("more than 65536 bytes"));
        assert!(read(Path::new("/nowhere/votes")).unwrap_err().message.contains("/nowhere/votes"));
    }
}
