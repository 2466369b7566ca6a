//! `depin storage list | put | get`, by way of the home's gateway.

use super::gateway_of;
use crate::{
    args::{GetArgs, ListArgs, ObjectPath, PutArgs},
    error::{CliError, Result},
    output::{Output, Progress, Table, bytes, count, day, in_time, plain, shorten},
    remote::storage_params,
    s3::{PART, S3, admin},
    settings::Settings,
};
use depin_client::api::Amount;
use depin_devnet::services::storage::gateway;
use depin_economy::Spec;
use depin_files::{Draft, Readers};
use depin_quantity::{Instant, Name, Units};
use depin_services::storage::StorageParams;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

/// Most objects asked for at once.
const PAGE: usize = 1000;

/// An object as the gateway tells of it.
#[derive(Debug, Serialize, Deserialize)]
struct Object {
    bucket: String,
    key: String,
    size: u64,
    etag: String,
    modified_ms: u64,
    durability: serde_json::Value,
    durability_text: String,
    /// Ledger time, milliseconds since 1970.
    paid_until: Option<Instant>,
    funds_last_until: Option<Instant>,
    warning: Option<String>,
}

/// The gateway's own state, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Gateway {
    ledger_now: Option<Instant>,
    balance: Option<String>,
    burn_per_day: Option<String>,
    spent_today: String,
    spend_per_day: Option<String>,
    price_ceiling: Option<String>,
    waiting: Vec<Waiting>,
    funds_last_until: Option<Instant>,
    warning: Option<String>,
    market_trouble: Option<String>,
    #[serde(default)]
    renewal_trouble: Option<String>,
    #[serde(default)]
    silent: Vec<String>,
}

/// Deals that wait for the same reason.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    reason: String,
    shards: u64,
}

#[derive(Debug, Serialize)]
struct Listing {
    objects: Vec<Object>,
    total_bytes: u64,
    ledger_now: Option<Instant>,
    balance: Option<Amount>,
    cost_per_day: Option<Amount>,
    /// What went into escrow on this day of the ledger.
    spent_today: Option<Amount>,
    /// The owner's cap on that.
    spend_per_day: Option<Amount>,
    /// Highest price taken per GiB and epoch.
    price_ceiling: Option<Amount>,
    /// Why deals wait, and how many.
    waiting: Vec<Waiting>,
    funds_last_until: Option<Instant>,
    warning: Option<String>,
    /// What the gateway's account is to be sent when its funds run low: the deals' token, or what credits are minted from.
    funded_with: Name,
    /// What deals are paid in.
    #[serde(skip)]
    paid_in: Name,
}

pub async fn list(args: &ListArgs, settings: &Settings, out: &Output) -> Result<()> {
    let (s3, trust, folder) = (gateway_of(settings)?, settings.trust()?, gateway::folder(&settings.home));
    let state: Gateway = admin(&s3, &trust, &folder, "status", &[]).await?;
    let mut objects: Vec<Object> = Vec::new();
    let limit = args.limit as usize;
    loop {
        let mut query = vec![("limit", PAGE.min(limit + 1 - objects.len()).to_string())];
        if let Some(path) = &args.path {
            query.extend([("bucket", path.bucket.clone()), ("prefix", path.key.clone())]);
        }
        if let Some(last) = objects.last() {
            query.extend([("after_bucket", last.bucket.clone()), ("after_key", last.key.clone())]);
        }
        let page: Vec<Object> = admin(&s3, &trust, &folder, "objects", &query).await?;
        let last = page.len() < PAGE.min(limit + 1 - objects.len());
        objects.extend(page);
        if last || objects.len() > limit {
            break;
        }
    }
    if objects.len() > limit {
        objects.truncate(limit);
        out.warn(format_args!("there are more; the first {limit} are shown, --limit shows more"));
    }
    for text in [&state.warning, &state.market_trouble, &state.renewal_trouble].into_iter().flatten().chain(&state.silent) {
        out.warn(text);
    }
    // The gateway tells its funds in base units of the token that it pays deals in.
    let spec =
        Spec::parse(&settings.home.read_genesis()?.network_toml).map_err(|error| CliError::broken("network-file", error))?;
    let StorageParams { token, decimals, .. } = storage_params(&spec)?;
    let amount =
        |digits: &Option<String>| digits.as_ref()?.parse().ok().map(|units| Amount::new(token, Units::new(units), decimals));
    let listing = Listing {
        total_bytes: objects.iter().map(|object| object.size).sum(),
        objects,
        ledger_now: state.ledger_now,
        balance: amount(&state.balance),
        cost_per_day: amount(&state.burn_per_day),
        spent_today: amount(&Some(state.spent_today)),
        spend_per_day: amount(&state.spend_per_day),
        price_ceiling: amount(&state.price_ceiling),
        waiting: state.waiting,
        funds_last_until: state.funds_last_until,
        warning: state.warning,
        funded_with: spec.credit(token).map_or(token, |credit| credit.from),
        paid_in: token,
    };
    out.result(&listing, |out| listing.text(out))
}

