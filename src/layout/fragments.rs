//! Glyphs in; fragments out: pieces of a line that belong together whatever the columns are.

use super::glyphs::Placed;
use crate::document::Rect;

/// Glyphs on one baseline without a wide gap.
#[derive(Clone)]
pub(super) struct Fragment<'a> {
    /// From left to right.
    pub glyphs: Vec<Placed<'a>>,
    pub bbox: Rect,
    /// Baseline, in points from the top.
    pub baseline: f32,
    /// The largest font size in it, in points.
    pub size: f32,
}

impl Fragment<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut end = f32::INFINITY;
        for placed in &self.glyphs {
            if placed.x - end > SPACE_EMS * placed.glyph.size {
                text.push(' ');
            }
            text.push_str(&placed.glyph.text);
            end = placed.end;
        }
        text
    }
}

impl Fragment<'_> {
    /// Box and text of its words, from left to right.
    pub(super) fn words(&self) -> Vec<(Rect, String)> {
        let mut words: Vec<(Rect, String)> = Vec::new();
        let mut end = f32::NEG_INFINITY;
        for placed in &self.glyphs {
            match words.last_mut() {
                Some((bbox, text)) if placed.x - end <= SPACE_EMS * placed.glyph.size => {
                    *bbox = bbox.union(&placed.bbox);
                    text.push_str(&placed.glyph.text);
                }
                _ => words.push((placed.bbox, placed.glyph.text.clone())),
            }
            end = placed.end;
        }
        words
    }
}

/// A gap of this many ems is a space.
const SPACE_EMS: f32 = 0.16;

/// A gap of this many ems parts two fragments: narrower than the narrowest gutter between columns. Wide word
/// spaces in justified text part fragments too; lines are put together again once the columns are known.
const PARTING_GAP: f32 = 0.55;

/// Splits glyphs, in drawing order, into fragments. Blank glyphs only matter by the room they take.
pub(super) fn find_fragments<'a>(glyphs: &[Placed<'a>]) -> Vec<Fragment<'a>> {
    let mut fragments: Vec<Fragment<'a>> = Vec::new();
    for placed in glyphs {
        if placed.glyph.text.trim().is_empty() {
            continue;
        }
        if let Some(last) = fragments.last_mut()
            && let Some(previous) = last.glyphs.last()
        {
            let size = last.size.min(placed.glyph.size).max(0.1);
            let gap = placed.x - previous.end;
            let on_line = (placed.y - last.baseline).abs() < 0.2 * size;
            if on_line && gap < PARTING_GAP * size && placed.x > previous.x - 0.3 * size {
                last.bbox = last.bbox.union(&placed.bbox);
                last.size = last.size.max(placed.glyph.size);
                last.glyphs.push(*placed);
                continue;
            }
        }
        fragments.push(Fragment {
            glyphs: vec![*placed],
            bbox: placed.bbox,
            baseline: placed.y,
            size: placed.glyph.size,
        });
    }
    merge_neighbours(fragments)
}

/// Joins fragments that touch although they were drawn apart (a superscript, a word in another font drawn
/// later), so that a gap between two fragments is a gap on the page.
fn merge_neighbours(mut fragments: Vec<Fragment<'_>>) -> Vec<Fragment<'_>> {
    fragments.sort_by(|a, b| a.baseline.total_cmp(&b.baseline).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    let mut merged: Vec<Fragment<'_>> = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        // Only what lies within a line's height above can be a neighbour; sorted by baseline, it is near.
        let home = merged.iter_mut().rev().take(40).find(|other| {
            let size = other.size.min(fragment.size);
            let level = other.bbox.overlap_y(&fragment.bbox) > 0.45 * size
                && (other.baseline - fragment.baseline).abs() < 0.55 * other.size.max(fragment.size);
            let gap = (fragment.bbox.x0 - other.bbox.x1).max(other.bbox.x0 - fragment.bbox.x1);
            level && gap < PARTING_GAP * other.size.max(fragment.size) && gap > -0.5 * size
        });
        match home {
            Some(other) => {
                other.bbox = other.bbox.union(&fragment.bbox);
                if fragment.size > other.size {
                    other.size = fragment.size;
                    other.baseline = fragment.baseline;
                }
                other.glyphs.extend_from_slice(&fragment.glyphs);
                other.glyphs.sort_by(|a, b| a.x.total_cmp(&b.x));
            }
            None => merged.push(fragment),
        }
    }
    merged
}
