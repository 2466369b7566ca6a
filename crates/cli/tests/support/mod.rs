//! Running the real binary.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod network;
pub mod strangers;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

/// The binary, away from the environment of whoever runs the tests. `DEPIN_BIN=PATH` tests another build, such as a release.
pub fn depin() -> Command {
    let binary = std::env::var_os("DEPIN_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_depin").into());
    let mut command = Command::new(binary);
    for variable in [
        "DEPIN_HOME",
        "DEPIN_NODE",
        "DEPIN_LOG",
        "DEPIN_PASSPHRASE_FILE",
        "DEPIN_TLS_CA",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// What a finished command said.
pub struct Printed {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Printed {
    let Output { status, stdout, stderr } = command.output().expect("the binary starts");
    Printed {
        code: status.code().expect("the binary ends by itself"),
        out: String::from_utf8(stdout).expect("output is text"),
        err: String::from_utf8(stderr).expect("output is text"),
    }
}

/// Runs a command, and sends it Ctrl-C when a line of its standard error has these words.
pub fn interrupted(command: &mut Command, when: &str) -> Printed {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut err = String::new();
    while let Some(Ok(line)) = lines.next() {
        err += &format!("{line}\n");
        if line.contains(when) {
            let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill");
            assert!(sent.success(), "it had ended already:\n{err}");
            break;
        }
    }
    lines.map_while(Result::ok).for_each(|line| err += &format!("{line}\n"));
    let Output { status, stdout, .. } = child.wait_with_output().expect("it ends");
    Printed {
        code: status.code().expect("the binary ends by itself"),
        out: String::from_utf8(stdout).expect("output is text"),
        err,
    }
}

/// Runs `depin` with arguments, in `home`.
pub fn at(home: &Path, args: &[&str]) -> Printed {
    run(depin().arg("--home").arg(home).args(args))
}

impl Printed {
    /// The result as JSON.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Asserts that it was done.
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }
}
