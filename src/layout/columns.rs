//! Fragments, tables and figures in; regions in reading order out.
//!
//! A recursive cut in the manner of XY-cut (Nagy and Seth, 1984) with the whitespace view of Breuel (2002):
//! the gutter that keeps the most lines apart is looked for first, with as much height as it is clear, and
//! the page is cut at its upper and lower end, then along it. A title above two columns is thus cut off
//! only because the gutter ends below it.

use crate::document::Rect;

/// Something with a place in the reading order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Atom {
    /// Index in the caller's list of its kind.
    pub index: usize,
    pub kind: AtomKind,
    pub bbox: Rect,
    /// Font size in points; 0 for what is not text.
    pub size: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtomKind {
    Text,
    Table,
    Figure,
}

/// Atoms without a gutter between them, to be read line by line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Region {
    pub atoms: Vec<Atom>,
    pub bbox: Rect,
}

/// A side of a gutter has at least this many lines.
const MIN_LINES: usize = 3;
/// And its lines are in the median this many ems wide: narrower ones are list markers or table cells.
const MIN_COLUMN_EMS: f32 = 9.0;
/// A side with so many lines whose baselines are not those beside it may be narrower: notes beside the text, for
/// which cells and markers would stand level.
const SIDEBAR_LINES: usize = 6;
/// Then its lines are in the median this many ems wide.
const MIN_SIDEBAR_EMS: f32 = 4.5;
/// And so many ems lie between.
const SIDEBAR_GUTTER_EMS: f32 = 1.5;
/// Lines whose middles are this part of an em apart are not level.
const NOT_LEVEL_EMS: f32 = 0.15;
/// A gutter is at least this many ems wide.
const MIN_GUTTER_EMS: f32 = 0.6;
/// One narrower than this could be a river of word spaces: it needs more lines to be believed.
const SURE_GUTTER_EMS: f32 = 0.95;
/// So many lines on each side.
const RIVER_LINES: usize = 7;
/// Clear stretches looked at along one line; an ordinary page has a few.
const MAX_BANDS: usize = 64;
/// Cuts within cuts: title, columns, boxes in columns.
const MAX_DEPTH: usize = 8;

/// The regions of a page in reading order.
pub(super) fn order_regions(atoms: Vec<Atom>, em: f32) -> Vec<Region> {
    let mut regions = Vec::new();
    cut(atoms, em.max(1.0), 0, &mut regions);
    regions
}

fn bounds(atoms: &[Atom]) -> Option<Rect> {
    atoms.iter().map(|atom| atom.bbox).reduce(|a, b| a.union(&b))
}

fn cut(atoms: Vec<Atom>, em: f32, depth: usize, regions: &mut Vec<Region>) {
    let Some(bbox) = bounds(&atoms) else { return };
    let gutter = if depth < MAX_DEPTH { find_gutter(&atoms, &bbox, em) } else { None };
    let Some(gutter) = gutter else {
        regions.push(Region { atoms, bbox });
        return;
    };
    let mut parts: [Vec<Atom>; 4] = Default::default();
    for atom in atoms {
        let place = if atom.bbox.center_y() < gutter.top {
            0
        } else if atom.bbox.center_y() > gutter.bottom {
            3
        } else if atom.bbox.center_x() < gutter.x {
            1
        } else {
            2
        };
        parts[place].push(atom);
    }
    for part in parts {
        cut(part, em, depth + 1, regions);
    }
}

#[derive(Clone, Copy, Debug)]
struct Gutter {
    x: f32,
    top: f32,
    bottom: f32,
}

