//! What is drawn between the words of a scan: ruled lines, for tables, and pictures.

use super::bitmap::Bitmap;
use super::crop::luma;
use super::detect::LineBox;
use serde::{Deserialize, Serialize};

/// Ink differs so much in brightness from the ground.
const CONTRAST: u8 = 56;
/// The shortest ruled line, as a share of the picture's longer side: about a centimetre of a page.
const SHORTEST: f32 = 1.0 / 28.0;
/// A ruled line is this many times as long as thick.
const SLENDER: f32 = 12.0;
/// Holes of so many pixels do not break a line: dots of a printer, dirt.
const HOLE: usize = 3;
/// Cells along the picture's longer side in which pictures are looked for.
const CELLS: usize = 160;
/// A cell belongs to a picture if so much of it is ink.
const BUSY: f32 = 0.06;
/// Results of each kind, at most.
const MAX_FOUND: usize = 2_000;

/// An upright box in pixels of the bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

/// Where there is ink on a bitmap.
pub(super) struct Ink {
    columns: usize,
    rows: usize,
    dark: Vec<bool>,
}

impl Ink {
    /// Pixels unlike the ground, whose brightness most pixels have.
    pub(super) fn of(bitmap: &Bitmap) -> Self {
        let luma: Vec<u8> =
            bitmap.rgb().as_chunks::<3>().0.iter().map(|[r, g, b]| luma(*r, *g, *b)).collect();
        let mut histogram = [0_u32; 16];
        for value in &luma {
            histogram[usize::from(*value >> 4)] += 1;
        }
        let ground = (0_u8..16).max_by_key(|bin| histogram[usize::from(*bin)]).unwrap_or(15) * 16 + 8;
        let dark = luma.iter().map(|value| value.abs_diff(ground) > CONTRAST).collect();
        Self { columns: bitmap.width() as usize, rows: bitmap.height() as usize, dark }
    }

    fn turned(&self) -> Self {
        let mut dark = Vec::with_capacity(self.dark.len());
        for column in 0..self.columns {
            dark.extend(self.dark.iter().skip(column).step_by(self.columns.max(1)));
        }
        Self { columns: self.rows, rows: self.columns, dark }
    }

    /// Ruled lines, lying and standing.
    pub(super) fn rulings(&self) -> Vec<Ruling> {
        let mut found = self.lying_rulings();
        let standing = self.turned().lying_rulings();
        found.extend(standing.iter().map(|r| Ruling { x0: r.y0, y0: r.x0, x1: r.y1, y1: r.x1 }));
        found.truncate(MAX_FOUND);
        found
    }

    /// Long runs of ink, those of neighbouring rows put together: a line that slopes a little steps from row to row.
    fn lying_rulings(&self) -> Vec<Ruling> {
        #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
        let shortest = SHORTEST * self.columns.max(self.rows) as f32;
        // Pieces of a sloping line may be shorter than the line, but not as short as a letter's bar.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sides of pictures")]
        let piece = (0.5 * shortest).max(12.0) as usize;
        let mut open: Vec<(usize, usize, usize, usize)> = Vec::new();
        let mut found = Vec::new();
        let mut close = |(x0, x1, y0, y1): (usize, usize, usize, usize)| {
            #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
            let ruling = Ruling { x0: x0 as f32, y0: y0 as f32, x1: x1 as f32, y1: y1 as f32 + 1.0 };
            let (length, thickness) = (ruling.x1 - ruling.x0, ruling.y1 - ruling.y0);
            if length > shortest && length > SLENDER * thickness && found.len() < MAX_FOUND {
                found.push(ruling);
            }
        };
        for (y, row) in self.dark.chunks_exact(self.columns.max(1)).enumerate() {
            for (x0, x1) in long_runs(row, piece) {
                let near = |(a, b, _, last): &(usize, usize, usize, usize)| {
                    y - last <= 2 && x0 <= b + 2 * HOLE && *a <= x1 + 2 * HOLE
                };
                let mut joined = (x0, x1, y, y);
                open.retain(|other| {
                    let joins = near(other);
                    if joins {
                        joined = (joined.0.min(other.0), joined.1.max(other.1), joined.2.min(other.2), y);
                    }
                    !joins
                });
                open.push(joined);
            }
            open.retain(|ruling| {
                let goes_on = y - ruling.3 <= 2;
                if !goes_on {
                    close(*ruling);
                }
                goes_on
            });
        }
        open.into_iter().for_each(close);
        found
    }

