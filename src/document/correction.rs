//! Corrections of words that were read from pixels: a page's word and a new text in; the word and the block in which
//! it stands changed.
//!
//! Blocks hold text, not words: lines are joined, hyphens dropped, styles put in spans. So a word's place in the text
//! is found again by what stands before and behind it. Of several equal words each is given its own place, the surest
//! first, so that none is mistaken for another (own rule).

use super::{Block, BlockId, Content, Document, FigureId, ReadWord, Span, plain_text};
use std::ops::Range;

/// A correction is cut to so many characters: a word, or a few where the reading ran them together.
const MAX_CHARS: usize = 200;
/// Above this many pairs of equal words and places of a block, words take places by their number alone.
const MAX_PAIRS: usize = 200_000;

/// What a correction changed, so that it can be taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// The page, from 1.
    pub page: u32,
    /// Place of the word in the page's words.
    pub word: usize,
    before: ReadWord,
    after: ReadWord,
    block: Option<(BlockId, Content)>,
    captions: Vec<(FigureId, Option<String>)>,
}

impl Correction {
    /// Whether the text was changed too: false where the word was only confirmed, or does not stand in it.
    #[must_use]
    pub fn changed_text(&self) -> bool {
        self.block.is_some()
    }

    /// The word as it was.
    #[must_use]
    pub fn before(&self) -> &ReadWord {
        &self.before
    }
}

/// Whether a word of a page was found in the text of one of its blocks, running headers left out.
#[must_use]
pub fn stands_in_text(document: &Document, page: u32, word: usize) -> bool {
    let Some(page) = document.pages.iter().find(|known| known.number == page) else { return false };
    find(&page.blocks, &page.words, word)
        .and_then(|(block, _)| page.blocks.get(block))
        .is_some_and(|block| !matches!(block.content, Content::Furniture { .. }))
}

/// Gives word `word` of page `page` the text of a person, and puts it into the block where the word stands. The same
/// text again confirms the word; an empty one takes it out. None, and nothing changed, if there is no such word.
pub fn correct(document: &mut Document, page: u32, word: usize, text: &str) -> Option<Correction> {
    let visible = text.chars().filter(|c| c.is_whitespace() || !c.is_control()).take(MAX_CHARS);
    let visible: String = visible.collect();
    let text = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = document.pages.iter_mut().find(|known| known.number == page)?;
    let before = found.words.get(word)?.clone();
    let after = ReadWord { text: text.clone(), confidence: 1.0, checked: true, ..before.clone() };
    let place = if before.text == text { None } else { find(&found.blocks, &found.words, word) };
    if let Some(known) = found.words.get_mut(word) {
        *known = after.clone();
    }
    let mut correction = Correction { page, word, before, after, block: None, captions: Vec::new() };
    let block = place.and_then(|(index, place)| Some((found.blocks.get_mut(index)?, place)));
    if let Some((block, place)) = block {
        correction.block = Some((block.id.clone(), block.content.clone()));
        let printed = block.plain_text();
        put(&mut block.content, &place, &text);
        // A figure repeats the caption that is printed with it.
        if let Content::Caption { figure: Some(figure), spans } = &block.content {
            let (figure, now) = (figure.clone(), plain_text(spans));
            let figures = document.figures.iter_mut().filter(|known| known.id == figure);
            for known in figures.filter(|known| known.caption.as_deref() == Some(printed.as_str())) {
                correction.captions.push((known.id.clone(), known.caption.replace(now.clone())));
            }
        }
    }
    Some(correction)
}

/// Takes back a correction. False, and nothing changed, if the page is no longer the one that was corrected.
pub fn take_back(document: &mut Document, correction: &Correction) -> bool {
    let Some(page) = document.pages.iter_mut().find(|known| known.number == correction.page) else {
        return false;
    };
    let Some(word) = page.words.get_mut(correction.word).filter(|word| **word == correction.after) else {
        return false;
    };
    *word = correction.before.clone();
    if let Some((id, content)) = &correction.block
        && let Some(block) = page.blocks.iter_mut().find(|block| block.id == *id)
    {
        block.content.clone_from(content);
    }
    for (id, caption) in &correction.captions {
        for figure in document.figures.iter_mut().filter(|figure| figure.id == *id) {
            figure.caption.clone_from(caption);
        }
    }
    true
}

/// Where a word stands in a block's content.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    /// Which run of text: a table has one for each cell.
    run: usize,
    /// In bytes of the run.
    bytes: Range<usize>,
    /// The hyphen at the word's end is not there: the word was joined with the next.
    joined: bool,
    score: u8,
}

