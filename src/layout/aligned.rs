//! Tables of the scientific kind: horizontal rules above, below and under the header, columns by alignment.

use super::captions::find_caption;
use super::fragments::Fragment;
use super::ruled::{Rule, Rules};
use super::unruled::{TextRow, is_value, text_rows};
use crate::document::Rect;

/// A table without vertical rules.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AlignedTable {
    pub bbox: Rect,
    /// Borders between columns, in points: one less than there are columns.
    pub borders: Vec<f32>,
    /// y of the rule under the header.
    pub header_end: f32,
    /// y of each rule inside, which parts groups of rows.
    pub rules: Vec<f32>,
}

/// Finds stacks of at least three rules with the same ends and aligned text between them, and of two where the
/// table goes on over the page's end. `height`: the page's, in points.
pub(super) fn find_aligned(
    rules: &Rules,
    fragments: &[Fragment<'_>],
    taken: &[Rect],
    em: f32,
    height: f32,
) -> Vec<AlignedTable> {
    let mut stacks: Vec<Vec<usize>> = Vec::new();
    let long: Vec<_> = rules.horizontal.iter().filter(|rule| rule.to - rule.from > 8.0 * em).collect();
    if long.len() > 400 {
        return Vec::new();
    }
    for (index, rule) in long.iter().enumerate() {
        let inside = taken.iter().any(|rect| rect.grown(2.0).contains(0.5 * (rule.from + rule.to), rule.at));
        if inside {
            continue;
        }
        let home = stacks.iter_mut().find(|stack| {
            stack.last().and_then(|&last| long.get(last)).is_some_and(|last| {
                (last.from - rule.from).abs() < 0.8 * em
                    && (last.to - rule.to).abs() < 0.8 * em
                    && rule.at - last.at < 60.0 * em
            })
        });
        match home {
            Some(stack) => stack.push(index),
            None => stacks.push(vec![index]),
        }
    }
    let mut tables = Vec::new();
    let stacks = stacks.into_iter().flat_map(|stack| {
        let stack: Vec<Rule> = stack.iter().filter_map(|&index| long.get(index).map(|rule| **rule)).collect();
        part_stack(&stack, fragments, em)
    });
    for mut stack in stacks {
        if let Some(end) = open_end(&stack, fragments, em, height) {
            stack.push(end);
        }
        if stack.len() < 3 {
            continue;
        }
        let (Some(first), Some(last)) = (stack.first(), stack.last()) else { continue };
        let mut bbox = Rect::new(first.from, first.at, first.to, last.at);
        let within = |bbox: &Rect| -> Vec<&Fragment<'_>> {
            fragments.iter().filter(|f| bbox.contains(f.bbox.center_x(), f.bbox.center_y())).collect()
        };
        let mut rows = text_rows(&within(&bbox), em);
        // A caption between the first rule and the heads of the columns is no row.
        if rows.first().is_some_and(|row| row.cells.len() == 1 && starts_caption(row)) {
            bbox.y0 = rows.first().map_or(bbox.y0, |row| row.bbox.y1 + 0.1);
            rows.remove(0);
        }
        // The header ends at the second rule, or above the first values where that rule is missing.
        let second = stack.iter().map(|rule| rule.at).find(|at| *at > bbox.y0 + 0.5 * em).unwrap_or(first.at);
        let first_values = rows.iter().position(|row| {
            let values = row.cells.iter().skip(1).filter(|(_, text)| is_value(text)).count();
            row.cells.len() > 2 && values * 2 >= row.cells.len() - 1
        });
        let header_end = match first_values.filter(|at| *at > 0).and_then(|at| rows.get(at)) {
            Some(row) => second.min(row.bbox.y0 - 0.1),
            None => second,
        };
        let inside = within(&bbox);
        let (heads, body): (Vec<_>, Vec<_>) =
            inside.iter().copied().partition(|fragment| fragment.bbox.center_y() < header_end);
        let borders = column_borders(&body, &heads, &bbox, em);
        let of_all = column_borders(&inside, &[], &bbox, em);
        let Some(borders) = more_columns(borders, of_all) else { continue };
        tables.push(AlignedTable {
            bbox,
            borders,
            header_end,
            rules: stack.iter().map(|rule| rule.at).collect(),
        });
    }
    tables
}