    /// Parts with much ink that no line of text covers: photographs, drawings, charts.
    pub(super) fn pictures(&self, lines: &[LineBox]) -> Vec<Ruling> {
        let cell = self.columns.max(self.rows).div_ceil(CELLS).max(1);
        let (across, down) = (self.columns.div_ceil(cell), self.rows.div_ceil(cell));
        let mut counts = vec![0_u32; across * down];
        for (y, row) in self.dark.chunks_exact(self.columns.max(1)).enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
                counts[(y / cell) * across + x / cell] += 1;
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "pixels of a cell")]
        let mut busy: Vec<bool> =
            counts.iter().map(|count| *count as f32 > BUSY * (cell * cell) as f32).collect();
        for line in lines {
            let corners = [(0.0, 0.0), (line.width, 0.0), (0.0, line.height), (line.width, line.height)]
                .map(|(x, y)| line.point(x, y));
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "cells"
            )]
            let place = |value: f32, most: usize| ((value / cell as f32).max(0.0) as usize).min(most);
            let low = |pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(f32::MAX, f32::min);
            let high = |pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(f32::MIN, f32::max);
            for row in place(low(|c| c.1), down)..(place(high(|c| c.1), down) + 1).min(down) {
                let from = row * across;
                let part =
                    from + place(low(|c| c.0), across)..from + (place(high(|c| c.0), across) + 1).min(across);
                busy.get_mut(part).unwrap_or_default().fill(false);
            }
        }
        clusters(&busy, across, down)
            .into_iter()
            // A dark border runs round the page.
            .filter(|(x0, y0, x1, y1, _)| !(10 * (x1 - x0) > 9 * across && 10 * (y1 - y0) > 9 * down))
            // About a fifth of the way across, and more than lines of a frame.
            .filter(|(x0, y0, x1, y1, count)| {
                let (width, height) = (x1 - x0, y1 - y0);
                width.min(height) * 14 > CELLS && 8 * count > width * height
            })
            .take(MAX_FOUND)
            .map(|(x0, y0, x1, y1, _)| {
                #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
                let place = |at: usize, most: usize| (at * cell).min(most) as f32;
                let (x0, x1) = (place(x0, self.columns), place(x1, self.columns));
                Ruling { x0, y0: place(y0, self.rows), x1, y1: place(y1, self.rows) }
            })
            .collect()
    }
}

/// Runs of ink at least so long; small holes do not end them.
fn long_runs(row: &[bool], least: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
        match &mut open {
            Some((_, end)) if x <= *end + HOLE => *end = x + 1,
            _ => {
                runs.extend(open.replace((x, x + 1)));
            }
        }
    }
    runs.extend(open);
    runs.retain(|(start, end)| end - start >= least);
    runs
}

/// Boxes (ends not included) around cells that touch, or have one cell between them, and how many there are in each.
fn clusters(busy: &[bool], across: usize, down: usize) -> Vec<(usize, usize, usize, usize, usize)> {
    let mut left = busy.to_vec();
    let mut found = Vec::new();
    let mut stack = Vec::new();
    for start in 0..left.len() {
        if !std::mem::replace(&mut left[start], false) {
            continue;
        }
        stack.push(start);
        let (mut x0, mut y0, mut x1, mut y1, mut count) = (across, down, 0, 0, 0);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % across, at / across);
            (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x + 1), y1.max(y + 1));
            count += 1;
            for ny in y.saturating_sub(2)..(y + 3).min(down) {
                for nx in x.saturating_sub(2)..(x + 3).min(across) {
                    if std::mem::replace(&mut left[ny * across + nx], false) {
                        stack.push(ny * across + nx);
                    }
                }
            }
        }
        found.push((x0, y0, x1, y1, count));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(dark: impl Fn(u32, u32) -> bool) -> Bitmap {
        let rgb = (0..400).flat_map(|y| {
            (0..400).flat_map({
                let dark = &dark;
                move |x| [if dark(x, y) { 20 } else { 250 }; 3]
            })
        });
        Bitmap::from_rgb(400, 400, rgb.collect()).unwrap()
    }

    #[test]
    fn rules_are_found_lying_standing_and_sloping() {
        // One lies, one stands, one slopes by a row every 80 pixels.
        let bitmap = painted(|x, y| {
            (y == 50 || y == 51) && (20..380).contains(&x)
                || x == 200 && (100..300).contains(&y)
                || y == 350 + x / 80 && x > 30
        });
        let found = Ink::of(&bitmap).rulings();
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], Ruling { x0: 20.0, y0: 50.0, x1: 380.0, y1: 52.0 });
        assert!(found[1].y1 - found[1].y0 <= 5.0 && found[1].x1 - found[1].x0 > 365.0);
        assert_eq!(found[2], Ruling { x0: 200.0, y0: 100.0, x1: 201.0, y1: 300.0 });
    }

    #[test]
    fn letters_and_dark_areas_are_no_rules() {
        let bitmap = painted(|x, y| {
            (100..200).contains(&x) && (100..200).contains(&y) || x % 20 < 11 && y % 30 < 12 && y > 250
        });
        assert!(Ink::of(&bitmap).rulings().is_empty());
    }

    #[test]
    fn pictures_are_dark_where_no_text_is() {
        let bitmap = painted(|x, y| {
            (100..200).contains(&x) && (100..180).contains(&y)
                || (20..380).contains(&x) && (300..312).contains(&y)
        });
        let line =
            LineBox { center: (200.0, 306.0), along: (1.0, 0.0), width: 370.0, height: 20.0, score: 1.0 };
        let found = Ink::of(&bitmap).pictures(&[line]);
        assert_eq!(found.len(), 1);
        assert!((found[0].x0 - 100.0).abs() < 6.0 && (found[0].y1 - 180.0).abs() < 6.0, "{found:?}");
    }
}
