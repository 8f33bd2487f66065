//! Painted paths to rules, rectangles and the rest.
//!
//! Producers often draw a whole table's grid as one path, so a path of rectangles and straight lines is
//! split into them; anything curved or slanted is kept whole as [`PathShape::Other`].

use super::content::{PathItem, PathShape};
use super::space::{clipped, rect_of};
use crate::document::Rect;
use hayro::hayro_interpret::kurbo::{Affine, BezPath, PathEl, Point};

/// Filled boxes thinner than this are rules, in points.
const RULE_POINTS: f32 = 3.0;
/// What still counts as horizontal or vertical, in points.
const AXIS_TOLERANCE: f64 = 0.1;
/// Half the extent that a hairline gets, in points, so that its box is never empty.
const HAIRLINE: f32 = 0.05;
/// Open runs of axis-parallel lines with more segments than this are a drawing (a step chart), not a grid.
const MAX_GRID_SEGMENTS: usize = 5;

/// How a path is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Painted {
    /// Filled in a colour.
    Fill([u8; 3]),
    /// Stroked in a colour with a width in points as seen.
    Stroke([u8; 3], f32),
}

/// One piece of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    /// A straight line.
    Line(Point, Point),
    /// An axis-parallel rectangle.
    Rectangle(Point, Point),
}

/// Splits a path, given in user space, into items on the page, clipped to `clip`.
pub(super) fn classify(path: &BezPath, to_page: Affine, painted: Painted, clip: Rect) -> Vec<PathItem> {
    let mut items = Vec::new();
    // The pieces of the path that are neither lines nor rectangles, as one.
    let mut rest: Option<(Point, Point)> = None;
    let mut rest_segments = 0_u32;
    let mut pieces = Vec::new();
    for subpath in subpaths(path.elements()) {
        pieces.clear();
        if split(subpath, to_page, painted, &mut pieces) {
            for piece in &pieces {
                items.extend(item(*piece, painted, clip));
            }
        } else {
            for element in subpath {
                rest_segments =
                    rest_segments.saturating_add(u32::from(!matches!(element, PathEl::MoveTo(_))));
                for point in points(element) {
                    extend(&mut rest, to_page * point);
                }
            }
        }
    }
    if let Some((low, high)) = rest
        && let Some(bbox) = rect_of(low, high)
    {
        // A rule with bevelled ends, or drawn not quite straight.
        let shape = match box_shape(&bbox) {
            rule @ (PathShape::Horizontal | PathShape::Vertical)
                if rest_segments <= 8 && matches!(painted, Painted::Fill(_)) =>
            {
                rule
            }
            _ => PathShape::Other { segments: rest_segments },
        };
        items.extend(finish(bbox, shape, painted, clip));
    }
    items
}

/// The subpaths of a path, each with its `MoveTo`.
fn subpaths(elements: &[PathEl]) -> impl Iterator<Item = &[PathEl]> {
    let mut rest = elements;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = rest.iter().skip(1).position(|element| matches!(element, PathEl::MoveTo(_)));
        let (subpath, after) = rest.split_at(next.map_or(rest.len(), |index| index + 1));
        rest = after;
        Some(subpath)
    })
}

/// The points of an element, control points included: the box around them holds the curve.
fn points(element: &PathEl) -> impl Iterator<Item = Point> {
    let (a, b, c) = match *element {
        PathEl::MoveTo(p) | PathEl::LineTo(p) => (Some(p), None, None),
        PathEl::QuadTo(p, q) => (Some(p), Some(q), None),
        PathEl::CurveTo(p, q, r) => (Some(p), Some(q), Some(r)),
        PathEl::ClosePath => (None, None, None),
    };
    [a, b, c].into_iter().flatten()
}

fn extend(bounds: &mut Option<(Point, Point)>, point: Point) {
    let (low, high) = bounds.get_or_insert((point, point));
    *low = Point::new(low.x.min(point.x), low.y.min(point.y));
    *high = Point::new(high.x.max(point.x), high.y.max(point.y));
}

