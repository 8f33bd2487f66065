//! What the light first pass learns of a whole document.

use super::fragments::find_fragments;
use super::glyphs::readable;
use super::headings::{MIN_BOLD_SIZE, match_key, numbering_depth};
use super::lines::{Face, Line, find_rows, line_of, part_row};
use super::tag_index::TagIndex;
use crate::document::OutlineItem;
use crate::pdf::StructureTree;
use crate::pdf::content::PageContent;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A text style as far as it tells headings from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Style {
    /// Font size in quarters of a point.
    pub quarters: u16,
    /// All letters bold.
    pub bold: bool,
}

impl Style {
    pub(super) fn new(size: f32, bold: bool) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let quarters = (size * 4.0).round().clamp(0.0, 4_000.0) as u16;
        Self { quarters, bold }
    }

    /// Font size in points.
    #[must_use]
    pub fn size(self) -> f32 {
        f32::from(self.quarters) / 4.0
    }
}

/// The whole document in a few numbers; with it, each page can be laid out alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Style of most of the text.
    body: Option<Style>,
    /// Heading level of each style that stands out from the body, from 1.
    levels: Vec<(Style, u8)>,
    /// Typefaces that share one of these styles with another that came first: sections and their subsections.
    lower_faces: Vec<(Style, Face)>,
    /// Smallest depth of numbering seen in each of these styles.
    numbering: Vec<(Style, u8)>,
    /// Text of lines at the page's edges that repeat, digits as `#`.
    running: BTreeSet<String>,
    /// Outline titles, folded, with their level and page.
    outline: Vec<(String, u8, Option<u32>)>,
    /// Words and how often they occur, up to a bound.
    words: BTreeMap<String, u32>,
    /// Images that repeat on many pages.
    repeated_images: BTreeSet<u64>,
    /// What the file's structure tree says of marked content.
    tags: TagIndex,
}

impl Survey {
    /// Font size of the body in points.
    #[must_use]
    pub fn body_size(&self) -> f32 {
        self.body.map_or(10.0, |style| style.size().max(1.0))
    }

    pub(super) fn body_is_bold(&self) -> bool {
        self.body.is_some_and(|style| style.bold)
    }

    /// How often a word occurs, whatever its case.
    pub(super) fn occurrences(&self, word: &str) -> u32 {
        self.words.get(&word.to_lowercase()).copied().unwrap_or(0)
    }

    /// The level of a heading in `style`, if text in this style is one.
    pub(super) fn level(&self, style: Style) -> Option<u8> {
        let near = |other: &Style| other.bold == style.bold && other.quarters.abs_diff(style.quarters) <= 1;
        self.levels.iter().find(|(other, _)| near(other)).map(|(_, level)| *level)
    }

    /// Whether this typeface is the lower of two that share a style.
    pub(super) fn is_lower_face(&self, style: Style, face: Face) -> bool {
        let near = |other: Style| other.bold == style.bold && other.quarters.abs_diff(style.quarters) <= 1;
        self.lower_faces.iter().any(|(other, lower)| *lower == face && near(*other))
    }

    /// Smallest numbering depth among headings of `style`.
    pub(super) fn shallowest_number(&self, style: Style) -> u8 {
        self.numbering.iter().find(|(other, _)| *other == style).map_or(1, |(_, depth)| *depth)
    }

    /// The level of a heading whose style tells nothing, by the depth of its number.
    pub(super) fn numbered_level(&self, depth: u8) -> u8 {
        let known = self.numbering.iter().filter(|(_, shallowest)| *shallowest <= depth);
        let levels = known.filter_map(|(style, shallowest)| Some(self.level(*style)? + (depth - shallowest)));
        levels.max().unwrap_or(depth + 1).clamp(1, 6)
    }

    pub(super) fn is_running(&self, text: &str) -> bool {
        self.running.contains(&running_key(text))
    }

    pub(super) fn outline_level(&self, text: &str, page: u32) -> Option<u8> {
        let key = match_key(text);
        if key.chars().count() < 3 {
            return None;
        }
        self.outline
            .iter()
            .find(|(title, _, at)| *title == key && at.is_none_or(|at| at.abs_diff(page) <= 1))
            .map(|(_, level, _)| *level)
    }

    /// The same with what the file's structure tree says, which each page checks before it is believed.
    #[must_use]
    pub fn with_tags(mut self, tree: Option<&StructureTree>) -> Self {
        self.tags = tree.map(TagIndex::new).unwrap_or_default();
        self
    }

    pub(super) fn tags(&self) -> &TagIndex {
        &self.tags
    }

