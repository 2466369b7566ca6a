//! `depin storage quote`.

use crate::{
    args::QuoteArgs,
    error::Result,
    output::{Output, Table, bytes, short_number, shorten},
    remote::{Remote, epochs, name_in},
    settings::Settings,
};
use depin_client::api::QuoteQuery;

pub async fn run(args: &QuoteArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let term_epochs = epochs(&remote.spec().await?, args.term.0)?;
    let query = QuoteQuery { size_bytes: args.size.0, term_epochs, copies: Some(args.copies.to_string()) };
    let quote = remote.client.storage().quote(&query).await?;
    let names = remote.names().await?;
    out.result(&quote, |out| {
        let dollars =
            |usd: &Option<String>| usd.as_deref().map_or("no fresh price".to_owned(), |usd| format!("${}", short_number(usd, 2)));
        let mut table = Table::new(&["", ">", ">"]);
        let mut row = |name: String, token: String, usd: String| table.row([name, token, usd]);
        row(format!("{} for {}", bytes(quote.size_bytes), args.term.0), shorten(&quote.cost.display), dollars(&quote.cost_usd));
        row("per TiB and month".to_owned(), shorten(&quote.per_tib_month.display), dollars(&quote.per_tib_month_usd));
        let mut text = table.render(out);
        let by: Vec<String> = quote.providers.iter().map(|address| name_in(&names, *address)).collect();
        text += &format!(
            "\n{} stored for {} of data: {} ({}) and padding add {} %\n",
            bytes(quote.stored_bytes),
            bytes(quote.size_bytes),
            "redundancy",
            args.copies,
            percent(&quote.overhead)
        );
        text += &format!("cheapest {} of the open asks: {}\n", by.len(), by.join(", "));
        text
    })
}

/// `0.512` as `51.2`.
fn percent(share: &str) -> String {
    let (whole, fraction) = share.split_once('.').unwrap_or((share, ""));
    let fraction = format!("{fraction:0<3}");
    let digits = format!("{whole}{}", &fraction[..2]);
    let digits = digits.trim_start_matches('0');
    let tenth = &fraction[2..3];
    format!("{}{}", if digits.is_empty() { "0" } else { digits }, if tenth == "0" { String::new() } else { format!(".{tenth}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_per_cent() {
        assert_eq!(percent("0.512"), "51.2");
        assert_eq!(percent("0.5"), "50");
        assert_eq!(percent("1.25"), "125");
        assert_eq!(percent("0"), "0");
    }
}
