//! YAML as a tree with places.
//!
//! In: text. Out: nodes that know where they stand. An alias is a second way to its anchor's node and never a copy, so aliases of
//! aliases cost nothing; how much a reader would meet who follows them all is counted beforehand and bounded, as is the depth.

mod scalar;

pub use scalar::Scalar;

use crate::finding::{At, quoted};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::collections::{BTreeMap, HashMap};

/// Largest text that is read.
pub const BYTES_MAX: usize = 1 << 20;
/// Deepest nesting, aliases followed. The grammar needs ten.
pub const DEPTH_MAX: usize = 32;
/// Most values in a file, aliases followed: each key, value and list counts one.
pub const ENTRIES_MAX: usize = 50_000;

/// Which node of its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(usize);

/// A key's text, where it stands, and its value.
pub type Pair<'t> = (&'t str, NodeId, NodeId);

#[derive(Debug)]
pub enum Kind {
    Scalar(Scalar),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    place: Span,
    /// Nodes that somebody meets who walks it, and how deep they go.
    entries: usize,
    depth: usize,
}

#[derive(Debug)]
pub struct Tree<'t> {
    text: &'t str,
    /// Where each character starts, unless all are one byte long.
    starts: Option<Vec<usize>>,
    nodes: Vec<Node>,
    root: NodeId,
    /// A second document of the text, which nobody reads.
    pub further: bool,
}

/// What is wrong with the text as YAML.
#[derive(Debug)]
pub struct NotYaml {
    pub at: At,
    pub message: String,
    pub hint: String,
}

impl<'t> Tree<'t> {
    /// Reads the first document of a text.
    pub fn parse(text: &'t str) -> Result<Self, NotYaml> {
        if text.len() > BYTES_MAX {
            let message = format!("the file is larger than {BYTES_MAX} bytes");
            return Err(NotYaml {
                at: start(),
                message,
                hint: "move what it carries out of it, into an image or a volume".to_owned(),
            });
        }
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        let tree = Self { text, starts, nodes: Vec::new(), root: NodeId(0), further: false };
        Builder { tree, open: Vec::new(), anchors: HashMap::new(), root: None }.run()
    }

    pub const fn root(&self) -> NodeId {
        self.root
    }

    pub fn kind(&self, id: NodeId) -> &Kind {
        &self.nodes[id.0].kind
    }

    /// Null, or empty, which is the same.
    pub fn is_null(&self, id: NodeId) -> bool {
        matches!(self.kind(id), Kind::Scalar(scalar) if scalar.is_null())
    }

    pub fn at(&self, id: NodeId, path: String) -> At {
        self.at_span(self.nodes[id.0].place, path)
    }

    fn at_span(&self, span: Span, path: String) -> At {
        let (start, end) = (self.byte(span.start), self.byte(span.end));
        At { line: span.start.line(), column: span.start.col() + 1, span: start..end.max(start), path }
    }

    fn byte(&self, mark: Marker) -> usize {
        let at = match &self.starts {
            Some(starts) => starts.get(mark.index()).copied().unwrap_or(self.text.len()),
            None => mark.index(),
        };
        at.min(self.text.len())
    }

    /// The pairs of a mapping with its merge keys followed: what it says itself goes before what it takes from others, of which
    /// the first wins. Keys that are no scalars were refused before.
    pub fn fields(&self, id: NodeId) -> Result<Vec<Pair<'_>>, (NodeId, &'static str)> {
        let Kind::Mapping(pairs) = self.kind(id) else {
            return Err((id, "a merge key takes a mapping or a list of mappings"));
        };
        let mut fields = BTreeMap::new();
        let mut order = Vec::new();
        for (key, value) in pairs.iter().filter(|(key, _)| !self.is_merge(*key)) {
            fields.insert(self.scalar(*key), order.len());
            order.push((self.scalar(*key), *key, *value));
        }
        for (_, merged) in pairs.iter().filter(|(key, _)| self.is_merge(*key)) {
            let sources = match self.kind(*merged) {
                Kind::Sequence(sources) => sources.as_slice(),
                _ => std::slice::from_ref(merged),
            };
            for source in sources {
                for field in self.fields(*source)? {
                    if !fields.contains_key(field.0) {
                        fields.insert(field.0, order.len());
                        order.push(field);
                    }
                }
            }
        }
        Ok(order)
    }

    /// Whether this key is `<<`, unquoted.
    pub fn is_merge(&self, key: NodeId) -> bool {
        matches!(self.kind(key), Kind::Scalar(scalar) if scalar.is_merge())
    }

    fn scalar(&self, id: NodeId) -> &str {
        match self.kind(id) {
            Kind::Scalar(scalar) => scalar.text(),
            _ => "",
        }
    }
}

fn start() -> At {
    At { line: 1, column: 1, span: 0..0, path: String::new() }
}

/// A list or mapping that has begun.
struct Open {
    mapping: bool,
    anchor: usize,
    start: Span,
    children: Vec<NodeId>,
}

struct Builder<'t> {
    tree: Tree<'t>,
    open: Vec<Open>,
    /// The node of each anchor; none while it is being read.
    anchors: HashMap<usize, Option<NodeId>>,
    root: Option<NodeId>,
}

