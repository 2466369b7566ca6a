//! From the tree to the document: which keys there are, and what their values are.
//!
//! A value that cannot be read is said and left out, and the rest is read all the same. A key that upstream passes over in silence is
//! warned of; one that it refuses is refused.

mod compute;
mod expose;
mod placement;
mod service;
mod version;

use crate::{
    document::{DeployedDoc, Document, EndpointDoc},
    finding::{At, Findings, Said, quoted},
    units,
    yaml::{Kind, NodeId, Pair, Tree},
};
use depin_quantity::nearest_name;
use std::collections::{BTreeMap, HashMap};

pub use placement::PRICE_MAX;

const TOP: [&str; 7] = ["version", "services", "profiles", "deployment", "endpoints", "reclamation", "include"];

/// Walks a tree and gathers what there is to say.
pub struct Reader<'t> {
    tree: &'t Tree<'t>,
    /// The names of things: what is wrong with a thing is said where its name stands.
    names: HashMap<NodeId, NodeId>,
    pub findings: Findings,
}

/// A mapping's pairs.
pub struct Fields<'t> {
    list: Vec<Pair<'t>>,
    pub path: String,
    pub at: At,
}

/// What happens to a key that nobody knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    Ignored,
    Refused,
}

impl Fields<'_> {
    pub fn value(&self, key: &str) -> Option<NodeId> {
        self.list.iter().find(|(name, ..)| *name == key).map(|(.., value)| *value)
    }

    pub fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }
}

/// `path.key`; a key with a dot in it is put in brackets.
fn join(path: &str, key: &str) -> String {
    let key: String = key.chars().take(64).collect();
    match (path.is_empty(), key.contains('.')) {
        (true, _) => key,
        (false, false) => format!("{path}.{key}"),
        (false, true) => format!("{path}[\"{key}\"]"),
    }
}

impl<'t> Reader<'t> {
    pub fn new(tree: &'t Tree<'t>) -> Self {
        Self { tree, names: HashMap::new(), findings: Findings::default() }
    }

    pub fn at(&self, id: NodeId, path: &str) -> At {
        self.tree.at(id, path.to_owned())
    }

    fn at_name(&self, id: NodeId, path: &str) -> At {
        self.at(self.names.get(&id).copied().unwrap_or(id), path)
    }

    /// The whole file; none when it does not even say which rules it follows.
    pub fn document(&mut self) -> Option<Document> {
        let root = self.tree.root();
        if self.tree.further {
            let at = self.at(root, "");
            self.findings.warn(&at, "the file holds several documents", "only the first is read; remove the others");
        }
        let Some(top) = self.unmerged(root, String::new()) else {
            if self.tree.is_null(root) {
                let at = self.at(root, "");
                self.findings.error(&at, "the file is empty", "begin with `version: \"2.0\"`");
            }
            return None;
        };
        self.known(&top, &TOP, Unknown::Refused);
        let rules = self.version(&top)?;
        let profiles = self.member(&top, "profiles", &["compute", "placement"]);
        let (compute, placements) = match &profiles {
            Some(profiles) => (profiles.value("compute"), profiles.value("placement")),
            None => (None, None),
        };
        if let Some(include) = top.value("include") {
            self.texts(Some(include), "include");
        }
        Some(Document {
            rules,
            services: self.named(top.value("services"), "services", Self::service),
            compute: self.named(compute, "profiles.compute", Self::compute),
            placements: self.named(placements, "profiles.placement", Self::placement),
            deployment: self.deployment(top.value("deployment")),
            endpoints: self.named(top.value("endpoints"), "endpoints", Self::endpoint),
            reclamation: self.reclamation(&top),
            deployment_at: self.at(top.value("deployment").unwrap_or(root), "deployment"),
            at: top.at,
        })
    }

    fn deployment(&mut self, id: Option<NodeId>) -> BTreeMap<String, BTreeMap<String, DeployedDoc>> {
        self.named(id, "deployment", |reader, service, path| Some(reader.named(Some(service), path, Self::deployed)))
    }

    fn deployed(&mut self, id: NodeId, path: &str) -> Option<DeployedDoc> {
        let fields = self.structure(id, path, &["profile", "count"])?;
        let profile = self.text_of(&fields, "profile").unwrap_or_else(|| Said { value: String::new(), at: fields.at.clone() });
        // One that cannot be read was said; another one in its place makes no further error.
        let count = self.number_of(&fields, "count").unwrap_or_else(|| Said { value: 1, at: fields.at.clone() });
        Some(DeployedDoc { profile, count, at: fields.at })
    }