/// Block and place of word `index`.
fn find(blocks: &[Block], words: &[ReadWord], index: usize) -> Option<(usize, Place)> {
    let word = words.get(index)?;
    if word.text.is_empty() {
        return None;
    }
    let mut holding: Vec<(usize, &Block)> =
        blocks.iter().enumerate().filter(|(_, block)| word.is_in(&block.bbox)).collect();
    holding.sort_by(|(_, a), (_, b)| a.bbox.area().total_cmp(&b.bbox.area()));
    holding.into_iter().find_map(|(at, block)| Some((at, find_in(block, words, index)?)))
}

fn find_in(block: &Block, words: &[ReadWord], index: usize) -> Option<Place> {
    let runs: Vec<String> = runs(&mut block.content.clone())
        .into_iter()
        .map(|parts| parts.into_iter().map(|part| part.as_str()).collect())
        .collect();
    let inside: Vec<(usize, &str)> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.is_in(&block.bbox))
        .map(|(index, word)| (index, word.text.as_str()))
        .collect();
    let text = words.get(index)?.text.as_str();
    let in_cells = matches!(block.content, Content::Table { .. });
    let mut equal: Vec<Neighbours<'_>> = Vec::new();
    let mut own = None;
    for (at, (of, same)) in inside.iter().enumerate() {
        if *same != text {
            continue;
        }
        if *of == index {
            own = Some(equal.len());
        }
        let near = |at: Option<usize>| {
            let (near, text) = *inside.get(at?)?;
            (!in_cells || is_beside(words.get(*of)?, words.get(near)?)).then_some(text)
        };
        equal.push(Neighbours { before: near(at.checked_sub(1)), behind: near(at.checked_add(1)) });
    }
    let own = own?;
    let found = occurrences(&runs, text);
    if found.len().saturating_mul(equal.len()) > MAX_PAIRS {
        return found.get(own).cloned();
    }

    // Each equal word takes a place: the surest pairs first, then those of like number.
    let mut pairs: Vec<(u8, usize, usize, usize)> = Vec::new();
    for (word, neighbours) in equal.iter().enumerate() {
        for (place, occurrence) in found.iter().enumerate() {
            let score = runs.get(occurrence.run).and_then(|run| neighbours.score(run, occurrence));
            if let Some(score) = score {
                pairs.push((score, word.abs_diff(place), word, place));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
    let mut served = vec![false; equal.len()];
    let mut taken = vec![false; found.len()];
    for (score, _, word, place) in pairs {
        let (Some(served), Some(taken)) = (served.get_mut(word), taken.get_mut(place)) else { continue };
        if *served || *taken {
            continue;
        }
        if word == own {
            return found.get(place).map(|place| Place { score, ..place.clone() });
        }
        *served = true;
        *taken = true;
    }
    None
}

/// Whether two words stand beside each other on one line, and not in different cells: a blank between words is
/// narrower than a word is high.
fn is_beside(a: &ReadWord, b: &ReadWord) -> bool {
    let height = a.bbox.height();
    let apart = (a.bbox.x0 - b.bbox.x1).max(b.bbox.x0 - a.bbox.x1);
    (a.bbox.center_y() - b.bbox.center_y()).abs() < 0.5 * height && apart < height
}

/// All places where `text` stands, whole or without the hyphen of a line's end.
fn occurrences(runs: &[String], text: &str) -> Vec<Place> {
    let stem = stem(text);
    let mut places = Vec::new();
    for (run, held) in runs.iter().enumerate() {
        let mut at = 0;
        while let Some(found) = held.get(at..).and_then(|rest| rest.find(stem.unwrap_or(text))) {
            let start = at + found;
            let whole = held.get(start..).is_some_and(|rest| rest.starts_with(text));
            let length = if whole { text.len() } else { stem.unwrap_or(text).len() };
            places.push(Place { run, bytes: start..start + length, joined: !whole, score: 0 });
            at = start + length;
        }
    }
    places
}

/// A word cut at a line's end without its hyphen; none if it has none.
fn stem(text: &str) -> Option<&str> {
    text.strip_suffix(['-', '\u{2010}', '\u{ad}']).filter(|stem| !stem.is_empty())
}

/// The words before and behind one, in the order of reading; none where that order is not the text's, as between
/// cells.
struct Neighbours<'a> {
    before: Option<&'a str>,
    behind: Option<&'a str>,
}

/// A neighbour stands there as read.
const SAME: u8 = 3;
/// A blank or the end of the text.
const APART: u8 = 2;
/// A mark that is no letter.
const MARK: u8 = 1;

impl Neighbours<'_> {
    /// How well a place fits; none if the word cannot be there.
    fn score(&self, run: &str, place: &Place) -> Option<u8> {
        let left = run.get(..place.bytes.start)?;
        let right = run.get(place.bytes.end..)?;
        let before = self.left(left)?;
        let behind = self.right(right, place.joined)?;
        // Half of another word, unless the other half is the neighbour.
        if before.min(behind) == MARK && before.max(behind) < SAME {
            return None;
        }
        Some(before + behind)
    }

    fn left(&self, text: &str) -> Option<u8> {
        let Some(last) = text.chars().next_back() else {
            return Some(APART);
        };
        let joined = |word: &str| text.ends_with(word) || stem(word).is_some_and(|stem| text.ends_with(stem));
        if last.is_whitespace() {
            let same = self.before.is_some_and(|word| text.trim_end().ends_with(word));
            return Some(if same { SAME } else { APART });
        }
        match self.before {
            Some(word) if !word.is_empty() && joined(word) => Some(SAME),
            _ => (!last.is_alphanumeric()).then_some(MARK),
        }
    }

    fn right(&self, text: &str, must_join: bool) -> Option<u8> {
        let starts = |text: &str, word: &str| {
            !word.is_empty()
                && (text.starts_with(word) || stem(word).is_some_and(|stem| text.starts_with(stem)))
        };
        let next = self.behind.unwrap_or_default();
        if must_join {
            return starts(text, next).then_some(SAME);
        }
        let Some(first) = text.chars().next() else {
            return Some(APART);
        };
        if first.is_whitespace() {
            return Some(if starts(text.trim_start(), next) { SAME } else { APART });
        }
        if starts(text, next) { Some(SAME) } else { (!first.is_alphanumeric()).then_some(MARK) }
    }
}

