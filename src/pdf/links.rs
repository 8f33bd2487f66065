//! Link annotations of a page.

use super::content::LinkArea;
use super::destinations::Destinations;
use super::objects::Objects;
use super::space::{PageSpace, clipped, transformed};
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Dict, Name, Rect as PdfRect};
use hayro::hayro_syntax::page::Page;

/// Links that are read of one page.
const MAX_LINKS: usize = 5_000;
/// `/F` bit 2: not shown, and not to be clicked.
const HIDDEN: u32 = 1 << 1;

/// The links of a page with their areas in page space.
pub(super) fn read<'a>(
    page: &Page<'a>,
    space: &PageSpace,
    objects: &Objects<'a>,
    destinations: &Destinations,
) -> Vec<LinkArea> {
    let Some(annotations) = page.raw().get::<Array<'a>>(keys::ANNOTS) else { return Vec::new() };
    let links = annotations.iter::<Dict<'a>>().take(MAX_LINKS).filter_map(|annotation| {
        let is_link = annotation.get::<Name<'_>>(keys::SUBTYPE).is_some_and(|name| &*name == b"Link");
        if !is_link || annotation.get::<u32>(keys::F).unwrap_or(0) & HIDDEN != 0 {
            return None;
        }
        let rect = annotation.get::<PdfRect>(keys::RECT)?;
        let bbox = transformed([rect.x0, rect.y0, rect.x1, rect.y1], space.to_page)?;
        let bbox = clipped(bbox, space.bounds())?;
        let target = destinations.target(objects, &objects.dictionary(&annotation))?;
        Some(LinkArea { bbox, target })
    });
    links.collect()
}
