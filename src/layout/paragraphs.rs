//! Lines of a region in; groups of lines out, each a paragraph, a heading, a list item or the like.

use super::captions::find_caption;
use super::lines::Line;
use super::lists::{Marker, find_marker};
use super::spans::ends_in_scheme;
use crate::document::{Rect, Script};

/// Lines that belong together.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    pub lines: Vec<&'a Line>,
    pub bbox: Rect,
    /// The list marker in front of its first line.
    pub marker: Option<Marker>,
}

/// Two lines are apart when the gap between them is this much larger than usual, in ems.
const GAP_EMS: f32 = 0.42;

/// Two lines with a gap within each that they share for this many ems are rows.
const ROW_GAP_EMS: f32 = 3.0;

/// Groups the lines of one region. `em`: the body's font size, in points.
pub(super) fn group_lines<'a>(lines: &'a [Line], region: &Rect, em: f32) -> Vec<Group<'a>> {
    let pitch = usual_pitch(lines, em);
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let rest = lines.get(index + 1..).unwrap_or_default();
        let joins = groups.last().is_some_and(|group| goes_on(group, line, rest, region, pitch, em));
        if joins && let Some(group) = groups.last_mut() {
            group.bbox = group.bbox.union(&line.bbox);
            group.lines.push(line);
        } else {
            let marker =
                find_marker(&line.text()).filter(|marker| plausible(marker, groups.last(), line, rest));
            groups.push(Group { lines: vec![line], bbox: line.bbox, marker });
        }
    }
    groups
}

/// Puts a number that stands alone in a heading's type to the heading below it: a chapter's number above its title.
pub(super) fn join_numbers<'a>(groups: Vec<Group<'a>>, em: f32) -> Vec<Group<'a>> {
    const FARTHEST_EMS: f32 = 2.6;
    let mut joined: Vec<Group<'a>> = Vec::with_capacity(groups.len());
    for group in groups {
        let below = |number: &Group<'_>| {
            let ([number], Some(title)) = (number.lines.as_slice(), group.lines.first()) else {
                return false;
            };
            let size = number.size.max(title.size);
            let stands_out = title.bold || title.size > 1.2 * em;
            let alike = number.size > 0.97 * title.size || !title.bold;
            let edges = (number.bbox.x0 - title.bbox.x0).abs() < 0.5 * em
                || (number.bbox.center_x() - title.bbox.center_x()).abs() < 0.5 * em;
            let distance = title.baseline - number.baseline;
            stands_out
                && alike
                && edges
                && number.size > 0.97 * em
                && distance > 0.5 * size
                && distance < FARTHEST_EMS * size
                && is_chapter_number(&number.text())
                && title.text().trim().chars().next().is_some_and(char::is_uppercase)
        };
        match joined.last_mut() {
            Some(last) if below(last) => {
                last.bbox = last.bbox.union(&group.bbox);
                last.lines.extend(group.lines);
                last.marker = None;
            }
            _ => joined.push(group),
        }
    }
    joined
}

/// A number below 200, perhaps with a full stop: years and page sums are none.
fn is_chapter_number(text: &str) -> bool {
    let bare = text.trim().trim_end_matches('.');
    bare.len() <= 3 && bare.parse::<u32>().is_ok_and(|number| (1..200).contains(&number))
}

/// The usual distance of baselines within paragraphs, in points.
fn usual_pitch(lines: &[Line], em: f32) -> f32 {
    let mut pitches: Vec<f32> = lines
        .windows(2)
        .filter(|pair| (pair[0].size - pair[1].size).abs() < 0.1 * em)
        .map(|pair| pair[1].baseline - pair[0].baseline)
        .filter(|pitch| *pitch > 0.6 * em && *pitch < 2.6 * em)
        .collect();
    pitches.sort_by(f32::total_cmp);
    // Paragraph gaps are rarer than lines within paragraphs, so a low quantile is the line pitch.
    pitches.get(pitches.len() * 2 / 5).copied().unwrap_or(1.2 * em)
}

/// A number counts as a list marker only where a list goes on: `2.` after `1.`, or `1.` itself; text hanging
/// behind it is another sign.
fn plausible(marker: &Marker, before: Option<&Group<'_>>, line: &Line, rest: &[Line]) -> bool {
    let Some(number) = marker.number else { return true };
    if number <= 1 {
        return true;
    }
    let follows = before
        .is_some_and(|group| group.marker.as_ref().and_then(|m| m.number).is_some_and(|n| n + 1 == number));
    follows || hangs(line, rest) || marker.text.len() < 4 || counts_on(number, line, rest)
}

/// The line below stands further in.
fn hangs(line: &Line, rest: &[Line]) -> bool {
    rest.first().is_some_and(|next| next.bbox.x0 > line.bbox.x0 + 0.8 * line.size)
}

/// One of the lines below starts with the next number at the same edge.
fn counts_on(number: u32, line: &Line, rest: &[Line]) -> bool {
    const ITEM_LINES: usize = 8;
    rest.iter().take(ITEM_LINES).any(|next| {
        (next.bbox.x0 - line.bbox.x0).abs() < 0.8 * line.size
            && find_marker(&next.text()).and_then(|marker| marker.number).is_some_and(|n| n == number + 1)
    })
}