impl Listing {
    fn text(&self, out: &Output) -> String {
        let now = self.ledger_now.unwrap_or(Instant::new(0));
        let mut table = Table::new(&["FILE", ">SIZE", "STATE", "PAID UNTIL", "FUNDS LAST UNTIL"]);
        let mut warned = false;
        for object in &self.objects {
            let funds = match (object.funds_last_until, object.paid_until) {
                (Some(until), _) => day(now, until),
                (None, Some(_)) => "nothing to pay".to_owned(),
                (None, None) => "-".to_owned(),
            };
            warned |= object.warning.is_some();
            let paid = object.paid_until.map_or("-".to_owned(), |until| day(now, until));
            table.row([format!("{}/{}", object.bucket, object.key), bytes(object.size), object.state(), paid, funds]);
        }
        let mut text = table.render_or(out, "nothing stored yet; `depin storage put FILE BUCKET/KEY` stores a file");
        if !self.objects.is_empty() {
            let files = count(self.objects.len() as u64, "file", "files");
            text += &format!("\n{files}, {}\n", bytes(self.total_bytes));
        }
        if let (Some(balance), Some(cost)) = (&self.balance, &self.cost_per_day) {
            text += &format!("balance {}; deals cost {} a day", shorten(&balance.display), shorten(&cost.display));
            text += &self
                .funds_last_until
                .map_or_else(|| "\n".to_owned(), |until| format!("; lasts {}\n", in_time(now, until).trim_start_matches("in ")));
            if self.funded_with != self.paid_in {
                let (from, credit) = (self.funded_with, self.paid_in);
                text += &format!(
                    "{credit} are credits: counted is what the account's {from} would give, minted as deals need them\n"
                );
            }
        }
        if let (Some(spent), Some(cap)) = (&self.spent_today, &self.spend_per_day) {
            text += &format!("{} of {} spent on this day of the ledger\n", shorten(&spent.display), shorten(&cap.display));
        }
        for Waiting { reason, shards } in &self.waiting {
            let (shards, wait) =
                if *shards == 1 { ("1 shard".to_owned(), "waits") } else { (format!("{shards} shards"), "wait") };
            text += &format!("{shards} {wait}: {}\n", plain(reason));
        }
        if warned {
            text += &format!(
                "send tokens to the gateway's account: depin transfer --from faucet --to customer --amount \"1000 {}\"\n",
                self.funded_with
            );
        }
        text
    }
}

impl Object {
    /// The state in a few words.
    fn state(&self) -> String {
        let field = |name: &str| self.durability.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
        match self.durability.get("state").and_then(serde_json::Value::as_str) {
            Some("secured") if field("faulty") > 0 => format!("secured, {} faulty", field("faulty")),
            Some("secured") => "secured".to_owned(),
            Some("pending") if field("failed") > 0 => {
                format!("deals {}/{}, {} to be placed again", field("active"), field("shards"), field("failed"))
            }
            Some("pending") => format!("deals {}/{}", field("active"), field("shards")),
            Some("unpaid") => format!("UNPAID {}/{}", field("lapsed"), field("shards")),
            Some("empty") => "empty".to_owned(),
            _ => self.durability_text.clone(),
        }
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    bucket: &'a str,
    key: String,
    size: u64,
    etag: String,
}

pub async fn put(args: &PutArgs, settings: &Settings, out: &Output) -> Result<()> {
    let key = key_for(&args.to, &args.file)?;
    let s3 = S3::new(&gateway_of(settings)?, &settings.trust()?)?;
    let mut source: Box<dyn Read + Send> = if args.file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file = File::open(&args.file).map_err(|error| not_readable(&args.file, &error))?;
        if file.metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(CliError::refused("folder", format_args!("{} is a folder", args.file.display()))
                .hint("put its files one by one, or copy it whole with an S3 client: rclone copy FOLDER REMOTE:BUCKET"));
        }
        Box::new(file)
    };
    let mut progress = Progress::start(out);
    progress.step(format!("storing {}/{key}", args.to.bucket));
    let (etag, size) = upload(&s3, &args.to.bucket, &key, &mut source, &args.file).await?;
    progress.done();
    let stored = Stored { bucket: &args.to.bucket, key, size, etag };
    out.result(&stored, |_| {
        format!(
            "stored {}/{} ({}); its deals follow: depin storage list {}",
            stored.bucket,
            stored.key,
            bytes(size),
            stored.bucket
        )
    })
}

fn key_for(to: &ObjectPath, file: &Path) -> Result<String> {
    if !to.key.is_empty() && !to.key.ends_with('/') {
        return Ok(to.key.clone());
    }
    let hint = "write BUCKET/KEY, such as docs/report.pdf";
    let name = file.file_name().filter(|name| *name != "-");
    let name = name.ok_or_else(|| CliError::refused("key", format_args!("`{to}` names no key")).hint(hint))?;
    let name = name.to_str().ok_or_else(|| {
        CliError::refused("key", format_args!("the file's name, {}, is no text in UTF-8, as keys are", name.display())).hint(hint)
    })?;
    Ok(format!("{}{name}", to.key))
}

