//! Bridged tokens of a development network: stand-ins for deposits elsewhere.
//!
//! A network whose customers may pay in a token that comes over a bridge has none of it at its start, and no bridge leads to a
//! development network. The faucet stands for the role that mints such tokens and says that deposits came in: for the customer and
//! for itself. Once per chain; what is there already is left alone.

use crate::{Result, Site, home};
use depin_economy::Action;
use depin_ledger::Message;
use depin_quantity::{Name, UnitId, Units};

/// Whole tokens for each.
const DEPOSIT: u128 = 1_000_000;

/// Lets deposits come in for every bridged token that nobody has yet.
pub(crate) async fn stand_in(site: &mut Site<'_>) -> Result<()> {
    let genesis = site.genesis;
    let faucet = site.sender(home::FAUCET)?;
    let customer = home::address_of(&site.home.key(home::CUSTOMER))?;
    let ours = |role: Name| genesis.roles.get(&role) == Some(&faucet.address());
    let bridged = site.spec.tokens().iter().filter(|(_, token)| token.bridged_by.is_some_and(ours));
    let bridged: Vec<(Name, u8)> = bridged.map(|(name, token)| (*name, token.decimals)).collect();
    if bridged.is_empty() {
        return Ok(());
    }
    let supply = site.client.supply().await?.tokens;
    for (token, decimals) in bridged {
        if supply.iter().any(|entry| entry.token == token && !entry.minted.units.is_zero()) {
            continue;
        }
        let Some(amount) = 10u128.checked_pow(decimals.into()).and_then(|whole| whole.checked_mul(DEPOSIT)) else { continue };
        for to in [customer, faucet.address()] {
            let deposit =
                UnitId::derive("depin-development-deposit", &[genesis.chain_id.as_bytes(), token.as_bytes(), &to.get()]);
            let mint = Action::BridgeIn { token, to, amount: Units::new(amount), deposit };
            if let Err(error) = faucet.submit(Message::Act(mint)).await {
                site.warn(format!("no {token} came over the bridge that the faucet stands for: {error}"));
            }
        }
    }
    Ok(())
}
