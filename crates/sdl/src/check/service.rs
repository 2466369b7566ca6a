//! What a service is, and how it is reached.

use super::{Check, Placed};
use crate::{
    document::{ExposeDoc, HttpDoc, Rules, ServiceDoc},
    finding::{At, Said, quoted},
    http, names,
};
use depin_quantity::nearest_name;

impl<'d> Check<'d> {
    pub(super) fn service(&mut self, placed: &Placed<'d>) {
        let service = placed.service;
        if !names::is_service(placed.name) {
            let hint = "small letters, digits and `-`, a letter first, no `-` last";
            self.findings.error(&service.at, format!("{} is no name of a service", quoted(placed.name)), hint);
        }
        if service.image.as_ref().is_none_or(|image| image.value.is_empty()) {
            self.findings.error(&service.at, "the service has no image", "add `image: NAME:TAG`");
        }
        // As upstream any text is taken; what no engine can pull fails at the provider, when the deposit is spent.
        if let Some(image) = service.image.as_ref().filter(|image| !image.value.is_empty() && !names::is_image(&image.value)) {
            let hint = "`NAME:TAG` or `HOST/NAME:TAG`: letters, digits, `.`, `_`, `-`, `/`, `:`, `@`";
            self.findings.warn(&image.at, format!("{} is no name of an image", quoted(&image.value)), hint);
        }
        for env in service.env.iter().flatten() {
            // Only the name is ever printed: values are secrets more often than not.
            let (name, has_value) = env.value.split_once('=').map_or((env.value.as_str(), false), |(name, _)| (name, true));
            if !names::is_env(name) {
                let said = if has_value { quoted(name) } else { "this".to_owned() };
                let hint = "`NAME=value`; the name of letters, digits, `_`, `.` and `-`, no digit first";
                self.findings.error(&env.at, format!("{said} is no name of an environment variable"), hint);
            }
        }
        self.credentials(service);
        self.tee(placed);
        for expose in &service.expose {
            self.expose(expose);
        }
    }

    fn credentials(&mut self, service: &ServiceDoc) {
        let Some(credentials) = &service.credentials else { return };
        for (what, text) in
            [("host", &credentials.host), ("username", &credentials.username), ("password", &credentials.password)]
        {
            if text.trim().is_empty() {
                self.findings.error(
                    &credentials.at,
                    format!("the credentials have no {what}"),
                    "say host, username and password",
                );
            }
        }
        if self.document.rules == Rules::V2_0 && !credentials.email.is_empty() {
            let hint = "version 2.1 sends it";
            self.findings.warn(&credentials.at, "the email is not sent under version 2.0", hint);
        }
    }

    fn tee(&mut self, placed: &Placed<'d>) {
        let Some(tee) = placed.service.params.as_ref().and_then(|params| params.tee.as_ref()) else { return };
        if !matches!(tee.value.as_str(), "cpu" | "cpu-gpu") {
            let message = format!("no confidential computing is called {}", quoted(&tee.value));
            self.findings.error(&tee.at, message, "`cpu` or `cpu-gpu`");
        }
        let gpus = placed.compute.gpu.as_ref().map_or(0, |gpu| gpu.units.value);
        if tee.value == "cpu-gpu" && gpus == 0 && !placed.compute.broken {
            let message = format!("the profile {} has no GPU", quoted(placed.compute_name));
            self.findings.error(&tee.at, message, "`tee: cpu`, or add GPUs to the profile");
        }
    }

    fn expose(&mut self, expose: &'d ExposeDoc) {
        if !expose.broken && !(1..=65_535).contains(&expose.port.value) {
            let message =
                if expose.port.value == 0 { "no port is said".to_owned() } else { format!("{} is no port", expose.port.value) };
            self.findings.error(&expose.port.at, message, "`port`, the container's, is from 1 to 65535");
        }
        if expose.outside > 65_535 {
            let message = format!("`as` is {}, and no port is above 65535", expose.outside);
            self.findings.warn(&expose.at, message, "upstream takes it; no provider can open it");
        }
        if !["", "TCP", "UDP"].contains(&expose.proto.value.to_uppercase().as_str()) {
            let message = format!("no transport is called {}", quoted(&expose.proto.value));
            self.findings.error(&expose.proto.at, message, "`tcp` or `udp`");
        }
        self.http(&expose.http);
        for to in expose.to.iter().filter(|to| !to.service.is_empty()) {
            let services = &self.document.services;
            if !services.contains_key(&to.service) {
                let near = nearest_name(&to.service, services.keys().map(String::as_str));
                let hint = near.map_or_else(|| "name one under `services`".to_owned(), |near| format!("did you mean `{near}`?"));
                self.findings.warn(&to.at, format!("no service is called {}", quoted(&to.service)), hint);
            }
        }
        self.globals += expose.to.iter().filter(|to| to.global).count();
        // Each `to` is a way in of its own, and carries all host names.
        for _ in 0..expose.to.len().max(1) {
            for host in expose.accept.iter().flatten() {
                self.host(host);
            }
        }
    }

    fn host(&mut self, host: &'d Said<String>) {
        if !names::is_host(&host.value) {
            let hint = "labels of small letters, digits and `-`, parted by dots, at most 253 characters, no port and no path";
            self.findings.error(&host.at, format!("{} is no host name", quoted(&host.value)), hint);
        } else if let Some(first) = self.hosts.insert(&host.value, &host.at) {
            let (message, hint) = if first.span == host.at.span {
                let message = format!("the host name {} is claimed by more than one way in", quoted(&host.value));
                (message, "a port with `accept` takes one `to`, and its service one placement")
            } else {
                let message = format!("the host name {} is claimed twice, first in line {}", quoted(&host.value), first.line);
                (message, "remove one of them")
            };
            self.findings.error(&host.at, message, hint);
        }
    }

    fn http(&mut self, doc: &HttpDoc) {
        let sizes = [
            ("max_body_size", &doc.max_body_size, http::BODY_MAX, "bytes"),
            ("proxy_buffer_size", &doc.proxy_buffer_size, http::BUFFER_MAX, "bytes"),
            ("read_timeout", &doc.read_timeout, http::TIMEOUT_MS_MAX, "ms"),
            ("send_timeout", &doc.send_timeout, http::TIMEOUT_MS_MAX, "ms"),
        ];
        for (what, said, most, unit) in sizes {
            // Upstream's command line refuses it, its console and its providers do not: files that are in use say more.
            if said.value > most {
                let message = format!("{what} is {} {unit}, and upstream's command line takes {most} at most", said.value);
                self.findings.warn(
                    &said.at,
                    message,
                    format!("write at most {most}; providers take it as it is, and may do less"),
                );
            }
        }
        for case in &doc.next_cases {
            self.case(case, doc.next_cases.len(), &case.at);
        }
    }

    fn case(&mut self, case: &Said<String>, of: usize, at: &At) {
        if !http::CASES.contains(&case.value.as_str()) {
            let hint = format!("known: {}", http::CASES.join(", "));
            self.findings.error(at, format!("no case is called {}", quoted(&case.value)), hint);
        } else if case.value == "off" && of > 1 {
            self.findings.error(at, "`off` stands beside other cases", "write `off` alone, or leave it out");
        }
    }
}
