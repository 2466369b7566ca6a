//! Where programs let themselves be sent by addresses on the chain.
//!
//! In: a URL that anybody may have written. Out: that URL, or why nothing is sent there. A name is resolved for each new
//! connection, all that it stands for is checked, and the connection goes to exactly that: a name that means one thing when it is
//! checked and another when it is connected to ends nowhere ([`Reach::guard`]). Absent on purpose: what is sent.

use reqwest::{
    ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    collections::BTreeSet,
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

/// Which addresses may be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    local: bool,
    known: BTreeSet<SocketAddr>,
}

impl Reach {
    /// Public ones: for a network whose providers are strangers.
    pub const fn public() -> Self {
        Self { local: false, known: BTreeSet::new() }
    }

    /// All: for a network on this machine, or in a network of one's own.
    pub const fn local() -> Self {
        Self { local: true, known: BTreeSet::new() }
    }

    /// The same with these, wherever they are. They count where a URL has them as numbers.
    #[must_use]
    pub fn and(mut self, known: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.known.extend(known);
        self
    }

    /// The base URL of a text: http or https, a host, a path, and nothing else. A host that is a number is checked here, a name when it is
    /// connected to ([`Reach::guard`]).
    ///
    /// # Errors
    /// [`Barred`], for a text that is no URL as well.
    pub fn base(&self, text: &str) -> Result<Url, Barred> {
        let no = |reason: &'static str| Barred { address: text.chars().take(200).collect(), reason };
        let url = Url::parse(text).map_err(|_| no("is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(no("is no URL of http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(no("has more than a host and a path"));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        // A number in any of its spellings is written in the usual one by now; the rest are names.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| no("has no host"))?;
        if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
            self.check(ip, port)?;
        }
        Ok(url)
    }

    /// An HTTP client that goes nowhere else: names are resolved within this reach, redirects are not followed, and proxies of the
    /// environment are not used.
    pub fn guard(&self, builder: ClientBuilder) -> ClientBuilder {
        let resolver = Resolver(Arc::new(self.clone()));
        builder.no_proxy().redirect(reqwest::redirect::Policy::none()).dns_resolver(Arc::new(resolver))
    }

    /// Whether this very address may be connected to.
    pub fn allows(&self, address: SocketAddr) -> bool {
        self.check(address.ip(), address.port()).is_ok()
    }

    fn check(&self, ip: IpAddr, port: u16) -> Result<(), Barred> {
        if self.local || self.known.contains(&SocketAddr::new(ip, port)) {
            return Ok(());
        }
        reserved(ip).map_or(Ok(()), |reason| Err(Barred { address: ip.to_string(), reason }))
    }
}

/// Why an address on the chain is not connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} {reason}")]
pub struct Barred {
    /// What is on the chain, or what it stands for.
    address: String,
    /// The rest of a sentence about it.
    reason: &'static str,
}

impl Barred {
    /// The bar that an HTTP client met, if that is what an error is about.
    pub fn of(error: &reqwest::Error) -> Option<&Self> {
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(barred) = inner.downcast_ref::<Self>() {
                return Some(barred);
            }
            cause = inner.source();
        }
        None
    }
}

/// Resolves names to addresses that may be connected to. What it gives is what is connected to.
struct Resolver(Arc<Reach>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(checked(&reach, name.as_str(), found)?)
        })
    }
}

/// All that a name stands for, when all of it may be connected to.
fn checked(reach: &Reach, name: &str, found: Vec<SocketAddr>) -> Result<Addrs, Barred> {
    for address in &found {
        // The port is the URL's, and known addresses are known by number.
        let barred = reach.check(address.ip(), 0);
        barred.map_err(|Barred { address, reason }| Barred { address: format!("{name} is {address}, which"), reason })?;
    }
    Ok(Box::new(found.into_iter()))
}

/// Why an address is nobody's in the public internet, as the rest of a sentence; by IANA's registries of special-purpose addresses.
fn reserved(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => reserved_v4(ip),
        IpAddr::V6(ip) => reserved_v6(ip),
    }
}

