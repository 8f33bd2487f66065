//! Glyphs as drawn in; glyphs to read out: painted ones (or the invisible layer of a scan), upright, once.

use super::MAX_GLYPHS;
use crate::document::Rect;
use crate::pdf::content::{Glyph, PageContent};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Room of so many ems between two glyphs of text in another direction is a blank.
const ASIDE_GAP: f32 = 0.18;

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

    /// The turn with which `glyph` is read. Glyphs of vertical writing stand upright, one below the other, and their
    /// columns follow each other to the left: read as if they ran downwards, they are in order.
    fn of_glyph(glyph: &Glyph) -> Option<Self> {
        if is_set_downwards(glyph) { Some(Self::Down) } else { Self::of_angle(glyph.angle) }
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

/// The glyph is upright and the pen goes down from it.
fn is_set_downwards(glyph: &Glyph) -> bool {
    let (across, down) = (glyph.advance.0 - glyph.origin.0, glyph.advance.1 - glyph.origin.1);
    down > 0.3 * glyph.size && across.abs() < 0.3 * down && Turn::of_angle(glyph.angle) == Some(Turn::None)
}

/// How far above the box's lower edge the baseline of a glyph of vertical writing is taken to be, in ems.
const VERTICAL_DESCENT: f32 = 0.12;

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
        match Turn::of_glyph(glyph) {
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
    let mut seen = Seen::new(visible + invisible);
    let mut last_angle = f32::NAN;
    let mut last_end = (0.0, 0.0);
    let mut truncated = false;
    for glyph in glyphs() {
        if upright.len() >= MAX_GLYPHS {
            truncated = true;
            break;
        }
        let bbox = turn.rect(&glyph.bbox, content.width, content.height);
        if Turn::of_glyph(glyph) == Some(turn) {
            let (x, mut y) = turn.point(glyph.origin, content.width, content.height);
            let (end, _) = turn.point(glyph.advance, content.width, content.height);
            if is_set_downwards(glyph) {
                // Its pen is in the middle of the column.
                y = bbox.y1 - VERTICAL_DESCENT * glyph.size;
            }
            if !glyph.text.trim().is_empty() && seen.is_again(glyph, x, y) {
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
                    let gap = (glyph.origin.0 - last_end.0).hypot(glyph.origin.1 - last_end.1);
                    if gap > ASIDE_GAP * glyph.size && !text.ends_with(' ') && !glyph.text.starts_with(' ') {
                        text.push(' ');
                    }
                    text.push_str(&glyph.text);
                    *rect = rect.union(&bbox);
                }
                _ => aside.push((glyph.text.clone(), bbox)),
            }
            last_angle = glyph.angle;
            last_end = glyph.advance;
        }
    }
    Readable { upright, aside, turn, width, height, truncated }
}

/// Where characters stand, to tell text that is drawn twice: by cell of an em, in which several narrow letters
/// (`ll`) may stand.
struct Seen {
    /// Index of the last of the places of a character in a cell.
    last: HashMap<(u64, i32, i32), u32>,
    places: Vec<Place>,
}

struct Place {
    x: f32,
    y: f32,
    /// Index of the place before it in the same cell.
    before: Option<u32>,
    /// Its number in the cell, from 1.
    number: u32,
}

/// Places remembered of one character in one cell.
const MAX_IN_CELL: u32 = 16;

impl Seen {
    fn new(glyphs: usize) -> Self {
        let glyphs = glyphs.min(MAX_GLYPHS);
        Self { last: HashMap::with_capacity(glyphs), places: Vec::with_capacity(glyphs) }
    }

    /// Whether the same character stands (almost) there already: text drawn twice looks bold. If not, it does now.
    fn is_again(&mut self, glyph: &Glyph, x: f32, y: f32) -> bool {
        // Ligatures that begin alike are as good as the same.
        let text = glyph.text.chars().take(3).fold(0_u64, |text, c| (text << 21) | u64::from(c));
        let near = (0.12 * glyph.size).max(0.1);
        let cell = glyph.size.max(1.0);
        #[allow(clippy::cast_possible_truncation, reason = "saturates, and page coordinates are small")]
        let cell_of = |along: f32| (along / cell).floor() as i32;
        // Mostly one cell twice, and its neighbour where the place is near their border.
        for column in [cell_of(x - near), cell_of(x + near)] {
            for row in [cell_of(y - near), cell_of(y + near)] {
                let mut at = self.last.get(&(text, column, row)).copied();
                while let Some(place) = at.and_then(|at| self.places.get(at as usize)) {
                    if (place.x - x).abs() < near && (place.y - y).abs() < near {
                        return true;
                    }
                    at = place.before;
                }
            }
        }
        let Ok(index) = u32::try_from(self.places.len()) else { return false };
        match self.last.entry((text, cell_of(x), cell_of(y))) {
            Entry::Vacant(cell) => {
                cell.insert(index);
                self.places.push(Place { x, y, before: None, number: 1 });
            }
            Entry::Occupied(mut cell) => {
                let before = *cell.get();
                let number = self.places.get(before as usize).map_or(0, |place| place.number) + 1;
                if number <= MAX_IN_CELL {
                    cell.insert(index);
                    self.places.push(Place { x, y, before: Some(before), number });
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_drawn_again_is_told_from_its_neighbours() {
        let glyph = |text: &str| Glyph {
            text: text.to_owned(),
            bbox: Rect::default(),
            origin: (0.0, 0.0),
            advance: (0.0, 0.0),
            size: 10.0,
            angle: 0.0,
            font: 0,
            color: [0; 3],
            invisible: false,
            mcid: None,
            artifact: false,
        };
        let mut seen = Seen::new(4);
        let l = glyph("l");
        // `ill` in one cell and over its border: a narrow letter is 2.2 points wide.
        for x in [95.0, 97.2, 99.4, 101.6] {
            assert!(!seen.is_again(&l, x, 50.0), "{x}");
        }
        assert!(seen.is_again(&l, 97.4, 50.3), "shifted by a hair");
        assert!(seen.is_again(&l, 100.3, 50.0), "from the next cell");
        assert!(!seen.is_again(&glyph("i"), 97.2, 50.0), "another letter");
        assert!(!seen.is_again(&l, 97.2, 62.0), "another line");
        // So many in one place are noise; nothing grows without bound.
        for step in 0..200_u16 {
            seen.is_again(&glyph("."), f32::from(step % 8) * 1.25, 0.0);
        }
        assert!(seen.places.len() < 40);
    }

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
