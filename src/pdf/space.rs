//! Page space: points after rotation and cropping, origin at the top left, y down.

use crate::document::Rect;
use hayro::hayro_interpret::kurbo::{Affine, BezPath, PathEl, Point};
use hayro::hayro_interpret::{RectExt, TransformExt};
use hayro::hayro_syntax::page::Page;

/// Largest width or height of a page in points: 10 times what PDF 1.7 allows (14400). A page said to be
/// larger is cut off there.
pub(super) const MAX_PAGE_POINTS: f32 = 144_000.0;

/// A page's size and the way from its user space into page space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PageSpace {
    /// Width in points, after rotation.
    pub(super) width: f32,
    /// Height in points, after rotation.
    pub(super) height: f32,
    /// From default user space to page space.
    pub(super) to_page: Affine,
}

impl PageSpace {
    pub(super) fn of(page: &Page<'_>) -> Self {
        let (width, height) = page.render_dimensions();
        let to_page = page.initial_transform(true).to_kurbo();
        let crop = page.intersected_crop_box().to_kurbo();
        if to_page.is_finite() && crop.is_finite() && width.is_finite() && height.is_finite() {
            let bounded = |length: f32| length.clamp(1.0, MAX_PAGE_POINTS);
            Self { width: bounded(width), height: bounded(height), to_page }
        } else {
            // US letter, when the boxes are nonsense.
            Self { width: 612.0, height: 792.0, to_page: Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, 792.0]) }
        }
    }

    /// The whole page.
    pub(super) fn bounds(&self) -> Rect {
        Rect { x0: 0.0, y0: 0.0, x1: self.width, y1: self.height }
    }
}

/// The box between two corners; none unless finite.
#[allow(clippy::cast_possible_truncation, reason = "page coordinates are small; huge ones are clipped away")]
pub(super) fn rect_of(a: Point, b: Point) -> Option<Rect> {
    let rect = Rect::new(a.x as f32, a.y as f32, b.x as f32, b.y as f32);
    (rect.x0.is_finite() && rect.y0.is_finite() && rect.x1.is_finite() && rect.y1.is_finite()).then_some(rect)
}

/// The box around a transformed box; none unless finite.
pub(super) fn transformed(rect: [f64; 4], to_page: Affine) -> Option<Rect> {
    let [x0, y0, x1, y1] = rect;
    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|corner| to_page * Point::from(corner));
    let low = corners
        .iter()
        .fold(Point::new(f64::INFINITY, f64::INFINITY), |low, p| Point::new(low.x.min(p.x), low.y.min(p.y)));
    let high = corners.iter().fold(Point::new(f64::NEG_INFINITY, f64::NEG_INFINITY), |high, p| {
        Point::new(high.x.max(p.x), high.y.max(p.y))
    });
    if corners.iter().any(|p| !p.is_finite()) {
        return None;
    }
    rect_of(low, high)
}

/// The part of a box inside `clip`, if any.
pub(super) fn clipped(rect: Rect, clip: Rect) -> Option<Rect> {
    rect.intersection(&clip)
}

/// The box around a path's points, control points included; empty (inside out) for a path without points,
/// which as a clip leaves nothing.
pub(super) fn path_bounds(path: &BezPath) -> Rect {
    let mut bounds: Option<Rect> = None;
    for element in path.elements() {
        let points = match *element {
            PathEl::MoveTo(p) | PathEl::LineTo(p) => [Some(p), None, None],
            PathEl::QuadTo(p, q) => [Some(p), Some(q), None],
            PathEl::CurveTo(p, q, r) => [Some(p), Some(q), Some(r)],
            PathEl::ClosePath => [None, None, None],
        };
        for point in points.into_iter().flatten() {
            let Some(dot) = rect_of(point, point) else { continue };
            bounds = Some(bounds.map_or(dot, |bounds| bounds.union(&dot)));
        }
    }
    bounds.unwrap_or_default()
}
