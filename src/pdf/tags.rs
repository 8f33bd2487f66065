//! The structure tree of a tagged PDF (ISO 32000-2, 14.7): which marked content is a heading, a cell, a
//! figure with its alternative text.

use super::objects::{Objects, plain};
use super::text_string;
use hayro::hayro_syntax::Pdf;
use pdf::object::{PlainRef, StructType};
use pdf::primitive::{Dictionary, Primitive};
use std::collections::{HashMap, HashSet};

/// Elements and marked-content references that are read.
const MAX_ELEMENTS: usize = 300_000;
const MAX_CONTENT: usize = 1_000_000;
/// Levels that are read.
const MAX_LEVEL: u16 = 256;
/// Longest alternative or actual text, in characters.
const MAX_TEXT: usize = 4_000;

/// The elements of the structure tree in reading order, each before its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StructureTree {
    /// The elements.
    pub elements: Vec<StructureElement>,
}

/// One element of the structure tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructureElement {
    /// Standard type (`H1`, `P`, `Table`, `Figure`), after the role map; the file's own name where it maps to
    /// none.
    pub kind: String,
    /// The element it is in, an index less than its own; none at the top.
    pub parent: Option<usize>,
    /// Page most of it is on, from 1.
    pub page: Option<u32>,
    /// Its own marked content, without its children's: page from 1 and marked-content identifier.
    pub content: Vec<(u32, u32)>,
    /// `/Alt`.
    pub alt: Option<String>,
    /// `/ActualText`.
    pub actual_text: Option<String>,
    /// Columns and rows that a table cell covers, at least 1 (`/ColSpan`, `/RowSpan`).
    pub cell_span: (u32, u32),
}

/// Something under a `/K`, still to be read.
struct Pending {
    value: Primitive,
    parent: Option<usize>,
    page: Option<u32>,
    level: u16,
}

/// Reads the structure tree; none if the file has none.
pub(super) fn read(pdf: &Pdf) -> Option<StructureTree> {
    let objects = Objects::new(pdf.xref());
    let catalog = objects.dictionary(&objects.catalog());
    let Primitive::Dictionary(root) = objects.value(&catalog, "StructTreeRoot")? else { return None };
    let roles = match objects.value(&root, "RoleMap") {
        Some(Primitive::Dictionary(roles)) => roles,
        _ => Dictionary::new(),
    };
    let numbered = pdf.pages().iter().zip(1_u32..);
    let pages: HashMap<PlainRef, u32> =
        numbered.filter_map(|(page, n)| Some((plain(page.raw().obj_id()?)?, n))).collect();

    let mut tree = StructureTree::default();
    let mut seen = HashSet::new();
    let mut content = 0;
    let mut pending = Vec::new();
    push_kids(&objects, &root, None, None, 0, &mut pending);
    while let Some(Pending { value, parent, page, level }) = pending.pop() {
        if let Primitive::Reference(reference) = &value
            && !seen.insert(*reference)
        {
            continue;
        }
        match objects.resolved(value) {
            Some(Primitive::Integer(mcid)) => {
                note(&mut tree, parent, page, mcid, &mut content);
            }
            Some(Primitive::Dictionary(dict)) => {
                let own_page = match dict.get("Pg") {
                    Some(Primitive::Reference(reference)) => pages.get(reference).copied().or(page),
                    _ => page,
                };
                if let Some(Primitive::Integer(mcid)) = dict.get("MCID") {
                    note(&mut tree, parent, own_page, *mcid, &mut content);
                } else if let Some(kind) = kind(&objects, &dict, &roles) {
                    if tree.elements.len() >= MAX_ELEMENTS {
                        break;
                    }
                    let text = |key| match objects.value(&dict, key) {
                        Some(Primitive::String(text)) => text_string::decode_line(text.as_bytes(), MAX_TEXT),
                        _ => None,
                    };
                    let (alt, actual_text) = (text("Alt"), text("ActualText"));
                    let index = tree.elements.len();
                    let element = StructureElement {
                        kind,
                        parent,
                        page: own_page,
                        content: Vec::new(),
                        alt,
                        actual_text,
                        cell_span: cell_span(&objects, &dict),
                    };
                    tree.elements.push(element);
                    if level < MAX_LEVEL {
                        push_kids(&objects, &dict, Some(index), own_page, level + 1, &mut pending);
                    }
                }
            }
            _ => {}
        }
    }
    Some(tree)
}

fn push_kids(
    objects: &Objects<'_>,
    dict: &Dictionary,
    parent: Option<usize>,
    page: Option<u32>,
    level: u16,
    pending: &mut Vec<Pending>,
) {
    let Some(kids) = dict.get("K") else { return };
    // A single kid may stand without an array, and then its reference must be kept for telling circles.
    let kids = match objects.resolved(kids.clone()) {
        Some(Primitive::Array(kids)) => kids,
        Some(_) => vec![kids.clone()],
        None => return,
    };
    if pending.len().saturating_add(kids.len()) > MAX_CONTENT {
        return;
    }
    pending.extend(kids.into_iter().rev().map(|value| Pending { value, parent, page, level }));
}

fn note(tree: &mut StructureTree, parent: Option<usize>, page: Option<u32>, mcid: i32, count: &mut usize) {
    if let Some(element) = parent.and_then(|parent| tree.elements.get_mut(parent))
        && let (Some(page), Ok(mcid)) = (page, u32::try_from(mcid))
        && *count < MAX_CONTENT
    {
        element.content.push((page, mcid));
        *count += 1;
    }
}

/// `/ColSpan` and `/RowSpan` of an element's attributes: a dictionary, or an array of such with revisions between.
fn cell_span(objects: &Objects<'_>, dict: &Dictionary) -> (u32, u32) {
    let attributes = match objects.value(dict, "A") {
        Some(Primitive::Array(parts)) => parts,
        Some(single) => vec![single],
        None => return (1, 1),
    };
    let mut span = (1, 1);
    for part in attributes.into_iter().take(16) {
        let Some(Primitive::Dictionary(attribute)) = objects.resolved(part) else { continue };
        let number = |key| match objects.value(&attribute, key) {
            Some(Primitive::Integer(number)) => {
                u32::try_from(number).ok().filter(|n| (1..=1_000).contains(n))
            }
            _ => None,
        };
        span = (number("ColSpan").unwrap_or(span.0), number("RowSpan").unwrap_or(span.1));
    }
    span
}

/// The standard type of an element.
fn kind(objects: &Objects<'_>, dict: &Dictionary, roles: &Dictionary) -> Option<String> {
    let Primitive::Name(mut name) = objects.value(dict, "S")? else { return None };
    // Role maps may lead through several names, and in circles.
    for _ in 0..8 {
        if let Some(StructType::Other(_)) = objects.typed(Primitive::Name(name.clone()))
            && let Some(Primitive::Name(next)) = objects.value(roles, &name)
        {
            name = next;
        } else {
            break;
        }
    }
    Some(name.chars().filter(|c| !c.is_control()).take(64).collect())
}