impl<'t> Builder<'t> {
    fn run(mut self) -> Result<Tree<'t>, NotYaml> {
        let text = self.tree.text;
        let mut parser = Parser::new_from_str(text);
        let mut ended = false;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(_) if ended => break,
                Err(error) => {
                    let span = Span::empty(*error.marker());
                    return Err(self.wrong(
                        span,
                        error.info(),
                        "mend the YAML here: indentation, quotes and brackets are what goes wrong most",
                    ));
                }
            };
            match event {
                Event::DocumentStart(_) if ended => {
                    self.tree.further = true;
                    break;
                }
                Event::DocumentEnd => ended = true,
                event => self.event(event, span)?,
            }
        }
        let Some(root) = self.root else {
            let hint = "begin with `version: \"2.0\"`, `services`, `profiles` and `deployment`".to_owned();
            return Err(NotYaml { at: start(), message: "the file is empty".to_owned(), hint });
        };
        self.tree.root = root;
        Ok(self.tree)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), NotYaml> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| if tag.is_yaml_core_schema() { tag.suffix.clone() } else { tag.to_string() });
                let plain = style == ScalarStyle::Plain;
                let kind = Kind::Scalar(Scalar::new(text.into_owned(), plain, tag));
                let id = self.node(kind, span, anchor)?;
                self.place(id, span)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(Some(id)) => self.place(*id, span),
                _ => Err(self.wrong(span, "this alias stands within its own anchor", "write out what it stands for")),
            },
            Event::SequenceStart(anchor, _) => self.begin(false, anchor, span),
            Event::MappingStart(anchor, _) => self.begin(true, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, mapping: bool, anchor: usize, start: Span) -> Result<(), NotYaml> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.too_deep(start));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { mapping, anchor, start, children: Vec::new() });
        Ok(())
    }

    fn end(&mut self, end: Span) -> Result<(), NotYaml> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let place = Span::new(open.start.start, end.end);
        let kind = if open.mapping {
            let pairs: Vec<_> = open.children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            self.check_keys(&pairs)?;
            Kind::Mapping(pairs)
        } else {
            Kind::Sequence(open.children)
        };
        let id = self.node(kind, place, open.anchor)?;
        self.place(id, place)
    }

    /// Every key is a scalar, and no two of a mapping are the same.
    fn check_keys(&self, pairs: &[(NodeId, NodeId)]) -> Result<(), NotYaml> {
        let mut seen = BTreeMap::new();
        for (key, _) in pairs {
            let place = self.tree.nodes[key.0].place;
            let Kind::Scalar(scalar) = self.tree.kind(*key) else {
                return Err(self.wrong(place, "a key is a list or a mapping", "keys are names"));
            };
            if let Some(before) = seen.insert(scalar.text(), place.start.line()) {
                let message = format!("the key {} is there twice, first in line {before}", quoted(scalar.text()));
                return Err(self.wrong(place, &message, "remove or rename one of them"));
            }
        }
        Ok(())
    }

    fn node(&mut self, kind: Kind, place: Span, anchor: usize) -> Result<NodeId, NotYaml> {
        let size = |id: &NodeId| (self.tree.nodes[id.0].entries, self.tree.nodes[id.0].depth);
        let add = |(entries, depth): (usize, usize), id: &NodeId| {
            let (more, deep) = size(id);
            (entries.saturating_add(more), depth.max(deep + 1))
        };
        let (entries, depth) = match &kind {
            Kind::Scalar(_) => (1, 0),
            Kind::Sequence(items) => items.iter().fold((1, 1), add),
            Kind::Mapping(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).fold((1, 1), add),
        };
        if depth > DEPTH_MAX {
            return Err(self.too_deep(place));
        }
        if entries > ENTRIES_MAX || self.tree.nodes.len() >= ENTRIES_MAX {
            let message = format!("the file has more than {ENTRIES_MAX} values, aliases followed");
            return Err(self.wrong(place, &message, "a deployment needs some hundred; split it into several"));
        }
        let id = NodeId(self.tree.nodes.len());
        self.tree.nodes.push(Node { kind, place, entries, depth });
        if anchor > 0 {
            self.anchors.insert(anchor, Some(id));
        }
        Ok(id)
    }

    /// Puts a node where it was written or named.
    fn place(&mut self, id: NodeId, span: Span) -> Result<(), NotYaml> {
        match self.open.last_mut() {
            Some(open) => open.children.push(id),
            None if self.root.is_none() => self.root = Some(id),
            None => return Err(self.wrong(span, "a second value stands beside the first", "a file is one mapping")),
        }
        Ok(())
    }

    fn too_deep(&self, span: Span) -> NotYaml {
        self.wrong(span, &format!("values are nested more than {DEPTH_MAX} deep"), "a deployment's deepest value is ten deep")
    }

    fn wrong(&self, span: Span, message: &str, hint: &str) -> NotYaml {
        NotYaml { at: self.tree.at_span(span, String::new()), message: message.to_owned(), hint: hint.to_owned() }
    }
}

#[cfg(test)]
mod tests;
