//! Tables without any rule: rows of short cells, many of them numbers, whose columns line up.

use super::aligned::{AlignedTable, column_borders};
use super::fragments::Fragment;
use crate::document::Rect;

/// Fragments on one baseline, put together to cells.
pub(super) struct TextRow {
    pub bbox: Rect,
    /// Box and text of each cell from left to right.
    pub cells: Vec<(Rect, String)>,
}

/// Cells of a row are at least this many ems apart: more than a word space, however stretched.
pub(super) const CELL_GAP_EMS: f32 = 0.95;
/// A row of a table has this many cells, or it goes on one that has.
const MIN_CELLS: usize = 3;
/// A table has this many rows with enough cells.
const MIN_ROWS: usize = 3;
/// Rows of a table are at most this many ems apart.
const MAX_ROW_GAP_EMS: f32 = 3.2;
/// Columns of running text are at least this many ems wide in the median; cells are narrower.
const PROSE_EMS: f32 = 14.0;

/// Finds tables among `fragments` outside the boxes in `taken` (other tables, images). `em`: body size in
/// points.
///
/// `shades`: filled boxes; rows on some of them need no numbers to be a table.
pub(super) fn find_unruled(
    fragments: &[Fragment<'_>],
    taken: &[Rect],
    shades: &[Rect],
    em: f32,
) -> Vec<AlignedTable> {
    let free: Vec<&Fragment<'_>> = fragments
        .iter()
        .filter(|f| !taken.iter().any(|rect| rect.contains(f.bbox.center_x(), f.bbox.center_y())))
        .collect();
    let rows = text_rows(&free, em);
    let mut tables = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let end = run_end(&rows, start, em);
        let run = rows.get(start..end).unwrap_or_default();
        if let Some(table) = table_of(run, &free, shades, em) {
            tables.push(table);
        }
        start = end.max(start + 1);
    }
    tables
}

