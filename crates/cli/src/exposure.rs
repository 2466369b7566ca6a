//! What strangers see of a port, and TLS against it.
//!
//! In: the address that is listened on, and the certificate that was named. Out: a warning where something leaves this machine that
//! others on the way can read. What each port does against strangers otherwise, `docs/security.md` says.

use crate::{
    args::TlsArgs,
    error::{CliError, Result},
    output::Output,
};
use depin_serve::Tls;
use std::net::IpAddr;

/// What listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// `depin up`: all of a network.
    Network,
    /// A storage provider or another operator.
    Provider,
    /// An S3 gateway.
    S3,
    /// A metering gateway.
    Metering,
    /// A LoRaWAN network server.
    Lorawan,
    /// A dispatcher of frames.
    Rendering,
}

impl Port {
    /// What somebody on the way reads or changes in plain HTTP.
    const fn exposed(self) -> &'static str {
        match self {
            Self::Network => {
                "the API, the gateway and every operator of this network: who asks for what, the content of objects, and access keys of \
                 metering gateways; answers can be changed on the way"
            }
            Self::Provider => {
                "who stores and fetches which piece here, and when; pieces are encrypted by their gateways and checked against their ids, \
                 and uploads are signed, so none of that can be read or changed, but it can be held up"
            }
            Self::S3 => {
                "the content of objects and their names; requests are signed, but a body that is not signed, and answers, can be changed"
            }
            Self::Lorawan => {
                "the access key, with which anybody can add devices and send downlinks, and what hotspots hand in; that is signed by them, and \
                 payloads are encrypted, but answers to hotspots can be changed or held up"
            }
            Self::Rendering => {
                "the access key, with which anybody can draft jobs and fetch frames, what opens scenes, and finished frames; scenes themselves \
                 come sealed"
            }
            Self::Metering => {
                "the access key, with which anybody can order and report here, and everything that is ordered and reported"
            }
        }
    }
}

/// The certificate and key that were named.
///
/// # Errors
/// Refused when they cannot be used.
pub fn tls(args: &TlsArgs) -> Result<Option<Tls>> {
    let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) else { return Ok(None) };
    // Its path is told to other processes.
    let certificate = std::path::absolute(certificate).map_err(|error| CliError::file("find", certificate, &error))?;
    Tls::read(certificate, key).map(Some).map_err(|error| CliError::refused("tls", error))
}

/// Warns where `listen` is reached from other machines without TLS.
pub fn warn(port: Port, listen: IpAddr, tls: bool, out: &Output) {
    if let Some(text) = warning(port, listen, tls) {
        out.warn(text);
    }
}

fn warning(port: Port, listen: IpAddr, tls: bool) -> Option<String> {
    if tls || listen.to_canonical().is_loopback() {
        return None;
    }
    Some(format!(
        "{listen} is reached from other machines, in plain HTTP. On the way everybody can read {}. Speak TLS with --tls-cert FILE --tls-key \
         FILE, or listen on 127.0.0.1 behind a proxy that does; what else to set is in docs/security.md, \"Before you open a port\"",
        port.exposed()
    ))
}

/// Warns where the certificate is for other names than the one under which others are told to come.
pub fn warn_of_name(tls: Option<&Tls>, url: &str, out: &Output) {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let (Some(tls), Some(host)) = (tls, host) else { return };
    let scheme = if url.starts_with("https://") { "" } else { ", and the URL does not begin with https://" };
    if !scheme.is_empty() || !tls.is_for(host.trim_matches(['[', ']'])) {
        out.warn(format_args!(
            "others are told to come to {url}, and the certificate in {} is not for that{scheme}: they will refuse it. Name one of its names \
             with --url https://NAME:PORT",
            tls.certificate().map_or_else(|| "memory".into(), |file| file.display().to_string())
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_in_the_clear_is_warned_of() {
        let told = |listen: &str, tls| warning(Port::S3, listen.parse().unwrap(), tls);
        for local in ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(told(local, false), None, "{local}");
        }
        for open in ["0.0.0.0", "::", "192.0.2.7", "2001:db8::1"] {
            assert_eq!(told(open, true), None);
            let text = told(open, false).unwrap();
            assert!(text.contains("--tls-cert") && text.contains("content of objects") && text.contains(open), "{text}");
        }
    }
}