/// The end of a table with a rule above and one below its heads that goes on over the page's end: rows of the
/// same columns and nothing else between them and the page's foot.
fn open_end(stack: &[Rule], fragments: &[Fragment<'_>], em: f32, height: f32) -> Option<Rule> {
    const HIGHEST_HEADS_EMS: f32 = 6.0;
    const FARTHEST_ROW_EMS: f32 = 1.6;
    const FOOT: f32 = 0.75;
    let &[first, second] = stack else { return None };
    let between = |top: f32, bottom: f32| -> Vec<&Fragment<'_>> {
        let bbox = Rect::new(first.from - em, top, first.to + em, bottom);
        fragments.iter().filter(|f| bbox.contains(f.bbox.center_x(), f.bbox.center_y())).collect()
    };
    let heads = text_rows(&between(first.at, second.at), em);
    let columns = heads.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    if columns < 2 || second.at - first.at > HIGHEST_HEADS_EMS * em {
        return None;
    }
    let mut end = second.at;
    let mut rows: Vec<TextRow> = Vec::new();
    let below = text_rows(&between(second.at, height), em);
    for row in below {
        if row.bbox.y0 - end > FARTHEST_ROW_EMS * em {
            break;
        }
        end = row.bbox.y1;
        rows.push(row);
    }
    let full = rows.iter().filter(|row| (2..=columns).contains(&row.cells.len())).count();
    let inside = rows.iter().all(|row| row.bbox.x0 > first.from - em && row.bbox.x1 < first.to + em);
    (full >= 2 && full * 3 >= rows.len() * 2 && inside && end > FOOT * height)
        .then_some(Rule { at: end + 0.2 * em, ..second })
}

fn starts_caption(row: &TextRow) -> bool {
    row.cells.first().is_some_and(|(_, text)| find_caption(text).is_some())
}

