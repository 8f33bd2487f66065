//! Where the items of a list stand, and which paragraphs are part of them.

use super::paragraphs::Group;
use crate::document::{Content, Rect};

/// The distinct left edges of list items, from left to right.
pub(super) fn item_margins(edges: impl Iterator<Item = f32>, em: f32) -> Vec<f32> {
    let mut margins: Vec<f32> = edges.collect();
    margins.sort_by(f32::total_cmp);
    margins.dedup_by(|b, a| *b - *a < 0.8 * em);
    margins
}

/// Where the text of an item starts: its second line says so, or the marker's width does about.
pub(super) fn text_edge(group: &Group<'_>) -> f32 {
    let hung = group.lines.iter().skip(1).map(|line| line.bbox.x0).reduce(f32::min);
    let marked = || {
        let length = group.marker.as_ref().map_or(0, |marker| marker.length);
        let piece = group.lines.first()?.pieces.first()?;
        let (_, middle, _) = piece.places.get(length).or_else(|| piece.places.last())?;
        Some(*middle)
    };
    hung.or_else(marked).unwrap_or(group.bbox.x0)
}

/// A paragraph right below an item that stands at the edge of its text is a further paragraph of it.
pub(super) fn is_in_item(group: &Group<'_>, (above, edge, _): &(Rect, f32, u8), em: f32) -> bool {
    let gap = group.bbox.y0 - above.y1;
    (group.bbox.x0 - edge).abs() < 0.6 * em
        && group.lines.iter().all(|line| line.bbox.x0 < group.bbox.x0 + 0.3 * em)
        && (-0.5 * em..2.0 * em).contains(&gap)
        && group.bbox.x0 > above.x0.min(*edge) - 0.5 * em
}

/// A paragraph as part of the list item before it.
pub(super) fn further_paragraph(content: &mut Content, depth: u8) -> Content {
    let spans = content.spans_mut().map(std::mem::take).unwrap_or_default();
    Content::ListItem { depth, marker: String::new(), number: None, spans }
}
