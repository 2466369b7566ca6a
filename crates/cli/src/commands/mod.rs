//! One module per group of commands: each asks the node, the gateway or the home, and prints one result.

mod account;
mod chain;
mod check;
mod cluster;
mod coverage;
mod devnet;
mod events;
mod evidence;
mod gateway;
mod lease;
mod metered;
mod network;
mod new;
mod provider;
mod quote;
mod randomness;
mod render;
mod rule;
mod scenario;
mod sim;
mod storage;
mod supply;
mod token;
mod transfer;
mod wallet;

use crate::{
    args::{AccountCommand, Cli, Command, DevnetCommand, GatewayCommand, ProviderCommand, StorageCommand},
    error::Result,
    output::Output,
    settings::Settings,
    up,
};
use clap::CommandFactory as _;

/// Runs what was asked for.
pub async fn run(cli: Cli, out: &Output) -> Result<()> {
    let settings = Settings::new(&cli.global)?;
    match cli.command {
        Command::Up(args) => up::run(&args, &settings, out).await,
        Command::Status => chain::status(&settings, out).await,
        Command::Audit(args) => chain::audit(&args, &settings, out).await,
        Command::Events(args) => events::run(&args, &settings, out).await,
        Command::Account(AccountCommand::List { limit }) => account::list(limit, &settings, out).await,
        Command::Account(AccountCommand::Grant(args)) => account::grant(&args, &settings, out).await,
        Command::Account(AccountCommand::Show { who }) => account::show(&who, &settings, out).await,
        Command::Evidence(args) => evidence::run(&args, &settings, out).await,
        Command::Randomness(args) => randomness::run(&args, &settings, out).await,
        Command::Token(args) => token::run(&args, &settings, out).await,
        Command::Transfer(args) => transfer::run(&args, &settings, out).await,
        Command::Wallet(command) => wallet::run(&command, &settings, out),
        Command::Networks => network::list(out),
        Command::Check { network, schema } => check::run(network.as_deref().filter(|_| !schema), out),
        Command::New(args) => new::run(&args, out),
        Command::Network(command) => network::run(&command, &settings, out).await,
        Command::Rule(command) => rule::run(&command, out),
        Command::Scenario(command) => scenario::run(&command, out),
        Command::Sim(command) => sim::run(&command, out),
        Command::Supply(args) => supply::run(&args, out),
        Command::Storage(command) => match command {
            StorageCommand::Quote(args) => quote::run(&args, &settings, out).await,
            StorageCommand::List(args) => storage::objects::list(&args, &settings, out).await,
            StorageCommand::Put(args) => storage::objects::put(&args, &settings, out).await,
            StorageCommand::Get(args) => storage::objects::get(&args, &settings, out).await,
            StorageCommand::Deals(args) => storage::deals::deals(&args, &settings, out).await,
            StorageCommand::Proofs(args) => storage::deals::proofs(&args, &settings, out).await,
            StorageCommand::Settle(args) => storage::settle::run(&args, &settings, out).await,
            StorageCommand::Providers => storage::deals::providers(&settings, out).await,
            StorageCommand::Faults(args) => storage::faults::run(&args, &settings, out).await,
        },
        Command::Devnet(DevnetCommand::Radio(args)) => devnet::radio(&args, &settings, out).await,
        Command::Coverage(command) => coverage::run(&command, &settings, out).await,
        Command::Lease(command) => lease::run(&command, &settings, out).await,
        Command::Cluster(command) => cluster::run(&command, &settings, out).await,
        Command::Render(command) => render::run(&command, &settings, out).await,
        Command::Metered(command) => metered::run(&command, &settings, out).await,
        Command::Provider(command) => offer(command, &settings, out).await,
        Command::Gateway(GatewayCommand::S3(args)) => gateway::s3::run(&args, &settings, out).await,
        Command::Gateway(GatewayCommand::Lorawan(args)) => gateway::lorawan::run(&args, &settings, out).await,
        Command::Gateway(GatewayCommand::Render(args)) => gateway::render::run(&args, &settings, out).await,
        Command::Gateway(GatewayCommand::Metered(args)) => gateway::metered::run(&args, &settings, out).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "depin", &mut script);
            crate::output::write_out(&script)
        }
    }
}

/// What an operator of machines asks for.
async fn offer(command: ProviderCommand, settings: &Settings, out: &Output) -> Result<()> {
    match command {
        ProviderCommand::Coverage(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Mobile(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Metered(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Storage(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Lease(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Cluster(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Checker(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Render(args) => provider::run(&args, settings, out).await,
        ProviderCommand::Inventory(args) => provider::leases::inventory(&args, settings, out),
        ProviderCommand::Leases(args) => provider::leases::leases(&args, settings, out),
        ProviderCommand::Earnings(args) => provider::leases::earnings(&args, settings, out).await,
        ProviderCommand::Reclaim(args) => provider::reclaim::reclaim(&args, settings, out).await,
        ProviderCommand::List => provider::manage::list(settings, out).await,
        ProviderCommand::Show(args) => provider::show::show(&args, settings, out).await,
        ProviderCommand::Health(args) => provider::health::health(&args, settings, out).await,
        ProviderCommand::Stop(args) => provider::manage::stop(args.name, settings, out).await,
        ProviderCommand::Start(args) => provider::manage::start(args.name, settings, out).await,
        ProviderCommand::Remove(args) => provider::manage::remove(args.name, settings, out).await,
        ProviderCommand::Ask(args) => provider::money::ask(&args, settings, out).await,
        ProviderCommand::Withdraw(args) => provider::money::withdraw(&args, settings, out).await,
    }
}
