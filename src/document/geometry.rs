//! Boxes on a page.

use serde::{Deserialize, Serialize};

/// A box in PDF points, y down, origin at the page's top left. Written to JSON as `[x0, y0, x1, y1]`
/// rounded to hundredths of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f64; 4]", from = "[f64; 4]")]
pub struct Rect {
    /// Left.
    pub x0: f32,
    /// Top.
    pub y0: f32,
    /// Right, not less than `x0`.
    pub x1: f32,
    /// Bottom, not less than `y0`.
    pub y1: f32,
}

impl Rect {
    /// The box between two corners in any order.
    #[must_use]
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self { x0: x0.min(x1), y0: y0.min(y1), x1: x0.max(x1), y1: y0.max(y1) }
    }

    /// Width in points.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// Height in points.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// Area in square points.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Horizontal middle.
    #[must_use]
    pub fn center_x(&self) -> f32 {
        0.5 * (self.x0 + self.x1)
    }

    /// Vertical middle.
    #[must_use]
    pub fn center_y(&self) -> f32 {
        0.5 * (self.y0 + self.y1)
    }

    /// The smallest box around both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// What both cover, if anything.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        };
        (both.x0 < both.x1 && both.y0 < both.y1).then_some(both)
    }

    /// Length of the shared part of the two x ranges, 0 if apart.
    #[must_use]
    pub fn overlap_x(&self, other: &Self) -> f32 {
        (self.x1.min(other.x1) - self.x0.max(other.x0)).max(0.0)
    }

    /// Length of the shared part of the two y ranges, 0 if apart.
    #[must_use]
    pub fn overlap_y(&self, other: &Self) -> f32 {
        (self.y1.min(other.y1) - self.y0.max(other.y0)).max(0.0)
    }

    /// Whether the point lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, x: f32, y: f32) -> bool {
        (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }

    /// The box grown by `margin` points on each side.
    #[must_use]
    pub fn grown(&self, margin: f32) -> Self {
        Self::new(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)
    }
}

fn hundredths(value: f32) -> f64 {
    let rounded = (f64::from(value) * 100.0).round() / 100.0;
    if rounded == 0.0 { 0.0 } else { rounded }
}

impl From<Rect> for [f64; 4] {
    fn from(rect: Rect) -> Self {
        [hundredths(rect.x0), hundredths(rect.y0), hundredths(rect.x1), hundredths(rect.y1)]
    }
}

impl From<[f64; 4]> for Rect {
    #[allow(clippy::cast_possible_truncation, reason = "page coordinates are small")]
    fn from([x0, y0, x1, y1]: [f64; 4]) -> Self {
        Self { x0: x0 as f32, y0: y0 as f32, x1: x1 as f32, y1: y1 as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_four_rounded_numbers() {
        let rect = Rect::new(72.004_5, 10.0, 1.0 / 3.0, -0.001);
        let json = serde_json::to_string(&rect).unwrap();
        assert_eq!(json, "[0.33,0.0,72.0,10.0]");
        let back: Rect = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), json);
    }

    #[test]
    fn intersection_of_touching_boxes_is_none() {
        let left = Rect::new(0.0, 0.0, 1.0, 1.0);
        assert_eq!(left.intersection(&Rect::new(1.0, 0.0, 2.0, 1.0)), None);
        assert_eq!(left.overlap_x(&Rect::new(0.25, 5.0, 2.0, 6.0)), 0.75);
    }
}