    pub(super) fn is_repeated_image(&self, digest: u64) -> bool {
        self.repeated_images.contains(&digest)
    }
}

/// Text with digits folded, so that `Page 3 of 9` and `Page 4 of 9` are the same.
fn running_key(text: &str) -> String {
    let mut key = String::new();
    for character in text.chars().filter(|c| !c.is_whitespace()).take(120) {
        let folded = if character.is_ascii_digit() { '#' } else { character };
        if !(folded == '#' && key.ends_with('#')) {
            key.extend(folded.to_lowercase());
        }
    }
    key
}

/// Distinct words kept: what a witness for hyphens needs, bounded for hostile files.
const MAX_WORDS: usize = 60_000;
/// Distinct lines at page edges kept.
const MAX_EDGE_LINES: usize = 20_000;

/// Typefaces kept of one style.
const MAX_FACES: usize = 16;
/// Text this many ems apart on one line may be of two columns.
const COLUMN_GAP: f32 = 1.2;

/// Collects a [`Survey`] page by page.
#[derive(Clone, Debug, Default)]
pub struct SurveyBuilder {
    pages: u32,
    /// Characters in each style.
    characters: BTreeMap<Style, u64>,
    /// Short lines in each style: candidates for headings.
    short_lines: BTreeMap<Style, u32>,
    /// The typefaces of these lines in the order in which they came, with how many lines each has.
    faces: BTreeMap<Style, Vec<(Face, u32)>>,
    numbering: BTreeMap<Style, u8>,
    edges: BTreeMap<String, u32>,
    words: BTreeMap<String, u32>,
    images: BTreeMap<u64, u32>,
}

impl SurveyBuilder {
    /// Looks at one page.
    pub fn add(&mut self, content: &PageContent) {
        self.pages += 1;
        let mut digests: Vec<u64> = content.images.iter().map(|image| image.digest).collect();
        digests.sort_unstable();
        digests.dedup();
        for digest in digests.into_iter().take(200) {
            *self.images.entry(digest).or_default() += 1;
        }
        let page = readable(content);
        let fragments = find_fragments(&page.upright);
        let mut edges = BTreeSet::new();
        for row in find_rows(fragments.iter().collect()) {
            let top = row.iter().map(|fragment| fragment.bbox.y0).fold(f32::INFINITY, f32::min);
            let bottom = row.iter().map(|fragment| fragment.bbox.y1).fold(f32::NEG_INFINITY, f32::max);
            if (bottom < 0.13 * page.height || top > 0.87 * page.height)
                && let Some(line) = line_of(&row, &content.fonts)
            {
                edges.insert(running_key(&line.text()));
            }
            // The columns are not known yet, and a heading must not be mixed with the text beside it.
            for part in part_row(row, COLUMN_GAP, &content.fonts) {
                if let Some(line) = line_of(&part, &content.fonts) {
                    self.add_line(&line);
                }
            }
        }
        for key in edges {
            if self.edges.len() < MAX_EDGE_LINES || self.edges.contains_key(&key) {
                *self.edges.entry(key).or_default() += 1;
            }
        }
    }

    fn add_line(&mut self, line: &Line) {
        let text = line.text();
        let style = Style::new(line.size, line.bold);
        let length = text.chars().filter(|c| !c.is_whitespace()).count();
        *self.characters.entry(style).or_default() += length as u64;
        if (2..100).contains(&length) && text.chars().any(char::is_alphabetic) {
            *self.short_lines.entry(style).or_default() += 1;
            let faces = self.faces.entry(style).or_default();
            if let Some((_, count)) = faces.iter_mut().find(|(face, _)| *face == line.face) {
                *count += 1;
            } else if faces.len() < MAX_FACES {
                faces.push((line.face, 1));
            }
            if let Some(depth) = numbering_depth(&text) {
                let shallowest = self.numbering.entry(style).or_insert(depth);
                *shallowest = (*shallowest).min(depth);
            }
        }
        self.add_words(&text);
    }

