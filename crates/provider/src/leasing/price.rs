//! What a provider asks for an order: by a price for each resource, drawn from a range, or as a script says.
//!
//! Scripts are those of upstream: one line of JSON on standard input, one decimal number on standard output, `AKASH_OWNER` and
//! `AKASH_DENOM` in the environment. At most 32 run at once, each for at most 10 seconds.

use depin_quantity::{Address, Decimal18, QuantityError};
use depin_sdl::{
    Group, Price,
    bidding::{NoBid, ScaleError, ScalePrices, ScriptError, bid, price_range, script_env, script_input, script_price},
};
use std::{path::PathBuf, process::Stdio, sync::LazyLock, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    sync::Semaphore,
    time::timeout,
};

/// How long a script may take.
const SCRIPT_TIME: Duration = Duration::from_secs(10);
/// Scripts that run at once.
const SCRIPTS_MOST: usize = 32;
/// Bytes of a script's output that are read.
const OUTPUT_MOST: u64 = 4 * 1024;
/// Places of a price that upstream's scripts write.
const PRECISION: u32 = 6;

static SCRIPTS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(SCRIPTS_MOST));

/// How prices come about.
#[derive(Clone, Debug)]
pub enum Pricing {
    /// Each resource times a price of its own.
    Scale(ScalePrices),
    /// Drawn between bounds that hang on memory, as upstream's strategy for tests.
    RandomRange,
    /// What a script says.
    Script(PathBuf),
}