/// The gutter with the most lines on its poorer side.
fn find_gutter(atoms: &[Atom], bbox: &Rect, em: f32) -> Option<Gutter> {
    let half = 0.5 * MIN_GUTTER_EMS * em;
    let mut candidates: Vec<f32> = Vec::new();
    for atom in atoms {
        for x in [atom.bbox.x0 - half, atom.bbox.x1 + half] {
            if x > bbox.x0 + em && x < bbox.x1 - em {
                candidates.push((x * 8.0).round() / 8.0);
            }
        }
    }
    candidates.sort_by(f32::total_cmp);
    candidates.dedup_by(|next, kept| *next - *kept < 0.3);
    // Edges that many lines share are the ones of columns.
    const MAX_CANDIDATES: usize = 160;
    if candidates.len() > MAX_CANDIDATES {
        let step = candidates.len().div_ceil(MAX_CANDIDATES);
        candidates = candidates.into_iter().step_by(step).collect();
    }
    let mut sorted: Vec<&Atom> = atoms.iter().collect();
    sorted.sort_by(|a, b| a.bbox.y0.total_cmp(&b.bbox.y0));

    let mut best: Option<(f32, Gutter)> = None;
    for &x in &candidates {
        // What rounding and shared edges can shift.
        let bands = clear_bands(&sorted, x, half - 0.4);
        // Lower ones keep nothing apart; there can be thousands on a page made to be slow.
        for band in bands.into_iter().filter(|(top, bottom)| bottom - top > 2.0 * em).take(MAX_BANDS) {
            let Some(score) = score(&sorted, x, band, em) else { continue };
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, Gutter { x, top: band.0, bottom: band.1 }));
            }
        }
    }
    best.map(|(_, gutter)| gutter)
}

/// The y ranges in which nothing crosses the strip around `x`.
fn clear_bands(sorted: &[&Atom], x: f32, half: f32) -> Vec<(f32, f32)> {
    let mut bands = Vec::new();
    let mut top = f32::NEG_INFINITY;
    for atom in sorted {
        if atom.bbox.x0 < x + half && atom.bbox.x1 > x - half {
            let edge = atom.bbox.center_y();
            if edge > top {
                bands.push((top, edge - 0.01));
            }
            top = top.max(atom.bbox.y1.min(edge + 0.5 * atom.bbox.height()) - 0.01);
        }
    }
    bands.push((top, f32::INFINITY));
    bands
}

/// How much a gutter keeps apart, if it is one.
fn score(sorted: &[&Atom], x: f32, (top, bottom): (f32, f32), em: f32) -> Option<f32> {
    let mut sides = [Side::default(), Side::default()];
    for atom in sorted {
        let middle = atom.bbox.center_y();
        if middle <= top || middle >= bottom {
            continue;
        }
        let side = if atom.bbox.center_x() < x { &mut sides[0] } else { &mut sides[1] };
        side.add(atom);
    }
    let [mut left, mut right] = sides;
    left.finish();
    right.finish();
    let shared = left.bottom.min(right.bottom) - left.top.max(right.top);
    let apart = right.x0 - left.x1;
    let enough = |side: &Side, other: &Side| {
        side.solid
            || (side.lines >= MIN_LINES && side.median_width() >= MIN_COLUMN_EMS * em && side.fill() > 0.45)
            || (apart >= SIDEBAR_GUTTER_EMS * em && side.is_sidebar_of(other, em))
    };
    // Two figures side by side are no columns; a figure beside text may be.
    if left.solid && right.solid && left.lines.min(right.lines) < MIN_LINES {
        return None;
    }
    let narrow = apart < SURE_GUTTER_EMS * em;
    if narrow && left.lines.min(right.lines) < RIVER_LINES && !left.solid && !right.solid {
        return None;
    }
    if !enough(&left, &right) || !enough(&right, &left) || shared < 2.0 * em {
        return None;
    }
    Some(left.height().min(right.height()) + 0.1 * shared)
}

/// What lies on one side of a gutter.
struct Side {
    rows: Vec<(f32, f32, f32)>,
    lines: usize,
    top: f32,
    bottom: f32,
    x0: f32,
    x1: f32,
    solid: bool,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            lines: 0,
            top: f32::INFINITY,
            bottom: f32::NEG_INFINITY,
            x0: f32::INFINITY,
            x1: f32::NEG_INFINITY,
            solid: false,
        }
    }
}