pub(super) fn text_rows(fragments: &[&Fragment<'_>], em: f32) -> Vec<TextRow> {
    let mut sorted: Vec<&Fragment<'_>> = fragments.to_vec();
    sorted.sort_by(|a, b| a.baseline.total_cmp(&b.baseline).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    let mut levels: Vec<(f32, Vec<&Fragment<'_>>)> = Vec::new();
    for fragment in sorted {
        match levels.last_mut() {
            Some((baseline, level)) if fragment.baseline - *baseline < 0.35 * em => level.push(fragment),
            _ => levels.push((fragment.baseline, vec![fragment])),
        }
    }
    let row = |(_, mut level): (f32, Vec<&Fragment<'_>>)| {
        level.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
        let bbox = level.iter().map(|f| f.bbox).reduce(|a, b| a.union(&b))?;
        let mut cells: Vec<(Rect, String)> = Vec::new();
        for fragment in level {
            match cells.last_mut() {
                Some((bbox, text)) if fragment.bbox.x0 - bbox.x1 < CELL_GAP_EMS * fragment.size => {
                    *bbox = bbox.union(&fragment.bbox);
                    text.push(' ');
                    text.push_str(&fragment.text());
                }
                _ => cells.push((fragment.bbox, fragment.text())),
            }
        }
        Some(TextRow { bbox, cells })
    };
    levels.into_iter().filter_map(row).collect()
}

/// Where the run of table-like rows that starts at `start` ends.
fn run_end(rows: &[TextRow], start: usize, em: f32) -> usize {
    let Some(first) = rows.get(start).filter(|row| row.cells.len() >= MIN_CELLS) else { return start };
    let mut bbox = first.bbox;
    let mut end = start + 1;
    // Rows with fewer cells count only when a full one follows.
    let mut at = end;
    let mut loose = 0;
    while let Some(row) = rows.get(at) {
        if row.bbox.y0 - rows.get(at - 1).map_or(row.bbox.y0, |before| before.bbox.y1) > MAX_ROW_GAP_EMS * em
        {
            break;
        }
        at += 1;
        if row.cells.len() >= MIN_CELLS {
            bbox = bbox.union(&row.bbox);
            (end, loose) = (at, 0);
            continue;
        }
        loose += 1;
        let narrow = row.cells.iter().all(|(cell, _)| cell.width() < 0.45 * bbox.width());
        let inside = row.bbox.x0 > bbox.x0 - em && row.bbox.x1 < bbox.x1 + em;
        if loose > 3 || !narrow || !inside {
            break;
        }
    }
    // Lines that the last row's cells go on with.
    while let Some(row) = rows.get(end) {
        let near = rows.get(end - 1).is_some_and(|before| row.bbox.y0 - before.bbox.y1 < 0.35 * em);
        // In the first column only where names went on below their rows before.
        let usual = rows
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .any(|other| other.cells.len() == 1 && (other.bbox.x0 - row.bbox.x0).abs() < 0.3 * em);
        let narrow = row.bbox.width() < 0.3 * bbox.width() && (row.bbox.x0 > bbox.x0 + em || usual);
        if !(near && narrow && row.cells.len() == 1) {
            break;
        }
        end += 1;
    }
    end
}

fn table_of(run: &[TextRow], fragments: &[&Fragment<'_>], shades: &[Rect], em: f32) -> Option<AlignedTable> {
    let full: Vec<&TextRow> = run.iter().filter(|row| row.cells.len() >= MIN_CELLS).collect();
    if full.len() < MIN_ROWS {
        return None;
    }
    let mut widths: Vec<f32> = full.iter().flat_map(|row| &row.cells).map(|(cell, _)| cell.width()).collect();
    if super::median(&mut widths) > PROSE_EMS * em {
        return None;
    }
    let behind_first = || full.iter().flat_map(|row| row.cells.iter().skip(1));
    let values = behind_first().filter(|(_, text)| is_value(text)).count();
    if values * 5 < behind_first().count() * 2 && !is_shaded(run, shades, em) {
        return None;
    }
    let bbox = run.iter().map(|row| row.bbox).reduce(|a, b| a.union(&b))?.grown(0.5);
    // The header ends where the first row of values starts.
    let data = run.iter().position(|row| {
        let values = row.cells.iter().skip(1).filter(|(_, text)| is_value(text)).count();
        row.cells.len() >= MIN_CELLS && values * 2 >= row.cells.len() - 1
    });
    let header_end = match data {
        Some(0) | None => bbox.y0,
        Some(at) => run.get(at).map_or(bbox.y0, |row| row.bbox.y0 - 0.1),
    };
    // Heads stand closer together than what they head, so the rows of values say where columns part.
    let inside = |top: f32| -> Vec<&Fragment<'_>> {
        let body = Rect { y0: top, ..bbox };
        fragments.iter().copied().filter(|f| body.contains(f.bbox.center_x(), f.bbox.center_y())).collect()
    };
    let above = Rect { y1: header_end, ..bbox };
    let heads: Vec<&Fragment<'_>> =
        fragments.iter().copied().filter(|f| above.contains(f.bbox.center_x(), f.bbox.center_y())).collect();
    let borders = column_borders(&inside(header_end), &heads, &bbox, em)
        .or_else(|| column_borders(&inside(bbox.y0), &[], &bbox, em))?;
    if borders.len() + 1 < MIN_CELLS {
        return None;
    }
    Some(AlignedTable { bbox, borders, header_end, rules: Vec::new() })
}

/// Two rows or more have a box of their own behind them, as wide as the rows together, and others have not.
fn is_shaded(run: &[TextRow], shades: &[Rect], em: f32) -> bool {
    let Some(bbox) = run.iter().map(|row| row.bbox).reduce(|a, b| a.union(&b)) else { return false };
    let behind = |row: &&TextRow| {
        shades.iter().any(|shade| {
            shade.contains(row.bbox.center_x(), row.bbox.center_y())
                && shade.x0 < bbox.x0 + em
                && shade.x1 > bbox.x1 - em
                && shade.height() < 2.0 * row.bbox.height() + em
        })
    };
    run.iter().filter(behind).count() >= 2
}

/// A number with what comes with numbers, or a word of a letter or two: what tables hold and prose does not.
pub(super) fn is_value(text: &str) -> bool {
    let length = text.chars().filter(|c| !c.is_whitespace()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (digits > 0 && length <= 16 && digits * 3 >= length) || length <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(x0: f32, x1: f32, y: f32) -> Fragment<'static> {
        Fragment { glyphs: Vec::new(), bbox: Rect::new(x0, y - 8.0, x1, y + 2.0), baseline: y, size: 10.0 }
    }

    #[test]
    fn rows_of_short_cells_are_a_table() {
        // Without glyphs each text is empty, which counts as a value.
        let mut fragments = vec![fragment(50.0, 500.0, 80.0)];
        for row in 0..4 {
            let y = 110.0 + 15.0 * row as f32;
            fragments.extend([
                fragment(50.0, 120.0, y),
                fragment(200.0, 230.0, y),
                fragment(300.0, 330.0, y),
            ]);
        }
        let tables = find_unruled(&fragments, &[], &[], 10.0);
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].borders.len(), 2);
        assert!(tables[0].bbox.y0 > 100.0, "the line of text above is none of it");
        assert!(find_unruled(&fragments, &[Rect::new(0.0, 100.0, 600.0, 200.0)], &[], 10.0).is_empty());
    }

    #[test]
    fn three_columns_of_text_are_none() {
        let mut fragments = Vec::new();
        for row in 0..8 {
            let y = 110.0 + 12.0 * row as f32;
            fragments.extend([
                fragment(50.0, 200.0, y),
                fragment(220.0, 370.0, y),
                fragment(390.0, 540.0, y),
            ]);
        }
        assert!(find_unruled(&fragments, &[], &[], 10.0).is_empty());
    }

    #[test]
    fn values() {
        for text in ["1,652", "28.4 %", "±0.5", "2014", "Y", "-", "12 (3.4)"] {
            assert!(is_value(text), "{text}");
        }
        for text in ["Cambodian", "Party of 3 members", "words and words"] {
            assert!(!is_value(text), "{text}");
        }
    }
}
