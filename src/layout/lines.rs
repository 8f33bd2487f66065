//! Fragments of one region in; lines from top to bottom out, with spaces found from the gaps.

use super::fragments::Fragment;
use super::glyphs::Placed;
use crate::document::{Rect, Script};
use crate::pdf::content::FontInfo;
use serde::{Deserialize, Serialize};

/// One line of text.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub bbox: Rect,
    /// In points from the top.
    pub baseline: f32,
    /// The font size that most of its characters have, in points.
    pub size: f32,
    /// Its text piece by piece, in the order of reading.
    pub pieces: Vec<Piece>,
    /// All of its letters are bold.
    pub bold: bool,
    /// All of its characters are monospaced.
    pub mono: bool,
    /// Which typeface most of its glyphs have: equal for fonts of one name.
    pub face: Face,
    /// All of it is marked as an artifact (a header, a footer).
    pub artifact: bool,
    /// From where to where its one wide gap is, in points: much wider than all others in it.
    pub gap: Option<(f32, f32)>,
}

/// A digest of a font's name; 0 for one without a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Face(u32);

impl Face {
    /// FNV-1a, cut to 32 bits.
    fn of_name(name: &str) -> Self {
        if name.is_empty() {
            return Self(0);
        }
        Self(name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)))
    }

    /// The typeface of most of these glyphs.
    fn of_most(glyphs: &[Placed<'_>], fonts: &[FontInfo]) -> Self {
        let mut counts: Vec<(u16, usize)> = Vec::new();
        for placed in glyphs {
            if let Some((_, count)) = counts.iter_mut().find(|(font, _)| *font == placed.glyph.font) {
                *count += 1;
            } else if counts.len() < 8 {
                counts.push((placed.glyph.font, 1));
            }
        }
        let most = counts.iter().rev().max_by_key(|(_, count)| *count);
        most.and_then(|(font, _)| fonts.get(usize::from(*font)))
            .map_or_else(Self::default, |font| Self::of_name(&font.name))
    }
}

/// Text in one style.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Piece {
    pub text: String,
    pub bbox: Rect,
    pub bold: bool,
    pub italic: bool,
    pub mono: bool,
    pub script: Option<Script>,
    /// Where in the text each glyph starts, in bytes, and its middle on the page; in that order, or empty for
    /// text that runs from right to left.
    pub places: Vec<(usize, f32, f32)>,
}

