//! Grids in; tables with their text out.

use super::fragments::find_fragments;
use super::glyphs::Placed;
use super::grid_rows::{split_columns, split_rows};
use super::lines::find_lines;
use super::ruled::Grid;
use super::spans::join_lines;
use super::survey::Survey;
use crate::document::{Cell, Rect, Row, Span, Table};
use crate::pdf::content::{FontInfo, LinkArea};

/// A table and where it is, on the turned page.
pub(super) struct Found {
    pub bbox: Rect,
    pub table: Table,
    pub confidence: f32,
}

pub(super) type Links<'a> = [(Rect, &'a LinkArea)];

/// The text of a grid's cells, if enough of them have some: a chart's grid lines are no table.
pub(super) fn grid_table(
    grid: &Grid,
    glyphs: &[Placed<'_>],
    fonts: &[FontInfo],
    links: &Links<'_>,
    survey: &Survey,
) -> Option<Found> {
    let grid = &split_rows(&split_columns(grid, glyphs), glyphs, fonts);
    let column_count = grid.columns.len().checked_sub(1)?;
    let row_count = grid.rows.len().checked_sub(1)?;
    let mut places: Vec<usize> = vec![usize::MAX; column_count * row_count];
    for (index, cell) in grid.cells.iter().enumerate() {
        for row in cell.row..cell.row + cell.rows {
            for column in cell.column..cell.column + cell.columns {
                if let Some(place) = places.get_mut(row * column_count + column) {
                    *place = index;
                }
            }
        }
    }
    let mut inside: Vec<Vec<Placed<'_>>> = vec![Vec::new(); grid.cells.len()];
    for placed in glyphs {
        let (x, y) = (placed.bbox.center_x(), placed.bbox.center_y());
        if !grid.bbox.contains(x, y) {
            continue;
        }
        let column = grid.columns.partition_point(|edge| *edge <= x).saturating_sub(1).min(column_count - 1);
        let row = grid.rows.partition_point(|edge| *edge <= y).saturating_sub(1).min(row_count - 1);
        if let Some(cell) = places.get(row * column_count + column).and_then(|place| inside.get_mut(*place)) {
            cell.push(*placed);
        }
    }
    let filled = inside.iter().filter(|glyphs| !glyphs.is_empty()).count();
    if filled < 3 || filled * 10 < grid.cells.len() * 3 {
        return None;
    }
    let mut rows: Vec<Row> = vec![Row::default(); row_count];
    let mut bold_first_row = true;
    for (cell, glyphs) in grid.cells.iter().zip(&inside) {
        let fragments = find_fragments(glyphs);
        let lines = find_lines(fragments.iter().collect(), fonts);
        if cell.row == 0 && !lines.iter().all(|line| line.bold) {
            bold_first_row = false;
        }
        let spans = join_lines(&lines.iter().collect::<Vec<_>>(), links, survey);
        if let Some(row) = rows.get_mut(cell.row) {
            row.cells.push(new_cell(cell.column, cell.rows, cell.columns, spans));
        }
    }
    for row in &mut rows {
        row.cells.sort_by_key(|cell| cell.column);
    }
    // Rows and columns without any text are drawn borders.
    let mut table = Table { columns: count(column_count), header_rows: 1, rows };
    drop_empty(&mut table);
    if table.rows.len() < 2 && table.columns < 3 || table.columns < 2 {
        return None;
    }
    let spanned = table.rows.first().is_some_and(|row| row.cells.iter().any(|cell| cell.column_span > 1));
    if spanned && bold_first_row && table.rows.len() > 2 {
        table.header_rows = 2;
    }
    Some(Found { bbox: grid.bbox, table, confidence: 0.9 })
}

pub(super) fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

pub(super) fn new_cell(column: usize, rows: usize, columns: usize, spans: Vec<Span>) -> Cell {
    Cell { column: count(column), row_span: count(rows.max(1)), column_span: count(columns.max(1)), spans }
}

/// Leaves out rows and columns that hold no text and that no cell spans.
fn drop_empty(table: &mut Table) {
    let spans =
        table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.row_span > 1 || cell.column_span > 1);
    if spans {
        return;
    }
    table.rows.retain(|row| row.cells.iter().any(|cell| !cell.spans.is_empty()));
    for column in (0..table.columns).rev() {
        let empty = table
            .rows
            .iter()
            .flat_map(|row| &row.cells)
            .all(|cell| cell.column != column || cell.spans.is_empty());
        if empty {
            table.columns -= 1;
            for row in &mut table.rows {
                row.cells.retain(|cell| cell.column != column);
                for cell in &mut row.cells {
                    if cell.column > column {
                        cell.column -= 1;
                    }
                }
            }
        }
    }
}
