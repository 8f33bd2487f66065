//! Where lines of text are: a bitmap in, boxes at any angle out.

use super::bitmap::Bitmap;
use super::network::Network;
use super::{OcrError, Output};
use serde::{Deserialize, Serialize};

/// The network halves the picture five times.
const STRIDE: u32 = 32;
/// Pixels of the detector's picture, at most: its time and memory grow with them.
const MAX_PIXELS: f32 = 1_700_000.0;
/// Longest side of the detector's picture: A4 at about 110 dpi. Measured on rendered pages: finer finds no more.
const LONG_SIDE: f32 = 1_280.0;
/// A smaller picture is enlarged no further than this.
const MAX_ENLARGEMENT: f32 = 2.0;
/// Means and deviations of the pictures that the network was trained on, for values from 0 to 1.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
/// A pixel belongs to text from here on (PP-OCR's own).
const PIXEL_THRESHOLD: f32 = 0.3;
/// A line is kept if its pixels have this mean.
const LINE_THRESHOLD: f32 = 0.5;
/// The network is taught shrunken lines; their boxes grow by this times area over perimeter (PP-OCR's own).
const GROWTH: f32 = 1.6;
/// Lines of one page, at most.
const MAX_LINES: usize = 3_000;
/// A shrunken line is at least this many pixels high.
const MIN_SIDE: f32 = 2.0;

/// A box around one line of text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineBox {
    /// Centre, in pixels.
    pub center: (f32, f32),
    /// Direction in which it is read: a vector of length 1, y down.
    pub along: (f32, f32),
    /// Extent along it, in pixels.
    pub width: f32,
    /// Extent across it, in pixels.
    pub height: f32,
    /// Mean of the network's certainty over it, 0 to 1.
    pub score: f32,
}

impl LineBox {
    /// The point `x` along and `y` across (downwards when read), from its top left corner.
    #[must_use]
    pub fn point(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - 0.5 * self.width, y - 0.5 * self.height);
        let (ax, ay) = self.along;
        (self.center.0 + dx * ax - dy * ay, self.center.1 + dx * ay + dy * ax)
    }

    /// The same box, read after so many quarter turns clockwise of the direction of reading.
    #[must_use]
    pub fn turned(&self, quarters: u8) -> Self {
        let mut turned = *self;
        for _ in 0..quarters % 4 {
            turned.along = (-turned.along.1, turned.along.0);
            (turned.width, turned.height) = (turned.height, turned.width);
        }
        turned
    }
}

/// Finds the lines of text of `bitmap`, their longer sides taken for the direction of reading: to the right, or
/// downwards for those that stand.
pub(super) fn find_lines(network: &dyn Network, bitmap: &Bitmap) -> Result<Vec<LineBox>, OcrError> {
    #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
    let (width, height) = (bitmap.width() as f32, bitmap.height() as f32);
    let scale = (LONG_SIDE / width.max(height)).min(MAX_ENLARGEMENT);
    let scale = scale.min((MAX_PIXELS / (width * height)).sqrt());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most LONG_SIDE")]
    let side = |length: f32| (((length * scale) / STRIDE as f32).round().max(1.0) as u32) * STRIDE;
    let small = bitmap.resized(side(width), side(height));
    let (columns, rows) = (small.width() as usize, small.height() as usize);
    let plane = columns * rows;
    let mut input = vec![0.0_f32; 3 * plane];
    // The network was taught pictures in the order blue, green, red.
    for (channel, values) in input.chunks_exact_mut(plane).enumerate() {
        let (mean, deviation) = (MEAN[channel.min(2)], DEVIATION[channel.min(2)]);
        let source = small.rgb().as_chunks::<3>().0.iter().map(|pixel| pixel[2 - channel.min(2)]);
        for (value, pixel) in values.iter_mut().zip(source) {
            *value = (f32::from(pixel) / 255.0 - mean) / deviation;
        }
    }
    let Output { data, shape } = network.run(&input, [1, 3, rows, columns])?;
    if data.len() != plane {
        return Err(OcrError::Run(format!("the detector gave {shape:?} for {rows} x {columns} pixels")));
    }
    #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
    let back = (width / columns as f32, height / rows as f32);
    let boxes = boxes(&data, columns, rows);
    Ok(boxes.into_iter().map(|line| scaled(line, back)).collect())
}

