//! `profiles.compute.<name>.resources`.

use super::{Reader, Unknown};
use crate::{
    document::{ComputeDoc, GpuDoc, VolumeDoc},
    finding::{At, Said, quoted},
    names,
    resources::Attribute,
    units::{self, UnitError},
    yaml::{Kind, NodeId},
};

/// Most volumes of a profile. Past it upstream's order of volumes, and so the hash, hangs on the inner steps of its sort.
const VOLUMES_MAX: usize = 20;
const CLASSES: [&str; 5] = ["default", "beta1", "beta2", "beta3", "ram"];

impl Reader<'_> {
    pub(super) fn compute(&mut self, id: NodeId, path: &str) -> Option<ComputeDoc> {
        let profile = self.structure(id, path, &["resources"])?;
        let before = self.findings.count();
        let mut doc = ComputeDoc {
            at: profile.at.clone(),
            cpu: None,
            cpu_attributes: Vec::new(),
            memory: None,
            storage: Vec::new(),
            gpu: None,
            broken: false,
        };
        if let Some(fields) = self.member(&profile, "resources", &["cpu", "memory", "storage", "gpu"]) {
            if let Some(id) = fields.value("cpu") {
                (doc.cpu, doc.cpu_attributes) = self.cpu(id, &fields.path_of("cpu"));
            }
            if let Some(memory) = self.member(&fields, "memory", &["size", "attributes"]) {
                if let Some(id) = memory.value("attributes") {
                    let at = self.at(id, &memory.path_of("attributes"));
                    self.findings.warn(&at, "attributes of memory are ignored", "remove them");
                }
                doc.memory = self.quantity(memory.value("size"), &memory.path_of("size"), &memory.at, units::bytes);
            }
            if let Some(id) = fields.value("storage") {
                doc.storage = self.storage(id, &fields.path_of("storage"));
            }
            doc.gpu = fields.value("gpu").and_then(|id| self.gpu(id, &fields.path_of("gpu")));
        }
        doc.broken = self.findings.count() > before;
        Some(doc)
    }

    fn cpu(&mut self, id: NodeId, path: &str) -> (Option<Said<u64>>, Vec<Attribute>) {
        let Some(fields) = self.unmerged(id, path.to_owned()) else { return (None, Vec::new()) };
        self.known(&fields, &["units", "attributes"], Unknown::Refused);
        let units = self.quantity(fields.value("units"), &fields.path_of("units"), &fields.at, units::cpu);
        let mut attributes = Vec::new();
        if let Some(fields) = fields.value("attributes").and_then(|id| self.unmerged(id, fields.path_of("attributes"))) {
            self.known(&fields, &["arch"], Unknown::Refused);
            if fields.value("arch").is_some() {
                let arch = self.text_of(&fields, "arch").map(|said| said.value).unwrap_or_default();
                attributes.push(Attribute::new("arch", arch));
            }
        }
        (units, attributes)
    }

    /// A size; nothing is zero, as upstream has it.
    fn quantity(
        &mut self,
        id: Option<NodeId>,
        path: &str,
        around: &At,
        read: fn(&str) -> Result<u64, UnitError>,
    ) -> Option<Said<u64>> {
        let Some(id) = id.filter(|id| !self.tree.is_null(*id)) else { return Some(Said { value: 0, at: around.clone() }) };
        let said = self.text(id, path)?;
        match read(&said.value) {
            Ok(value) => Some(Said { value, at: said.at }),
            Err(error) => {
                self.findings.error(&said.at, format!("{} {}", quoted(&said.value), error.wrong), error.allowed);
                None
            }
        }
    }

    fn storage(&mut self, id: NodeId, path: &str) -> Vec<VolumeDoc> {
        let mut volumes: Vec<VolumeDoc> = Vec::new();
        if matches!(self.tree.kind(id), Kind::Mapping(_)) {
            volumes.extend(self.volume(id, path).map(|volume| VolumeDoc { name: "default".to_owned(), ..volume }));
        } else {
            for (item, path) in self.items(Some(id), path).unwrap_or_default() {
                let Some(volume) = self.volume(item, &path) else { continue };
                if volumes.iter().any(|other| other.name == volume.name) {
                    let at = self.at(item, &path);
                    let message = format!("a second volume is called {}", quoted(&volume.name));
                    self.findings.error(&at, message, "give each a `name` of its own; without one it is `default`");
                }
                volumes.push(volume);
            }
        }
        if volumes.len() > VOLUMES_MAX {
            let at = self.at(id, path);
            let message = format!("{} volumes are asked for, at most {VOLUMES_MAX} are known here", volumes.len());
            self.findings.error(&at, message, "providers give a service two or three; put folders on one volume");
            volumes.truncate(VOLUMES_MAX);
        }
        sort_volumes(&mut volumes);
        volumes
    }

    fn volume(&mut self, id: NodeId, path: &str) -> Option<VolumeDoc> {
        let fields = self.structure(id, path, &["name", "size", "attributes"])?;
        let name = self.text_of(&fields, "name").map(|said| said.value).filter(|name| !name.is_empty());
        let size = self.quantity(fields.value("size"), &fields.path_of("size"), &fields.at, units::bytes);
        let attributes = fields.value("attributes").map(|id| self.volume_attributes(id, &fields.path_of("attributes")));
        Some(VolumeDoc {
            name: name.unwrap_or_else(|| "default".to_owned()),
            size: size?,
            attributes: attributes.unwrap_or_default(),
        })
    }

    /// The rules of classes compare with the words `true` and `false` before `on`, `yes`, `off` and `no` become them.
    fn volume_attributes(&mut self, id: NodeId, path: &str) -> Vec<Attribute> {
        let Some(fields) = self.merged(id, path.to_owned()) else { return Vec::new() };
        self.known(&fields, &["persistent", "class"], Unknown::Refused);
        let mut text = |key| fields.value(key).map(|_| self.text_of(&fields, key).map(|said| said.value).unwrap_or_default());
        let (persistent, mut class) = (text("persistent").unwrap_or_else(|| "false".to_owned()), text("class"));
        let at = fields.at.clone();
        match class.as_deref().unwrap_or_default() {
            "" if persistent == "true" => class = Some("default".to_owned()),
            "" => {}
            "ram" if persistent != "false" => {
                self.findings.error(&at, "memory cannot be persistent", "write `persistent: false` with `class: ram`");
            }
            "ram" => {}
            _ if persistent == "false" => {
                let hint = "write `persistent: true`, or leave the class out; only `ram` is not persistent";
                self.findings.error(&at, "only persistent storage has a class", hint);
            }
            _ => {}
        }
        let persistent = match persistent.as_str() {
            "true" | "on" | "yes" => "true",
            "false" | "off" | "no" => "false",
            other => {
                self.findings.error(&at, format!("`persistent` is {}", quoted(other)), "`true` or `false`, in small letters");
                return Vec::new();
            }
        };
        if let Some(class) = class.as_deref().filter(|class| !CLASSES.contains(class)) {
            self.findings.error(&at, format!("no class is called {}", quoted(class)), format!("known: {}", CLASSES.join(", ")));
        }
        let class = class.map(|class| Attribute::new("class", class));
        class.into_iter().chain([Attribute::new("persistent", persistent)]).collect()
    }

    fn gpu(&mut self, id: NodeId, path: &str) -> Option<GpuDoc> {
        let fields = self.unmerged(id, path.to_owned())?;
        self.known(&fields, &["units", "attributes"], Unknown::Refused);
        let units = self.quantity(fields.value("units"), &fields.path_of("units"), &fields.at, units::gpu)?;
        let attributes = match fields.value("attributes").filter(|id| !self.tree.is_null(*id)) {
            Some(id) => self.gpu_attributes(id, &fields.path_of("attributes"))?,
            None => Vec::new(),
        };
        if units.value > 0 && attributes.is_empty() {
            let hint = "add `attributes: {vendor: {nvidia: }}` for any model, or a list of `model: …`";
            self.findings.error(&fields.at, "which GPUs are wanted is not said", hint);
        }
        if units.value == 0 && !attributes.is_empty() {
            self.findings.error(
                &fields.at,
                "no GPUs are wanted, but attributes of them",
                "say `units`, or remove the attributes",
            );
        }
        Some(GpuDoc { units, attributes })
    }

    fn gpu_attributes(&mut self, id: NodeId, path: &str) -> Option<Vec<Attribute>> {
        let fields = self.unmerged(id, path.to_owned())?;
        self.known(&fields, &["vendor"], Unknown::Refused);
        let Some(vendor) = self.member(&fields, "vendor", &["nvidia"]) else {
            self.findings.error(&fields.at, "no vendor is said", "add `vendor: {nvidia: }` for any model of it");
            return None;
        };
        let mut attributes = Vec::new();
        for (item, path) in self.items(vendor.value("nvidia"), &vendor.path_of("nvidia")).unwrap_or_default() {
            let Some(key) = self.gpu_model(item, &path) else { continue };
            let at = self.at(item, &path);
            if !names::is_attribute_key(&key) {
                let hint = "letters, digits, `.`, `-`, `_` and `/`, at most 128 characters in all";
                self.findings.error(&at, format!("{} is no name of a model", quoted(&key)), hint);
            }
            if attributes.iter().any(|other: &Attribute| other.key == key) {
                self.findings.error(&at, "this model is named twice", "remove one of them");
            }
            attributes.push(Attribute::new(key, "true"));
        }
        if attributes.is_empty() {
            attributes.push(Attribute::new("vendor/nvidia/model/*", "true"));
        }
        attributes.sort();
        Some(attributes)
    }

    fn gpu_model(&mut self, id: NodeId, path: &str) -> Option<String> {
        let fields = self.structure(id, path, &["model", "ram", "interface"])?;
        let model = self.text_of(&fields, "model").map(|said| said.value).unwrap_or_default();
        let mut key = format!("vendor/nvidia/model/{model}");
        if fields.value("ram").is_some_and(|id| !self.tree.is_null(id)) {
            let ram = self.quantity(fields.value("ram"), &fields.path_of("ram"), &fields.at, units::ram)?;
            key += &format!("/ram/{}Gi", ram.value >> 30);
        }
        if let Some(interface) = self.text_of(&fields, "interface") {
            if !matches!(interface.value.as_str(), "pcie" | "sxm") {
                let message = format!("no interface is called {}", quoted(&interface.value));
                self.findings.error(&interface.at, message, "`pcie` or `sxm`");
            }
            key += &format!("/interface/{}", interface.value);
        }
        Some(key)
    }
}

