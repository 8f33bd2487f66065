//! Rules in; the grids of ruled tables out, with the cells that spans merge.

use crate::document::Rect;
use crate::pdf::content::{PathItem, PathShape};

/// A ruled grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    pub bbox: Rect,
    /// Column edges from left to right, in points; one more than there are columns.
    pub columns: Vec<f32>,
    /// Row edges from top to bottom, in points.
    pub rows: Vec<f32>,
    /// Cells: first column, first row, columns and rows covered.
    pub cells: Vec<GridCell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GridCell {
    pub column: usize,
    pub row: usize,
    pub columns: usize,
    pub rows: usize,
}

/// One straight rule: its fixed coordinate and its range, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    pub at: f32,
    pub from: f32,
    pub to: f32,
}

/// Rules of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rules {
    pub horizontal: Vec<Rule>,
    pub vertical: Vec<Rule>,
}

/// More rules than any readable table has; bounds the work on hostile pages.
const MAX_RULES: usize = 4_000;
/// Edges closer than this many points are one edge: borders of neighbouring cells.
const SAME_EDGE: f32 = 3.0;

/// The rules that paths draw: lines, and the edges of cell-like rectangles.
pub(super) fn find_rules(paths: &[(Rect, &PathItem)]) -> Rules {
    let mut rules = Rules::default();
    for (bbox, path) in paths {
        if rules.horizontal.len() + rules.vertical.len() > MAX_RULES {
            break;
        }
        let white = path.stroke.is_none() && path.fill.is_some_and(|[r, g, b]| r > 250 && g > 250 && b > 250);
        if white {
            continue;
        }
        let horizontal = |y: f32| Rule { at: y, from: bbox.x0, to: bbox.x1 };
        let vertical = |x: f32| Rule { at: x, from: bbox.y0, to: bbox.y1 };
        match path.shape {
            PathShape::Horizontal | PathShape::Vertical => {
                if bbox.width() > bbox.height() {
                    rules.horizontal.push(horizontal(bbox.center_y()));
                } else {
                    rules.vertical.push(vertical(bbox.center_x()));
                }
            }
            // A stroked rectangle is four rules. A filled one is a shaded cell, whose edges part cells too.
            PathShape::Rectangle if bbox.width() > 8.0 && bbox.height() > 6.0 && path.stroke.is_some() => {
                rules.horizontal.extend([horizontal(bbox.y0), horizontal(bbox.y1)]);
                rules.vertical.extend([vertical(bbox.x0), vertical(bbox.x1)]);
            }
            PathShape::Rectangle | PathShape::Other { .. } => {}
        }
    }
    rules.horizontal = merge(rules.horizontal);
    rules.vertical = merge(rules.vertical);
    rules
}

/// Pieces of one line, drawn cell by cell, become one rule.
fn merge(mut rules: Vec<Rule>) -> Vec<Rule> {
    rules.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.from.total_cmp(&b.from)));
    let mut merged: Vec<Rule> = Vec::new();
    for rule in rules {
        let home = merged.iter_mut().rev().take_while(|other| rule.at - other.at < SAME_EDGE).find(|other| {
            (other.at - rule.at).abs() < 1.2
                && rule.from < other.to + SAME_EDGE
                && rule.to > other.from - SAME_EDGE
        });
        match home {
            Some(other) => {
                other.from = other.from.min(rule.from);
                other.to = other.to.max(rule.to);
            }
            None => merged.push(rule),
        }
    }
    merged
}

