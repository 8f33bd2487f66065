//! Program text: lines in a monospaced font, put on a grid of columns as they were typed.

use super::fragments::Fragment;
use super::glyphs::Placed;
use super::lines::Line;
use super::paragraphs::Group;

/// Lines of code further apart than this many ems are two pieces of code.
const APART: f32 = 3.2;
/// Blank lines kept in a row.
const MAX_BLANK: usize = 3;
/// Columns a line can have; what lies further right is not indented any further.
const MAX_COLUMNS: usize = 400;

/// Whether a line is set in a monospaced font, but for a sign or two that the font lacks.
pub(super) fn is_typed(line: &Line) -> bool {
    let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let all: usize = line.pieces.iter().map(|piece| count(&piece.text)).sum();
    let mono: usize = line.pieces.iter().filter(|piece| piece.mono).map(|piece| count(&piece.text)).sum();
    line.mono || (all > 10 && mono * 10 >= all * 9)
}

/// Puts neighbouring groups of monospaced lines together: a blank line does not end a program.
pub(super) fn join_code<'a>(groups: Vec<Group<'a>>) -> Vec<Group<'a>> {
    // A bullet is never typed: a list of names in this font is a list.
    let bullet =
        |group: &Group<'_>| group.marker.as_ref().is_some_and(|m| m.number.is_none() && !m.text.is_ascii());
    let mono = |group: &Group<'_>| !bullet(group) && group.lines.iter().all(|line| is_typed(line));
    let mut joined: Vec<Group<'a>> = Vec::with_capacity(groups.len());
    for group in groups {
        if let Some(last) = joined.last_mut()
            && mono(last)
            && mono(&group)
            && let (Some(above), Some(below)) = (last.lines.last(), group.lines.first())
            && (above.size - below.size).abs() < 0.1 * above.size
            && below.baseline - above.baseline < APART * above.size
            && below.baseline > above.baseline
        {
            last.bbox = last.bbox.union(&group.bbox);
            last.lines.extend(group.lines);
            continue;
        }
        joined.push(group);
    }
    joined
}

/// The text of code lines with their indentation, the gaps within lines, and blank lines, all from geometry:
/// in a monospaced font each character has its column.
pub(super) fn code_text(lines: &[&Line], fragments: &[Fragment<'_>]) -> String {
    let extent = lines.iter().map(|line| line.bbox).reduce(|a, b| a.union(&b)).unwrap_or_default().grown(0.5);
    let mut inside: Vec<&Fragment<'_>> = fragments
        .iter()
        .filter(|fragment| extent.contains(fragment.bbox.center_x(), fragment.bbox.center_y()))
        .collect();
    inside.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
    let rows: Vec<(f32, Vec<&Placed<'_>>)> = lines
        .iter()
        .map(|line| {
            let from = inside.partition_point(|f| f.baseline <= line.baseline - 0.3 * line.size);
            let near = inside.get(from..).unwrap_or_default().iter();
            let mut glyphs: Vec<&Placed<'_>> = near
                .take_while(|f| f.baseline < line.baseline + 0.3 * line.size)
                .filter(|f| line.bbox.grown(0.5).contains(f.bbox.center_x(), f.bbox.center_y()))
                .flat_map(|fragment| &fragment.glyphs)
                .collect();
            glyphs.sort_by(|a, b| a.x.total_cmp(&b.x));
            (line.baseline, glyphs)
        })
        .collect();
    let glyphs = || rows.iter().flat_map(|(_, glyphs)| glyphs.iter());
    let mut advances: Vec<f32> = glyphs().map(|placed| placed.end - placed.x).filter(|a| *a > 0.1).collect();
    let advance = super::median(&mut advances);
    let left = glyphs().map(|placed| placed.x).fold(f32::INFINITY, f32::min);
    if advance < 0.1 || !left.is_finite() {
        return lines.iter().map(|line| line.text()).collect::<Vec<_>>().join("\n");
    }
    let mut pitches: Vec<f32> =
        rows.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|p| *p > 0.5).collect();
    pitches.sort_by(f32::total_cmp);
    // The usual distance is one of the smallest: blank lines only make larger ones.
    let pitch = pitches.get(pitches.len() / 3).copied().unwrap_or(0.0);

    let mut out = String::new();
    let mut last: Option<f32> = None;
    for (baseline, glyphs) in &rows {
        if let Some(last) = last {
            // Parts of one row that the line finder kept apart go on where they stand.
            let steps = if pitch > 0.0 { whole((baseline - last) / pitch) } else { 1 };
            out.push_str(&"\n".repeat(steps.clamp(1, MAX_BLANK + 1)));
        }
        last = Some(*baseline);
        let mut column = 0;
        for placed in glyphs {
            let wanted = whole((placed.x - left) / advance).min(MAX_COLUMNS);
            // Half a column of kerning or rounding is none.
            if wanted > column {
                out.push_str(&" ".repeat(wanted - column));
                column = wanted;
            }
            out.push_str(&placed.glyph.text);
            column += placed.glyph.text.chars().count();
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

fn whole(value: f32) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let whole = value.round().clamp(0.0, 10_000.0) as usize;
    whole
}
