//! `services.<name>`.

use super::Reader;
use crate::{
    document::{CredentialsDoc, MountDoc, ParamsDoc, ServiceDoc},
    finding::Said,
    yaml::NodeId,
};
use depin_quantity::nearest_name;

const KEYS: [&str; 8] = ["image", "command", "args", "env", "expose", "dependencies", "params", "credentials"];
const PERMISSIONS: [&str; 3] = ["deployment", "logs", "events"];

impl Reader<'_> {
    pub(super) fn service(&mut self, id: NodeId, path: &str) -> Option<ServiceDoc> {
        let fields = self.structure(id, path, &KEYS)?;
        for (index, item) in
            self.items(fields.value("dependencies"), &fields.path_of("dependencies")).into_iter().flatten().enumerate()
        {
            if let Some(dependency) = self.structure(item.0, &item.1, &["service"]) {
                self.text_of(&dependency, "service");
            }
            if index == 0 {
                let at = self.at(item.0, &fields.path_of("dependencies"));
                let hint = "services of a lease start together; let a service wait for what it needs";
                self.findings.warn(&at, "dependencies are read and have no effect", hint);
            }
        }
        let expose = self.items(fields.value("expose"), &fields.path_of("expose")).unwrap_or_default();
        Some(ServiceDoc {
            image: self.text_of(&fields, "image"),
            command: self.texts(fields.value("command"), &fields.path_of("command")),
            args: self.texts(fields.value("args"), &fields.path_of("args")),
            env: self.texts(fields.value("env"), &fields.path_of("env")),
            expose: expose.into_iter().filter_map(|(item, path)| self.expose(item, &path)).collect(),
            params: fields.value("params").and_then(|id| self.params(id, &fields.path_of("params"))),
            credentials: fields.value("credentials").and_then(|id| self.credentials(id, &fields.path_of("credentials"))),
            at: fields.at,
        })
    }

    fn params(&mut self, id: NodeId, path: &str) -> Option<ParamsDoc> {
        let fields = self.structure(id, path, &["storage", "permissions", "tee"])?;
        let storage = self.named(fields.value("storage"), &fields.path_of("storage"), Self::mount);
        let permissions = self.member(&fields, "permissions", &["read"]).map(|permissions| {
            let read = self.texts(permissions.value("read"), &permissions.path_of("read")).unwrap_or_default();
            for said in read.iter().filter(|said| !PERMISSIONS.contains(&said.value.as_str())) {
                let near = nearest_name(&said.value, PERMISSIONS);
                let hint =
                    near.map_or_else(|| format!("known: {}", PERMISSIONS.join(", ")), |near| format!("did you mean `{near}`?"));
                self.findings.warn(&said.at, "no provider knows this permission", hint);
            }
            read
        });
        let tee = self.text_of(&fields, "tee").filter(|said| !said.value.is_empty());
        Some(ParamsDoc { storage, permissions, tee })
    }

    fn mount(&mut self, id: NodeId, path: &str) -> Option<MountDoc> {
        let fields = self.structure(id, path, &["mount", "readOnly"])?;
        let mount = self.text_of(&fields, "mount").map(|said| said.value).unwrap_or_default();
        Some(MountDoc { mount, read_only: self.truth_of(&fields, "readOnly").unwrap_or_default(), at: fields.at })
    }

    fn credentials(&mut self, id: NodeId, path: &str) -> Option<CredentialsDoc> {
        let fields = self.structure(id, path, &["host", "email", "username", "password"])?;
        let mut text = |key| self.text_of(&fields, key).unwrap_or_else(|| Said { value: String::new(), at: fields.at.clone() });
        let (host, email, username, password) = (text("host"), text("email"), text("username"), text("password"));
        for (said, least, what) in [(&email, 5, "email"), (&password, 6, "password")] {
            if !said.value.is_empty() && said.value.chars().count() < least {
                let message = format!("upstream's schema wants a {what} of at least {least} characters");
                self.findings.warn(&said.at, message, "it is sent as it is");
            }
        }
        let (host, email, username, password) = (host.value, email.value, username.value, password.value);
        Some(CredentialsDoc { host, email, username, password, at: fields.at })
    }
}