fn goes_on(group: &Group<'_>, line: &Line, rest: &[Line], region: &Rect, pitch: f32, body: f32) -> bool {
    let (Some(first), Some(last)) = (group.lines.first(), group.lines.last()) else { return false };
    let em = last.size.max(line.size);
    let differs = (last.size - line.size).abs();
    let last_ends_early = last.bbox.x1 < region.x1 - 2.0 * em;
    if differs > 0.13 * em || (differs > 0.07 * em && last_ends_early) || last.mono != line.mono {
        return false;
    }
    // Rows of an address beside a date, of a form: what stands apart in them does not run on.
    if let (Some(above), Some(below)) = (last.gap, line.gap)
        && above.1.min(below.1) - above.0.max(below.0) > ROW_GAP_EMS * em
        && !line.mono
    {
        return false;
    }
    let distance = line.baseline - last.baseline;
    // Beside each other: parts of one row that a gap keeps apart.
    if distance < 0.4 * em {
        return line.bbox.x0 > last.bbox.x0;
    }
    // Larger type has a larger pitch of its own.
    let expected = if em > 1.15 * pitch { 1.25 * em } else { pitch.max(1.02 * em) };
    if distance > expected + GAP_EMS * em {
        return false;
    }
    // A bold line above plain text is a heading without much room around it.
    if last.bold != line.bold {
        let alone = group.lines.iter().all(|l| l.bold == last.bold);
        let ends_early = last.bbox.x1 < region.x1 - 2.0 * em || last.bold;
        if alone && (ends_early || line.bold) && !(last.bold && !first.bold) {
            return false;
        }
    }
    // So is one in another typeface in large type: a section's heading above a subsection's.
    let italic = |line: &Line| line.pieces.iter().all(|piece| piece.italic);
    // A line in italics here and there has two typefaces: that tells nothing.
    let mixed = |line: &Line| !italic(line) && line.pieces.iter().any(|piece| piece.italic);
    let other_face = last.face != line.face
        && last.bold == line.bold
        && italic(last) == italic(line)
        && !mixed(last)
        && !mixed(line);
    if em > 1.09 * body && other_face && last_ends_early {
        return false;
    }
    let text = line.text();
    if find_marker(&text).is_some_and(|marker| starts_item(&marker, group, line, last, rest))
        || find_caption(&text).is_some()
    {
        return false;
    }
    if starts_with_mark(line) && starts_with_mark(first) {
        return false;
    }
    let indent = line.bbox.x0 - last.bbox.x0;
    if line.mono && last.mono {
        return true;
    }
    // Centred text keeps its middle, not its edge.
    let centred = (line.bbox.center_x() - last.bbox.center_x()).abs() < 0.6 * em && indent.abs() > 0.8 * em;
    let ended = last.text();
    let ends =
        ended.trim_end().ends_with(['.', '!', '?', ':', '”', '"', ')', '。']) && !ends_in_scheme(&ended);
    let last_is_short = last.bbox.x1 < region.x1 - 0.12 * region.width().max(1.0) - em;
    if group.marker.is_some() {
        // An item's text hangs: a line at the marker's own edge, or further left, is not its any more.
        let hung = group.lines.len() > 1 && first.bbox.x0 + 0.5 * em < last.bbox.x0;
        return !(hung && line.bbox.x0 < last.bbox.x0 - 0.5 * em)
            && !(ends && last_is_short && indent.abs() > 0.8 * em);
    }
    if indent > 0.7 * em && indent < 5.0 * em && !centred {
        // A first line set in, unless this is a hanging paragraph whose lines all hang.
        let hanging = group.lines.len() == 1
            && rest.first().is_some_and(|next| (next.bbox.x0 - line.bbox.x0).abs() < 0.4 * em);
        let sentence_may_end = ends || last_is_short;
        if sentence_may_end && !(hanging && !last_is_short) {
            return false;
        }
    }
    // The last line of a paragraph ends early and ends a sentence; a caption often has several such.
    !(ends
        && find_caption(&first.text()).is_none()
        && last_is_short
        && !centred
        && group.lines.len() > 1
        && indent.abs() < 0.5 * em
        && line.bbox.x1 > last.bbox.x1 + 3.0 * em)
        || distance < 0.95 * pitch
}

/// Whether a line starts with a raised mark, as footnotes do.
fn starts_with_mark(line: &Line) -> bool {
    line.pieces
        .first()
        .is_some_and(|piece| piece.script == Some(Script::Super) && piece.text.trim().chars().count() <= 3)
}

/// Whether a marker within a paragraph starts a new item rather than being text that looks so.
fn starts_item(marker: &Marker, group: &Group<'_>, line: &Line, last: &Line, rest: &[Line]) -> bool {
    if let Some(other) = &group.marker {
        let sibling = match (other.number, marker.number) {
            (Some(before), Some(now)) => now == before + 1 || now == 1,
            (None, None) => true,
            // Nested lists change the kind of marker.
            _ => (line.bbox.x0 - group.bbox.x0).abs() > 0.8 * line.size || marker.number == Some(1),
        };
        return sibling;
    }
    let ended = last.text().trim_end().ends_with(['.', ':', ';', '!', '?']);
    // The end of an item that began in the column before, and the one after it.
    let resumes = |number: u32| {
        let hung = last.bbox.x0 > line.bbox.x0 + 0.8 * line.size;
        ended && hung && (counts_on(number, line, rest) || hangs(line, rest))
    };
    marker.number.is_none_or(|number| number <= 1 || resumes(number))
        && (ended || line.bbox.x0 > last.bbox.x0 + 0.5 * line.size || marker.number.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_have_small_numbers() {
        for text in ["4", " 12. ", "101"] {
            assert!(is_chapter_number(text), "{text}");
        }
        for text in ["", "0", "2023", "999", "1.2", "IV", "4 Fields"] {
            assert!(!is_chapter_number(text), "{text}");
        }
    }
}
