//! Commands that the pages on findings name are commands.

use super::Cli;
use clap::Parser as _;

const PAGES: [(&str, &str); 2] =
    [("findings.md", include_str!("../../../../docs/findings.md")), ("claims.md", include_str!("../../../../docs/claims.md"))];

/// Every command of a page: a line of a fenced block, or code within a line, that begins with the program's name.
fn commands(page: &str) -> Vec<String> {
    let (mut fenced, mut found) = (false, Vec::new());
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.extend(line.trim_start().starts_with("depin ").then(|| line.trim().to_owned()));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("depin ")).map(str::to_owned));
        }
    }
    found
}

/// A command's words: what stands in quotes is one.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for one in command.chars() {
        match one {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            one => words.last_mut().expect("there is always one").push(one),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn commands_that_the_pages_name_can_be_typed() {
    for (name, page) in PAGES {
        let commands = commands(page);
        assert!(commands.len() > 2, "{name} names hardly any command");
        for command in commands {
            if let Err(error) = Cli::try_parse_from(words(&command)) {
                panic!("{name}: {command}: {error}");
            }
        }
    }
}

#[test]
fn a_command_that_is_none_is_found() {
    let page = "see `depin sim run helium` and\n```\n$ ls\ndepin sim run --set \"a=1 IO\" helium\n```\n`depin sim fly`";
    let found = commands(page);
    assert_eq!(found, ["depin sim run helium", "depin sim run --set \"a=1 IO\" helium", "depin sim fly"]);
    assert_eq!(words(&found[1])[4], "a=1 IO");
    assert!(Cli::try_parse_from(words(&found[1])).is_ok() && Cli::try_parse_from(words(&found[2])).is_err());
}
