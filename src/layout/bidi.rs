//! Lines that run from right to left: glyphs as they stand in, text in reading order out.
//!
//! What is drawn is the result of the Unicode bidirectional algorithm (UAX 9); reading it takes the way back. Words
//! and numbers that run from left to right keep their order, everything else is read from the right. One level of
//! such runs is what documents have.

use super::glyphs::Placed;
use super::lines::{Piece, is_space_gap, script_of};
use crate::pdf::content::FontInfo;

/// How a glyph takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    RightToLeft,
    /// Letters of other scripts and digits.
    LeftToRight,
    Neutral,
}

fn direction_of(text: &str) -> Direction {
    match text.chars().next() {
        Some(c) if is_right_to_left(c) => Direction::RightToLeft,
        Some(c) if c.is_alphanumeric() => Direction::LeftToRight,
        _ => Direction::Neutral,
    }
}

fn is_right_to_left(c: char) -> bool {
    // Arabic digits run from left to right as others do.
    !matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
        && matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// Indices of glyphs, given from left to right, in reading order.
fn reading_order(directions: &[Direction]) -> Vec<usize> {
    let mut order = Vec::with_capacity(directions.len());
    let mut index = directions.len();
    while index > 0 {
        index -= 1;
        if directions.get(index) != Some(&Direction::LeftToRight) {
            order.push(index);
            continue;
        }
        // To the left as far as the run goes: what is neutral belongs to it only between two of its glyphs.
        let mut start = index;
        let mut at = index;
        while at > 0 {
            match directions.get(at - 1) {
                Some(Direction::LeftToRight) => start = at - 1,
                Some(Direction::Neutral) => {}
                _ => break,
            }
            at -= 1;
        }
        order.extend(start..=index);
        index = start;
    }
    order
}

/// A bracket as it is written where text runs the other way.
fn mirrored(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '(' => ')',
            ')' => '(',
            '[' => ']',
            ']' => '[',
            '{' => '}',
            '}' => '{',
            '«' => '»',
            '»' => '«',
            '<' => '>',
            '>' => '<',
            c => c,
        })
        .collect()
}

/// The pieces of a line, in reading order. `glyphs` stand from left to right; `size`, `baseline` and
/// `usual_gap` are the line's.
pub(super) fn pieces(
    glyphs: &[Placed<'_>],
    fonts: &[FontInfo],
    size: f32,
    baseline: f32,
    usual_gap: f32,
) -> Vec<Piece> {
    let directions: Vec<Direction> = glyphs.iter().map(|placed| direction_of(&placed.glyph.text)).collect();
    let order = reading_order(&directions);
    // Between two runs the blank is where they meet on the page, which is not between the glyphs read last and
    // next: so each place between neighbours is looked at, and said when its two sides have been read.
    let blank: Vec<bool> =
        glyphs.windows(2).map(|pair| is_space_gap(&pair[0], &pair[1], size, usual_gap)).collect();
    let mut read = vec![false; glyphs.len()];
    let mut pieces: Vec<Piece> = Vec::new();
    for (position, &index) in order.iter().enumerate() {
        let Some(placed) = glyphs.get(index) else { continue };
        let font = fonts.get(usize::from(placed.glyph.font));
        let style = Piece {
            bbox: placed.bbox,
            bold: font.is_some_and(|font| font.bold),
            italic: font.is_some_and(|font| font.italic),
            mono: font.is_some_and(|font| font.mono),
            script: script_of(placed, size, baseline),
            ..Piece::default()
        };
        let forward = position > 0 && order.get(position - 1).is_some_and(|last| last + 1 == index);
        // Where this glyph's run begins on the page, seen from what was read before: its right end.
        let end = (index..glyphs.len()).find(|at| read.get(at + 1).copied().unwrap_or(true)).unwrap_or(index);
        let spaced = if forward {
            index.checked_sub(1).and_then(|at| blank.get(at)).copied().unwrap_or(false)
        } else {
            blank.get(end).copied().unwrap_or(false) && position > 0
        };
        if spaced && let Some(last) = pieces.last_mut() {
            last.text.push(' ');
        }
        let same = pieces.last().is_some_and(|last| {
            (last.bold, last.italic, last.mono, last.script)
                == (style.bold, style.italic, style.mono, style.script)
        });
        if !same {
            pieces.push(style);
        }
        if let Some(piece) = pieces.last_mut() {
            match directions.get(index) {
                Some(Direction::Neutral) if !forward => piece.text.push_str(&mirrored(&placed.glyph.text)),
                _ => piece.text.push_str(&placed.glyph.text),
            }
            piece.bbox = piece.bbox.union(&placed.bbox);
        }
        if let Some(seen) = read.get_mut(index) {
            *seen = true;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads letters as drawn from left to right; small ones run from right to left.
    fn read(drawn: &str) -> String {
        let directions: Vec<Direction> = drawn
            .chars()
            .map(|c| match c {
                'a'..='z' => Direction::RightToLeft,
                'A'..='Z' | '0'..='9' => Direction::LeftToRight,
                _ => Direction::Neutral,
            })
            .collect();
        let characters: Vec<char> = drawn.chars().collect();
        reading_order(&directions).into_iter().map(|index| characters[index]).collect()
    }

    #[test]
    fn numbers_and_foreign_words_keep_their_order() {
        assert_eq!(read("cba"), "abc");
        assert_eq!(read("fe12.5dc"), "cd12.5ef");
        assert_eq!(read("b-XML A-a"), "a-XML A-b");
        assert_eq!(read("a."), ".a");
    }

    #[test]
    fn brackets_turn_round() {
        assert_eq!(mirrored(")x("), "(x)");
    }
}
