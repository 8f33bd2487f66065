//! Footnotes: where one starts in small text at a page's foot, and which mark in the text it belongs to.

use super::lines::Line;
use super::paragraphs::Group;
use crate::document::{Block, BlockId, Content, Script, Span};

/// Footnotes are set smaller than this share of the body's size.
const SMALL: f32 = 0.93;
/// And below this share of the page's height.
const LOW: f32 = 0.55;
/// Marks that count by themselves, raised or not: the old printers' order.
const SYMBOLS: &str = "*∗†‡§¶‖#";

/// Whether a group of lines is where footnotes stand: small, and low on a page of this height in points.
fn at_foot(group: &Group<'_>, em: f32, height: f32) -> bool {
    group.bbox.y0 > LOW * height && group.lines.iter().all(|line| line.size < SMALL * em)
}

/// Raised digits as digits; everything else as it is.
fn folded(mark: &str) -> String {
    mark.trim().chars().map(|c| superscript_digit(c).unwrap_or(c)).collect()
}

fn superscript_digit(character: char) -> Option<char> {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let value = digits.iter().position(|digit| *digit == character)?;
    char::from_digit(u32::try_from(value).ok()?, 10)
}

/// Whether a (folded) text can be a footnote's mark: a number, a letter, or one symbol up to three times.
fn is_mark(mark: &str) -> bool {
    let count = mark.chars().count();
    let Some(first) = mark.chars().next() else { return false };
    (count <= 3 && mark.chars().all(|c| c.is_ascii_digit()) && first != '0')
        || (count == 1 && first.is_ascii_lowercase())
        || (count <= 3 && SYMBOLS.contains(first) && mark.chars().all(|c| c == first))
}

/// The mark in front of a line, if a footnote starts there: a raised mark, or a symbol.
fn mark_of_line(line: &Line) -> Option<String> {
    let first = line.pieces.iter().find(|piece| !piece.text.trim().is_empty())?;
    let text = first.text.trim_start();
    if first.script == Some(Script::Super) {
        return Some(folded(text)).filter(|mark| is_mark(mark));
    }
    leading_mark(text)
}

/// The symbols or raised digits that a text starts with, where text of its own follows.
fn leading_mark(text: &str) -> Option<String> {
    let own = |c: char| SYMBOLS.contains(c) || superscript_digit(c).is_some();
    let mark: String = text.chars().take_while(|c| own(*c)).collect();
    let rest = text.get(mark.len()..)?.trim_start();
    let mark = folded(&mark);
    // A number sign counts things more often than notes.
    (is_mark(&mark) && !mark.contains('#') && rest.chars().next().is_some_and(char::is_alphanumeric))
        .then_some(mark)
}