impl Side {
    fn add(&mut self, atom: &Atom) {
        self.top = self.top.min(atom.bbox.y0);
        self.bottom = self.bottom.max(atom.bbox.y1);
        self.x0 = self.x0.min(atom.bbox.x0);
        self.x1 = self.x1.max(atom.bbox.x1);
        if atom.kind != AtomKind::Text {
            self.solid |= atom.bbox.width() > 40.0 && atom.bbox.height() > 40.0;
            return;
        }
        match self.rows.last_mut() {
            Some((y, x0, x1)) if (*y - atom.bbox.center_y()).abs() < 0.5 * atom.size => {
                *x0 = x0.min(atom.bbox.x0);
                *x1 = x1.max(atom.bbox.x1);
            }
            _ => self.rows.push((atom.bbox.center_y(), atom.bbox.x0, atom.bbox.x1)),
        }
    }

    fn finish(&mut self) {
        self.lines = self.rows.len();
    }

    fn median_width(&self) -> f32 {
        let mut widths: Vec<f32> = self.rows.iter().map(|(_, x0, x1)| x1 - x0).collect();
        super::median(&mut widths)
    }

    /// How much of its width a median line fills: columns of text are full, columns of cells are not.
    fn fill(&self) -> f32 {
        self.median_width() / (self.x1 - self.x0).max(1.0)
    }

    /// Its lines follow each other without regard to those of `other`: three in four are level with none.
    fn is_sidebar_of(&self, other: &Self, em: f32) -> bool {
        if self.lines < SIDEBAR_LINES || self.median_width() < MIN_SIDEBAR_EMS * em || self.fill() <= 0.45 {
            return false;
        }
        // Rows come from the top down; in a skewed page nearly so.
        let mut others = other.rows.iter().map(|(y, ..)| *y).peekable();
        let mut before = f32::NEG_INFINITY;
        let mut level = 0;
        for (y, ..) in &self.rows {
            while let Some(next) = others.next_if(|next| next < y) {
                before = next;
            }
            let after = others.peek().copied().unwrap_or(f32::INFINITY);
            level += usize::from((y - before).min(after - y) < NOT_LEVEL_EMS * em);
        }
        4 * level <= self.lines
    }

    fn height(&self) -> f32 {
        (self.bottom - self.top).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(index: usize, x0: f32, x1: f32, y: f32) -> Atom {
        Atom { index, kind: AtomKind::Text, bbox: Rect::new(x0, y, x1, y + 10.0), size: 10.0 }
    }

    fn indices(regions: &[Region]) -> Vec<Vec<usize>> {
        regions.iter().map(|region| region.atoms.iter().map(|atom| atom.index).collect()).collect()
    }

    #[test]
    fn a_title_above_two_columns() {
        let mut atoms = vec![line(0, 100.0, 500.0, 50.0)];
        for row in 0..6 {
            let y = 100.0 + 12.0 * row as f32;
            atoms.push(line(10 + row, 50.0, 290.0, y));
            atoms.push(line(20 + row, 310.0, 550.0, y + 4.0));
        }
        atoms.push(line(30, 50.0, 550.0, 250.0));
        let regions = order_regions(atoms, 10.0);
        assert_eq!(
            indices(&regions),
            [vec![0], (10..16).collect::<Vec<_>>(), (20..26).collect::<Vec<_>>(), vec![30]]
        );
    }

    #[test]
    fn notes_beside_the_text_are_a_column_and_cells_are_not() {
        let page = |pitch: f32, shift: f32| {
            let mut atoms = Vec::new();
            for row in 0..12 {
                atoms.push(line(row, 150.0, 400.0, 100.0 + 12.0 * row as f32));
                if row < 8 {
                    atoms.push(line(20 + row, 50.0, 105.0, 110.0 + shift + pitch * row as f32));
                }
            }
            indices(&order_regions(atoms, 10.0)).len()
        };
        assert_eq!(page(12.0, 2.0 - 4.0), 2, "between the lines");
        assert_eq!(page(11.3, 0.5), 2, "with a pitch of its own");
        assert_eq!(page(12.0, 2.0), 1, "level with the lines");
    }

    #[test]
    fn list_markers_are_no_column() {
        let mut atoms = Vec::new();
        for row in 0..6 {
            let y = 100.0 + 12.0 * row as f32;
            atoms.push(line(row, 50.0, 58.0, y));
            atoms.push(line(10 + row, 72.0, 290.0, y));
        }
        assert_eq!(order_regions(atoms, 10.0).len(), 1);
    }
}
