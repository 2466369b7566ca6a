//! The one binary, `depin`: starts networks, and looks at and works with running ones.
//!
//! In: arguments, environment, a home folder. Out: a result on standard output, everything else on standard error, and an exit code:
//! 0 done, 1 refused, 2 broken. Absent on purpose: rules. What may be done and what it costs, the node says.

mod args;
mod commands;
mod error;
mod exposure;
mod output;
mod passphrase;
mod pricing;
mod remote;
mod s3;
mod sending;
mod settings;
mod up;

use args::{Cli, Command, ProviderCommand};
use clap::{Parser as _, error::ErrorKind};
use error::CliError;
use output::Output;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What long-running commands log when `DEPIN_LOG` says nothing. The engine's store warns of every new file, and its parts complain of
/// one another when one of them ends; why it ended is told at the end.
const LOG_DEFAULT: &str = "warn,commonware=off";
/// What other commands log then: that a node is waited for.
const LOG_SHORT: &str = "off,depin_client=warn";
/// Open files below which nothing that serves is started: with fewer, connections took those of the engine.
const FILES_LEAST: u64 = 512;
/// The S3 library reports every client's mistake as an error of its own, several times; the gateway says each once, at `info`.
const LOG_QUIET: &str = "s3s=off";

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let out = Output::detect(cli.global.json);
    let long = runs_long(&cli.command);
    log_to_stderr(long, &out);
    if long {
        // Before anything is opened: what is served takes its share of it.
        let files = depin_serve::raise().now;
        if let Err(error) = enough_files(files) {
            return fail(&error, &out);
        }
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CliError::broken("runtime", format_args!("cannot start threads: {error}")), &out),
    };
    let done = runtime.block_on(commands::run(cli, &out));
    // Nothing that still runs in the background may hold the process back.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, &out),
    }
}

/// Refuses to serve where connections could take the files that the engine and the stores need.
fn enough_files(files: u64) -> Result<(), CliError> {
    if files >= FILES_LEAST {
        return Ok(());
    }
    Err(CliError::refused(
        "files",
        format_args!("the system lets this process open {files} files, and {FILES_LEAST} are the least that it works with"),
    )
    .hint("raise the limit: `ulimit -n 4096` in the shell that starts it, LimitNOFILE= of a systemd unit"))
}

fn fail(error: &CliError, out: &Output) -> ExitCode {
    error::print(error, out.json, out.colour_err);
    ExitCode::from(error::exit_code(error))
}

/// Help and version are results; anything else that cannot be parsed is refused, in JSON where that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let result = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    // What could not be parsed cannot say how errors are wanted, so the words themselves are looked at.
    if !result && std::env::args_os().skip(1).take_while(|arg| arg != "--").any(|arg| arg == "--json") {
        return fail(&error::usage(error), &Output::detect(true));
    }
    // Only a closed stream can fail here, and nobody is left to be told.
    let _ = error.print();
    if result { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Commands that serve until they are stopped.
const fn runs_long(command: &Command) -> bool {
    matches!(
        command,
        Command::Up(_)
            | Command::Provider(
                ProviderCommand::Storage(_)
                    | ProviderCommand::Metered(_)
                    | ProviderCommand::Coverage(_)
                    | ProviderCommand::Lease(_)
                    | ProviderCommand::Render(_)
                    | ProviderCommand::Cluster(_)
                    | ProviderCommand::Checker(_)
            )
            | Command::Gateway(_)
            | Command::Devnet(_)
    )
}

fn log_to_stderr(long: bool, out: &Output) {
    let default = if long { LOG_DEFAULT } else { LOG_SHORT };
    let wanted = std::env::var("DEPIN_LOG").unwrap_or_else(|_| default.to_owned());
    let wanted = if wanted.contains("s3s") { wanted } else { format!("{wanted},{LOG_QUIET}") };
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(out.colour_err)
        // Its own complaint about a closed stream would be a panic.
        .log_internal_errors(false)
        .with_target(false)
        .compact()
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_serves_until_it_is_stopped_has_its_open_files_looked_after() {
        let long = |line: &str| {
            runs_long(&Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}")).command)
        };
        for line in [
            "depin up",
            "depin provider storage --dir d --capacity 1GiB --price 1FIL",
            "depin provider metered --dir d",
            "depin provider coverage --location 52.5,13.4",
            "depin provider cluster --dir d",
            "depin provider checker --dir d",
            "depin gateway s3",
            "depin gateway metered",
            "depin gateway lorawan",
            "depin devnet radio --hotspots 3",
        ] {
            assert!(long(line), "{line}");
        }
        for line in ["depin status", "depin provider list", "depin events --follow"] {
            assert!(!long(line), "{line}");
        }
    }

    #[test]
    fn too_few_open_files_are_refused_with_how_to_raise_them() {
        assert!(enough_files(512).is_ok() && enough_files(u64::MAX).is_ok());
        let refused = enough_files(256).unwrap_err();
        assert!(
            refused.message.contains("256") && refused.message.contains("512") && refused.hint.contains("ulimit -n"),
            "{refused}"
        );
    }
}