/// Parts a group of lines at a page's foot where a footnote starts; other groups stay as they are.
pub(super) fn part_notes(group: Group<'_>, em: f32, height: f32) -> Vec<Group<'_>> {
    if group.lines.len() < 2 || !at_foot(&group, em, height) {
        return vec![group];
    }
    let mut parts: Vec<Group<'_>> = Vec::new();
    let Group { lines, marker, .. } = group;
    let mut marker = marker;
    for line in lines {
        match parts.last_mut() {
            Some(part) if mark_of_line(line).is_none() => {
                part.bbox = part.bbox.union(&line.bbox);
                part.lines.push(line);
            }
            _ => parts.push(Group { lines: vec![line], bbox: line.bbox, marker: marker.take() }),
        }
    }
    parts
}

/// The footnote that a group is: its mark, and its text without it.
pub(super) fn find_note(group: &Group<'_>, spans: &[Span], em: f32, height: f32) -> Option<Content> {
    let marker = mark_of_line(group.lines.first()?).filter(|_| at_foot(group, em, height))?;
    let mut rest = spans.to_vec();
    super::spans::drop_front(&mut rest, marker.chars().count());
    // `1. Text`, `* Text`.
    let lead = rest.first().map_or(0, |span| {
        span.text.chars().take_while(|c| c.is_whitespace() || matches!(c, '.' | ')' | ':')).count()
    });
    super::spans::drop_front(&mut rest, lead);
    let has_text = rest.iter().any(|span| span.text.chars().any(char::is_alphabetic));
    has_text.then_some(Content::Footnote { marker, spans: rest })
}

/// The footnote that a group tagged as a note is; small type and a place at the foot are not asked for.
pub(super) fn tagged_note(group: &Group<'_>, spans: &[Span]) -> Option<Content> {
    find_note(group, spans, f32::INFINITY, f32::NEG_INFINITY)
}

/// Finds the mark of each footnote of a page in the page's other text and ties it to its footnote. A mark
/// without a footnote, and a footnote without a mark, stay as they are.
pub(super) fn tie_marks(blocks: &mut [Block]) {
    let notes: Vec<(BlockId, String)> = blocks
        .iter()
        .filter_map(|block| match &block.content {
            Content::Footnote { marker, .. } if !block.continues => Some((block.id.clone(), folded(marker))),
            _ => None,
        })
        .take(500)
        .collect();
    for (id, mark) in notes {
        for block in blocks.iter_mut() {
            if matches!(block.content, Content::Footnote { .. } | Content::Furniture { .. }) {
                continue;
            }
            if block.content.spans_mut().is_some_and(|spans| tie(spans, &mark, &id)) {
                break;
            }
        }
    }
}

/// Ties the first place in `spans` that can be `mark`; tells whether there is one.
fn tie(spans: &mut Vec<Span>, mark: &str, id: &BlockId) -> bool {
    let mut before = String::new();
    let mut found: Option<(usize, usize, usize)> = None;
    for (index, span) in spans.iter().enumerate() {
        let raised = span.script == Some(Script::Super);
        if span.note.is_none()
            && let Some((at, length)) = mark_in(&span.text, mark, raised)
        {
            let ahead = format!("{before}{}", span.text.get(..at).unwrap_or_default());
            if stands_behind_text(&ahead, raised && at > 0) {
                found = Some((index, at, length));
                break;
            }
        }
        before.push_str(&span.text);
    }
    let Some((index, at, length)) = found else { return false };
    let Some(span) = spans.get(index).cloned() else { return false };
    let part = |from: usize, to: usize| Span {
        text: span.text.get(from..to).unwrap_or_default().to_owned(),
        ..span.clone()
    };
    let tied = Span { note: Some(id.clone()), script: Some(Script::Super), ..part(at, at + length) };
    let parts = [part(0, at), tied, part(at + length, span.text.len())];
    spans.splice(index..=index, parts.into_iter().filter(|part| !part.text.is_empty()));
    true
}

/// Byte offset and length of `mark` in a span's text: alone or in a list (`1,2`) if the span is raised, else
/// only where its characters can be nothing but a mark.
fn mark_in(text: &str, mark: &str, raised: bool) -> Option<(usize, usize)> {
    if raised {
        let mut at = 0;
        for part in text.split_inclusive([',', ';', ' ']) {
            let bare = part.trim_matches([',', ';', ' ', '(', ')', '[', ']']);
            if folded(bare) == mark {
                return Some((at + part.find(bare)?, bare.len()));
            }
            at += part.len();
        }
        return None;
    }
    let raised_digits = mark.chars().all(|c| c.is_ascii_digit());
    let symbol = mark.chars().all(|c| SYMBOLS.contains(c) && c != '#');
    if !raised_digits && !symbol {
        return None;
    }
    let belongs = |c: char| if raised_digits { superscript_digit(c).is_some() } else { SYMBOLS.contains(c) };
    let mut rest = 0;
    while let Some(start) = text.get(rest..)?.find(belongs).map(|at| at + rest) {
        let run: String = text.get(start..)?.chars().take_while(|c| belongs(*c)).collect();
        if folded(&run) == mark {
            return Some((start, run.len()));
        }
        rest = start + run.len();
    }
    None
}

/// A mark follows a word or its punctuation. A raised number behind a figure or a short symbol is an exponent
/// (`10²`, `m²`, `cm²`).
fn stands_behind_text(before: &str, in_list: bool) -> bool {
    let trimmed = before.trim_end();
    let Some(last) = trimmed.chars().next_back() else { return false };
    if in_list || (!last.is_alphanumeric() && !"=+-−/×·(".contains(last)) {
        return true;
    }
    let word = trimmed.chars().rev().take_while(|c| c.is_alphabetic()).count();
    last.is_alphabetic() && word >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, raised: bool) -> Span {
        Span { text: text.to_owned(), script: raised.then_some(Script::Super), ..Span::default() }
    }

    fn tied(mut spans: Vec<Span>, mark: &str) -> Option<Vec<String>> {
        let id = BlockId::new(1, 9);
        tie(&mut spans, mark, &id).then(|| {
            let told =
                spans.into_iter().map(|s| if s.note.is_some() { format!("<{}>", s.text) } else { s.text });
            told.collect()
        })
    }

    #[test]
    fn marks_are_numbers_letters_and_symbols() {
        for mark in ["1", "23", "a", "*", "**", "†"] {
            assert!(is_mark(mark), "{mark}");
        }
        for text in ["0", "th", "1234", "+", "", "A"] {
            assert!(!is_mark(text), "{text}");
        }
        assert_eq!(leading_mark("† Now at"), Some("†".to_owned()));
        assert_eq!(leading_mark("¹²See"), Some("12".to_owned()));
        assert_eq!(leading_mark("* * *"), None);
    }

    #[test]
    fn a_raised_mark_is_tied_and_an_exponent_is_not() {
        let spans =
            vec![span("an area of 10 m", false), span("2", true), span(" is large.", false), span("2", true)];
        let expected = ["an area of 10 m", "2", " is large.", "<2>"].map(str::to_owned);
        assert_eq!(tied(spans, "2"), Some(expected.to_vec()));
        assert_eq!(tied(vec![span("x = 10", false), span("3", true)], "3"), None);
    }

    #[test]
    fn lists_of_marks_and_unraised_symbols() {
        let spans = vec![span("Ann Bee", false), span("1,2", true)];
        assert_eq!(tied(spans, "2"), Some(["Ann Bee", "1,", "<2>"].map(str::to_owned).to_vec()));
        let spans = vec![span("as was said† before", false)];
        assert_eq!(tied(spans, "†"), Some(["as was said", "<†>", " before"].map(str::to_owned).to_vec()));
        assert_eq!(tied(vec![span("said²", false)], "2"), Some(["said", "<²>"].map(str::to_owned).to_vec()));
        assert_eq!(tied(vec![span("a 2 b", false)], "2"), None);
    }
}
