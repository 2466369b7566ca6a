//! What a wallet holds. Addresses need no passphrase.

use super::unknown;
use crate::{
    args::ShowArgs,
    error::{CliError, Result},
    output::{Output, Table, is_shown},
};
use depin_client::{SecretKind, StoredKey};
use depin_devnet::home::{Home, key_names, unusable};
use depin_files::Readers;
use depin_quantity::{Address, Name};
use serde::Serialize;
use std::path::PathBuf;
use zeroize::Zeroizing;

const NONE: &str = "no keys yet; `depin wallet new` makes one, `depin up` makes those of its network";
const GONE: &str = "the keys of this network are gone: restore the folder `wallet` from a copy, or make each key again from the network's \
                    phrase, if you have it: `depin wallet import NAME --account N`; what `depin wallet new` makes is another account, without tokens";

#[derive(Serialize)]
struct Keys {
    keys: Vec<ShownKey>,
}

#[derive(Serialize)]
struct ShownKey {
    name: Name,
    address: Address,
    file: PathBuf,
    /// Whether a passphrase locks it.
    locked: bool,
}

pub(super) fn run(args: &ShowArgs, home: &Home, out: &Output) -> Result<()> {
    if args.phrase {
        return phrase(args, home, out);
    }
    let providers = home.provider_names()?.into_iter().map(|name| (name, home.provider(name).join("key")));
    let files: Vec<(Name, PathBuf)> = key_names(home)?.into_iter().map(|name| (name, home.key(name))).chain(providers).collect();
    let wanted = files.into_iter().filter(|(name, path)| args.name.is_none_or(|wanted| wanted == *name) && path.is_file());
    let shown = |(name, file): (Name, PathBuf)| {
        let key = StoredKey::load(&file).map_err(unusable)?;
        Ok(ShownKey { name, address: key.address(), file, locked: matches!(key, StoredKey::Locked(_)) })
    };
    let keys = wanted.map(shown).collect::<Result<Vec<_>>>()?;
    if let (Some(name), true) = (args.name, keys.is_empty()) {
        return Err(unknown(home, name));
    }
    let keys = Keys { keys };
    out.result(&keys, |out| {
        let mut table = Table::new(&["NAME", "ADDRESS", "PASSPHRASE"]);
        for key in &keys.keys {
            table.row([key.name.to_string(), key.address.to_string(), if key.locked { "yes" } else { "no" }.to_owned()]);
        }
        // A network's keys are made with it: where it is there and they are not, they are gone.
        table.render_or(out, if home.genesis().exists() { GONE } else { NONE })
    })
}

fn phrase(args: &ShowArgs, home: &Home, out: &Output) -> Result<()> {
    let path = home.phrase();
    if !path.is_file() {
        return Err(home.absent());
    }
    if args.out.is_none() && !is_shown() {
        return Err(CliError::refused("secret", "a phrase is printed on a terminal only, and this is none")
            .hint(format_args!("it lies in {}; --out FILE writes a copy for its owner alone", path.display())));
    }
    let words = home.keyring().read_text(&path, SecretKind::Phrase).map_err(unusable)?;
    let Some(file) = &args.out else {
        return out.result(&serde_json::json!({ "phrase": words.trim() }), |_| words.trim().to_owned());
    };
    let line = Zeroizing::new(format!("{}\n", words.trim()));
    depin_files::create(file, line.as_bytes(), Readers::Owner).map_err(|error| CliError::file("write", file, &error))?;
    out.result(&serde_json::json!({ "phrase_file": file }), |_| {
        format!("wrote the phrase to {}, for its owner alone", file.display())
    })
}