/// Why there is no price.
#[derive(Debug, thiserror::Error)]
pub enum NoPrice {
    /// The scale gives none.
    #[error("{0}")]
    Scale(#[from] ScaleError),
    /// The script could not be run.
    #[error("the price script {} cannot be run: {error}; it must be a file that this user may execute", path.display())]
    NotRun {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The script failed: upstream's scripts do so for orders that pay too little.
    #[error("the price script ended with {status}: {stderr}")]
    Failed {
        /// Its exit status.
        status: std::process::ExitStatus,
        /// The beginning of what it wrote to standard error.
        stderr: String,
    },
    /// The script took too long.
    #[error("the price script took longer than {} s", SCRIPT_TIME.as_secs())]
    Late,
    /// What it wrote is no price.
    #[error("{0}")]
    Script(#[from] ScriptError),
    /// The price is no bid on this order.
    #[error("{0}")]
    NoBid(#[from] NoBid),
    /// The order cannot be priced.
    #[error("{0}")]
    Quantity(#[from] QuantityError),
}

impl Pricing {
    /// What is bid on an order of `owner`: at most its price, in its currency. `draw` is what chance says, for prices that are drawn.
    ///
    /// # Errors
    /// [`NoPrice`].
    pub async fn price(&self, group: &Group, owner: Address, draw: u64) -> Result<Price, NoPrice> {
        let amount = match self {
            Self::Scale(scale) => scale.price(group)?,
            Self::RandomRange => {
                let range = price_range(group)?.ok_or(NoBid::NoUnits)?;
                range.price(draw % range.draws()).amount
            }
            Self::Script(path) => run(path, group, owner).await?,
        };
        Ok(bid(group, amount)?)
    }
}

/// Runs a script; gives the price that it writes.
async fn run(path: &PathBuf, group: &Group, owner: Address) -> Result<Decimal18, NoPrice> {
    let _permit = SCRIPTS.acquire().await.expect("it is never closed");
    let input = script_input(group, None, PRECISION)?;
    let denom = group.price()?.map_or_else(String::new, |price| price.denom);
    let not_run = |error| NoPrice::NotRun { path: path.clone(), error };
    let mut command = Command::new(path);
    command.envs(script_env(&owner.to_string(), &denom)).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(not_run)?;
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talk = async {
        // A script that reads nothing is no error: it may ask the same for everything.
        let write = async {
            if let Some(stdin) = &mut stdin {
                let _closed = stdin.write_all(input.as_bytes()).await;
            }
            drop(stdin.take());
        };
        let (_, out, err) = tokio::join!(write, read(stdout), read(stderr));
        (child.wait().await, out, err)
    };
    let (status, out, err) = timeout(SCRIPT_TIME, talk).await.map_err(|_| NoPrice::Late)?;
    let status = status.map_err(not_run)?;
    if !status.success() {
        return Err(NoPrice::Failed { status, stderr: err.trim().chars().take(200).collect() });
    }
    Ok(script_price(&out)?)
}

/// The beginning of a stream as text; the rest is read and dropped, so that whoever writes is never stuck.
async fn read(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut bytes = Vec::new();
    let _partial = (&mut stream).take(OUTPUT_MOST).read_to_end(&mut bytes).await;
    let _rest = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::group;
    use std::os::unix::fs::PermissionsExt as _;

    const OWNER: Address = Address::new([1; 32]);

    /// A script in a folder that lives as long as the test.
    fn script(text: &str) -> (tempfile::TempDir, Pricing) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("price.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        (folder, Pricing::Script(path))
    }

    async fn asked(text: &str) -> Result<String, String> {
        let (_folder, pricing) = script(text);
        let price = pricing.price(&group("1000", 1), OWNER, 0).await;
        price.map(|price| format!("{} {}", price.amount.to_decimal(), price.denom)).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_script_reads_the_order_and_writes_a_price() {
        assert_eq!(asked("cat >/dev/null; echo 12.5").await.as_deref(), Ok("12.5 uakt"));
        assert_eq!(asked("echo 7").await.as_deref(), Ok("7 uakt"), "one that reads nothing");
        let checks = "read line; case \"$line\" in *'\"cpu\":1000'*'\"price_precision\":6'*) echo 3;; *) echo \"$line\" >&2; exit 1;; esac";
        assert_eq!(asked(checks).await.as_deref(), Ok("3 uakt"));
        assert_eq!(asked("[ \"$AKASH_DENOM\" = uakt ] && [ -n \"$AKASH_OWNER\" ] && echo 4").await.as_deref(), Ok("4 uakt"));
    }

    #[tokio::test]
    async fn what_a_script_does_wrong_is_no_bid_and_told() {
        for (text, words) in [
            ("true", "wrote nothing"),
            ("echo many", "no decimal number"),
            ("echo 0", "asks for nothing"),
            ("echo -- -1", "`-- -1`"),
            ("echo too cheap >&2; exit 1", "too cheap"),
            ("echo 1000.1", "above the order's 1000"),
            ("yes | head -c 100000 >&2; yes | head -c 100000; exit 3", "exit status: 3"),
        ] {
            let error = asked(text).await.unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        let missing = Pricing::Script("/nowhere/price.sh".into());
        let error = missing.price(&group("1000", 1), OWNER, 0).await.unwrap_err().to_string();
        assert!(error.contains("cannot be run") && error.contains("may execute"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_script_that_hangs_is_killed() {
        assert!(asked("sleep 1000").await.unwrap_err().contains("longer than 10 s"));
    }

    #[tokio::test]
    async fn prices_by_scale_and_drawn_ones_are_bids() {
        let scale = ScalePrices { cpu: Decimal18::parse("0.5").unwrap(), ..ScalePrices::default() };
        let scale = ScalePrices { storage: [("ephemeral".to_owned(), Decimal18::ZERO)].into(), ..scale };
        let price = Pricing::Scale(scale).price(&group("1000", 1), OWNER, 0).await.unwrap();
        assert_eq!(price.amount.to_decimal(), "500");
        let low = Pricing::RandomRange.price(&group("1000", 1), OWNER, 0).await.unwrap();
        let other = Pricing::RandomRange.price(&group("1000", 1), OWNER, u64::MAX).await.unwrap();
        assert!(low.amount < other.amount && low.denom == "uakt");
    }
}
