//! Ports: those of the last start where they are free, else the usual ones, else any. Ports that were asked for are had, or refused.

use crate::{
    Error, Result,
    home::{self, Ports},
};
use std::net::{IpAddr, SocketAddr, TcpListener};

/// First port when neither a wish nor the home says one: 461 is Filecoin's registered coin type.
const PORT_BASE_DEFAULT: u16 = 4610;

/// Distance of a service's gateway from the first port.
pub(crate) const GATEWAY: u16 = 1;
/// Distance of the first operator from the first port.
pub(crate) const OPERATORS: u16 = 10;

/// Chooses ports for one start.
pub struct Chooser {
    ip: IpAddr,
    /// 0: no port is preferred.
    base: u16,
    /// Whether the ports were asked for: then no others will do.
    asked: bool,
    remembered: Ports,
    chosen: Ports,
    taken: Vec<u16>,
}

impl Chooser {
    /// `asked` is the wish for this start; another one than last time makes what was remembered void.
    pub(crate) fn new(ip: IpAddr, asked: Option<u16>, remembered: Option<Ports>) -> Self {
        let remembered = remembered.unwrap_or_default();
        let same = asked.is_none_or(|base| base == remembered.base);
        let base = asked.unwrap_or(if remembered.api == 0 { PORT_BASE_DEFAULT } else { remembered.base });
        let remembered = if same { remembered } else { Ports::default() };
        let asked = asked.is_some_and(|base| base != 0);
        Self { ip, base, asked, remembered, chosen: Ports { base, ..Ports::default() }, taken: Vec::new() }
    }

    /// What this start uses, to be remembered.
    pub(crate) fn chosen(&self) -> Ports {
        self.chosen.clone()
    }

    pub(crate) fn api(&mut self) -> Result<SocketAddr> {
        let address = self.choose("the node's API", self.remembered.api, 0)?;
        self.chosen.api = address.port();
        Ok(address)
    }

    /// The port of the service's gateway, which is remembered by the name of its endpoint.
    ///
    /// # Errors
    /// Refused when the port that was asked for is taken; broken when no port is free.
    pub fn named(&mut self, name: &str) -> Result<SocketAddr> {
        let remembered = self.remembered.named.get(name).copied().unwrap_or_default();
        let address = self.choose(&format!("the gateway `{name}`"), remembered, GATEWAY)?;
        self.chosen.named.insert(name.to_owned(), address.port());
        Ok(address)
    }

    /// A port for `whom`, which had `remembered` last time (0: none): `offset` higher than the first one where that is free.
    ///
    /// # Errors
    /// Refused when the port that was asked for is taken; broken when no port is free.
    pub fn choose(&mut self, whom: &str, remembered: u16, offset: u16) -> Result<SocketAddr> {
        self.choose_row(whom, remembered, offset, 1)
    }

    /// The first of `count` ports in a row, all of which are for `whom`; the rest as [`Self::choose`].
    ///
    /// # Errors
    /// As [`Self::choose`].
    pub fn choose_row(&mut self, whom: &str, remembered: u16, offset: u16, count: u16) -> Result<SocketAddr> {
        let usual = if self.base == 0 { 0 } else { self.base.saturating_add(offset) };
        if self.asked {
            for port in row(usual, count) {
                if self.taken.contains(&port) {
                    return Err(taken(whom, self.base, SocketAddr::new(self.ip, port), "another part of this network has it"));
                }
                had(whom, self.ip, self.base, port)?;
                self.taken.push(port);
            }
            return Ok(SocketAddr::new(self.ip, usual));
        }
        // A free port may be one that another part was given and does not hold yet; a few more tries find another.
        let preferred = [remembered, usual].into_iter().filter(|port| *port != 0);
        for port in preferred.chain([0; 16]) {
            let Ok(port) = free(self.ip, port) else { continue };
            if row(port, count).all(|port| !self.taken.contains(&port) && free(self.ip, port).is_ok()) {
                self.taken.extend(row(port, count));
                return Ok(SocketAddr::new(self.ip, port));
            }
        }
        let error = free(self.ip, 0).err().map_or_else(|| "no port is free".to_owned(), |error| error.to_string());
        Err(Error::broken("listen", format_args!("cannot listen on {}: {error}", self.ip))
            .hint("name an address of this machine with --listen"))
    }
}

/// Refuses a first port whose ports are taken, before anything is made. `operators` are those that will run.
///
/// # Errors
/// Refused; it names the port and who needs it.
pub fn check_ports(ip: IpAddr, base: Option<u16>, operators: u32) -> Result<()> {
    let Some(base) = base.filter(|base| *base != 0) else { return Ok(()) };
    had("the node's API", ip, base, base)?;
    had("the gateway", ip, base, base.saturating_add(GATEWAY))?;
    for (offset, number) in (OPERATORS..).zip(1..=operators) {
        had(home::provider_name(number).as_str(), ip, base, base.saturating_add(offset))?;
    }
    Ok(())
}

