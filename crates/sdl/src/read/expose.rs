//! `services.<name>.expose[]`.

use super::{Fields, Reader};
use crate::{
    document::{ExposeDoc, HttpDoc, ToDoc},
    finding::{Said, quoted},
    yaml::NodeId,
};

const HTTP: [&str; 7] =
    ["max_body_size", "proxy_buffer_size", "read_timeout", "send_timeout", "next_tries", "next_timeout", "next_cases"];

impl<'t> Reader<'t> {
    pub(super) fn expose(&mut self, id: NodeId, path: &str) -> Option<ExposeDoc> {
        let fields = self.structure(id, path, &["port", "as", "proto", "to", "accept", "http_options"])?;
        let (port, outside) = (self.number_of(&fields, "port"), self.number_of(&fields, "as"));
        let http = self.http(&fields);
        let items = self.items(fields.value("to"), &fields.path_of("to"));
        let to_is_wrong = items.is_none() && fields.value("to").is_some_and(|to| !self.tree.is_null(to));
        let items = items.unwrap_or_default();
        let listed = items.len();
        let to: Vec<ToDoc> = items.into_iter().filter_map(|(item, path)| self.to(item, &path)).collect();
        let accept = self.texts(fields.value("accept"), &fields.path_of("accept"));
        for host in accept.iter().flatten().filter(|host| !is_authority(&host.value)) {
            let hint = "a host name as `www.example.com`";
            self.findings.error(&host.at, format!("{} cannot stand in a URL", quoted(&host.value)), hint);
        }
        let broken = port.is_none() || outside.is_none() || http.is_none() || to_is_wrong || to.len() < listed;
        Some(ExposeDoc {
            port: port.unwrap_or_else(|| Said { value: 0, at: fields.at.clone() }),
            outside: outside.map_or(0, |said| said.value),
            proto: self.text_of(&fields, "proto").unwrap_or_else(|| said_text(&fields)),
            to,
            accept,
            http: http.unwrap_or_default(),
            broken,
            at: fields.at,
        })
    }

    fn to(&mut self, id: NodeId, path: &str) -> Option<ToDoc> {
        let fields = self.structure(id, path, &["service", "global", "http_options", "ip"])?;
        if let Some(options) = self.member(&fields, "http_options", &HTTP) {
            let hint = "put `http_options` beside `to`";
            self.findings.warn(&options.at, "these options have no effect here", hint);
        }
        let service = self.text_of(&fields, "service").map(|said| said.value).unwrap_or_default();
        let ip = self.text_of(&fields, "ip").map(|said| said.value).unwrap_or_default();
        Some(ToDoc { service, global: self.truth_of(&fields, "global")?, ip, at: fields.at })
    }

    /// The options; none when one of them cannot be read.
    fn http(&mut self, fields: &Fields<'t>) -> Option<HttpDoc> {
        let Some(fields) = self.member(fields, "http_options", &HTTP) else { return Some(HttpDoc::default()) };
        let number = |reader: &mut Self, key| reader.number_of(&fields, key);
        let http = (
            number(self, "max_body_size"),
            number(self, "proxy_buffer_size"),
            number(self, "read_timeout"),
            number(self, "send_timeout"),
            number(self, "next_tries"),
            number(self, "next_timeout"),
        );
        Some(HttpDoc {
            next_cases: self.texts(fields.value("next_cases"), &fields.path_of("next_cases")).unwrap_or_default(),
            max_body_size: http.0?,
            proxy_buffer_size: http.1?,
            read_timeout: http.2?,
            send_timeout: http.3?,
            next_tries: http.4?,
            next_timeout: http.5?,
        })
    }
}

fn said_text(fields: &Fields<'_>) -> Said<String> {
    Said { value: String::new(), at: fields.at.clone() }
}

/// Whether `http://<text>` is a URL for upstream: no control characters, a host without what URLs keep for themselves, a port in
/// digits. Whether it is a host name is judged where it is used.
fn is_authority(text: &str) -> bool {
    if text.chars().any(|c| c.is_ascii_control()) {
        return false;
    }
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let port_is_digits = host.rsplit_once(':').is_none_or(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    port_is_digits && !host.contains([' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}', '%'])
}

#[cfg(test)]
mod tests {
    use super::is_authority;

    #[test]
    fn hosts_stand_in_urls_when_they_hold_nothing_odd() {
        for text in ["example.com", "example.com:80", "example.com/path with blanks", "", "Ä.com"] {
            assert!(is_authority(text), "{text}");
        }
        for text in ["a b", "a:b", "<a>", "a\u{1}", "a%"] {
            assert!(!is_authority(text), "{text}");
        }
    }
}