fn reserved_v4(ip: Ipv4Addr) -> Option<&'static str> {
    match ip.octets() {
        [0, ..] => Some("is an address of this network (0.0.0.0/8)"),
        [127, ..] => Some("is a loopback address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("is a private address"),
        [100, 64..=127, ..] => Some("is a shared address of a carrier (100.64.0.0/10)"),
        [169, 254, ..] => Some("is a link-local address"),
        [192, 0, 0, _] | [192, 88, 99, _] => Some("is reserved for protocols"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("is an address for documentation"),
        [198, 18..=19, ..] => Some("is an address for benchmarks"),
        [224..=239, ..] => Some("is a multicast address"),
        [255, 255, 255, 255] => Some("is the broadcast address"),
        [240..=255, ..] => Some("is a reserved address (240.0.0.0/4)"),
        _ => None,
    }
}

fn reserved_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let parts = ip.segments();
    let v4 = |high: u16, low: u16| reserved_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("is the unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("is a loopback address"),
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, ..] => Some("is an address of old (::/96)"),
        [0x64, 0xff9b, 1, ..] => Some("is a private address of a translator (64:ff9b:1::/48)"),
        [0x2002, high, low, ..] => v4(high, low),
        [0x100, 0, 0, _, ..] => Some("is an address that discards (100::/64)"),
        [0x2001, 0..=0x1ff, ..] => Some("is reserved for protocols (2001::/23)"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("is an address for documentation"),
        [0xfc00..=0xfdff, ..] => Some("is a private address (fc00::/7)"),
        [0xfe80..=0xfebf, ..] => Some("is a link-local address"),
        [0xfec0..=0xfeff, ..] => Some("is a site-local address of old (fec0::/10)"),
        [0xff00..=0xffff, ..] => Some("is a multicast address"),
        // What is in use today; the rest is not given out.
        [0x2000..=0x3fff, ..] => None,
        _ => Some("is not given out to anybody"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(reach: &Reach, base: &str) -> String {
        reach.base(base).map_or_else(|barred| barred.to_string(), |url| url.to_string())
    }

    #[test]
    fn numbers_that_are_nobodys_in_the_internet_are_barred_however_they_are_written() {
        let barred = [
            ("http://127.0.0.1:7999", "127.0.0.1 is a loopback address"),
            ("http://2130706433/x", "127.0.0.1 is a loopback address"),
            ("http://0x7f.1", "127.0.0.1 is a loopback address"),
            ("http://0177.0.0.1/", "127.0.0.1 is a loopback address"),
            ("http://0.0.0.0:80", "0.0.0.0 is an address of this network (0.0.0.0/8)"),
            ("http://169.254.169.254/latest", "169.254.169.254 is a link-local address"),
            ("http://10.1.2.3", "10.1.2.3 is a private address"),
            ("http://172.31.0.1", "172.31.0.1 is a private address"),
            ("http://192.168.0.1", "192.168.0.1 is a private address"),
            ("http://100.64.0.1", "100.64.0.1 is a shared address of a carrier (100.64.0.0/10)"),
            ("http://198.19.255.255", "198.19.255.255 is an address for benchmarks"),
            ("http://224.0.0.1", "224.0.0.1 is a multicast address"),
            ("http://255.255.255.255", "255.255.255.255 is the broadcast address"),
            ("http://240.0.0.1", "240.0.0.1 is a reserved address (240.0.0.0/4)"),
            ("http://[::1]:80", "::1 is a loopback address"),
            ("http://[::]", ":: is the unspecified address"),
            ("http://[::ffff:10.0.0.1]", "::ffff:10.0.0.1 is a private address"),
            ("http://[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe is a link-local address"),
            ("http://[2002:7f00:1::]", "2002:7f00:1:: is a loopback address"),
            ("http://[fd00::1]", "fd00::1 is a private address (fc00::/7)"),
            ("http://[fe80::1]", "fe80::1 is a link-local address"),
            ("http://[ff02::1]", "ff02::1 is a multicast address"),
            ("http://[2001:db8::1]", "2001:db8::1 is an address for documentation"),
            ("http://[4000::1]", "4000::1 is not given out to anybody"),
        ];
        for (base, why) in barred {
            assert_eq!(said(&Reach::public(), base), why, "{base}");
            assert!(Reach::local().base(base).is_ok(), "{base}");
        }
    }

    #[test]
    fn public_addresses_names_and_known_ones_are_let_through() {
        for (base, url) in [
            ("http://1.2.3.4:4700", "http://1.2.3.4:4700/"),
            ("http://1.2.3.4/", "http://1.2.3.4/"),
            ("https://[2606:4700::1]/depin/", "https://[2606:4700::1]/depin/"),
            ("http://provider.example:8080/a", "http://provider.example:8080/a"),
            ("http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]/"),
        ] {
            assert_eq!(said(&Reach::public(), base), url);
        }
        let reach = Reach::public().and(["127.0.0.1:4700".parse().unwrap()]);
        assert!(reach.base("http://127.0.0.1:4700").is_ok());
        assert!(reach.base("http://127.0.0.1:4701").is_err());
    }

    #[test]
    fn a_url_says_a_host_and_a_path_and_nothing_else() {
        for base in ["", "nonsense", "127.0.0.1:4700", "http://"] {
            assert!(
                said(&Reach::local(), base).ends_with("is no URL") || said(&Reach::local(), base).contains("no URL of http"),
                "{base}"
            );
        }
        assert!(said(&Reach::local(), "file:///etc/passwd").ends_with("is no URL of http or https"));
        assert!(said(&Reach::local(), "gopher://1.2.3.4/").ends_with("is no URL of http or https"));
        for base in ["http://user@1.2.3.4/", "http://:word@1.2.3.4/", "http://1.2.3.4/admin?do=", "http://1.2.3.4/#"] {
            assert!(said(&Reach::local(), base).ends_with("has more than a host and a path"), "{base}");
        }
    }

    /// What was checked is what is connected to; a name with one good and one bad address is as bad as the bad one.
    #[test]
    fn a_name_that_stands_for_anything_private_is_barred() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect::<Vec<_>>();
        let public = Reach::public();
        let found = checked(&public, "a.example", addresses(&["1.2.3.4", "2606:4700::1"])).unwrap();
        assert_eq!(found.count(), 2);
        let mixed = checked(&public, "a.example", addresses(&["1.2.3.4", "10.0.0.1"])).map(|_| ()).unwrap_err();
        assert_eq!(mixed.to_string(), "a.example is 10.0.0.1, which is a private address");
        assert!(checked(&Reach::local(), "a.example", addresses(&["10.0.0.1"])).is_ok());
    }
}