    fn endpoint(&mut self, id: NodeId, path: &str) -> Option<EndpointDoc> {
        let fields = self.structure(id, path, &["kind"])?;
        let kind = self.text_of(&fields, "kind").unwrap_or_else(|| Said { value: String::new(), at: fields.at.clone() });
        Some(EndpointDoc { kind, at: fields.at })
    }

    fn reclamation(&mut self, top: &Fields<'t>) -> Option<u64> {
        let id = top.value("reclamation")?;
        let fields = self.structure(id, "reclamation", &["min_window"]);
        let said = fields.as_ref().and_then(|fields| self.text_of(fields, "min_window"));
        let said = said.unwrap_or_else(|| Said { value: String::new(), at: self.at(id, "reclamation.min_window") });
        match units::span(&said.value) {
            Ok(span) => {
                let simple = said.value.strip_suffix(['h', 'm', 's']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
                if !simple {
                    let hint = "upstream's schema knows a whole number with h, m or s: `24h`";
                    self.findings.warn(&said.at, format!("{} is a span that few tools read", quoted(&said.value)), hint);
                }
                Some(span)
            }
            Err(error) => {
                self.findings.error(&said.at, format!("{} {}", quoted(&said.value), error.wrong), error.allowed);
                None
            }
        }
    }

    /// A mapping of things by name.
    pub fn named<T>(
        &mut self,
        id: Option<NodeId>,
        path: &str,
        mut read: impl FnMut(&mut Self, NodeId, &str) -> Option<T>,
    ) -> BTreeMap<String, T> {
        let Some(fields) = id.and_then(|id| self.merged(id, path.to_owned())) else { return BTreeMap::new() };
        let mut things = BTreeMap::new();
        for (name, key, value) in &fields.list {
            let path = join(path, name);
            if self.tree.is_null(*value) {
                let at = self.at(*key, &path);
                self.findings.warn(&at, "nothing is said here, so it counts as absent", "say what it is, or remove the name");
                continue;
            }
            self.names.insert(*value, *key);
            if let Some(thing) = read(self, *value, &path) {
                things.insert((*name).to_owned(), thing);
            }
        }
        things
    }

    /// A mapping with these keys, of a mapping.
    pub fn member(&mut self, fields: &Fields<'t>, key: &str, known: &[&str]) -> Option<Fields<'t>> {
        self.structure(fields.value(key)?, &fields.path_of(key), known)
    }

    /// A mapping with these keys; others are ignored, as upstream does, and warned of.
    pub fn structure(&mut self, id: NodeId, path: &str, known: &[&str]) -> Option<Fields<'t>> {
        let fields = self.merged(id, path.to_owned())?;
        self.known(&fields, known, Unknown::Ignored);
        Some(fields)
    }

    /// A mapping, with merge keys followed; none for null. Anything else is an error.
    pub fn merged(&mut self, id: NodeId, path: String) -> Option<Fields<'t>> {
        self.is_mapping(id, &path).then_some(())?;
        match self.tree.fields(id) {
            Ok(list) => Some(Fields { list, at: self.at_name(id, &path), path }),
            Err((at, message)) => {
                let at = self.at(at, &path);
                self.findings.error(&at, message, "write `<<: *anchor`");
                None
            }
        }
    }

