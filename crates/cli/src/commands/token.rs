//! `depin token`: one action, signed, sent, and told.

use super::events::Writer;
use crate::{
    args::{AmountArg, ClaimArgs, FundArgs, LockArgs, MintArgs, RedeemArgs, SwapArgs, TokenArgs, TokenCommand, ValidateArgs},
    error::{CliError, Result},
    output::{Output, Progress, short_id, shorten},
    remote::{Remote, amount},
    sending::submit,
    settings::Settings,
};
use depin_client::api::FinalReceipt;
use depin_economy::{Action, Spec};
use depin_ledger::Message;
use depin_quantity::{Name, Span, UnitId, Units};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Acted {
    action: Action,
    receipt: FinalReceipt,
}

pub async fn run(args: &TokenArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let spec = remote.spec().await?;
    let action = action(&args.command, &remote, &spec).await?;
    let mut progress = Progress::start(out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(&remote.sender(&args.from)?, Message::Act(action.clone()), out).await?;
    progress.done();
    let writer = Writer::new(&remote, &spec, out).await?;
    let acted = Acted { action, receipt };
    out.result(&acted, |_| {
        let Acted { action, receipt } = &acted;
        let moved = receipt.events.iter().filter(|event| event["event"]["event"] == "posting" && event["event"]["reason"] != FEE);
        let mut text: String = moved.map(|event| format!("{}\n", writer.details(event))).collect();
        if let Action::Lock { id, .. } = action {
            text += &format!("lock {id}\n");
        }
        let (fee, id) = (shorten(&receipt.fee.display), short_id(receipt.id));
        text + &format!("{} (block {}, fee {fee}, transaction {id})\n", receipt.action, receipt.height)
    })
}

/// The posting that every transaction has.
const FEE: &str = "transaction-fee";

async fn action(command: &TokenCommand, remote: &Remote, spec: &Spec) -> Result<Action> {
    let units = |typed: &AmountArg, token: Name| in_token(spec, typed, token);
    Ok(match command {
        TokenCommand::Mint(args) => mint(args, remote, spec).await?,
        TokenCommand::Swap(SwapArgs { amm_pool, give, least }) => {
            let (token, given) = amount(spec, give)?;
            let (a, b) = amm_pool_of(spec, *amm_pool)?;
            let other = if token == a { b } else { a };
            let least = least.as_ref().map_or(Ok(Units::ZERO), |typed| units(typed, other))?;
            Action::Swap { amm_pool: *amm_pool, token, given, least }
        }
        TokenCommand::Fund(args) => fund(args, spec)?,
        TokenCommand::Claim(ClaimArgs { with: Some(with), staking, .. }) => {
            Action::ClaimStake { staking: only(spec.stakings(), *staking, "staking")?, validator: remote.address(with).await? }
        }
        TokenCommand::Claim(ClaimArgs { lock: Some(id), .. }) => Action::ClaimLock { id: *id },
        TokenCommand::Claim(_) => Action::Claim { after: None },
        TokenCommand::Validate(ValidateArgs { commission, stake, staking }) => {
            let staking = only(spec.stakings(), *staking, "staking")?;
            match stake {
                Some(stake) => {
                    let stake = units(stake, spec.staking(staking).map_or(spec.fee().token, |rule| rule.token))?;
                    Action::CreateValidator { staking, commission: *commission, stake }
                }
                None => Action::SetCommission { staking, commission: *commission },
            }
        }
        TokenCommand::Stake(args) => {
            let staking = only(spec.stakings(), args.staking, "staking")?;
            let token = spec.staking(staking).map_or(spec.fee().token, |rule| rule.token);
            Action::Delegate { staking, validator: remote.address(&args.with).await?, amount: units(&args.amount, token)? }
        }
        TokenCommand::Unstake(args) => {
            let staking = only(spec.stakings(), args.staking, "staking")?;
            let token = spec.staking(staking).map_or(spec.fee().token, |rule| rule.token);
            let amount = args.amount.as_ref().map(|typed| units(typed, token)).transpose()?;
            Action::Undelegate { staking, validator: remote.address(&args.with).await?, amount }
        }
        TokenCommand::Lock(LockArgs { amount, length, constant, scope, kind }) => {
            let lock = only(spec.locks(), *kind, "lock")?;
            let amount = units(amount, spec.lock(lock).map_or(spec.fee().token, |rule| rule.token))?;
            // Locks last whole seconds.
            let length = Span::from_secs(length.0.get().div_ceil(1_000));
            Action::Lock { lock, id: UnitId::new(rand::random()), amount, length, constant: *constant, scope: *scope }
        }
        TokenCommand::Unlock { id } => Action::Unlock { id: *id },
        TokenCommand::Redeem(RedeemArgs { fund, burn, least }) => {
            let (_, burned) = amount(spec, burn)?;
            let pays = spec.treasury(*fund).and_then(|rule| Some(rule.redeem?.pays)).unwrap_or(spec.fee().token);
            let least = least.as_ref().map_or(Ok(Units::ZERO), |typed| units(typed, pays))?;
            Action::Redeem { treasury: *fund, burned, least }
        }
        TokenCommand::Act { action } => typed_action(action)?,
    })
}

/// An action as JSON. What is no JSON at all is told from JSON that is no action.
fn typed_action(text: &str) -> Result<Action> {
    let hint = "write it like '{\"action\":\"repay\",\"token\":\"FIL\"}', in single quotes for the shell; amounts are base units, as text";
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| {
        let shown: String = text.chars().take(60).collect();
        CliError::refused("action", format_args!("`{shown}` is no JSON, and an action is a JSON object")).hint(hint)
    })?;
    serde_json::from_value(value)
        .map_err(|error| CliError::refused("action", format_args!("this is no action: {error}")).hint(hint))
}

