//! Ports: those of the last start where they are free, else the usual ones, else any.

use crate::{Error, Result, home::Ports};
use std::net::{IpAddr, SocketAddr, TcpListener};

/// First port when neither a wish nor the home says one: 461 is Filecoin's registered coin type.
const PORT_BASE_DEFAULT: u16 = 4610;

/// Chooses ports for one start.
pub struct Chooser {
    ip: IpAddr,
    /// 0: no port is preferred.
    base: u16,
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
        Self { ip, base, remembered, chosen: Ports { base, ..Ports::default() }, taken: Vec::new() }
    }

    /// What this start uses, to be remembered.
    pub(crate) fn chosen(&self) -> Ports {
        self.chosen.clone()
    }

    pub(crate) fn api(&mut self) -> Result<SocketAddr> {
        let address = self.choose(self.remembered.api, 0)?;
        self.chosen.api = address.port();
        Ok(address)
    }

    /// The port of a gateway, which is remembered by the name of its endpoint.
    ///
    /// # Errors
    /// Broken when no port is free.
    pub fn named(&mut self, name: &str, offset: u16) -> Result<SocketAddr> {
        let remembered = self.remembered.named.get(name).copied().unwrap_or_default();
        let address = self.choose(remembered, offset)?;
        self.chosen.named.insert(name.to_owned(), address.port());
        Ok(address)
    }

    /// A port for something that had `remembered` last time (0: none), `offset` higher than the first one where that is free.
    ///
    /// # Errors
    /// Broken when no port is free.
    pub fn choose(&mut self, remembered: u16, offset: u16) -> Result<SocketAddr> {
        let usual = if self.base == 0 { 0 } else { self.base.saturating_add(offset) };
        // A free port may be one that another part was given and does not hold yet; a few more tries find another.
        let preferred = [remembered, usual].into_iter().filter(|port| *port != 0);
        for port in preferred.chain([0; 4]) {
            if let Ok(port) = free(self.ip, port)
                && !self.taken.contains(&port)
            {
                self.taken.push(port);
                return Ok(SocketAddr::new(self.ip, port));
            }
        }
        let error = free(self.ip, 0).err().map_or_else(|| "no port is free".to_owned(), |error| error.to_string());
        Err(Error::broken("listen", format_args!("cannot listen on {}: {error}", self.ip))
            .hint("name an address of this machine with --listen"))
    }
}

/// Looks whether a port is free by taking it for a moment; 0 finds a free one.
fn free(ip: IpAddr, port: u16) -> std::io::Result<u16> {
    TcpListener::bind((ip, port))?.local_addr().map(|address| address.port())
}

/// URL under which something that listens there is reached from this machine.
pub fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
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
        let base = free(LOCAL, 0).unwrap().min(65_000);
        let mut chooser = Chooser::new(LOCAL, Some(base), None);
        assert_eq!(chooser.api().unwrap().port(), base);
        assert_eq!(Chooser::new(LOCAL, None, None).chosen().base, PORT_BASE_DEFAULT);
    }

    #[test]
    fn a_gateways_port_is_remembered_by_its_name() {
        let mut first = Chooser::new(LOCAL, Some(0), None);
        let port = first.named("s3", 1).unwrap().port();
        assert_eq!(first.chosen().named, BTreeMap::from([("s3".to_owned(), port)]));
        let mut second = Chooser::new(LOCAL, Some(0), Some(Ports { api: 1, ..first.chosen() }));
        assert_eq!(second.named("s3", 1).unwrap().port(), port);
    }

    #[test]
    fn no_port_is_given_twice() {
        let mut chooser = Chooser::new(LOCAL, Some(0), None);
        let mut ports: Vec<u16> = (0..20).map(|index| chooser.choose(0, 10 + index).unwrap().port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }

    #[test]
    fn an_address_for_everybody_is_reached_by_loopback() {
        assert_eq!(url("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(url("[::]:80".parse().unwrap()), "http://[::1]:80");
    }
}