    /// A mapping whose keys upstream looks at one by one: a merge key is an unknown one there.
    pub fn unmerged(&mut self, id: NodeId, path: String) -> Option<Fields<'t>> {
        self.is_mapping(id, &path).then_some(())?;
        let Kind::Mapping(pairs) = self.tree.kind(id) else { return None };
        let text = |key| match self.tree.kind(key) {
            Kind::Scalar(scalar) => scalar.text(),
            _ => "",
        };
        let list = pairs.iter().map(|(key, value)| (text(*key), *key, *value)).collect();
        Some(Fields { list, at: self.at_name(id, &path), path })
    }

    fn is_mapping(&mut self, id: NodeId, path: &str) -> bool {
        let found = match self.tree.kind(id) {
            Kind::Mapping(_) => return true,
            Kind::Scalar(scalar) if scalar.is_null() => return false,
            Kind::Scalar(_) => "a single value",
            Kind::Sequence(_) => "a list",
        };
        let at = self.at(id, path);
        self.findings.error(&at, format!("{found} stands where a mapping is meant"), "write `key: value` lines, indented");
        false
    }

    /// Says which keys are not among these.
    pub fn known(&mut self, fields: &Fields<'t>, known: &[&str], unknown: Unknown) {
        for (name, key, _) in fields.list.iter().filter(|(name, ..)| !known.contains(name)) {
            let at = self.at(*key, &fields.path_of(name));
            let near = nearest_name(name, known.iter().copied());
            let hint = match near {
                Some(near) => format!("did you mean `{near}`? known here: {}", known.join(", ")),
                None => format!("known here: {}", known.join(", ")),
            };
            match unknown {
                Unknown::Ignored => self.findings.warn(&at, format!("the key {} is ignored", quoted(name)), hint),
                Unknown::Refused if *name == "<<" => {
                    self.findings.error(&at, "merge keys are not followed here", "merge one level further in, or write it out");
                }
                Unknown::Refused => self.findings.error(&at, format!("the key {} is not known", quoted(name)), hint),
            }
        }
    }

    /// The items of a list; none for null. Empty items are dropped, as upstream does, and warned of.
    pub fn items(&mut self, id: Option<NodeId>, path: &str) -> Option<Vec<(NodeId, String)>> {
        let id = id?;
        let Kind::Sequence(items) = self.tree.kind(id) else {
            if !self.tree.is_null(id) {
                let found = if matches!(self.tree.kind(id), Kind::Mapping(_)) { "a mapping" } else { "a single value" };
                let at = self.at(id, path);
                let hint = "begin each item with `- `";
                self.findings.error(&at, format!("{found} stands where a list is meant"), hint);
            }
            return None;
        };
        let mut kept = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if self.tree.is_null(*item) {
                let at = self.at(*item, &path);
                self.findings.warn(&at, "an empty item is dropped", "remove it, or write \"\" for an empty text");
            } else {
                kept.push((*item, path));
            }
        }
        Some(kept)
    }

    /// A list of texts; none for null.
    pub fn texts(&mut self, id: Option<NodeId>, path: &str) -> Option<Vec<Said<String>>> {
        let items = self.items(id, path)?;
        Some(items.into_iter().filter_map(|(item, path)| self.text(item, &path)).collect())
    }

    /// A text, numbers and truths among them; none for null.
    pub fn text(&mut self, id: NodeId, path: &str) -> Option<Said<String>> {
        match self.tree.kind(id) {
            Kind::Scalar(scalar) if scalar.is_null() => None,
            Kind::Scalar(scalar) => Some(Said { value: scalar.text().to_owned(), at: self.at(id, path) }),
            _ => {
                let at = self.at(id, path);
                self.findings.error(&at, "a list or a mapping stands where a text is meant", "write one value");
                None
            }
        }
    }

    pub fn text_of(&mut self, fields: &Fields<'t>, key: &str) -> Option<Said<String>> {
        self.text(fields.value(key)?, &fields.path_of(key))
    }

    /// A whole number; 0 where nothing is said, none where it cannot be read.
    pub fn number_of(&mut self, fields: &Fields<'t>, key: &str) -> Option<Said<u32>> {
        let Some(id) = fields.value(key).filter(|id| !self.tree.is_null(*id)) else {
            return Some(Said { value: 0, at: fields.at.clone() });
        };
        let at = self.at(id, &fields.path_of(key));
        let scalar = match self.tree.kind(id) {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        };
        let Some(value) = scalar.and_then(|scalar| scalar.as_u32()) else {
            let text = scalar.map_or_else(|| "this".to_owned(), |scalar| quoted(scalar.text()));
            self.findings.error(&at, format!("{text} is no number"), "a whole number from 0 to 4294967295, without quotes");
            return None;
        };
        if scalar.is_some_and(|scalar| scalar.text() != value.to_string()) {
            self.findings.warn(&at, format!("it is read as {value}"), "write it without base, fraction or signs");
        }
        Some(Said { value, at })
    }

    /// A truth; false where nothing is said.
    pub fn truth_of(&mut self, fields: &Fields<'t>, key: &str) -> Option<bool> {
        let Some(id) = fields.value(key).filter(|id| !self.tree.is_null(*id)) else { return Some(false) };
        let truth = match self.tree.kind(id) {
            Kind::Scalar(scalar) => scalar.as_bool(),
            _ => None,
        };
        if truth.is_none() {
            let at = self.at(id, &fields.path_of(key));
            self.findings.error(&at, "it is neither true nor false", "write `true` or `false`, without quotes");
        }
        truth
    }
}
