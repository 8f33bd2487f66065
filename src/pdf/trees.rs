//! Name trees and number trees (ISO 32000-2, 7.9.6 and 7.9.7), bounded and safe against cycles.

use super::objects::Objects;
use pdf::object::{NameTree, NumberTree};
use pdf::primitive::{Dictionary, Primitive};
use std::collections::HashSet;

/// Entries that are read of one tree.
const MAX_ENTRIES: usize = 200_000;

/// The entries of a name tree in order; values may be references.
pub(super) fn names(objects: &Objects<'_>, root: Primitive) -> Vec<(Vec<u8>, Primitive)> {
    let mut found = Vec::new();
    for leaf in leaves(objects, root, "Names") {
        let Some(tree) = objects.typed::<NameTree<Primitive>>(leaf) else { continue };
        // A leaf's own entries cannot fail.
        let _ = tree.walk(objects, &mut |name, value| found.push((name.as_bytes().to_vec(), value.clone())));
        if found.len() >= MAX_ENTRIES {
            break;
        }
    }
    found
}

/// The entries of a number tree in order of their numbers; values may be references.
pub(super) fn numbers(objects: &Objects<'_>, root: Primitive) -> Vec<(i32, Primitive)> {
    let mut found = Vec::new();
    for leaf in leaves(objects, root, "Nums") {
        let Some(tree) = objects.typed::<NumberTree<Primitive>>(leaf) else { continue };
        // A leaf's own entries cannot fail.
        let _ = tree.walk(objects, &mut |number, value: &Primitive| found.push((number, value.clone())));
        if found.len() >= MAX_ENTRIES {
            break;
        }
    }
    found.sort_by_key(|(number, _)| *number);
    found
}

/// The leaves of a tree in order, each object once. `pdf` walks trees too, but recursively and without a
/// bound, so it is given single leaves: dictionaries with nothing but the array of entries, in place.
fn leaves(objects: &Objects<'_>, root: Primitive, entries: &str) -> Vec<Primitive> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        if let Primitive::Reference(reference) = &node
            && !seen.insert(*reference)
        {
            continue;
        }
        let Some(Primitive::Dictionary(dict)) = objects.resolved(node) else { continue };
        if let Some(array @ Primitive::Array(_)) = objects.value(&dict, entries) {
            let mut leaf = Dictionary::new();
            leaf.insert(entries, array);
            found.push(Primitive::Dictionary(leaf));
        }
        if let Some(Primitive::Array(kids)) = objects.value(&dict, "Kids") {
            pending.extend(kids.into_iter().rev());
        }
        if pending.len() > MAX_ENTRIES || found.len() > MAX_ENTRIES {
            break;
        }
    }
    found
}
