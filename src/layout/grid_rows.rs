//! A grid whose rows are not all ruled in; the grid with a row for each line of values out.
//!
//! Many tables rule their header and their columns but not their rows, so that one cell of the grid holds a
//! whole column of numbers.

use super::fragments::find_fragments;
use super::glyphs::Placed;
use super::lines::find_lines;
use super::ruled::{Grid, GridCell};
use super::unruled::is_value;
use crate::pdf::content::FontInfo;

/// Splits each row of `grid` in which at least two columns (one, if there are only two) hold several lines of
/// values on the same baselines.
pub(super) fn split_rows(grid: &Grid, glyphs: &[Placed<'_>], fonts: &[FontInfo]) -> Grid {
    let mut rows = Vec::with_capacity(grid.rows.len());
    let mut first_of: Vec<usize> = Vec::with_capacity(grid.rows.len());
    for (row, edges) in grid.rows.windows(2).enumerate() {
        let &[top, bottom] = edges else { continue };
        first_of.push(rows.len());
        rows.push(top);
        let spanned =
            grid.cells.iter().any(|cell| cell.rows > 1 && (cell.row..cell.row + cell.rows).contains(&row));
        if !spanned {
            rows.extend(inner_edges(grid, row, (top, bottom), glyphs, fonts));
        }
    }
    first_of.push(rows.len());
    rows.extend(grid.rows.last());
    let mut cells = Vec::with_capacity(grid.cells.len());
    for cell in &grid.cells {
        let (Some(&first), Some(&end)) = (first_of.get(cell.row), first_of.get(cell.row + cell.rows)) else {
            continue;
        };
        if cell.rows == 1 {
            cells.extend((first..end).map(|row| GridCell { row, ..*cell }));
        } else {
            cells.push(GridCell { row: first, rows: end - first, ..*cell });
        }
    }
    cells.sort_by_key(|cell| (cell.row, cell.column));
    Grid { bbox: grid.bbox, columns: grid.columns.clone(), rows, cells }
}

/// Parts cells that cover several columns only because the rules between columns stop above them: each of their
/// pieces of text lies within a column, and most columns have one.
pub(super) fn split_columns(grid: &Grid, glyphs: &[Placed<'_>]) -> Grid {
    // What glyph boxes may reach over an edge, in points.
    const OVER: f32 = 1.0;
    let mut cells = Vec::with_capacity(grid.cells.len());
    for cell in &grid.cells {
        let edges = grid.columns.get(cell.column..=cell.column + cell.columns).unwrap_or_default();
        let (Some(&top), Some(&bottom)) = (grid.rows.get(cell.row), grid.rows.get(cell.row + cell.rows))
        else {
            continue;
        };
        let (Some(&left), Some(&right)) = (edges.first(), edges.last()) else { continue };
        let parts = cell.columns > 1 && cell.row > 0 && cell.rows == 1 && {
            let inside = within(glyphs, (left, right), (top, bottom));
            let fragments = find_fragments(&inside);
            let crosses = |edge: &&f32| {
                fragments.iter().any(|f| f.bbox.x0 < **edge - OVER && f.bbox.x1 > **edge + OVER)
            };
            let filled = edges
                .windows(2)
                .filter(|pair| {
                    fragments.iter().any(|f| f.bbox.center_x() > pair[0] && f.bbox.center_x() < pair[1])
                })
                .count();
            filled > 1 && filled * 10 >= cell.columns * 6 && !edges.iter().any(|edge| crosses(&edge))
        };
        if parts {
            cells.extend((cell.column..cell.column + cell.columns).map(|column| GridCell {
                column,
                columns: 1,
                ..*cell
            }));
        } else {
            cells.push(*cell);
        }
    }
    Grid { bbox: grid.bbox, columns: grid.columns.clone(), rows: grid.rows.clone(), cells }
}

/// The glyphs whose centres lie strictly between two columns' edges and two rows' edges.
fn within<'a>(
    glyphs: &[Placed<'a>],
    (left, right): (f32, f32),
    (top, bottom): (f32, f32),
) -> Vec<Placed<'a>> {
    let is_within = |placed: &&Placed<'a>| {
        let (x, y) = (placed.bbox.center_x(), placed.bbox.center_y());
        x > left && x < right && y > top && y < bottom
    };
    glyphs.iter().filter(is_within).copied().collect()
}

/// Where the rows inside one ruled row begin, the first of them left out.
fn inner_edges(
    grid: &Grid,
    row: usize,
    (top, bottom): (f32, f32),
    glyphs: &[Placed<'_>],
    fonts: &[FontInfo],
) -> Vec<f32> {
    let mut baselines: Vec<(f32, f32)> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut first = true;
    for cell in grid.cells.iter().filter(|cell| cell.row == row) {
        let (Some(&left), Some(&right)) =
            (grid.columns.get(cell.column), grid.columns.get(cell.column + cell.columns))
        else {
            continue;
        };
        let inside = within(glyphs, (left, right), (top, bottom));
        // The first column names the rows; its words may be broken over lines.
        if std::mem::take(&mut first) || inside.is_empty() {
            continue;
        }
        let fragments = find_fragments(&inside);
        let lines = find_lines(fragments.iter().collect(), fonts);
        let values = lines.iter().filter(|line| is_value(&line.text())).count();
        if lines.len() > 1 && values * 10 >= lines.len() * 8 {
            baselines.extend(lines.iter().map(|line| (line.baseline, line.size)));
            counts.push(lines.len());
        }
    }
    baselines.sort_by(|a, b| a.0.total_cmp(&b.0));
    baselines.dedup_by(|next, kept| next.0 - kept.0 < 0.45 * kept.1.max(1.0));
    let wanted = if grid.columns.len() > 3 { 2 } else { 1 };
    let regular = counts.iter().filter(|count| **count * 10 >= baselines.len() * 6).count();
    if regular < wanted || regular * 2 < counts.len() {
        return Vec::new();
    }
    baselines.iter().skip(1).map(|(baseline, size)| (baseline - 0.95 * size).clamp(top, bottom)).collect()
}
