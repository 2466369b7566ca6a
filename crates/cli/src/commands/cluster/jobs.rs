//! Jobs of a Ray cluster, by the Jobs API of its head.
//!
//! Source: Ray's REST API for jobs: `POST /api/jobs/`, `GET /api/jobs/`, `GET /api/jobs/ID`, `GET /api/jobs/ID/logs`, `POST /api/jobs/ID/stop`.

use super::{
    desk::Head,
    look::runs,
    named::{Named, short},
};
use crate::{
    args::{ClusterJobArgs, ClusterLogsArgs, ClusterReachArgs, ClusterSubmitArgs},
    error::{CliError, Result},
    output::{Table, lines, minute, write_out},
};
use depin_client::api::ClusterHire;
use depin_quantity::Instant;
use depin_services::clusters::ClusterKind;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Pause between two looks at what a job printed.
const LOOK: Duration = Duration::from_secs(1);

/// The hire and its head, for its hirer.
async fn head(args: &ClusterReachArgs, at: &Named<'_>) -> Result<(ClusterHire, Head)> {
    let hire = at.hire(&args.hire).await?;
    runs(&hire)?;
    if hire.terms.kind != ClusterKind::Ray {
        return Err(CliError::refused("no-ray", format_args!("hire {} runs no Ray, so it has no jobs", short(hire.hire)))
            .hint("hire with --kind ray"));
    }
    let key = at.key(args.signer.from.as_deref(), hire.hirer, "use a cluster")?;
    let head = Head::of(&hire, key, at, args.local_network)?;
    Ok((hire, head))
}

/// A job's id as a part of a path; what is none is refused before it is sent.
fn job_path(job: &str, rest: &str) -> Result<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if job.is_empty() || job.len() > 128 || !job.bytes().all(plain) {
        return Err(CliError::refused("job", format_args!("`{job}` is no job's id"))
            .hint("`depin cluster job list` has them, as raysubmit_…"));
    }
    Ok(format!("/api/jobs/{job}{rest}"))
}

/// Words as one command of a shell, each as it was typed.
fn quoted(words: &[String]) -> String {
    let plain = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./=:,@%+".contains(&b));
    let quote = |word: &String| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

pub(super) async fn submit(args: &ClusterSubmitArgs, at: &Named<'_>) -> Result<()> {
    let (hire, head) = head(&args.reach, at).await?;
    let body = json!({ "entrypoint": quoted(&args.command) });
    let answer = head.ask(Method::POST, "/api/jobs/", Some(&body)).await?;
    at.out.result(&answer, |_| {
        let job = text(&answer, "submission_id");
        format!("job {job} was submitted\n`depin cluster job logs {} {job} -f` follows it", short(hire.hire))
    })
}

pub(super) async fn list(args: &ClusterReachArgs, at: &Named<'_>) -> Result<()> {
    let (_, head) = head(args, at).await?;
    let answer = head.ask(Method::GET, "/api/jobs/", None).await?;
    at.out.result(&answer, |out| {
        let mut table = Table::new(&["JOB", "STATE", "BEGAN", "COMMAND"]);
        let jobs: Vec<&Value> = answer.as_array().map(|jobs| jobs.iter().collect()).unwrap_or_default();
        for job in jobs {
            let began = job.get("start_time").and_then(Value::as_u64);
            table.row([
                text(job, "submission_id").to_owned(),
                text(job, "status").to_lowercase(),
                began.map_or_else(|| "-".to_owned(), |ms| minute(Instant::new(ms))),
                text(job, "entrypoint").chars().take(60).collect(),
            ]);
        }
        table.render_or(out, "no jobs; `depin cluster job submit HIRE -- COMMAND` submits one")
    })
}

pub(super) async fn logs(args: &ClusterLogsArgs, at: &Named<'_>) -> Result<()> {
    let (_, head) = head(&args.of.reach, at).await?;
    let (path, about) = (job_path(&args.of.job, "/logs")?, job_path(&args.of.job, "")?);
    let mut printed = 0;
    loop {
        // Asked before the text: what is printed until a job is over is all of it.
        let is_over = match args.follow {
            true => is_over(text(&head.ask(Method::GET, &about, None).await?, "status")),
            false => true,
        };
        let answer = head.ask(Method::GET, &path, None).await?;
        if at.out.json && is_over {
            return at.out.result(&answer, |_| String::new());
        }
        if !at.out.json {
            let all = text(&answer, "logs");
            // Ray cuts long output at its beginning; then all of it is new.
            let new = all.get(printed..).unwrap_or(all);
            write_out(lines(new, at.out.colour).as_bytes())?;
            printed = all.len();
        }
        if is_over {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether Ray's word for a job's state is one of an end.
fn is_over(status: &str) -> bool {
    matches!(status, "SUCCEEDED" | "FAILED" | "STOPPED")
}

pub(super) async fn stop(args: &ClusterJobArgs, at: &Named<'_>) -> Result<()> {
    let (_, head) = head(&args.reach, at).await?;
    let answer = head.ask(Method::POST, &job_path(&args.job, "/stop")?, None).await?;
    at.out.result(&answer, |_| {
        let stopped = answer.get("stopped").and_then(Value::as_bool).unwrap_or(false);
        if stopped { format!("job {} stops", args.job) } else { format!("job {} had ended before", args.job) }
    })
}

/// What opens a cluster.
#[derive(Serialize)]
struct Opened {
    url: String,
    token: String,
    /// Seconds since 1970.
    until: u64,
}

pub(super) async fn dashboard(args: &ClusterReachArgs, at: &Named<'_>) -> Result<()> {
    let (_, head) = head(args, at).await?;
    let (token, until) = head.token()?;
    let opened = Opened { url: format!("{}/", head.base()), token, until };
    at.out.result(&opened, |_| {
        let Opened { url, token, .. } = &opened;
        format!(
            "Dashboard  {url}\nToken      {token}\nGood until {}\n\nEvery request has the header `Authorization: Bearer TOKEN`. With Ray's own \
             program:\n  ray job submit --address {} --headers '{{\"Authorization\": \"Bearer {token}\"}}' --working-dir . -- python3 train.py",
            minute(Instant::new(until.saturating_mul(1_000))),
            url.trim_end_matches('/')
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_shell_as_they_were_typed() {
        let words = |words: &[&str]| quoted(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["python3", "-c", "print('a b')"]), r"python3 -c 'print('\''a b'\'')'");
        assert_eq!(words(&["echo", "", "$HOME;ls"]), "echo '' '$HOME;ls'");
    }

    #[test]
    fn a_jobs_id_leads_to_no_other_path() {
        assert_eq!(job_path("raysubmit_a1", "/logs").unwrap(), "/api/jobs/raysubmit_a1/logs");
        for bad in ["", "../x", "a/b", "a?b", "a b", &"x".repeat(200)] {
            assert_eq!(job_path(bad, "").unwrap_err().code, "job", "{bad}");
        }
        assert!(is_over("FAILED") && !is_over("RUNNING"));
    }
}