fn not_readable(path: &Path, error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            CliError::refused("file", format_args!("cannot read {}: {error}", path.display()))
        }
        _ => CliError::file("read", path, error),
    }
}

async fn upload(s3: &S3, bucket: &str, key: &str, source: &mut Box<dyn Read + Send>, path: &Path) -> Result<(String, u64)> {
    s3.make_bucket(bucket).await?;
    let first = read_part(source, path)?;
    if first.len() < PART {
        let size = first.len() as u64;
        return Ok((s3.put(bucket, key, first).await?, size));
    }
    let id = s3.begin(bucket, key).await?;
    let parts = upload_parts(s3, bucket, key, &id, first, source, path).await;
    match parts {
        Ok((etags, size)) => Ok((s3.complete(bucket, key, &id, &etags).await?, size)),
        Err(error) => {
            // What was uploaded is of no use; the error that matters is the first one.
            let _ = s3.abort(bucket, key, &id).await;
            Err(error)
        }
    }
}

async fn upload_parts(
    s3: &S3,
    bucket: &str,
    key: &str,
    id: &str,
    first: Vec<u8>,
    source: &mut Box<dyn Read + Send>,
    path: &Path,
) -> Result<(Vec<String>, u64)> {
    let (mut etags, mut size, mut part) = (Vec::new(), 0, first);
    while !part.is_empty() {
        size += part.len() as u64;
        let number = u32::try_from(etags.len() + 1).unwrap_or(u32::MAX);
        etags.push(s3.part(bucket, key, id, number, part).await?);
        part = read_part(source, path)?;
    }
    Ok((etags, size))
}

fn read_part(source: &mut Box<dyn Read + Send>, path: &Path) -> Result<Vec<u8>> {
    let mut part = Vec::new();
    source.take(PART as u64).read_to_end(&mut part).map_err(|error| CliError::file("read", path, &error))?;
    Ok(part)
}

#[derive(Serialize)]
struct Fetched<'a> {
    bucket: &'a str,
    key: &'a str,
    file: PathBuf,
    size: u64,
}

pub async fn get(args: &GetArgs, settings: &Settings, out: &Output) -> Result<()> {
    let ObjectPath { bucket, key } = &args.from;
    if key.is_empty() || key.ends_with('/') {
        return Err(CliError::refused("key", format_args!("`{}` names no file", args.from))
            .hint("write BUCKET/KEY; `depin storage list` shows the keys"));
    }
    let s3 = S3::new(&gateway_of(settings)?, &settings.trust()?)?;
    let file = args.file.clone().unwrap_or_else(|| key.rsplit('/').next().unwrap_or(key).into());
    if file == Path::new("-") {
        let mut response = s3.get(bucket, key).await?;
        while let Some(chunk) = next_chunk(&mut response).await? {
            crate::output::write_out(&chunk)?;
        }
        return Ok(());
    }
    let file = if file.is_dir() { file.join(key.rsplit('/').next().unwrap_or(key)) } else { file };
    if file.exists() && !args.force {
        return Err(CliError::refused("exists", format_args!("{} exists", file.display()))
            .hint("name another file, or replace it with --force"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let message = format!("cannot write {}: there is no folder {}", file.display(), folder.display());
        return Err(CliError::refused("file", message).hint("make the folder, or name another file"));
    }
    let mut progress = Progress::start(out);
    progress.step(format!("reading {bucket}/{key}"));
    let size = download(&s3, bucket, key, &file).await?;
    progress.done();
    let fetched = Fetched { bucket, key, file, size };
    out.result(&fetched, |_| format!("read {}/{} ({}) into {}", fetched.bucket, fetched.key, bytes(size), fetched.file.display()))
}

/// The file appears when it is whole.
async fn download(s3: &S3, bucket: &str, key: &str, file: &Path) -> Result<u64> {
    let mut response = s3.get(bucket, key).await?;
    let expected = response.content_length();
    let failed = |error: io::Error| CliError::file("write", file, &error);
    // A draft has a name of its own, which nobody asked for, and tells it.
    let mut draft = Draft::new(file, Readers::Everybody).map_err(|error| failed(error.kind().into()))?;
    let mut size = 0;
    while let Some(chunk) = next_chunk(&mut response).await? {
        draft.write_all(&chunk).map_err(failed)?;
        size += chunk.len() as u64;
    }
    if expected.is_some_and(|expected| expected != size) {
        return Err(CliError::broken("short", format_args!("only {size} bytes of {bucket}/{key} came; nothing was written")));
    }
    draft.replace(file).map_err(failed)?;
    Ok(size)
}

async fn next_chunk(response: &mut reqwest::Response) -> Result<Option<bytes::Bytes>> {
    response.chunk().await.map_err(|error| {
        CliError::broken("cut", format_args!("the gateway stopped in the middle of the file: {error}"))
            .hint("too few providers may answer: `depin storage faults` names those that failed")
    })
}
