//! Tables of contents: titles with leaders and page numbers.

use super::headings::numbering_depth;
use super::lines::Line;
use super::paragraphs::Group;
use super::spans::join_lines;
use super::survey::Survey;
use crate::document::{Content, Rect};
use crate::pdf::content::LinkArea;

/// Fewer lines with leaders are part of a form, or of a table.
const MIN_ENTRIES: usize = 3;
/// So many dots make a leader.
const MIN_DOTS: usize = 3;

/// An entry: the length in characters of what is its title, and its page number as printed.
fn entry(text: &str) -> Option<(usize, String)> {
    let text = text.trim_end();
    let reversed: String =
        text.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let label: String = reversed.chars().rev().collect();
    let plausible = !label.is_empty()
        && label.len() <= 7
        && (label.chars().any(|c| c.is_ascii_digit())
            || label.chars().all(|c| matches!(c.to_ascii_lowercase(), 'i' | 'v' | 'x' | 'l' | 'c')));
    let rest = text.get(..text.len() - label.len())?;
    let leads = |c: char| matches!(c, '.' | '·' | '…' | '‥' | '_' | '․') || c.is_whitespace();
    let title = rest.trim_end_matches(leads);
    let leader = rest.get(title.len()..)?;
    let dots: usize = leader
        .chars()
        .map(|c| match c {
            '…' => 3,
            '‥' => 2,
            c if c.is_whitespace() => 0,
            _ => 1,
        })
        .sum();
    let named = title.chars().filter(|c| c.is_alphabetic()).count() > 1;
    (plausible && named && dots >= MIN_DOTS).then(|| (title.chars().count(), label))
}

/// Whether lines of a region list contents.
pub(super) fn lists_contents(lines: &[Line]) -> bool {
    lines.iter().filter(|line| entry(&line.text()).is_some()).take(MIN_ENTRIES).count() >= MIN_ENTRIES
}

/// The entries of a group with their boxes, if it consists of such; a title may take several lines, of which the
/// last has the leader.
pub(super) fn find_entries(
    group: &Group<'_>,
    margins: &[f32],
    links: &[(Rect, &LinkArea)],
    survey: &Survey,
    em: f32,
) -> Option<Vec<(Rect, Content)>> {
    let mut entries = Vec::new();
    let mut open: Vec<&Line> = Vec::new();
    for line in &group.lines {
        open.push(line);
        let Some((title, page_label)) = entry(&line.text()) else {
            if open.len() > 3 {
                return None;
            }
            continue;
        };
        let mut last = (*line).clone();
        cut_line(&mut last, title);
        let mut lines: Vec<&Line> = open.iter().copied().take(open.len() - 1).collect();
        lines.push(&last);
        let spans = join_lines(&lines, links, survey);
        let bbox = open.iter().map(|line| line.bbox).reduce(|a, b| a.union(&b))?;
        let left = open.first()?.bbox.x0;
        let indented = margins.iter().filter(|margin| **margin < left - 0.6 * em).count();
        let numbered = numbering_depth(&open.first()?.text()).map_or(0, |depth| usize::from(depth) - 1);
        let depth = u8::try_from(if margins.len() > 1 { indented } else { numbered }.min(5)).unwrap_or(5);
        entries.push((bbox, Content::ContentsEntry { depth, spans, page_label }));
        open.clear();
    }
    (open.is_empty() && !entries.is_empty()).then_some(entries)
}

/// The distinct left edges of the lines that are entries.
pub(super) fn entry_edges(lines: &[Line]) -> impl Iterator<Item = f32> + '_ {
    lines.iter().filter(|line| entry(&line.text()).is_some()).map(|line| line.bbox.x0)
}

/// Keeps the first `count` characters of a line.
fn cut_line(line: &mut Line, mut count: usize) {
    for piece in &mut line.pieces {
        let length = piece.text.chars().count();
        if length > count {
            piece.text = piece.text.chars().take(count).collect();
        }
        count = count.saturating_sub(length);
    }
    line.pieces.retain(|piece| !piece.text.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_a_title_a_leader_and_a_page() {
        assert_eq!(entry("1 Introduction ........ 3"), Some((14, "3".to_owned())));
        assert_eq!(entry("Preface . . . . . . xii"), Some((7, "xii".to_owned())));
        assert_eq!(entry("Annex A … A-12"), Some((7, "A-12".to_owned())));
        for text in ["and so on... 3 times", "Sum 12", "........ 3", "1.2.3", "Version 1.0", "It was 3"] {
            assert!(entry(text).is_none() || text.contains("..."), "{text}");
        }
        assert_eq!(entry("Version 1.0"), None);
    }
}
