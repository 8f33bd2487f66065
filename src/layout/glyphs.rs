//! Glyphs as drawn in; glyphs to read out: painted ones (or the invisible layer of a scan), upright, once.

use super::MAX_GLYPHS;
use crate::document::Rect;
use crate::pdf::content::{Glyph, PageContent};
use std::collections::HashMap;

/// A page is read as turned by this if most of its text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    /// Text runs upwards on the page: it is read after a quarter turn clockwise.
    Up,
    /// Text runs downwards.
    Down,
    /// Text stands on its head.
    Over,
}

impl Turn {
    fn of_angle(angle: f32) -> Option<Self> {
        let angle = angle.rem_euclid(360.0);
        let near = |wanted: f32| (angle - wanted).abs() < 8.0;
        if near(0.0) || near(360.0) {
            Some(Self::None)
        } else if near(90.0) {
            Some(Self::Up)
        } else if near(180.0) {
            Some(Self::Over)
        } else if near(270.0) {
            Some(Self::Down)
        } else {
            None
        }
    }

    /// A point of the page in the coordinates of the turned page, both y down; `width` and `height` are
    /// the page's own.
    fn point(self, (x, y): (f32, f32), width: f32, height: f32) -> (f32, f32) {
        match self {
            Self::None => (x, y),
            Self::Up => (height - y, x),
            Self::Down => (y, width - x),
            Self::Over => (width - x, height - y),
        }
    }

    pub(super) fn rect(self, rect: &Rect, width: f32, height: f32) -> Rect {
        let (x0, y0) = self.point((rect.x0, rect.y0), width, height);
        let (x1, y1) = self.point((rect.x1, rect.y1), width, height);
        Rect::new(x0, y0, x1, y1)
    }

    /// A box of the turned page back on the page.
    pub(super) fn back(self, rect: &Rect, width: f32, height: f32) -> Rect {
        match self {
            Self::None => *rect,
            Self::Up => Self::Down.rect(rect, height, width),
            Self::Down => Self::Up.rect(rect, height, width),
            Self::Over => Self::Over.rect(rect, width, height),
        }
    }
}

/// The text of a page, ready to be read.
pub(super) struct Readable<'a> {
    /// Upright glyphs, in drawing order, in the coordinates of the turned page.
    pub upright: Vec<Placed<'a>>,
    /// Text in other directions, put together run by run, with its box on the turned page.
    pub aside: Vec<(String, Rect)>,
    pub turn: Turn,
    /// Width of the turned page in points.
    pub width: f32,
    /// Height of the turned page in points.
    pub height: f32,
    pub truncated: bool,
}

/// A glyph and where it is on the turned page.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub glyph: &'a Glyph,
    pub bbox: Rect,
    /// Pen position on the baseline.
    pub x: f32,
    pub y: f32,
    /// Pen position after it.
    pub end: f32,
}

pub(super) fn readable(content: &PageContent) -> Readable<'_> {
    let visible = content.glyphs.iter().filter(|g| !g.invisible && !g.text.trim().is_empty()).count();
    let invisible = content.glyphs.iter().filter(|g| g.invisible && !g.text.trim().is_empty()).count();
    // A scan with a text layer; otherwise what is not painted is not there.
    let read_invisible = invisible > 4 * visible;
    let glyphs = || {
        content.glyphs.iter().filter(|g| g.invisible == read_invisible || (read_invisible && !g.invisible))
    };

    let mut votes = [0_usize; 4];
    for glyph in glyphs() {
        match Turn::of_angle(glyph.angle) {
            Some(Turn::None) => votes[0] += 1,
            Some(Turn::Up) => votes[1] += 1,
            Some(Turn::Down) => votes[2] += 1,
            Some(Turn::Over) => votes[3] += 1,
            None => {}
        }
    }
    let total: usize = votes.iter().sum();
    let turns = [Turn::None, Turn::Up, Turn::Down, Turn::Over];
    let turn = (0..4).find(|&i| votes[i] * 2 > total).map_or(Turn::None, |i| turns[i]);
    let (width, height) = match turn {
        Turn::Up | Turn::Down => (content.height, content.width),
        Turn::None | Turn::Over => (content.width, content.height),
    };

    let mut upright = Vec::new();
    let mut aside: Vec<(String, Rect)> = Vec::new();
    let mut seen = Seen::new();
    let mut last_angle = f32::NAN;
    let mut truncated = false;
    for glyph in glyphs() {
        if upright.len() >= MAX_GLYPHS {
            truncated = true;
            break;
        }
        let bbox = turn.rect(&glyph.bbox, content.width, content.height);
        if Turn::of_angle(glyph.angle) == Some(turn) {
            let (x, y) = turn.point(glyph.origin, content.width, content.height);
            let (end, _) = turn.point(glyph.advance, content.width, content.height);
            if !glyph.text.trim().is_empty() && drawn_before(&mut seen, glyph, x, y) {
                continue;
            }
            upright.push(Placed { glyph, bbox, x, y, end: end.max(x) });
            last_angle = f32::NAN;
        } else {
            let goes_on = (glyph.angle - last_angle).abs() < 1.0;
            match aside.last_mut() {
                Some((text, rect))
                    if goes_on && rect.grown(glyph.size * 1.5).intersection(&bbox).is_some() =>
                {
                    text.push_str(&glyph.text);
                    *rect = rect.union(&bbox);
                }
                _ => aside.push((glyph.text.clone(), bbox)),
            }
            last_angle = glyph.angle;
        }
    }
    Readable { upright, aside, turn, width, height, truncated }
}

/// Places of characters by cell of half an em: two narrow letters (`ll`) share one.
type Seen<'a> = HashMap<(&'a str, i32, i32), Vec<(f32, f32)>>;
/// Places remembered of one character in one cell.
const MAX_IN_CELL: usize = 8;

/// Whether the same character stands (almost) there already: text drawn twice looks bold.
fn drawn_before<'a>(seen: &mut Seen<'a>, glyph: &'a Glyph, x: f32, y: f32) -> bool {
    let near = (0.12 * glyph.size).max(0.1);
    let cell = (glyph.size * 0.5).max(0.5);
    #[allow(clippy::cast_possible_truncation, reason = "saturates, and page coordinates are small")]
    let (column, row) = ((x / cell) as i32, (y / cell) as i32);
    for dx in -1..=1 {
        for dy in -1..=1 {
            let key = (glyph.text.as_str(), column.saturating_add(dx), row.saturating_add(dy));
            let places = seen.get(&key).map(Vec::as_slice).unwrap_or_default();
            if places
                .iter()
                .any(|(other_x, other_y)| (other_x - x).abs() < near && (other_y - y).abs() < near)
            {
                return true;
            }
        }
    }
    let places = seen.entry((glyph.text.as_str(), column, row)).or_default();
    if places.len() < MAX_IN_CELL {
        places.push((x, y));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_there_and_back_is_nothing() {
        let rect = Rect::new(10.0, 20.0, 110.0, 40.0);
        for turn in [Turn::None, Turn::Up, Turn::Down, Turn::Over] {
            let there = turn.rect(&rect, 600.0, 800.0);
            assert_eq!(turn.back(&there, 600.0, 800.0), rect, "{turn:?}");
        }
        // Text that runs upwards at the left edge is at the top of the turned page.
        assert_eq!(Turn::Up.rect(&rect, 600.0, 800.0), Rect::new(760.0, 10.0, 780.0, 110.0));
    }
}
