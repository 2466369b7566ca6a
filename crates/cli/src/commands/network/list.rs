//! `depin networks`: the networks that come along, a line each.

use super::card;
use crate::{
    error::Result,
    output::{Output, Table},
};
use depin_networks::{Card, NETWORKS};
use serde::Serialize;

#[derive(Serialize)]
struct Listed {
    network: String,
    title: String,
    service: String,
    variant: String,
    tokens: Vec<String>,
    supply: Vec<String>,
    payment: Vec<String>,
}

pub fn list(out: &Output) -> Result<()> {
    let all: Vec<Listed> = NETWORKS.iter().map(|(_, text)| card(text, &[]).map(Listed::new)).collect::<Result<_>>()?;
    out.result(&all, |out| {
        let mut table = Table::new(&["NETWORK", "SERVICE", "TOKEN", "SUPPLY", "HOW USAGE IS PAID"]);
        for network in &all {
            table.row([
                network.network.clone(),
                network.service.clone(),
                network.tokens.join(" "),
                network.supply.join("; "),
                network.payment.join("; "),
            ]);
        }
        table.render(out)
    })
}

impl Listed {
    fn new(card: Card) -> Self {
        // The first word of a token's line is its name.
        let tokens = card.row("tokens").iter().filter_map(|line| line.text.split(' ').next().map(str::to_owned)).collect();
        let (supply, payment) = (card.supply_in_short(), card.payment_in_short());
        Self { network: card.network, title: card.title, service: card.service, variant: card.variant, tokens, supply, payment }
    }
}