impl Line {
    pub(super) fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// A gap of this many ems is a space. Kerning stays below, the narrowest justified space above.
const SPACE: f32 = 0.16;
/// The same where the file draws a space of its own there.
const DRAWN_SPACE: f32 = 0.06;

/// Fragments to lines: what shares a baseline, or nearly does (superscripts), is one line.
pub(super) fn find_lines(fragments: Vec<&Fragment<'_>>, fonts: &[FontInfo]) -> Vec<Line> {
    let rows = find_rows(fragments);
    let mut lines: Vec<Line> = rows.iter().filter_map(|row| line_of(row, fonts)).collect();
    lines.sort_by(|a, b| {
        a.bbox.center_y().total_cmp(&b.bbox.center_y()).then(a.bbox.x0.total_cmp(&b.bbox.x0))
    });
    lines
}

/// The fragments of each line, from left to right but for those that are raised or lowered.
pub(super) fn find_rows<'f, 'g>(mut fragments: Vec<&'f Fragment<'g>>) -> Vec<Vec<&'f Fragment<'g>>> {
    fragments.sort_by(|a, b| a.baseline.total_cmp(&b.baseline).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    let mut rows: Vec<Vec<&Fragment<'_>>> = Vec::new();
    for fragment in fragments {
        let row = rows.iter_mut().rev().take(4).find(|row| {
            row.iter().any(|other| {
                let larger = other.size.max(fragment.size);
                let apart = (other.baseline - fragment.baseline).abs();
                // Beside each other, never above each other.
                let beside = other.bbox.overlap_x(&fragment.bbox) < 0.3 * larger;
                let level = apart < 0.25 * other.size.min(fragment.size)
                    || (apart < 0.55 * larger
                        && other.bbox.overlap_y(&fragment.bbox) > 0.5 * fragment.size.min(other.size)
                        && (other.size - fragment.size).abs() > 0.12 * larger);
                beside && level
            })
        });
        match row {
            Some(row) => row.push(fragment),
            None => rows.push(vec![fragment]),
        }
    }
    rows
}

/// The parts of a row that a gap of `ems`, or a change of weight or size, keeps apart: lines of columns side by
/// side.
pub(super) fn part_row<'f, 'g>(
    mut row: Vec<&'f Fragment<'g>>,
    ems: f32,
    fonts: &[FontInfo],
) -> Vec<Vec<&'f Fragment<'g>>> {
    let bold = |placed: Option<&Placed<'_>>| {
        placed.and_then(|placed| fonts.get(usize::from(placed.glyph.font))).is_some_and(|font| font.bold)
    };
    row.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
    let mut parts: Vec<Vec<&Fragment<'_>>> = Vec::new();
    let mut end = f32::NEG_INFINITY;
    for fragment in row {
        match parts.last_mut() {
            Some(part)
                if fragment.bbox.x0 - end < ems * fragment.size
                    && part.last().is_some_and(|last| {
                        bold(last.glyphs.last()) == bold(fragment.glyphs.first())
                            && (last.size - fragment.size).abs() < 0.12 * fragment.size
                    }) =>
            {
                part.push(fragment);
            }
            _ => parts.push(vec![fragment]),
        }
        end = end.max(fragment.bbox.x1);
    }
    parts
}

/// The line that fragments on one baseline make.
pub(super) fn line_of(row: &[&Fragment<'_>], fonts: &[FontInfo]) -> Option<Line> {
    let mut glyphs: Vec<Placed<'_>> =
        row.iter().flat_map(|fragment| fragment.glyphs.iter().copied()).collect();
    glyphs.sort_by(|a, b| a.x.total_cmp(&b.x));
    let bbox = glyphs.iter().map(|placed| placed.bbox).reduce(|a, b| a.union(&b))?;

    let (size, baseline) = main_style(&glyphs);
    let usual_gap = usual_gap(&glyphs, size);
    let right_to_left =
        glyphs.iter().filter(|placed| is_right_to_left(&placed.glyph.text)).count() * 2 > glyphs.len();

    let mut pieces: Vec<Piece> = Vec::new();
    let mut previous: Option<&Placed<'_>> = None;
    // What runs from right to left is read by a way of its own.
    let walked = if right_to_left { &[][..] } else { glyphs.as_slice() };
    for placed in walked {
        let glyph = placed.glyph;
        let font = fonts.get(usize::from(glyph.font));
        let script = script_of(placed, size, baseline);
        let spaced = previous.is_some_and(|before| {
            let em = before.glyph.size.min(glyph.size).max(0.5 * size);
            placed.x - before.end > (SPACE * em).max(usual_gap + DRAWN_SPACE * em)
        });
        let style = Piece {
            text: String::new(),
            bbox: placed.bbox,
            bold: font.is_some_and(|font| font.bold),
            italic: font.is_some_and(|font| font.italic),
            mono: font.is_some_and(|font| font.mono),
            script,
            places: Vec::new(),
        };
        let same = pieces.last().is_some_and(|last| {
            (last.bold, last.italic, last.mono, last.script) == (style.bold, style.italic, style.mono, script)
        });
        if spaced && let Some(last) = pieces.last_mut() {
            last.text.push(' ');
        }
        if !same {
            pieces.push(style);
        }
        if let Some(piece) = pieces.last_mut() {
            if right_to_left && !glyph.text.chars().all(|c| c.is_ascii_digit()) {
                // Drawn from left to right in visual order: what stands further right is read first.
                piece.text.insert_str(0, &glyph.text);
                piece.places.clear();
            } else {
                if !right_to_left {
                    piece.places.push((piece.text.len(), placed.bbox.center_x(), placed.bbox.center_y()));
                }
                piece.text.push_str(&glyph.text);
            }
            piece.bbox = piece.bbox.union(&placed.bbox);
        }
        previous = Some(placed);
    }
    if right_to_left {
        pieces = super::bidi::pieces(&glyphs, fonts, size, baseline, usual_gap);
    }
    let letters = |wanted: fn(&FontInfo) -> bool| {
        glyphs
            .iter()
            .filter(|placed| placed.glyph.text.chars().any(char::is_alphanumeric))
            .all(|placed| fonts.get(usize::from(placed.glyph.font)).is_some_and(wanted))
    };
    let any_letter = glyphs.iter().any(|placed| placed.glyph.text.chars().any(char::is_alphabetic));
    Some(Line {
        bbox,
        baseline,
        size,
        bold: any_letter && letters(|font| font.bold),
        mono: letters(|font| font.mono),
        face: Face::of_most(&glyphs, fonts),
        artifact: glyphs.iter().all(|placed| placed.glyph.artifact),
        gap: lone_gap(&glyphs),
        pieces,
    })
}

/// The widest gap between glyphs from left to right, if no other is a third as wide: a line set to the full width
/// has several.
fn lone_gap(glyphs: &[Placed<'_>]) -> Option<(f32, f32)> {
    let (mut widest, mut second) = ((0.0, 0.0), 0.0_f32);
    for pair in glyphs.windows(2) {
        let gap = (pair[0].end, pair[1].x);
        if gap.1 - gap.0 > widest.1 - widest.0 {
            second = widest.1 - widest.0;
            widest = gap;
        } else {
            second = second.max(gap.1 - gap.0);
        }
    }
    (widest.1 - widest.0 > 3.0 * second.max(0.0)).then_some(widest)
}

/// The size most characters have, and the baseline of those.
fn main_style(glyphs: &[Placed<'_>]) -> (f32, f32) {
    let mut sizes: Vec<f32> = glyphs.iter().map(|placed| placed.glyph.size).collect();
    let size = super::median(&mut sizes);
    // A line of exponents: the larger ones carry it.
    let largest = sizes.last().copied().unwrap_or(size);
    let size = if largest < 1.6 * size && largest > 1.15 * size {
        let large = sizes.iter().filter(|&&s| s > 0.93 * largest).count();
        if large * 3 > sizes.len() { largest } else { size }
    } else {
        size
    };
    let mut baselines: Vec<f32> = glyphs
        .iter()
        .filter(|placed| (placed.glyph.size - size).abs() < 0.07 * size)
        .map(|placed| placed.y)
        .collect();
    let baseline = super::median(&mut baselines);
    (size, if baselines.is_empty() { glyphs.first().map_or(0.0, |placed| placed.y) } else { baseline })
}

/// The gap between letters where they are set apart (`H E A D I N G`), 0 in ordinary text.
fn usual_gap(glyphs: &[Placed<'_>], size: f32) -> f32 {
    if glyphs.len() < 6 {
        return 0.0;
    }
    let mut gaps: Vec<f32> = glyphs.windows(2).map(|pair| pair[1].x - pair[0].end).collect();
    let usual = super::median(&mut gaps);
    if usual > 0.09 * size { usual * 1.35 } else { 0.0 }
}

/// Whether the gap between two neighbours is a space.
pub(super) fn is_space_gap(before: &Placed<'_>, after: &Placed<'_>, size: f32, usual_gap: f32) -> bool {
    let em = before.glyph.size.min(after.glyph.size).max(0.5 * size);
    after.x - before.end > (SPACE * em).max(usual_gap + DRAWN_SPACE * em)
}

pub(super) fn script_of(placed: &Placed<'_>, size: f32, baseline: f32) -> Option<Script> {
    if placed.glyph.size > 0.86 * size {
        return None;
    }
    let raised = baseline - placed.y;
    if raised > 0.18 * size {
        Some(Script::Super)
    } else if raised < -0.06 * size {
        Some(Script::Sub)
    } else {
        None
    }
}

fn is_right_to_left(text: &str) -> bool {
    text.chars()
        .any(|c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'))
}
