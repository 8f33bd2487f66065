//! Bookmarks (ISO 32000-2, 12.3.3), in order, with the pages they lead to.

use super::destinations::Destinations;
use super::objects::Objects;
use super::text_string;
use crate::document::{LinkTarget, OutlineItem};
use pdf::object::{OutlineItem as PdfItem, Outlines, PlainRef};
use pdf::primitive::{Dictionary, Primitive};
use std::collections::HashSet;

/// Bookmarks that are read.
const MAX_ITEMS: usize = 20_000;
/// Levels that are read.
const MAX_LEVEL: u8 = 32;
/// Longest title, in characters.
const MAX_TITLE: usize = 400;

/// Reads all bookmarks; each object counts once, so that circles end.
pub(super) fn read(objects: &Objects<'_>, destinations: &Destinations) -> Vec<OutlineItem> {
    let mut items = Vec::new();
    let catalog = objects.dictionary(&objects.catalog());
    let root = objects.value(&catalog, "Outlines").map(|root| only(root, &["First"]));
    let Some(outlines) = root.and_then(|root| objects.typed::<Outlines>(root)) else { return items };
    let mut seen: HashSet<PlainRef> = HashSet::new();
    let mut pending: Vec<(PlainRef, u8)> =
        outlines.first.map(|first| (first.get_inner(), 1)).into_iter().collect();
    while let Some((reference, level)) = pending.pop() {
        if !seen.insert(reference) || seen.len() > MAX_ITEMS {
            continue;
        }
        let Some(Primitive::Dictionary(dict)) = objects.resolved(Primitive::Reference(reference)) else {
            continue;
        };
        let wanted = only(Primitive::Dictionary(dict.clone()), &["Title", "Next", "First"]);
        let Some(item) = objects.typed::<PdfItem>(wanted) else { continue };
        // Below this item first, then on to the next of its level: the last one in is the first one out.
        if let Some(next) = item.next {
            pending.push((next.get_inner(), level));
        }
        if let Some(first) = item.first
            && level < MAX_LEVEL
        {
            pending.push((first.get_inner(), level + 1));
        }
        let title = item.title.and_then(|title| text_string::decode_line(title.as_bytes(), MAX_TITLE));
        if let Some(title) = title {
            let page = match destinations.target(objects, &dict) {
                Some(LinkTarget::Page(page)) => Some(page),
                _ => None,
            };
            items.push(OutlineItem { title, level, page });
        }
    }
    items
}

/// The dictionary with only the keys that are needed, references in place: what `pdf` would choke on among
/// the others must not cost the rest.
fn only(value: Primitive, keys: &[&str]) -> Primitive {
    let mut kept = Dictionary::new();
    if let Primitive::Dictionary(dict) = value {
        for key in keys {
            if let Some(value) = dict.get(key) {
                kept.insert(*key, value.clone());
            }
        }
    }
    Primitive::Dictionary(kept)
}
