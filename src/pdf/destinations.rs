//! Where links and bookmarks lead: explicit and named destinations, actions.

use super::objects::{Objects, plain};
use super::trees;
use crate::document::LinkTarget;
use hayro::hayro_syntax::page::Page;
use pdf::object::{Action, ActionType, PlainRef};
use pdf::primitive::{Dictionary, Primitive};
use std::collections::HashMap;

/// Longest address that is kept, in bytes.
const MAX_URI: usize = 8192;

/// Page numbers by page object, and named destinations.
pub(super) struct Destinations {
    pages: HashMap<PlainRef, u32>,
    count: u32,
    names: HashMap<Vec<u8>, Primitive>,
}

impl Destinations {
    pub(super) fn read(objects: &Objects<'_>, pages: &[Page<'_>]) -> Self {
        let numbered = pages.iter().zip(1_u32..);
        let catalog = objects.dictionary(&objects.catalog());
        let mut names = HashMap::new();
        // PDF 1.1 has a dictionary of names, later ones a name tree.
        if let Some(Primitive::Dictionary(old)) = objects.value(&catalog, "Dests") {
            names.extend(old.iter().map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.clone())));
        }
        if let Some(Primitive::Dictionary(tree)) = objects.value(&catalog, "Names")
            && let Some(root) = tree.get("Dests")
        {
            names.extend(trees::names(objects, root.clone()));
        }
        Self {
            pages: numbered.filter_map(|(page, n)| Some((plain(page.raw().obj_id()?)?, n))).collect(),
            count: u32::try_from(pages.len()).unwrap_or(u32::MAX),
            names,
        }
    }

    /// The page of a destination in any of its forms.
    pub(super) fn page(&self, objects: &Objects<'_>, destination: Primitive) -> Option<u32> {
        let mut destination = objects.resolved(destination)?;
        // A name may stand for a dictionary that holds the array; four steps are enough for any order.
        for _ in 0..4 {
            destination = match destination {
                Primitive::String(name) => objects.resolved(self.names.get(name.as_bytes())?.clone())?,
                Primitive::Name(name) => {
                    objects.resolved(self.names.get(name.as_str().as_bytes())?.clone())?
                }
                Primitive::Dictionary(dict) => objects.value(&dict, "D")?,
                Primitive::Array(parts) => {
                    return match parts.into_iter().next()? {
                        Primitive::Reference(page) => self.pages.get(&page).copied(),
                        // Meant for other files, but some writers count pages in their own.
                        Primitive::Integer(index) => {
                            let number = u32::try_from(index).ok()?.checked_add(1)?;
                            (number <= self.count).then_some(number)
                        }
                        _ => None,
                    };
                }
                _ => return None,
            };
        }
        None
    }

    /// Where a dictionary with `/Dest` or `/A` (a bookmark, a link annotation) leads.
    pub(super) fn target(&self, objects: &Objects<'_>, dict: &Dictionary) -> Option<LinkTarget> {
        if let Some(destination) = dict.get("Dest")
            && let Some(page) = self.page(objects, destination.clone())
        {
            return Some(LinkTarget::Page(page));
        }
        let Some(Primitive::Dictionary(mut fields)) = objects.value(dict, "A") else { return None };
        // Scripts are never run, so they need not be read.
        fields.remove("JS");
        let destination = fields.remove("D");
        let action: Action = objects.typed(Primitive::Dictionary(fields))?;
        match action.s {
            ActionType::GoTo => Some(LinkTarget::Page(self.page(objects, destination?)?)),
            ActionType::URI => {
                let uri = action.uri?;
                let bytes = uri.as_bytes();
                if bytes.is_empty() || bytes.len() > MAX_URI {
                    return None;
                }
                // Addresses are ASCII by the standard and UTF-8 in practice.
                let uri = String::from_utf8_lossy(bytes);
                let uri: String = uri.chars().filter(|c| !c.is_control()).collect();
                let uri = uri.trim();
                (!uri.is_empty()).then(|| LinkTarget::Uri(uri.to_owned()))
            }
            _ => None,
        }
    }
}