fn fund(FundArgs { amm_pool, amounts }: &FundArgs, spec: &Spec) -> Result<Action> {
    let (a, b) = amm_pool_of(spec, *amm_pool)?;
    let mut given: BTreeMap<Name, Units> = BTreeMap::new();
    for typed in amounts {
        let (token, units) = amount(spec, typed)?;
        given.insert(token, units);
    }
    let of = |token: Name| {
        given
            .get(&token)
            .copied()
            .ok_or_else(|| CliError::refused("token", format_args!("`{amm_pool}` joins {a} and {b}; name an amount of each")))
    };
    Ok(Action::FundAmmPool { amm_pool: *amm_pool, a: of(a)?, b: of(b)? })
}

async fn mint(args: &MintArgs, remote: &Remote, spec: &Spec) -> Result<Action> {
    let to = remote.address_of(args.to.as_ref()).await?;
    let burnt = |credit: Name| {
        spec.credit(credit).map(|rule| rule.from).ok_or_else(|| {
            let known: Vec<&str> = spec.credits().keys().map(Name::as_str).collect();
            let hint = if known.is_empty() {
                "this network has no credits".to_owned()
            } else {
                format!("there is: {}", known.join(", "))
            };
            CliError::refused("no-credit", format_args!("`{credit}` is no credit of this network")).hint(hint)
        })
    };
    match (&args.amount, &args.give) {
        (Some(wanted), _) => {
            let wanted = AmountArg { token: wanted.token.or(spec.credits().keys().next().copied()), ..wanted.clone() };
            let (credit, amount) = amount(spec, &wanted)?;
            let from = burnt(credit)?;
            let most = args.most.as_ref().map(|typed| in_token(spec, typed, from)).transpose()?;
            Ok(Action::MintCredits { credit, amount, most, to })
        }
        (None, Some(give)) => {
            let credit = args.credit.ok_or_else(|| CliError::refused("usage", "--give needs --credit"))?;
            let given = in_token(spec, give, burnt(credit)?)?;
            Ok(Action::BurnForCredits { credit, given, least: Units::ZERO, to })
        }
        (None, None) => Err(CliError::refused("usage", "name --amount or --give")),
    }
}

/// An amount that must be of one token; typed without one, it is.
fn in_token(spec: &Spec, typed: &AmountArg, token: Name) -> Result<Units> {
    let (given, units) = amount(spec, &AmountArg { token: typed.token.or(Some(token)), ..typed.clone() })?;
    if given == token { Ok(units) } else { Err(CliError::refused("token", format_args!("this is in {token}, not in {given}"))) }
}

fn amm_pool_of(spec: &Spec, amm_pool: Name) -> Result<(Name, Name)> {
    spec.amm_pool(amm_pool).map(|rule| rule.tokens).ok_or_else(|| {
        let known: Vec<&str> = spec.amm_pools().keys().map(Name::as_str).collect();
        CliError::refused("no-AMM pool", format_args!("this network has no AMM pool `{amm_pool}`")).hint(if known.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has: {}", known.join(", "))
        })
    })
}

/// The one that was named, or the only one that there is.
fn only<T>(known: &BTreeMap<Name, T>, named: Option<Name>, what: &str) -> Result<Name> {
    match (named, known.len()) {
        (Some(name), _) => Ok(name),
        (None, 1) => Ok(*known.keys().next().expect("there is one")),
        (None, 0) => Err(CliError::refused("not-offered", format_args!("this network has no {what}"))),
        (None, _) => {
            let names: Vec<&str> = known.keys().map(Name::as_str).collect();
            Err(CliError::refused("which", format_args!("this network has several: name one {what}")).hint(names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_is_no_json_is_told_in_words() {
        for wrong in ["repay", "{action: repay}", ""] {
            let error = typed_action(wrong).unwrap_err();
            assert!(error.message.contains("is no JSON") && !error.message.contains("line 1"), "{error:?}");
        }
        let unknown = typed_action("{\"action\":\"repays\"}").unwrap_err();
        assert!(unknown.message.contains("repays") && unknown.hint.contains("base units"), "{unknown:?}");
        assert!(typed_action("{\"action\":\"repay\",\"token\":\"FIL\"}").is_ok());
    }

    #[test]
    fn what_a_network_does_not_offer_is_said_before_anything_is_sent() {
        let spec = Spec::parse(depin_networks::network_file("akash").unwrap()).unwrap();
        assert_eq!(only(spec.stakings(), None, "staking").unwrap().as_str(), "validators");
        assert_eq!(only(spec.locks(), None, "lock").unwrap_err().code, "not-offered");
        assert!(amm_pool_of(&spec, Name::literal("HNT-IOT")).unwrap_err().hint.contains("AKT-USDC"));
        let typed: AmountArg = "1.5".parse().unwrap();
        assert_eq!(in_token(&spec, &typed, Name::literal("AKT")).unwrap(), Units::new(1_500_000));
        let other: AmountArg = "1 USDC".parse().unwrap();
        assert_eq!(in_token(&spec, &other, Name::literal("AKT")).unwrap_err().code, "token");
    }
}
