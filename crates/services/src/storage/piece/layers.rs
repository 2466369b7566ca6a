//! Folding layers of a tree, left to right, with zero subtrees standing in for what is absent on the right.

use super::node::{Node, parent, zeros};

/// Replaces a layer at `height` by the one above it: half as many nodes, rounded up.
///
/// An odd last node is paired with an all-zero subtree, so padding costs one hash per layer, not one per leaf.
pub(super) fn fold(layer: &mut Vec<Node>, height: u32) {
    if !layer.len().is_multiple_of(2) {
        layer.push(*zeros(height));
    }
    // In place: node i is written after nodes 2i and 2i+1 were read, and no later step reads below 2i+2.
    let half = layer.len() / 2;
    for i in 0..half {
        layer[i] = parent(&layer[2 * i], &layer[2 * i + 1]);
    }
    layer.truncate(half);
}

/// The root at height `to` of the subtree whose left part is `layer`, at height `from`; the rest of it is zero.
pub(super) fn root(layer: &mut Vec<Node>, from: u32, to: u32) -> Node {
    for height in from..to {
        if layer.is_empty() {
            break;
        }
        fold(layer, height);
    }
    layer.first().copied().unwrap_or(*zeros(to))
}