/// The grids that rules make: connected rules with at least two columns or rows of cells.
pub(super) fn find_grids(rules: &Rules) -> Vec<Grid> {
    let horizontal: Vec<Rule> =
        rules.horizontal.iter().copied().filter(|rule| rule.to - rule.from > 6.0).collect();
    let vertical: Vec<Rule> =
        rules.vertical.iter().copied().filter(|rule| rule.to - rule.from > 5.0).collect();
    // Union of rules that touch.
    let mut parent: Vec<usize> = (0..horizontal.len() + vertical.len()).collect();
    for (h, across) in horizontal.iter().enumerate() {
        for (v, down) in vertical.iter().enumerate() {
            let touch = down.at > across.from - SAME_EDGE
                && down.at < across.to + SAME_EDGE
                && across.at > down.from - SAME_EDGE
                && across.at < down.to + SAME_EDGE;
            if touch {
                let (a, b) = (root(&mut parent, h), root(&mut parent, horizontal.len() + v));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: std::collections::BTreeMap<usize, (Vec<Rule>, Vec<Rule>)> =
        std::collections::BTreeMap::new();
    for index in 0..parent.len() {
        let group = groups.entry(root(&mut parent, index)).or_default();
        if let Some(rule) = horizontal.get(index) {
            group.0.push(*rule);
        } else if let Some(rule) = vertical.get(index - horizontal.len()) {
            group.1.push(*rule);
        }
    }
    groups.into_values().filter_map(|(across, down)| grid_of(&across, &down)).collect()
}

fn root(parent: &mut [usize], mut index: usize) -> usize {
    while parent[index] != index {
        parent[index] = parent[parent[index]];
        index = parent[index];
    }
    index
}

fn edges(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.dedup_by(|b, a| *b - *a < SAME_EDGE);
    values
}

fn grid_of(across: &[Rule], down: &[Rule]) -> Option<Grid> {
    let rows = edges(across.iter().map(|rule| rule.at));
    let columns = edges(down.iter().map(|rule| rule.at));
    if rows.len() < 2 || columns.len() < 2 || rows.len() + columns.len() < 5 {
        return None;
    }
    // Open at the sides: rules reach past the outer vertical ones.
    let left = across.iter().map(|rule| rule.from).fold(f32::INFINITY, f32::min);
    let right = across.iter().map(|rule| rule.to).fold(f32::NEG_INFINITY, f32::max);
    let mut columns = columns;
    if columns.first().is_some_and(|first| *first - left > 12.0) {
        columns.insert(0, left);
    }
    if columns.last().is_some_and(|last| right - *last > 12.0) {
        columns.push(right);
    }
    let (row_count, column_count) = (rows.len() - 1, columns.len() - 1);
    if row_count * column_count < 4 || row_count > 400 || column_count > 100 {
        return None;
    }
    let bbox = Rect::new(*columns.first()?, *rows.first()?, *columns.last()?, *rows.last()?);

    // Which borders between neighbouring places are drawn.
    let ruled_below = |row: usize, column: usize| {
        let (y, x0, x1) = (rows[row + 1], columns[column], columns[column + 1]);
        covered(across, y, x0, x1)
    };
    let ruled_right = |row: usize, column: usize| {
        let (x, y0, y1) = (columns[column + 1], rows[row], rows[row + 1]);
        covered(down, x, y0, y1)
    };
    let mut taken = vec![false; row_count * column_count];
    let mut cells = Vec::new();
    for row in 0..row_count {
        for column in 0..column_count {
            if taken[row * column_count + column] {
                continue;
            }
            let mut wide = 1;
            while column + wide < column_count
                && !taken[row * column_count + column + wide]
                && !ruled_right(row, column + wide - 1)
            {
                wide += 1;
            }
            let mut high = 1;
            while row + high < row_count
                && (column..column + wide)
                    .all(|c| !ruled_below(row + high - 1, c) && !taken[(row + high) * column_count + c])
                && (column..column + wide - 1).all(|c| !ruled_right(row + high, c))
            {
                high += 1;
            }
            for r in row..row + high {
                for c in column..column + wide {
                    taken[r * column_count + c] = true;
                }
            }
            cells.push(GridCell { column, row, columns: wide, rows: high });
        }
    }
    (cells.len() > 2).then_some(Grid { bbox, columns, rows, cells })
}

/// Whether some rule at `at` covers most of the range.
fn covered(rules: &[Rule], at: f32, from: f32, to: f32) -> bool {
    let length = to - from;
    let drawn: f32 = rules
        .iter()
        .filter(|rule| (rule.at - at).abs() < SAME_EDGE)
        .map(|rule| (rule.to.min(to) - rule.from.max(from)).max(0.0))
        .sum();
    drawn > 0.5 * length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(horizontal: &[(f32, f32, f32)], vertical: &[(f32, f32, f32)]) -> Rules {
        let rule = |&(at, from, to): &(f32, f32, f32)| Rule { at, from, to };
        Rules {
            horizontal: horizontal.iter().map(rule).collect(),
            vertical: vertical.iter().map(rule).collect(),
        }
    }

    #[test]
    fn two_by_two_with_a_header_across() {
        let grids = find_grids(&rules(
            &[(0.0, 0.0, 100.0), (20.0, 0.0, 100.0), (40.0, 0.0, 100.0)],
            &[(0.0, 0.0, 40.0), (50.0, 20.0, 40.0), (100.0, 0.0, 40.0)],
        ));
        assert_eq!(grids.len(), 1);
        let cells: Vec<_> = grids[0].cells.iter().map(|c| (c.row, c.column, c.rows, c.columns)).collect();
        assert_eq!(cells, [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)]);
    }

    #[test]
    fn a_box_is_no_table() {
        let grids = find_grids(&rules(
            &[(0.0, 0.0, 100.0), (40.0, 0.0, 100.0)],
            &[(0.0, 0.0, 40.0), (100.0, 0.0, 40.0)],
        ));
        assert!(grids.is_empty());
    }
}