/// A box of the small picture in the large one; both scales are almost the same.
fn scaled(line: LineBox, (sx, sy): (f32, f32)) -> LineBox {
    let (ax, ay) = (line.along.0 * sx, line.along.1 * sy);
    let length = ax.hypot(ay).max(1e-6);
    let across = (line.along.1 * sx).hypot(line.along.0 * sy);
    LineBox {
        center: (line.center.0 * sx, line.center.1 * sy),
        along: (ax / length, ay / length),
        width: line.width * length,
        height: line.height * across,
        score: line.score,
    }
}

/// Boxes around what hangs together on the map of certainties.
fn boxes(map: &[f32], columns: usize, rows: usize) -> Vec<LineBox> {
    let mut seen: Vec<bool> = map.iter().map(|value| value.is_nan() || *value <= PIXEL_THRESHOLD).collect();
    let mut found = Vec::new();
    let mut stack: Vec<usize> = Vec::new();
    for start in 0..map.len() {
        if found.len() >= MAX_LINES {
            break;
        }
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        stack.push(start);
        let (mut sum, mut count) = (0.0_f32, 0.0_f32);
        // First and last pixel of each row: the hull needs no others.
        let mut edges: std::collections::BTreeMap<usize, (usize, usize)> = std::collections::BTreeMap::new();
        while let Some(at) = stack.pop() {
            let (x, y) = (at % columns, at / columns);
            sum += map[at];
            count += 1.0;
            let edge = edges.entry(y).or_insert((x, x));
            *edge = (edge.0.min(x), edge.1.max(x));
            for ny in y.saturating_sub(1)..=(y + 1).min(rows - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(columns - 1) {
                    let next = ny * columns + nx;
                    if !std::mem::replace(&mut seen[next], true) {
                        stack.push(next);
                    }
                }
            }
        }
        let score = sum / count;
        if score < LINE_THRESHOLD {
            continue;
        }
        #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
        let points: Vec<(f32, f32)> = edges
            .iter()
            .flat_map(|(y, (left, right))| {
                let (y, left, right) = (*y as f32, *left as f32, *right as f32 + 1.0);
                [(left, y), (left, y + 1.0), (right, y), (right, y + 1.0)]
            })
            .collect();
        if let Some(line) = smallest_box(&hull(points), score) {
            found.push(line);
        }
    }
    found
}

