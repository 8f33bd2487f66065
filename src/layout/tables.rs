//! Grids and aligned stacks in; tables with their text out.

use super::aligned::AlignedTable;
use super::fragments::{Fragment, find_fragments};
use super::glyphs::Placed;
use super::grid_rows::split_rows;
use super::lines::{Line, find_lines, line_of};
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

type Links<'a> = [(Rect, &'a LinkArea)];

/// The text of a grid's cells, if enough of them have some: a chart's grid lines are no table.
pub(super) fn grid_table(
    grid: &Grid,
    glyphs: &[Placed<'_>],
    fonts: &[FontInfo],
    links: &Links<'_>,
    survey: &Survey,
) -> Option<Found> {
    let grid = &split_rows(grid, glyphs, fonts);
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

fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn new_cell(column: usize, rows: usize, columns: usize, spans: Vec<Span>) -> Cell {
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

/// One line of an aligned table: for each run of columns the line it holds there.
struct TableLine {
    y: f32,
    bottom: f32,
    /// First column, columns covered, text.
    parts: Vec<(usize, usize, Line)>,
}

/// A cell's first column, the columns it covers, and its lines.
type CellLines = (usize, usize, Vec<Line>);

/// The rows of a table whose columns are known by alignment.
pub(super) fn aligned_table(
    found: &AlignedTable,
    fragments: &[Fragment<'_>],
    fonts: &[FontInfo],
    links: &Links<'_>,
    survey: &Survey,
) -> Option<Found> {
    let parted: Vec<Fragment<'_>> = fragments
        .iter()
        .filter(|f| found.bbox.contains(f.bbox.center_x(), f.bbox.center_y()))
        .flat_map(|fragment| part_at_borders(fragment, &found.borders))
        .collect();
    let mut inside: Vec<&Fragment<'_>> = parted.iter().collect();
    inside.sort_by(|a, b| a.baseline.total_cmp(&b.baseline).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    let mut rows: Vec<Vec<&Fragment<'_>>> = Vec::new();
    for fragment in inside {
        match rows.last_mut() {
            Some(row)
                if row
                    .iter()
                    .any(|f| (f.baseline - fragment.baseline).abs() < 0.45 * f.size.max(fragment.size)) =>
            {
                row.push(fragment);
            }
            _ => rows.push(vec![fragment]),
        }
    }
    let lines: Vec<TableLine> = rows.iter().map(|row| table_line(row, &found.borders, fonts)).collect();
    let columns = found.borders.len() + 1;
    let mut drafts: Vec<(f32, bool, Vec<CellLines>)> = Vec::new();
    let mut bottom = f32::NEG_INFINITY;
    for line in lines {
        let header = line.y < found.header_end;
        let ruled_off = found.rules.iter().any(|rule| *rule > bottom - 2.0 && *rule < line.y);
        let goes_on = !ruled_off
            && drafts.last().is_some_and(|(_, was_header, cells)| {
                *was_header == header && continues(cells, &line, bottom, header)
            });
        bottom = line.bottom;
        if goes_on && let Some((_, _, cells)) = drafts.last_mut() {
            for (column, covered, text) in line.parts {
                match cells.iter_mut().find(|(at, _, _)| *at == column) {
                    Some((_, _, lines)) => lines.push(text),
                    None => cells.push((column, covered, vec![text])),
                }
            }
        } else {
            let cells =
                line.parts.into_iter().map(|(column, covered, text)| (column, covered, vec![text])).collect();
            drafts.push((line.y, header, cells));
        }
    }
    let header_rows = drafts.iter().filter(|(_, header, _)| *header).count();
    let rows: Vec<Row> = drafts
        .into_iter()
        .map(|(_, _, mut cells)| {
            cells.sort_by_key(|(column, _, _)| *column);
            let mut row = Row::default();
            let mut next = 0;
            for (column, covered, lines) in cells {
                for empty in next..column {
                    row.cells.push(new_cell(empty, 1, 1, Vec::new()));
                }
                let spans = join_lines(&lines.iter().collect::<Vec<_>>(), links, survey);
                row.cells.push(new_cell(column, 1, covered, spans));
                next = column + covered;
            }
            for empty in next..columns {
                row.cells.push(new_cell(empty, 1, 1, Vec::new()));
            }
            row
        })
        .collect();
    if rows.len() < 2 {
        return None;
    }
    let table = Table { columns: count(columns), header_rows: count(header_rows.clamp(1, 4)), rows };
    Some(Found { bbox: found.bbox, table, confidence: 0.7 })
}

/// Heads of neighbouring columns can stand as close as words: a fragment that crosses a border is parted at
/// the gap nearest to it, if that gap is wider than the fragment's narrowest gap between words.
fn part_at_borders<'a>(fragment: &Fragment<'a>, borders: &[f32]) -> Vec<Fragment<'a>> {
    const WORD_GAP_EMS: f32 = 0.16;
    const REACH_EMS: f32 = 2.0;
    const WIDER: f32 = 1.2;
    let crossed: Vec<f32> = borders
        .iter()
        .copied()
        .filter(|border| *border > fragment.bbox.x0 && *border < fragment.bbox.x1)
        .take(40)
        .collect();
    let em = fragment.size;
    // Index of the glyph behind each gap, the gap's middle and its width.
    let gaps: Vec<(usize, f32, f32)> = fragment
        .glyphs
        .windows(2)
        .enumerate()
        .filter_map(|(index, pair)| {
            let [before, after] = pair else { return None };
            let gap = after.x - before.end;
            (gap > WORD_GAP_EMS * em).then(|| (index + 1, 0.5 * (after.x + before.end), gap))
        })
        .collect();
    let narrowest = gaps.iter().map(|(_, _, gap)| *gap).fold(f32::INFINITY, f32::min);
    let mut cuts: Vec<usize> = crossed
        .iter()
        .filter_map(|border| {
            gaps.iter()
                .filter(|(_, middle, gap)| {
                    (middle - border).abs() < REACH_EMS * em && (*gap > WIDER * narrowest || gaps.len() == 1)
                })
                .min_by(|a, b| (a.1 - border).abs().total_cmp(&(b.1 - border).abs()))
                .map(|(index, _, _)| *index)
        })
        .collect();
    cuts.dedup();
    if cuts.is_empty() {
        return vec![fragment.clone()];
    }
    cuts.push(fragment.glyphs.len());
    let mut parts = Vec::new();
    let mut start = 0;
    for end in cuts {
        let glyphs = fragment.glyphs.get(start..end).unwrap_or_default().to_vec();
        start = end;
        if let Some(bbox) = glyphs.iter().map(|placed| placed.bbox).reduce(|a, b| a.union(&b)) {
            parts.push(Fragment { glyphs, bbox, baseline: fragment.baseline, size: fragment.size });
        }
    }
    parts
}

fn table_line(row: &[&Fragment<'_>], borders: &[f32], fonts: &[FontInfo]) -> TableLine {
    let column_of = |x: f32| borders.iter().filter(|border| **border < x).count();
    let mut parts: Vec<(usize, usize, Vec<&Fragment<'_>>)> = Vec::new();
    let mut sorted = row.to_vec();
    sorted.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
    for fragment in sorted {
        let first = column_of(fragment.bbox.x0 + 0.3 * fragment.size);
        let last = column_of(fragment.bbox.x1 - 0.3 * fragment.size).max(first);
        match parts.last_mut() {
            Some((start, covered, list)) if first < *start + *covered => {
                *covered = (last + 1 - *start).max(*covered);
                list.push(fragment);
            }
            _ => parts.push((first, last + 1 - first, vec![fragment])),
        }
    }
    let y = row.iter().map(|f| f.bbox.center_y()).fold(f32::INFINITY, f32::min);
    let bottom = row.iter().map(|f| f.bbox.y1).fold(f32::NEG_INFINITY, f32::max);
    let parts = parts
        .into_iter()
        .filter_map(|(start, covered, list)| line_of(&list, fonts).map(|line| (start, covered, line)))
        .collect();
    TableLine { y, bottom, parts }
}

/// Whether a line goes on the cells of the row above it: it leaves the first column empty and stands close.
fn continues(cells: &[CellLines], line: &TableLine, bottom: f32, header: bool) -> bool {
    let spanning = cells.iter().any(|(_, covered, _)| *covered > 1)
        || line.parts.iter().any(|(_, covered, _)| *covered > 1);
    if spanning {
        return false;
    }
    if header {
        return true;
    }
    let size = line.parts.iter().map(|(_, _, text)| text.size).fold(0.0, f32::max);
    let close = line.parts.iter().all(|(_, _, text)| text.bbox.y0 - bottom < 0.45 * size);
    let first_empty = !line.parts.iter().any(|(column, _, _)| *column == 0);
    let fewer = line.parts.len() * 2 <= cells.len().max(2);
    let inner = line.parts.iter().all(|(column, _, _)| cells.iter().any(|(at, _, _)| at == column));
    close
        && inner
        && ((first_empty && fewer)
            || (line.parts.len() == 1 && cells.len() > 2 && !first_empty && starts_small(line)))
}

fn starts_small(line: &TableLine) -> bool {
    line.parts.iter().all(|(_, _, text)| text.text().trim().chars().next().is_some_and(char::is_lowercase))
}