/// Splits a subpath into lines and rectangles; false if it is something else.
fn split(subpath: &[PathEl], to_page: Affine, painted: Painted, pieces: &mut Vec<Piece>) -> bool {
    let stroked = matches!(painted, Painted::Stroke(..));
    // A rectangle has at most five points, a short run of lines one more than its segments.
    let mut corners = [Point::ZERO; MAX_GRID_SEGMENTS + 2];
    let mut count = 0_usize;
    let mut closed = false;
    for element in subpath {
        match *element {
            PathEl::MoveTo(p) | PathEl::LineTo(p) => {
                let p = to_page * p;
                let previous = count.checked_sub(1).and_then(|last| corners.get(last)).copied();
                if previous.is_some_and(|previous| near(previous, p)) {
                    continue;
                }
                let Some(slot) = corners.get_mut(count) else { return false };
                *slot = p;
                count += 1;
            }
            PathEl::ClosePath => closed = true,
            PathEl::QuadTo(..) | PathEl::CurveTo(..) => return false,
        }
    }
    let Some(corners) = corners.get_mut(..count) else { return false };
    let mut corners: &[Point] = corners;
    if let [first, .., last] = corners
        && corners.len() > 3
        && near(*first, *last)
    {
        closed = true;
        corners = corners.get(..corners.len() - 1).unwrap_or_default();
    }
    match *corners {
        [] => true,
        [p] => {
            // A dot: seen only if it is stroked with round caps.
            if stroked {
                pieces.push(Piece::Line(p, p));
            }
            true
        }
        [a, b] => {
            if axis_parallel(a, b) || stroked {
                pieces.push(Piece::Line(a, b));
            }
            true
        }
        [a, b, c, d] if (closed || !stroked) && is_rectangle([a, b, c, d]) => {
            pieces.push(Piece::Rectangle(a, c));
            true
        }
        ref run if stroked && run.windows(2).all(|pair| matches!(*pair, [a, b] if axis_parallel(a, b))) => {
            pieces.extend(run.windows(2).filter_map(|pair| match *pair {
                [a, b] => Some(Piece::Line(a, b)),
                _ => None,
            }));
            if let ([first, ..], Some(last), true) = (run, run.last(), closed) {
                pieces.push(Piece::Line(*last, *first));
            }
            true
        }
        _ => false,
    }
}

fn near(a: Point, b: Point) -> bool {
    (a.x - b.x).abs() < 1e-3 && (a.y - b.y).abs() < 1e-3
}

fn axis_parallel(a: Point, b: Point) -> bool {
    (a.x - b.x).abs() <= AXIS_TOLERANCE || (a.y - b.y).abs() <= AXIS_TOLERANCE
}

fn is_rectangle([a, b, c, d]: [Point; 4]) -> bool {
    let same = |p: f64, q: f64| (p - q).abs() <= AXIS_TOLERANCE;
    (same(a.x, b.x) && same(b.y, c.y) && same(c.x, d.x) && same(d.y, a.y))
        || (same(a.y, b.y) && same(b.x, c.x) && same(c.y, d.y) && same(d.x, a.x))
}

fn item(piece: Piece, painted: Painted, clip: Rect) -> Option<PathItem> {
    match piece {
        Piece::Rectangle(a, b) => {
            let bbox = rect_of(a, b)?;
            let shape = match painted {
                Painted::Fill(_) => box_shape(&clipped(bbox, clip)?),
                Painted::Stroke(..) => box_shape(&bbox),
            };
            finish(bbox, shape, painted, clip)
        }
        Piece::Line(a, b) => {
            let bbox = rect_of(a, b)?;
            let shape = if (a.y - b.y).abs() <= AXIS_TOLERANCE && bbox.width() >= bbox.height() {
                PathShape::Horizontal
            } else if (a.x - b.x).abs() <= AXIS_TOLERANCE {
                PathShape::Vertical
            } else {
                PathShape::Other { segments: 1 }
            };
            match painted {
                // A box painted as one very thick line.
                Painted::Stroke(color, width)
                    if width >= RULE_POINTS && shape != (PathShape::Other { segments: 1 }) =>
                {
                    let half = 0.5 * width;
                    let thick = match shape {
                        PathShape::Horizontal => Rect::new(bbox.x0, bbox.y0 - half, bbox.x1, bbox.y1 + half),
                        _ => Rect::new(bbox.x0 - half, bbox.y0, bbox.x1 + half, bbox.y1),
                    };
                    let shape = box_shape(&clipped(thick, clip)?);
                    finish(thick, shape, Painted::Fill(color), clip)
                }
                _ => finish(bbox, shape, painted, clip),
            }
        }
    }
}

/// A box thinner than a rule may be is a rule, unless it is a dot.
fn box_shape(bbox: &Rect) -> PathShape {
    let (width, height) = (bbox.width(), bbox.height());
    if height < RULE_POINTS && width > 1.5 * height {
        PathShape::Horizontal
    } else if width < RULE_POINTS && height > 1.5 * width {
        PathShape::Vertical
    } else {
        PathShape::Rectangle
    }
}

