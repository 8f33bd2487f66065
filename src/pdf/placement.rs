//! A glyph of the interpreter in; where it stands on the page out.

use super::fonts::{Face, KnownFont};
use super::space::{rect_of, transformed};
use crate::document::Rect;
use hayro::hayro_interpret::font::{Glyph as FontGlyph, PositionedGlyph};
use hayro::hayro_interpret::kurbo::{Affine, Point, Vec2};
use std::rc::Rc;

/// Units of an em in hayro's glyph space.
const EM: f64 = 1000.0;

/// Where a glyph is on the page.
pub(super) struct Placed {
    pub bbox: Rect,
    /// The part of the box between baseline and about x-height, where most letters have ink.
    body: Rect,
    pub origin: (f32, f32),
    pub advance: (f32, f32),
    pub size: f32,
    pub angle: f32,
}

impl Placed {
    pub(super) fn new<'a>(
        glyph: &PositionedGlyph<'a>,
        to_page: Affine,
        face: &Face,
        known: Option<&Rc<KnownFont<'a>>>,
        vertical: bool,
    ) -> Option<Self> {
        let code = glyph.char_code();
        let font = known.and_then(|known| known.font());
        let mut transform = to_page * glyph.transform();
        let (mut displacement, mut step) = (Vec2::ZERO, None);
        let mut width = match &**glyph {
            FontGlyph::Outline(outline) => {
                let width = f64::from(outline.advance_width().unwrap_or(0.0));
                if let Some(font) = font {
                    // hayro widens substitute fonts to the wanted width; the wanted width is what counts.
                    let stretch = font.glyph_stretch(outline.glyph_id(), code);
                    if stretch.is_finite() && stretch > 0.0 {
                        transform *= Affine::scale_non_uniform(1.0 / stretch, 1.0);
                    }
                    if vertical {
                        displacement = font.origin_displacement(code);
                        step = Some(font.code_advance(code));
                    }
                }
                width
            }
            FontGlyph::Type3(type3) => f64::from(type3.advance_width().unwrap_or(0.0)),
        };
        if !transform.is_finite() || !width.is_finite() {
            return None;
        }
        if vertical && width == 0.0 {
            width = EM;
        }
        let [a, b, c, d, _, _] = transform.as_coeffs();
        let size = length(c, d) * EM * face.size_factor;
        let along = length(a, b);
        let pen = Point::ORIGIN - displacement;
        let step = step.unwrap_or(Vec2::new(width, 0.0));
        let (start, end) = (transform * pen, transform * (pen + step));
        let em = EM * face.size_factor;
        let corners = [0.0, face.descent * em, width, face.ascent * em];
        let body = [0.0, 0.0, width.max(1.0), 0.5 * em];
        let angle = if along > 0.0 { angle_of(a, -b) } else { 0.0 };
        if !size.is_finite() || size <= 0.0 {
            return None;
        }
        let dot = rect_of(start, start)?;
        let after = rect_of(end, end)?;
        #[allow(clippy::cast_possible_truncation, reason = "page coordinates are small")]
        Some(Self {
            bbox: transformed(corners, transform)?,
            body: transformed(body, transform)?,
            origin: (dot.x0, dot.y0),
            advance: (after.x0, after.y0),
            size: size as f32,
            angle: angle as f32,
        })
    }

    pub(super) fn visible_in(&self, clip: Rect) -> bool {
        self.body.intersection(&clip).is_some()
    }
}

/// Length of a vector; not `hypot`, whose last bit differs between machines.
pub(super) fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

/// Direction of a vector in degrees, above -180 and at most 180, rounded to thousandths: the last bit of
/// `atan2` differs between machines, and a hair beside the axis is meant to be on it.
fn angle_of(x: f64, y: f64) -> f64 {
    let angle = (y.atan2(x).to_degrees() * 1000.0).round() / 1000.0;
    if angle <= -180.0 {
        180.0
    } else if angle == 0.0 {
        0.0
    } else {
        angle
    }
}
