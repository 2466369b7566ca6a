//! Secrets in results: for a terminal, where a person reads them; what is piped or logged gets the file that they are in.

use depin_devnet::home::Endpoint;
use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

/// Whether a person reads what is printed: only then may it be a secret.
pub fn is_shown() -> bool {
    io::stdout().is_terminal()
}

/// A secret for a person, or where it is written.
pub fn secret(secret: &str, written: &Path) -> String {
    if is_shown() { secret.to_owned() } else { format!("in {}", written.display()) }
}

/// An endpoint as it may be printed: for programs `setting` is replaced by `setting_file`, the file that holds it.
pub fn shown(endpoint: &Endpoint, setting: &str, written: &Path) -> Endpoint {
    if is_shown() { endpoint.clone() } else { by_file(endpoint, setting, written) }
}

fn by_file(endpoint: &Endpoint, setting: &str, written: &Path) -> Endpoint {
    let mut endpoint = endpoint.clone();
    if endpoint.settings.remove(setting).is_some() {
        endpoint.settings.insert(format!("{setting}_file"), written.display().to_string());
    }
    endpoint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_setting_is_replaced_by_the_file_that_holds_it() {
        let endpoint = Endpoint::new("s3", "http://127.0.0.1:1", [("access_key", "A"), ("secret_key", "B")]);
        let shown = by_file(&endpoint, "secret_key", Path::new("/home/net/gateway/account.json"));
        let json = serde_json::json!({
            "name": "s3", "url": "http://127.0.0.1:1", "access_key": "A", "secret_key_file": "/home/net/gateway/account.json"
        });
        assert_eq!(serde_json::to_value(shown).unwrap(), json);
        assert_eq!(by_file(&endpoint, "key", Path::new("/x")), endpoint);
    }
}