fn finish(bbox: Rect, shape: PathShape, painted: Painted, clip: Rect) -> Option<PathItem> {
    let (fill, stroke, stroke_width) = match painted {
        Painted::Fill(color) => (Some(color), None, 0.0),
        Painted::Stroke(color, width) => (None, Some(color), width),
    };
    let thin = bbox.width() <= 2.0 * HAIRLINE || bbox.height() <= 2.0 * HAIRLINE;
    let margin = (0.5 * stroke_width).max(if thin { HAIRLINE } else { 0.0 });
    let bbox = clipped(bbox.grown(margin), clip)?;
    Some(PathItem { bbox, shape, fill, stroke, stroke_width })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Rect = Rect { x0: 0.0, y0: 0.0, x1: 600.0, y1: 800.0 };
    const BLACK: [u8; 3] = [0; 3];

    fn shapes(svg: &str, painted: Painted) -> Vec<PathShape> {
        let path = BezPath::from_svg(svg).unwrap();
        classify(&path, Affine::IDENTITY, painted, PAGE).into_iter().map(|item| item.shape).collect()
    }

    #[test]
    fn a_grid_in_one_path_is_split() {
        let grid = "M10 10 L110 10 M10 30 L110 30 M10 10 L10 30 M110 10 L110 30";
        let expected =
            [PathShape::Horizontal, PathShape::Horizontal, PathShape::Vertical, PathShape::Vertical];
        assert_eq!(shapes(grid, Painted::Stroke(BLACK, 0.5)), expected);
        let boxes = "M10 10 H110 V11 H10 Z M10 20 H11 V200 H10 Z M20 20 H60 V60 H20 Z";
        let expected = [PathShape::Horizontal, PathShape::Vertical, PathShape::Rectangle];
        assert_eq!(shapes(boxes, Painted::Fill(BLACK)), expected);
    }

    #[test]
    fn curves_and_slanted_lines_stay_whole() {
        assert_eq!(
            shapes("M0 0 C10 0 20 10 20 20 Z M30 30 L40 50 L50 30 Z", Painted::Fill(BLACK)),
            [PathShape::Other { segments: 5 }]
        );
        assert_eq!(shapes("M0 0 L30 40", Painted::Stroke(BLACK, 1.0)), [PathShape::Other { segments: 1 }]);
        let steps = "M0 0 H10 V10 H20 V20 H30 V30 H40 V40";
        assert_eq!(shapes(steps, Painted::Stroke(BLACK, 1.0)), [PathShape::Other { segments: 8 }]);
    }

    #[test]
    fn a_quarter_turn_keeps_a_rectangle() {
        let path = BezPath::from_svg("M10 10 H110 V60 H10 Z").unwrap();
        let turned = Affine::translate((300.0, 0.0)) * Affine::rotate(std::f64::consts::FRAC_PI_2);
        let items = classify(&path, turned, Painted::Stroke(BLACK, 2.0), PAGE);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].shape, PathShape::Rectangle);
        assert!((items[0].bbox.x0 - 239.0).abs() < 1e-3 && (items[0].bbox.y1 - 111.0).abs() < 1e-3);
    }

    #[test]
    fn paths_are_clipped_and_those_outside_are_dropped() {
        assert_eq!(shapes("M700 10 H900 V60 H700 Z", Painted::Fill(BLACK)), []);
        let path = BezPath::from_svg("M-1000 10 H1000 V12 H-1000 Z").unwrap();
        let items = classify(&path, Affine::IDENTITY, Painted::Fill(BLACK), PAGE);
        assert_eq!(items[0].bbox, Rect::new(0.0, 10.0, 600.0, 12.0));
        let infinite = classify(&path, Affine::scale(f64::NAN), Painted::Fill(BLACK), PAGE);
        assert_eq!(infinite, []);
    }

    #[test]
    fn a_thick_line_is_a_filled_box() {
        let path = BezPath::from_svg("M10 100 H200").unwrap();
        let items = classify(&path, Affine::IDENTITY, Painted::Stroke(BLACK, 20.0), PAGE);
        assert_eq!(items[0].shape, PathShape::Rectangle);
        assert_eq!((items[0].fill, items[0].bbox), (Some(BLACK), Rect::new(10.0, 90.0, 200.0, 110.0)));
    }
}
