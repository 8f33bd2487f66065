//! Tables known by alignment in; their rows and cells with text out.

use super::aligned::AlignedTable;
use super::fragments::Fragment;
use super::lines::{Line, line_of};
use super::spans::join_lines;
use super::survey::Survey;
use super::tables::{Found, Links, count, new_cell};
use super::unruled::{CELL_GAP_EMS, is_value};
use crate::document::{Rect, Row, Table};
use crate::pdf::content::FontInfo;

/// One line of an aligned table: for each run of columns the line it holds there.
struct TableLine {
    y: f32,
    baseline: f32,
    bottom: f32,
    /// First column, columns covered, text.
    parts: Vec<(usize, usize, Line)>,
}

impl TableLine {
    fn size(&self) -> f32 {
        self.parts.iter().map(|(_, _, text)| text.size).fold(0.0, f32::max)
    }
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
    let found = &without_stray_columns(found, fragments);
    let edges = left_edges(found, fragments);
    let parted: Vec<Fragment<'_>> = fragments
        .iter()
        .filter(|f| found.bbox.contains(f.bbox.center_x(), f.bbox.center_y()))
        .flat_map(|fragment| {
            part_at_borders(fragment, &found.borders, &edges, fragment.bbox.center_y() < found.header_end)
        })
        .collect();
    let mut inside: Vec<&Fragment<'_>> = parted.iter().collect();
    inside.sort_by(|a, b| a.baseline.total_cmp(&b.baseline).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    let mut rows: Vec<Vec<&Fragment<'_>>> = Vec::new();
    for fragment in inside {
        match rows.last_mut() {
            // Cells of several lines, each centred in its row, make a chain of heights: no line stands above another.
            Some(row)
                if row
                    .iter()
                    .any(|f| (f.baseline - fragment.baseline).abs() < 0.45 * f.size.max(fragment.size))
                    && !row.iter().any(|f| is_above(f, fragment)) =>
            {
                row.push(fragment);
            }
            _ => rows.push(vec![fragment]),
        }
    }
    let lines: Vec<TableLine> = rows.iter().map(|row| table_line(row, found, fonts)).collect();
    let columns = found.borders.len() + 1;
    let mut drafts: Vec<(f32, bool, Vec<CellLines>)> = Vec::new();
    let mut bottom = f32::NEG_INFINITY;
    let close = rows_by_leading(&lines, found);
    let edges = right_edges(&lines, columns);
    // Where every line has all columns, each may be a row, however full it is.
    let body = || lines.iter().filter(|line| line.y >= found.header_end);
    let uneven = body().filter(|line| line.parts.len() < columns).count() * 6 >= body().count().max(1);
    for (index, line) in lines.into_iter().enumerate() {
        let header = line.y < found.header_end;
        let ruled_off = found.rules.iter().any(|rule| *rule > bottom - 2.0 && *rule < line.y);
        let goes_on = !ruled_off
            && drafts.last().is_some_and(|(_, was_header, cells)| {
                *was_header == header
                    && (close.get(index) == Some(&true)
                        || continues(cells, &line, bottom, header)
                        || (uneven && wraps(cells, &line, &edges)))
            });
        bottom = line.bottom;
        if goes_on && let Some((_, _, cells)) = drafts.last_mut() {
            for (column, covered, text) in line.parts {
                match cells.iter_mut().find(|(at, wide, _)| (*at..*at + *wide).contains(&column)) {
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
    let mut rows: Vec<Row> = drafts
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
    reach_down(&mut rows, header_rows.min(4));
    let table = Table { columns: count(columns), header_rows: count(header_rows.clamp(1, 4)), rows };
    Some(Found { bbox: found.bbox, table, confidence: 0.7 })
}

/// A column without a head, in which hardly a row has anything, is none: its words are of the column before.
fn without_stray_columns(found: &AlignedTable, fragments: &[Fragment<'_>]) -> AlignedTable {
    const FEWEST_ROWS: usize = 4;
    const SHARE: usize = 6;
    let inside: Vec<&Fragment<'_>> =
        fragments.iter().filter(|f| found.bbox.contains(f.bbox.center_x(), f.bbox.center_y())).collect();
    let is_head = |f: &Fragment<'_>| f.bbox.center_y() < found.header_end;
    let mut rows: Vec<f32> =
        inside.iter().filter(|f| !is_head(f)).map(|fragment| fragment.baseline).collect();
    rows.sort_by(f32::total_cmp);
    rows.dedup_by(|b, a| *b - *a < 2.0);
    if rows.len() < FEWEST_ROWS || !inside.iter().any(|f| is_head(f)) {
        return found.clone();
    }
    let ends = found.borders.iter().skip(1).copied().chain([f32::INFINITY]);
    let stays = |(border, end): &(f32, f32)| {
        let starts = |f: &&&Fragment<'_>| f.bbox.x0 + 0.3 * f.size > *border && f.bbox.x0 < *end;
        let headed = inside.iter().filter(starts).any(|f| is_head(f) && f.bbox.x1 < *end);
        let filled = inside.iter().filter(starts).filter(|f| !is_head(f)).count();
        (headed && filled > 0) || (filled > 1 && filled * SHARE > rows.len())
    };
    let borders = found.borders.iter().copied().zip(ends).filter(stays).map(|(border, _)| border).collect();
    AlignedTable { borders, ..found.clone() }
}

/// Heads of neighbouring columns can stand as close as words: a fragment that crosses a border is parted at
/// the gap nearest to it, if that gap is wider than the fragment's narrowest gap between words.
///
/// `edges`: where the text of the column behind each border starts, if it is set flush; below the heads a gap
/// that ends there parts two cells, too.
fn part_at_borders<'a>(
    fragment: &Fragment<'a>,
    borders: &[f32],
    edges: &[Option<f32>],
    head: bool,
) -> Vec<Fragment<'a>> {
    const WORD_GAP_EMS: f32 = 0.16;
    const REACH_EMS: f32 = 2.0;
    const WIDER: f32 = 1.2;
    let crossed: Vec<(f32, Option<f32>)> = borders
        .iter()
        .copied()
        .zip(edges.iter().copied())
        .filter(|(border, _)| *border > fragment.bbox.x0 && *border < fragment.bbox.x1)
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
        .filter_map(|(border, edge)| {
            gaps.iter()
                .filter(|(index, middle, gap)| {
                    let starts = fragment.glyphs.get(*index).map(|placed| placed.x);
                    let flush = |edge: &f32| starts.is_some_and(|x| (x - edge).abs() < 0.1 * em);
                    (!head && edge.as_ref().is_some_and(flush))
                        || (middle - border).abs() < REACH_EMS * em
                            && (*gap > WIDER * narrowest
                                || gaps.len() == 1
                                || (!head && (middle - border).abs() < 0.5 * gap))
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

/// Where the text behind each border starts, in points, if most of the lines there start at one place.
fn left_edges(found: &AlignedTable, fragments: &[Fragment<'_>]) -> Vec<Option<f32>> {
    let body = Rect { y0: found.header_end, ..found.bbox };
    let ends = found.borders.iter().skip(1).copied().chain([f32::INFINITY]);
    let inside: Vec<&Fragment<'_>> =
        fragments.iter().filter(|f| body.contains(f.bbox.center_x(), f.bbox.center_y())).collect();
    let edge = |(border, end): (f32, f32)| {
        // The first fragment of each line in the column.
        let mut lines: Vec<(f32, f32)> = Vec::new();
        for f in inside.iter().filter(|f| f.bbox.x0 > border && f.bbox.x0 < end) {
            match lines.iter_mut().find(|(y, _)| (*y - f.baseline).abs() < 2.0) {
                Some((_, x)) => *x = x.min(f.bbox.x0),
                None => lines.push((f.baseline, f.bbox.x0)),
            }
        }
        let left = lines.iter().map(|(_, x)| *x).fold(f32::INFINITY, f32::min);
        let flush = lines.iter().filter(|(_, x)| *x < left + 1.0).count();
        (flush >= 3 && flush * 10 > lines.len() * 7).then_some(left)
    };
    found.borders.iter().copied().zip(ends).map(edge).collect()
}

/// Whether `upper`, whose baseline is no lower, is a line of its own above `lower`.
fn is_above(upper: &Fragment<'_>, lower: &Fragment<'_>) -> bool {
    let size = upper.size.max(lower.size);
    upper.bbox.overlap_x(&lower.bbox) > 0.5 * size && lower.baseline - upper.baseline > 0.7 * size
}

fn table_line(row: &[&Fragment<'_>], found: &AlignedTable, fonts: &[FontInfo]) -> TableLine {
    let borders = &found.borders;
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
    // As many heads as columns name them in order, wherever over their columns they stand.
    if y < found.header_end && parts.len() <= borders.len() {
        let mut heads: Vec<Vec<&Fragment<'_>>> = Vec::new();
        for fragment in parts.iter().flat_map(|(_, _, list)| list) {
            match heads.last_mut() {
                Some(head)
                    if head.last().is_some_and(|last| {
                        fragment.bbox.x0 - last.bbox.x1 < CELL_GAP_EMS * fragment.size
                    }) =>
                {
                    head.push(fragment);
                }
                _ => heads.push(vec![fragment]),
            }
        }
        if heads.len() == borders.len() + 1 {
            parts = heads.into_iter().enumerate().map(|(column, head)| (column, 1, head)).collect();
        }
    }
    let bottom = row.iter().map(|f| f.bbox.y1).fold(f32::NEG_INFINITY, f32::max);
    let parts = parts
        .into_iter()
        .filter_map(|(start, covered, list)| line_of(&list, fonts).map(|line| (start, covered, line)))
        .collect();
    let baseline = row.iter().map(|f| f.baseline).fold(f32::INFINITY, f32::min);
    TableLine { y, baseline, bottom, parts }
}

/// The right edge of the text in each column, in points.
fn right_edges(lines: &[TableLine], columns: usize) -> Vec<f32> {
    let mut edges = vec![f32::NEG_INFINITY; columns];
    for (column, covered, text) in lines.iter().flat_map(|line| &line.parts) {
        if let Some(edge) = edges.get_mut(*column).filter(|_| *covered == 1) {
            *edge = edge.max(text.bbox.x1);
        }
    }
    edges
}

/// Whether a line goes on the text of the row above because that text had no room for its first words: so in
/// each of its columns, in a row with one as wide as running text.
fn wraps(cells: &[CellLines], line: &TableLine, edges: &[f32]) -> bool {
    const WIDE_EMS: f32 = 9.0;
    const TEXT_LEADING: f32 = 1.4;
    for (column, covered, text) in &line.parts {
        let Some((_, width, lines)) = cells.iter().find(|(at, _, _)| at == column) else { return false };
        let (Some(last), Some(edge)) = (lines.last(), edges.get(*column)) else { return false };
        let words = text.text();
        let (Some(word), length) = (words.split_whitespace().next(), words.chars().count().max(1)) else {
            return false;
        };
        #[allow(clippy::cast_precision_loss, reason = "a line has few characters")]
        let needed = text.bbox.width() * (word.chars().count() + 1) as f32 / length as f32;
        let full = last.bbox.x1 + 0.9 * needed > *edge;
        let close = text.baseline - last.baseline < TEXT_LEADING * text.size;
        if *covered > 1 || *width > 1 || !full || !close || is_value(&words) {
            return false;
        }
    }
    // One column as wide as running text is enough: narrow ones beside it wrap too.
    cells.iter().filter(|(_, width, _)| *width == 1).any(|(column, _, lines)| {
        let left = lines.iter().map(|line| line.bbox.x0).fold(f32::INFINITY, f32::min);
        let size = lines.first().map_or(f32::INFINITY, |line| line.size);
        edges.get(*column).is_some_and(|edge| edge - left > WIDE_EMS * size)
    })
}

/// Which lines go on the row above by their distance alone: where lines of one row stand closer together than
/// rows do. None do if a column would then hold two values in one cell.
fn rows_by_leading(lines: &[TableLine], found: &AlignedTable) -> Vec<bool> {
    let mut close = vec![false; lines.len()];
    let gap = |pair: &[TableLine]| match pair {
        [above, line] if line.y >= found.header_end && above.y >= found.header_end => {
            Some((line.baseline - above.baseline) / above.size().max(line.size()).max(1.0))
        }
        _ => None,
    };
    let mut gaps: Vec<f32> = lines.windows(2).filter_map(gap).collect();
    gaps.sort_by(f32::total_cmp);
    let Some(&tight) = gaps.first() else { return close };
    // Lines of one cell have the leading of text; rows are clearly further apart.
    const TEXT_LEADING: f32 = 1.35;
    const ROW_LEADING: f32 = 1.3;
    let limit = 1.12 * tight;
    if tight > TEXT_LEADING || !gaps.iter().any(|gap| *gap > ROW_LEADING * tight) {
        return close;
    }
    if gaps.iter().any(|gap| *gap > limit && *gap < 1.2 * tight) {
        return close;
    }
    let holds_value = |line: &TableLine, column: usize| {
        line.parts.iter().any(|(at, _, text)| *at == column && is_value(&text.text()))
    };
    let mut first = 0;
    for (index, pair) in lines.windows(2).enumerate() {
        let joins = gap(pair).is_some_and(|gap| gap <= limit);
        if !joins {
            first = index + 1;
            continue;
        }
        let Some(line) = lines.get(index + 1) else { break };
        let clash = lines.get(first..=index).unwrap_or_default().iter().any(|above| {
            line.parts.iter().any(|(column, covered, text)| {
                *covered > 1 || (is_value(&text.text()) && holds_value(above, *column))
            })
        });
        if clash {
            return vec![false; lines.len()];
        }
        if let Some(close) = close.get_mut(index + 1) {
            *close = true;
        }
    }
    close
}

/// Whether each part of a line of heads stands close below a head of its own, which may cover several columns.
fn goes_on_heads(cells: &[CellLines], line: &TableLine) -> bool {
    let mut homes: Vec<usize> = Vec::new();
    for (column, covered, text) in &line.parts {
        let home = cells.iter().position(|(at, wide, lines)| {
            let inside = *column >= *at && column + covered <= at + wide;
            inside && lines.last().is_some_and(|last| text.baseline - last.baseline < 1.35 * text.size)
        });
        match home {
            Some(home) if !homes.contains(&home) => homes.push(home),
            _ => return false,
        }
    }
    !homes.is_empty()
}

/// A head with nothing below it in the other rows of heads reaches down through them.
fn reach_down(rows: &mut [Row], header_rows: usize) {
    let Some((first, others)) = rows.get_mut(..header_rows).and_then(<[Row]>::split_first_mut) else {
        return;
    };
    if others.is_empty() {
        return;
    }
    for cell in first.cells.iter_mut().filter(|cell| !cell.spans.is_empty() && cell.column_span == 1) {
        let free = others
            .iter()
            .all(|row| row.cells.iter().any(|other| other.column == cell.column && other.spans.is_empty()));
        if free {
            cell.row_span = count(header_rows);
            for row in others.iter_mut() {
                row.cells.retain(|other| other.column != cell.column);
            }
        }
    }
}

/// Whether a line goes on the cells of the row above it: it leaves the first column empty and stands close.
fn continues(cells: &[CellLines], line: &TableLine, bottom: f32, header: bool) -> bool {
    if header && goes_on_heads(cells, line) {
        return true;
    }
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
