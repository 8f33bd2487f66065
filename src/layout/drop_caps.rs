//! A page in; the page out with each drop cap set in front of the line that it begins, in that line's size.
//!
//! A drop cap stands on the baseline of the last line beside it and would be read there.

use super::survey::Survey;
use crate::document::Rect;
use crate::pdf::content::{Glyph, PageContent};
use std::borrow::Cow;

/// A drop cap is this many times as large as the text beside it.
const LEAST_RATIO: f32 = 1.8;
/// And at most this many ems of that text away from it.
const GAP_EMS: f32 = 1.0;
/// Lines beside it.
const MIN_LINES: usize = 2;
/// Drop caps on one page, at most.
const MAX_CAPS: usize = 12;

/// The page with its drop caps in their lines.
pub(super) fn with_caps_in_line<'a>(content: &'a PageContent, survey: &Survey) -> Cow<'a, PageContent> {
    let caps: Vec<usize> = (0..content.glyphs.len())
        .filter(|&at| is_large_and_alone(&content.glyphs, at, survey.body_size()))
        .take(MAX_CAPS)
        .collect();
    let mut page = Cow::Borrowed(content);
    for cap in caps {
        // Moving one to its line leaves those behind it where they were, or moves them by nothing.
        if let Some((moved, to)) = in_line(&page, cap, survey) {
            let page = page.to_mut();
            page.glyphs.remove(cap);
            let to = if to > cap { to - 1 } else { to };
            page.glyphs.insert(to.min(page.glyphs.len()), moved);
        }
    }
    page
}

/// One upright capital between glyphs that are much smaller, or that stand elsewhere.
fn is_large_and_alone(glyphs: &[Glyph], at: usize, em: f32) -> bool {
    let Some(glyph) = glyphs.get(at) else { return false };
    let mut letters = glyph.text.chars();
    let capital = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
    if !capital || glyph.invisible || glyph.angle != 0.0 || glyph.size < LEAST_RATIO * em {
        return false;
    }
    let beside = |other: &Glyph| {
        !other.text.trim().is_empty()
            && other.size > 0.7 * glyph.size
            && (other.origin.1 - glyph.origin.1).abs() < 0.3 * glyph.size
            && other.bbox.x0 < glyph.bbox.x1 + glyph.size
            && other.bbox.x1 > glyph.bbox.x0 - glyph.size
    };
    let near = glyphs.get(at.saturating_sub(2)..(at + 3).min(glyphs.len())).unwrap_or_default();
    near.iter().filter(|other| beside(other)).count() == 1
}

/// The cap as the first letter of its line, and where among the glyphs that line starts.
fn in_line(content: &PageContent, cap: usize, survey: &Survey) -> Option<(Glyph, usize)> {
    let glyph = content.glyphs.get(cap)?;
    // From the cap's top to the line that it stands on.
    let height = Rect { y0: glyph.origin.1 - 0.8 * glyph.size, y1: glyph.origin.1, ..glyph.bbox };
    let mut starts: Vec<(usize, &Glyph)> = Vec::new();
    for (at, other) in content.glyphs.iter().enumerate() {
        let em = other.size;
        let gap = other.bbox.x0 - glyph.advance.0;
        let middle = other.origin.1 - 0.3 * em;
        if other.angle == 0.0
            && !other.text.trim().is_empty()
            && em * LEAST_RATIO <= glyph.size
            && (-0.3 * em..GAP_EMS * em).contains(&gap)
            && (height.y0..=height.y1).contains(&middle)
        {
            match starts.iter_mut().find(|(_, first)| (first.origin.1 - other.origin.1).abs() < 0.3 * em) {
                Some(start) if other.bbox.x0 < start.1.bbox.x0 => *start = (at, other),
                Some(_) => {}
                None => starts.push((at, other)),
            }
        }
    }
    if starts.len() < MIN_LINES {
        return None;
    }
    let (at, first) = starts.into_iter().min_by(|a, b| a.1.origin.1.total_cmp(&b.1.origin.1))?;
    let scale = first.size / glyph.size;
    let width = (glyph.advance.0 - glyph.origin.0) * scale;
    let rest = word_at(&content.glyphs, at);
    let blank = if is_word_alone(&glyph.text, &rest, survey) { 0.3 * first.size } else { 0.0 };
    let x = first.origin.0 - width - blank;
    let moved = Glyph {
        bbox: Rect { x0: x, x1: x + width, ..first.bbox },
        origin: (x, first.origin.1),
        advance: (x + width, first.origin.1),
        size: first.size,
        font: first.font,
        mcid: first.mcid,
        ..glyph.clone()
    };
    Some((moved, at))
}

/// The letters from a glyph to the next blank.
fn word_at(glyphs: &[Glyph], at: usize) -> String {
    let mut word = String::new();
    let mut end = f32::INFINITY;
    for glyph in glyphs.iter().skip(at).take(40) {
        let apart = glyph.origin.0 - end > 0.16 * glyph.size;
        if apart || !glyph.text.chars().all(char::is_alphabetic) {
            break;
        }
        word.push_str(&glyph.text);
        end = glyph.advance.0;
    }
    word
}

/// `A` before `house` is a word, `I` before `n` is part of one: the document's own words say which.
fn is_word_alone(cap: &str, rest: &str, survey: &Survey) -> bool {
    let whole = survey.occurrences(&format!("{cap}{rest}"));
    matches!(cap, "A" | "I" | "O") && rest.chars().count() > 1 && survey.occurrences(rest) > whole
}
