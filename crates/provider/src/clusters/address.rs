//! Where a device's tunnels listen, which follows from where it answers over HTTP: the ledger has only that.

use reqwest::Url;

/// Why a device's tunnels have no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL `{url}` gives no address for tunnels: {why}")]
pub struct TunnelAddressError {
    url: String,
    why: &'static str,
}

/// Host and port of the tunnels of a device that answers at a URL: the URL's host, and the port after the URL's. A URL without a port has its
/// scheme's, so `https://device.example` is reached by tunnels at `device.example:444`.
///
/// # Errors
/// [`TunnelAddressError`] for a text that is no URL of http or https with a host, and where there is no port after its own.
pub fn tunnel_of(url: &str) -> Result<String, TunnelAddressError> {
    let wrong = |why| TunnelAddressError { url: url.chars().take(256).collect(), why };
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let parsed = parsed.ok_or_else(|| wrong("it is no URL of http or https"))?;
    let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it has no host"))?;
    let port = parsed.port_or_known_default().and_then(|port| port.checked_add(1));
    let port = port.ok_or_else(|| wrong("there is no port after 65535; take a lower one"))?;
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_are_at_the_port_after_the_urls() {
        for (url, tunnel) in [
            ("http://127.0.0.1:4710", "127.0.0.1:4711"),
            ("https://device.example", "device.example:444"),
            ("http://device.example/behind/", "device.example:81"),
            ("http://[2001:db8::1]:8443", "[2001:db8::1]:8444"),
        ] {
            assert_eq!(tunnel_of(url).unwrap(), tunnel);
        }
        for (url, word) in [("", "no URL"), ("ftp://a:1", "no URL"), ("http://a:65535", "lower one")] {
            assert!(tunnel_of(url).unwrap_err().to_string().contains(word), "{url}");
        }
    }
}