/// The address on which `whom` will listen, with its port: something that must know its URL before it listens. Nothing is held.
///
/// # Errors
/// Refused for a port that is taken, and for an address that is not this machine's; it names both the port and who needs it.
pub fn listen_address(whom: &str, listen: SocketAddr) -> Result<SocketAddr> {
    match free(listen.ip(), listen.port()) {
        Ok(port) => Ok(SocketAddr::new(listen.ip(), port)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let port = listen.port();
            Err(Error::refused(
                "port-taken",
                format_args!("port {port} is taken, and {whom} needs it (--listen {listen}): something listens there already"),
            )
            .hint(format_args!("name another port with --listen, or a free one with --listen {}:0", listen.ip())))
        }
        Err(error) => Err(Error::refused("listen", format_args!("{whom} cannot listen on {listen}: {error}"))
            .hint("choose another address or port with --listen")),
    }
}

/// `count` ports from the first on.
fn row(first: u16, count: u16) -> impl Iterator<Item = u16> {
    (0..count).map(move |more| first.saturating_add(more))
}

/// Whether a port that was asked for can be had.
fn had(whom: &str, ip: IpAddr, base: u16, port: u16) -> Result<()> {
    match free(ip, port) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Err(taken(whom, base, SocketAddr::new(ip, port), "something listens there already"))
        }
        Err(error) => {
            Err(Error::refused("listen", format_args!("{whom} cannot listen on {}: {error}", SocketAddr::new(ip, port)))
                .hint("name an address of this machine with --listen, and a --port-base above 1023"))
        }
    }
}

fn taken(whom: &str, base: u16, address: SocketAddr, why: &str) -> Error {
    let port = address.port();
    Error::refused("port-taken", format_args!("port {port} is taken, and {whom} needs it (--port-base {base}): {why}"))
        .hint("name another --port-base, or --port-base 0 for any ports that are free")
}

/// Looks whether a port is free by taking it for a moment; 0 finds a free one.
fn free(ip: IpAddr, port: u16) -> std::io::Result<u16> {
    TcpListener::bind((ip, port))?.local_addr().map(|address| address.port())
}

/// URL under which something that listens there is reached from this machine.
pub fn url(address: SocketAddr, tls: bool) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("{}://{}", if tls { "https" } else { "http" }, SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_port_in_use_is_passed_over() {
        let held = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let mut chooser = Chooser::new(LOCAL, None, Some(Ports { base: port, api: port, named: BTreeMap::new() }));
        let chosen = chooser.api().unwrap().port();
        assert!(chosen != port && chosen != 0);
    }

    #[test]
    fn a_port_that_was_asked_for_is_had_or_refused_with_who_needs_it() {
        let held = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let error = Chooser::new(LOCAL, Some(port), None).api().unwrap_err();
        assert_eq!(error.code, "port-taken");
        assert!(error.message.contains(&format!("port {port} is taken, and the node's API needs it")), "{error:?}");
        assert!(check_ports(LOCAL, None, 4).is_ok() && check_ports(LOCAL, Some(0), 4).is_ok());
        assert_eq!(check_ports(LOCAL, Some(port), 0).unwrap_err(), error);
        if port > 2_000 {
            // Whatever else is in use on this machine: the port is named with the second operator, or one before it with its own.
            let error = check_ports(LOCAL, Some(port - OPERATORS - 1), 2).unwrap_err();
            let second = format!("port {port} is taken, and provider-2 needs it");
            assert!(
                error.code == "port-taken" && (error.message.contains(&second) || !error.message.contains(&port.to_string()))
            );
        }
    }

    #[test]
    fn what_was_used_last_comes_back_unless_another_base_is_asked_for() {
        let port = free(LOCAL, 0).unwrap();
        let last = Ports { base: 0, api: port, named: BTreeMap::new() };
        assert_eq!(Chooser::new(LOCAL, None, Some(last.clone())).api().unwrap().port(), port);
        assert_eq!(Chooser::new(LOCAL, Some(0), Some(last.clone())).api().unwrap().port(), port);
        let other = free(LOCAL, 0).unwrap();
        assert_eq!(Chooser::new(LOCAL, Some(other), Some(last)).api().unwrap().port(), other);
    }

    #[test]
    fn the_usual_ports_follow_from_the_base() {
        let base = free(LOCAL, 0).unwrap();
        let mut chooser = Chooser::new(LOCAL, Some(base), None);
        assert_eq!(chooser.api().unwrap().port(), base);
        assert_eq!(Chooser::new(LOCAL, None, None).chosen().base, PORT_BASE_DEFAULT);
    }

    #[test]
    fn a_gateways_port_is_remembered_by_its_name() {
        let mut first = Chooser::new(LOCAL, Some(0), None);
        let port = first.named("s3").unwrap().port();
        assert_eq!(first.chosen().named, BTreeMap::from([("s3".to_owned(), port)]));
        let mut second = Chooser::new(LOCAL, Some(0), Some(Ports { api: 1, ..first.chosen() }));
        assert_eq!(second.named("s3").unwrap().port(), port);
    }

    #[test]
    fn no_port_is_given_twice() {
        let mut chooser = Chooser::new(LOCAL, Some(0), None);
        let mut ports: Vec<u16> = (0..20).map(|index| chooser.choose("provider-1", 0, 10 + index).unwrap().port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }

    #[test]
    fn an_address_for_everybody_is_reached_by_loopback() {
        assert_eq!(url("0.0.0.0:80".parse().unwrap(), false), "http://127.0.0.1:80");
        assert_eq!(url("[::]:80".parse().unwrap(), true), "https://[::1]:80");
    }
}