/// The convex hull, by Andrew's monotone chain (1979).
fn hull(mut points: Vec<(f32, f32)>) -> Vec<(f32, f32)> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points.dedup();
    let half = |points: &mut dyn Iterator<Item = (f32, f32)>| {
        let mut chain: Vec<(f32, f32)> = Vec::new();
        for point in points {
            while let [.., a, b] = chain.as_slice() {
                if (b.0 - a.0) * (point.1 - a.1) - (b.1 - a.1) * (point.0 - a.0) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut chain = half(&mut points.iter().copied());
    chain.extend(half(&mut points.iter().rev().copied()));
    chain
}

/// The smallest box around a hull, grown to the whole line: one side lies on an edge of the hull (Freeman and
/// Shapira 1975).
fn smallest_box(hull: &[(f32, f32)], score: f32) -> Option<LineBox> {
    let mut best: Option<(f32, LineBox)> = None;
    for (index, a) in hull.iter().enumerate() {
        let b = hull.get(index + 1).or(hull.first())?;
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        if length < 1e-3 {
            continue;
        }
        let (ax, ay) = ((b.0 - a.0) / length, (b.1 - a.1) / length);
        let (mut along, mut across) = ((f32::MAX, f32::MIN), (f32::MAX, f32::MIN));
        for (x, y) in hull {
            let (u, v) = (x * ax + y * ay, y * ax - x * ay);
            along = (along.0.min(u), along.1.max(u));
            across = (across.0.min(v), across.1.max(v));
        }
        let (width, height) = (along.1 - along.0, across.1 - across.0);
        if best.is_none_or(|(area, _)| width * height < area) {
            let (u, v) = (0.5 * (along.0 + along.1), 0.5 * (across.0 + across.1));
            let center = (u * ax - v * ay, u * ay + v * ax);
            best = Some((width * height, LineBox { center, along: (ax, ay), width, height, score }));
        }
    }
    let (_, mut line) = best?;
    if line.width.min(line.height) < MIN_SIDE {
        return None;
    }
    let grown = GROWTH * line.width * line.height / (2.0 * (line.width + line.height));
    line.width += 2.0 * grown;
    line.height += 2.0 * grown;
    Some(read_forward(line))
}

/// The longer side is the direction of reading, to the right or downwards; what is about as high as wide is read
/// to the right.
fn read_forward(mut line: LineBox) -> LineBox {
    for _ in 0..4 {
        let (ax, ay) = line.along;
        let lies = line.width >= line.height;
        let squarish = line.width.max(line.height) < 1.5 * line.width.min(line.height);
        let good = if squarish {
            ax >= 0.707
        } else {
            // A hair's breadth of slant does not turn a standing line round.
            lies && (ax > 0.5 || (ax.abs() <= 0.5 && ay > 0.0))
        };
        if good {
            break;
        }
        line = line.turned(1);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(columns: usize, rows: usize, inside: impl Fn(f32, f32) -> bool) -> Vec<f32> {
        let pixel = |at: usize| ((at % columns) as f32 + 0.5, (at / columns) as f32 + 0.5);
        (0..columns * rows).map(|at| if inside(pixel(at).0, pixel(at).1) { 0.9 } else { 0.0 }).collect()
    }

    #[test]
    fn lying_standing_and_slanting_lines_are_boxed() {
        let map = painted(200, 100, |x, y| (20.0..180.0).contains(&x) && (40.0..50.0).contains(&y));
        let found = boxes(&map, 200, 100);
        assert_eq!(found.len(), 1);
        let line = found[0];
        assert!((line.center.0 - 100.0).abs() < 0.1 && (line.center.1 - 45.0).abs() < 0.1);
        assert!((line.along.0 - 1.0).abs() < 1e-3 && line.width > 170.0 && line.height > 20.0);

        let map = painted(100, 200, |x, y| (40.0..50.0).contains(&x) && (20.0..180.0).contains(&y));
        let line = boxes(&map, 100, 200)[0];
        assert!((line.along.1 - 1.0).abs() < 1e-3 && line.width > line.height);

        let map =
            painted(200, 100, |x, y| (y - 50.0 - 0.1 * (x - 100.0)).abs() < 6.0 && (x - 100.0).abs() < 80.0);
        let line = boxes(&map, 200, 100)[0];
        assert!((line.along.1 / line.along.0 - 0.1).abs() < 0.03, "{line:?}");
    }

    #[test]
    fn specks_and_faint_spots_are_no_lines() {
        let map = painted(50, 50, |x, y| x < 1.0 && y < 1.0);
        assert!(boxes(&map, 50, 50).is_empty());
        let map: Vec<f32> = painted(50, 50, |x, _| x < 20.0).iter().map(|value| value * 0.4).collect();
        assert!(boxes(&map, 50, 50).is_empty());
    }

    #[test]
    fn corners_follow_the_direction_of_reading() {
        let line = LineBox { center: (50.0, 20.0), along: (1.0, 0.0), width: 40.0, height: 10.0, score: 1.0 };
        assert_eq!(line.point(0.0, 0.0), (30.0, 15.0));
        let over = line.turned(2);
        assert_eq!(over.point(0.0, 0.0), (70.0, 25.0));
        assert_eq!(over.turned(2).point(40.0, 10.0), (70.0, 25.0));
    }
}
