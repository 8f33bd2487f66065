//! Tables of contents: which passages they are, and where their entries lead.

use super::flow::Passage;
use crate::document::{Content, plain_text};
use std::collections::BTreeMap;

/// Headings that stand over a table of contents, folded: without them, it is dropped with its entries.
const TITLES: [&str; 14] = [
    "contents",
    "tableofcontents",
    "inhalt",
    "inhaltsverzeichnis",
    "tabledesmatières",
    "sommaire",
    "índice",
    "contenido",
    "indice",
    "sommario",
    "inhoud",
    "inhoudsopgave",
    "innehåll",
    "目录",
];

/// Whether a heading's text names a table of contents.
fn names_contents(text: &str) -> bool {
    TITLES.contains(&folded(text).as_str())
}

fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The passages without the entries of a table of contents and the heading over them.
pub(super) fn without_contents(passages: Vec<Passage<'_>>) -> Vec<Passage<'_>> {
    let entry = |passage: Option<&Passage<'_>>| {
        passage.is_some_and(|passage| matches!(passage.block.content, Content::ContentsEntry { .. }))
    };
    let kept: Vec<bool> = passages
        .iter()
        .enumerate()
        .map(|(index, passage)| {
            let title = entry(passages.get(index + 1)) && names_contents(&plain_text(&passage.spans));
            !(entry(Some(passage)) || title)
        })
        .collect();
    passages.into_iter().zip(kept).filter_map(|(passage, kept)| kept.then_some(passage)).collect()
}

/// Where an entry's title leads in Markdown: the anchors that GitHub gives headings.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchors {
    by_title: BTreeMap<String, String>,
}

impl Anchors {
    /// The anchors of the headings among `passages`, but only if there is an entry to lead to them.
    pub(super) fn of(passages: &[Passage<'_>]) -> Self {
        let mut anchors = Self::default();
        if !passages.iter().any(|passage| matches!(passage.block.content, Content::ContentsEntry { .. })) {
            return anchors;
        }
        let mut taken: BTreeMap<String, u32> = BTreeMap::new();
        for passage in passages.iter().filter(|p| matches!(p.block.content, Content::Heading { .. })) {
            let text = plain_text(&passage.spans);
            let slug = slug(&text);
            let count = taken.entry(slug.clone()).or_default();
            let anchor = if *count == 0 { slug } else { format!("{slug}-{count}") };
            *count += 1;
            anchors.by_title.entry(folded(&text)).or_insert(anchor);
        }
        anchors
    }

    /// The anchor of the heading that `title` names.
    pub(super) fn find(&self, title: &str) -> Option<&str> {
        let folded = folded(title);
        // The entry may leave out the section's number, or have one where the heading has none.
        let bare = folded.trim_start_matches(|c: char| c.is_ascii_digit());
        let anchor = self.by_title.get(&folded).or_else(|| {
            let mut same = self
                .by_title
                .iter()
                .filter(|(key, _)| key.trim_start_matches(|c: char| c.is_ascii_digit()) == bare);
            let (first, second) = (same.next(), same.next());
            first.filter(|_| second.is_none() && bare.len() > 2).map(|(_, anchor)| anchor)
        });
        anchor.map(String::as_str)
    }
}

/// GitHub's anchor of a heading: lower case, blanks as hyphens, no punctuation.
fn slug(text: &str) -> String {
    text.trim()
        .chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_githubs() {
        assert_eq!(slug("2.1 Data & Methods"), "21-data--methods");
        assert_eq!(slug("Über uns"), "über-uns");
    }

    #[test]
    fn titles_are_told_in_several_languages() {
        assert!(names_contents("Table of Contents"));
        assert!(names_contents("Inhaltsverzeichnis"));
        assert!(!names_contents("Contents of the box"));
    }
}