/// Upstream's order, of which the hash is made: by size; then by whether they are persistent, what says nothing first; then, among
/// persistent ones, by name. Among others upstream's comparison says "less" both ways round, and its insertion sort turns equal ones
/// about. So the same comparison is sorted the same way here.
fn sort_volumes(volumes: &mut [VolumeDoc]) {
    for next in 1..volumes.len() {
        let mut at = next;
        while at > 0 && is_less(&volumes[at], &volumes[at - 1]) {
            volumes.swap(at, at - 1);
            at -= 1;
        }
    }
}

fn is_less(a: &VolumeDoc, b: &VolumeDoc) -> bool {
    if a.size.value != b.size.value {
        return a.size.value < b.size.value;
    }
    match (a.attribute("persistent"), b.attribute("persistent")) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(first), Some(second)) if first < second => true,
        (Some(_), Some(_)) if !a.is_persistent() => true,
        (Some(_), Some(_)) if !b.is_persistent() => false,
        _ => a.name < b.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(name: &str, size: u64, persistent: Option<&str>) -> VolumeDoc {
        let attributes = persistent.map(|value| Attribute::new("persistent", value)).into_iter().collect();
        VolumeDoc { name: name.to_owned(), size: Said { value: size, at: At::default() }, attributes }
    }

    #[test]
    fn volumes_are_in_the_order_that_upstream_hashes() {
        let mut volumes = vec![
            volume("b", 5, Some("true")),
            volume("one", 5, None),
            volume("two", 5, None),
            volume("a", 5, Some("true")),
            volume("small", 1, Some("true")),
            volume("shm", 5, Some("false")),
            volume("tmp", 5, Some("false")),
        ];
        sort_volumes(&mut volumes);
        let names: Vec<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
        assert_eq!(names, ["small", "two", "one", "tmp", "shm", "a", "b"]);
    }
}