/// The text of a block, in order: runs of text that goes on, each in the parts that its styles make of it.
fn runs(content: &mut Content) -> Vec<Vec<&mut String>> {
    match content {
        Content::Heading { spans, .. }
        | Content::Paragraph { spans }
        | Content::Caption { spans, .. }
        | Content::Furniture { spans } => vec![texts(spans)],
        Content::ListItem { marker, spans, .. } | Content::Footnote { marker, spans } => {
            vec![vec![marker], texts(spans)]
        }
        Content::ContentsEntry { spans, page_label, .. } => vec![texts(spans), vec![page_label]],
        Content::Code { text } | Content::Equation { text, .. } => vec![vec![text]],
        Content::Table { table } => {
            table.rows.iter_mut().flat_map(|row| &mut row.cells).map(|cell| texts(&mut cell.spans)).collect()
        }
        Content::Figure { .. } => Vec::new(),
    }
}

fn texts(spans: &mut [Span]) -> Vec<&mut String> {
    spans.iter_mut().map(|span| &mut span.text).collect()
}

/// Puts `text` at a place.
fn put(content: &mut Content, place: &Place, text: &str) {
    let text = if place.joined { stem(text).unwrap_or(text) } else { text };
    if let Some(parts) = runs(content).into_iter().nth(place.run) {
        put_in(parts, place.bytes.clone(), text);
    }
    match content {
        Content::Table { table } => {
            for cell in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
                cell.spans.retain(|span| !span.text.is_empty());
            }
        }
        // What was told from the old signs no longer holds.
        Content::Equation { latex, .. } => *latex = None,
        other => {
            if let Content::ListItem { marker, number: Some(number), .. } = other {
                let digits: String = marker.chars().filter(char::is_ascii_digit).collect();
                *number = digits.parse().unwrap_or(*number);
            }
            if let Some(spans) = other.spans_mut() {
                spans.retain(|span| !span.text.is_empty());
            }
        }
    }
}

/// Replaces a range of a run. The part in which it begins takes the text.
fn put_in(parts: Vec<&mut String>, mut bytes: Range<usize>, text: &str) {
    let whole: String = parts.iter().map(|part| part.as_str()).collect();
    if text.is_empty() {
        // With one of the blanks around it.
        if whole.get(bytes.end..).is_some_and(|rest| rest.starts_with(' ')) {
            bytes.end += 1;
        } else if whole.get(..bytes.start).is_some_and(|rest| rest.ends_with(' ')) {
            bytes.start -= 1;
        }
    }
    let mut from = 0;
    let mut rest = Some(text);
    for part in parts {
        let length = part.len();
        let start = bytes.start.saturating_sub(from).min(length);
        let end = bytes.end.saturating_sub(from).min(length);
        from += length;
        if start < end && part.is_char_boundary(start) && part.is_char_boundary(end) {
            part.replace_range(start..end, rest.take().unwrap_or_default());
        }
    }
}

#[cfg(test)]
#[path = "correction_tests.rs"]
mod tests;