    fn add_words(&mut self, text: &str) {
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '-')) {
            // A word cut at the line's end is no witness for itself.
            if word.len() > 1 && word.len() < 60 && !word.ends_with('-') {
                let word = word.to_lowercase();
                if self.words.len() < MAX_WORDS || self.words.contains_key(&word) {
                    *self.words.entry(word).or_default() += 1;
                }
            }
        }
    }

    /// What was learned.
    #[must_use]
    pub fn finish(self, outline: &[OutlineItem]) -> Survey {
        let body = self.characters.iter().max_by_key(|(_, count)| **count).map(|(style, _)| *style);
        let total: u64 = self.characters.values().sum();
        let mut levels = body
            .map_or_else(Vec::new, |body| heading_levels(body, &self.characters, &self.short_lines, total));
        let lower_faces = lower_faces(&levels, &self.faces);
        make_room(&mut levels, &lower_faces);
        // On a document of two pages a line on both may be anything but a number; on more, a third will do.
        let enough = if self.pages < 3 { 2 } else { (self.pages / 4).clamp(2, 12) };
        let running = self
            .edges
            .into_iter()
            .filter(|(key, count)| *count >= enough && self.pages > 1 && !key.is_empty())
            .map(|(key, _)| key)
            .collect();
        // On half of the pages, or on both of two.
        let often = if self.pages == 2 { 2 } else { (self.pages / 2).max(3) };
        Survey {
            body,
            levels,
            lower_faces,
            numbering: self.numbering.into_iter().collect(),
            running,
            tags: TagIndex::default(),
            outline: outline
                .iter()
                .take(5_000)
                .map(|item| (match_key(&item.title), item.level.max(1), item.page))
                .collect(),
            words: self.words,
            repeated_images: self
                .images
                .into_iter()
                .filter(|(_, count)| *count >= often)
                .map(|(digest, _)| digest)
                .collect(),
        }
    }
}

/// Ranks the styles that stand out from the body: larger first, then bold.
fn heading_levels(
    body: Style,
    characters: &BTreeMap<Style, u64>,
    short_lines: &BTreeMap<Style, u32>,
    total: u64,
) -> Vec<(Style, u8)> {
    let mut styles: Vec<Style> = short_lines
        .keys()
        .copied()
        .filter(|style| {
            let larger = style.size() > 1.09 * body.size();
            let bolder = style.bold && !body.bold && style.size() > MIN_BOLD_SIZE * body.size();
            let rare = characters.get(style).copied().unwrap_or(0) * 5 < total.max(1) || total < 600;
            (larger || bolder) && rare
        })
        .collect();
    styles.sort_by_key(|style| (std::cmp::Reverse(style.quarters), std::cmp::Reverse(style.bold)));
    let mut levels: Vec<(Style, u8)> = Vec::new();
    let mut level = 0_u8;
    let mut last: Option<Style> = None;
    for style in styles {
        // Sizes a third of a point apart are the same size, set by rounding.
        let same =
            last.is_some_and(|last| last.bold == style.bold && last.quarters.abs_diff(style.quarters) <= 1);
        if !same {
            level = (level + 1).min(6);
        }
        levels.push((style, level));
        last = Some(style);
    }
    levels
}

/// Of the styles of headings those typefaces that came after another: a document shows a section's heading before
/// a subsection's. What occurs once, or seldom beside the other, is not a level.
fn lower_faces(levels: &[(Style, u8)], faces: &BTreeMap<Style, Vec<(Face, u32)>>) -> Vec<(Style, Face)> {
    let mut lower = Vec::new();
    for (style, _) in levels {
        let Some(found) = faces.get(style) else { continue };
        let most = found.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let usual = |count: u32| count > 1 && count * 8 > most;
        let others = found.iter().filter(|(_, count)| usual(*count)).skip(1);
        lower.extend(others.map(|(face, _)| (*style, *face)));
    }
    lower
}

/// Moves the styles below one with two levels down by one.
fn make_room(levels: &mut [(Style, u8)], lower_faces: &[(Style, Face)]) {
    let mut added = 0_u8;
    let mut last: Option<u8> = None;
    let mut pending = 0_u8;
    for (style, level) in levels {
        if last.is_some_and(|last| last != *level) {
            added = added.saturating_add(std::mem::take(&mut pending));
        }
        last = Some(*level);
        if lower_faces.iter().any(|(other, _)| other == style) {
            pending = 1;
        }
        *level = level.saturating_add(added).min(6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_running_lines_are_folded() {
        assert_eq!(running_key("Page 3 of 12"), running_key("Page 14 of 9"));
        assert_ne!(running_key("Chapter One"), running_key("Chapter Two"));
    }

    #[test]
    fn larger_styles_rank_above_bold_ones() {
        let style = |size: f32, bold| Style::new(size, bold);
        let characters = BTreeMap::from([
            (style(10.0, false), 9_000),
            (style(18.0, true), 40),
            (style(12.0, true), 200),
            (style(10.0, true), 150),
        ]);
        let short = characters.keys().map(|style| (*style, 3)).collect();
        let levels = heading_levels(style(10.0, false), &characters, &short, 9_390);
        assert_eq!(levels, [(style(18.0, true), 1), (style(12.0, true), 2), (style(10.0, true), 3)]);
    }
}