/// Parts a stack of rules where running text or a caption lies between two of them: several tables of one
/// width stand below each other.
fn part_stack(stack: &[Rule], fragments: &[Fragment<'_>], em: f32) -> Vec<Vec<Rule>> {
    let mut parts: Vec<Vec<Rule>> = Vec::new();
    let mut current: Vec<Rule> = Vec::new();
    for rule in stack {
        if let Some(above) = current.last() {
            let between = Rect::new(above.from, above.at, above.to, rule.at);
            let inside: Vec<&Fragment<'_>> =
                fragments.iter().filter(|f| between.contains(f.bbox.center_x(), f.bbox.center_y())).collect();
            let rows = text_rows(&inside, em);
            let prose = |row: &&TextRow| {
                let [(bbox, text)] = row.cells.as_slice() else { return false };
                bbox.width() > 0.5 * between.width() || find_caption(text.trim()).is_some()
            };
            if rows.iter().filter(prose).count() * 2 > rows.len() {
                parts.push(std::mem::take(&mut current));
            }
        }
        current.push(*rule);
    }
    parts.push(current);
    parts
}

/// The finer of two ways to part a table.
fn more_columns(a: Option<Vec<f32>>, b: Option<Vec<f32>>) -> Option<Vec<f32>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.len() > a.len() { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The border between the numbers of rows and what they number, which often stand as close as words. `end`:
/// where the column that may hold both ends.
fn border_behind_numbers(fragments: &[&Fragment<'_>], end: f32, em: f32) -> Option<f32> {
    const NARROWEST_EMS: f32 = 0.2;
    const WIDEST_EMS: f32 = 1.5;
    let mut rows: Vec<(f32, Vec<(Rect, String)>)> = Vec::new();
    for fragment in fragments.iter().filter(|fragment| fragment.bbox.x0 < end) {
        let words = fragment.words().into_iter().filter(|(bbox, _)| bbox.x0 < end);
        match rows.iter_mut().find(|(y, _)| (*y - fragment.baseline).abs() < 0.35 * em) {
            Some((_, row)) => row.extend(words),
            None => rows.push((fragment.baseline, words.collect())),
        }
    }
    let is_number = |text: &str| {
        let bare = text.trim_end_matches('.');
        bare.len() <= 4
            && bare.chars().any(|c| c.is_ascii_digit())
            && bare.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let (mut left, mut right): (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);
    let mut starts: Vec<(f32, String)> = Vec::new();
    let mut counted = 0;
    let mut last_number = None;
    let mut unnumbered = f32::INFINITY;
    for (_, row) in &mut rows {
        row.sort_by(|a, b| a.0.x0.total_cmp(&b.0.x0));
        match row.as_slice() {
            [(number, text), (next, word), ..] if is_number(text) => {
                left = left.max(number.x1);
                right = right.min(next.x0);
                starts.push((next.x0, word.clone()));
                let number: Option<u32> = text.trim_end_matches('.').parse().ok().filter(|n| *n < 10_000);
                counted +=
                    usize::from(number.is_some_and(|n| last_number.is_some_and(|last| n == last + 1_u32)));
                last_number = number;
            }
            [(first, _), ..] => unnumbered = unnumbered.min(first.x0),
            [] => {}
        }
    }
    let aligned = starts.iter().filter(|(x, _)| *x < right + 0.25 * em).count();
    let worded =
        starts.iter().filter(|(_, word)| word.chars().next().is_some_and(char::is_alphabetic)).count();
    let mut different: Vec<&str> = starts.iter().map(|(_, word)| word.as_str()).collect();
    different.sort_unstable();
    different.dedup();
    let gap = right - left;
    (starts.len() >= 2
        && starts.len() * 10 >= rows.len() * 4
        && aligned * 10 >= starts.len() * 8
        && worded * 10 >= starts.len() * 8
        && (different.len() * 2 > starts.len() || (counted + 1) * 10 > starts.len() * 8)
        && gap > NARROWEST_EMS * em
        && gap < WIDEST_EMS * em
        && unnumbered > left)
        .then_some(0.5 * (left + right))
}

/// Where between `from` and `to` a border leaves the words of the heads whole, in the widest of their gaps;
/// the middle if there are no heads.
fn between_heads(heads: &[&Fragment<'_>], from: f32, to: f32, em: f32) -> f32 {
    let middle = 0.5 * (from + to);
    let words: Vec<Rect> =
        heads.iter().flat_map(|fragment| fragment.words()).map(|(bbox, _)| bbox).take(400).collect();
    if words.is_empty() {
        return middle;
    }
    let mut candidates = vec![middle];
    for word in &words {
        candidates.extend([word.x0 - 0.1 * em, word.x1 + 0.1 * em]);
    }
    // How much room the nearest words of each line of heads leave around `x`; little if it cuts one.
    let room = |x: f32| -> f32 {
        let cut = words.iter().filter(|word| word.x0 < x && word.x1 > x).count();
        let right = words.iter().filter(|word| word.x0 >= x).map(|word| word.x0 - x);
        let left = words.iter().filter(|word| word.x1 <= x).map(|word| x - word.x1);
        let gap = left.fold(2.0 * em, f32::min) + right.fold(2.0 * em, f32::min);
        #[allow(clippy::cast_precision_loss, reason = "at most 400")]
        let cost = 4.0 * em * cut as f32;
        gap.min(2.0 * em) - cost
    };
    let mut best = (room(middle), middle);
    for x in candidates.into_iter().filter(|x| *x > from && *x < to) {
        let found = room(x);
        let nearer = (x - middle).abs() < (best.1 - middle).abs();
        if found > best.0 + 0.05 * em || (found > best.0 - 0.05 * em && nearer) {
            best = (found, x);
        }
    }
    best.1
}

/// Where a fragment stands: values beside each other can be of two columns however close they are, but the
/// thousands of a number, set apart by spaces, are not.
fn places(fragment: &Fragment<'_>) -> Vec<Rect> {
    let words = fragment.words();
    let thousands =
        |text: &str| text.chars().filter(char::is_ascii_digit).count() == 3 && !text.contains('(');
    let apart = words.len() > 1
        && words.iter().all(|(_, text)| is_value(text) && text.chars().any(|c| c.is_ascii_digit()))
        && !words.iter().skip(1).any(|(_, text)| thousands(text));
    if apart { words.into_iter().map(|(bbox, _)| bbox).collect() } else { vec![fragment.bbox] }
}

/// Strips that (almost) no line crosses part columns. A few may cross: headers over several columns.
/// `heads` are the fragments above them that name the columns: a border lies where it parts heads, too.
pub(super) fn column_borders(
    fragments: &[&Fragment<'_>],
    heads: &[&Fragment<'_>],
    bbox: &Rect,
    em: f32,
) -> Option<Vec<f32>> {
    if fragments.len() < 4 || bbox.width() < 4.0 * em {
        return None;
    }
    let mut ends: Vec<(f32, i32)> = Vec::new();
    for bbox in fragments.iter().flat_map(|&fragment| places(fragment)) {
        ends.push((bbox.x0, 1));
        ends.push((bbox.x1, -1));
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut rows: Vec<f32> = fragments.iter().map(|fragment| fragment.bbox.center_y()).collect();
    rows.sort_by(f32::total_cmp);
    rows.dedup_by(|b, a| *b - *a < 0.5 * em);
    let tolerated = i32::try_from(rows.len() / 6).unwrap_or(0).clamp(0, 3);

    let mut borders = Vec::new();
    let mut depth = 0;
    let mut since: Option<f32> = None;
    for (x, step) in ends {
        let before = depth;
        depth += step;
        if before > tolerated && depth <= tolerated {
            since = Some(x);
        } else if before <= tolerated && depth > tolerated {
            if let Some(start) = since
                && x - start > 0.35 * em
            {
                // A tolerated line that ends or starts within the strip narrows it, if room is left.
                let ended = fragments.iter().map(|f| f.bbox.x1).filter(|end| *end > start && *end < x);
                let began = fragments.iter().map(|f| f.bbox.x0).filter(|at| *at > start && *at < x);
                let (from, to) = (ended.fold(start, f32::max), began.fold(x, f32::min));
                let (from, to) = if to - from > 0.35 * em { (from, to) } else { (start, x) };
                borders.push(between_heads(heads, from, to, em));
            }
            since = None;
        }
    }
    if let Some(border) = border_behind_numbers(fragments, borders.first().copied().unwrap_or(bbox.x1), em) {
        borders.insert(0, border);
    }
    // A table has two columns at least, and they share rows.
    let shared = rows
        .iter()
        .filter(|y| {
            let mut columns: Vec<usize> = fragments
                .iter()
                .filter(|f| (f.bbox.center_y() - **y).abs() < 0.6 * em)
                .map(|f| borders.iter().filter(|border| **border < f.bbox.center_x()).count())
                .collect();
            columns.sort_unstable();
            columns.dedup();
            columns.len() > 1
        })
        .count();
    (!borders.is_empty() && borders.len() < 40 && shared >= 2 && shared * 3 >= rows.len()).then_some(borders)
}
