//! What can be said of a text without a model: its own best sentences.

use super::sections::Section;
use super::textrank::{self, best, rank};
use super::words::count_words;
use crate::document::{Content, Document, Generated, Method};

/// Sentences of a section's summary, and its words at most.
const SECTION: (usize, usize) = (3, 80);
/// Sentences of the whole summary, and its words at most.
const WHOLE: (usize, usize) = (5, 150);
/// Sentences that each section of a long document sends to the choice for the whole.
const PER_SECTION: usize = 10;
/// Words of a title at most.
const TITLE_WORDS: usize = 14;

/// `text` as something picked by TextRank.
fn picked(text: String) -> Generated {
    Generated { text, method: Method::Extractive(textrank::NAME.to_owned()) }
}

/// The summary of one section; none if no sentence of it can stand alone.
pub(super) fn section_summary(section: &Section) -> Option<Generated> {
    summary_of(&texts(section), SECTION)
}

/// The summary of any sentences, as long as that of a section.
pub(super) fn short_summary(sentences: &[&str]) -> Option<Generated> {
    summary_of(sentences, SECTION)
}

/// The summary of the whole text.
pub(super) fn whole_summary(sections: &[Section]) -> Option<Generated> {
    let all: usize = sections.iter().map(|section| section.sentences.len()).sum();
    let candidates: Vec<&str> = if all <= textrank::MAX_SENTENCES {
        sections.iter().flat_map(texts).collect()
    } else {
        let pick = |section: &'_ Section| {
            let texts: Vec<&str> = section.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
            best(&texts, &rank(&texts), PER_SECTION, usize::MAX)
        };
        let picked = sections.iter().flat_map(|section| {
            pick(section)
                .into_iter()
                .filter_map(|at| section.sentences.get(at))
                .map(|sentence| sentence.text.as_str())
        });
        picked.collect()
    };
    summary_of(&candidates, WHOLE)
}

/// The most telling sentences of `section`, in order, of about `max_words` words together: what a model is
/// given of a section too long for it.
pub(super) fn condensed(section: &Section, max_words: usize) -> Vec<&str> {
    let sentences = texts(section);
    let chosen = best(&sentences, &rank(&sentences), usize::MAX, max_words);
    chosen.into_iter().filter_map(|at| sentences.get(at).copied()).collect()
}

fn texts(section: &Section) -> Vec<&str> {
    section.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
}

fn summary_of(sentences: &[&str], (count, max_words): (usize, usize)) -> Option<Generated> {
    let chosen = best(sentences, &rank(sentences), count, max_words);
    let text: Vec<&str> = chosen.iter().filter_map(|at| sentences.get(*at).copied()).collect();
    (!text.is_empty()).then(|| picked(text.join(" ")))
}

/// Whether the document says its own title: in its metadata, or as a top heading on its first page.
pub(super) fn has_title(document: &Document) -> bool {
    let stated = document.metadata.title.as_deref().is_some_and(|title| {
        let title = title.trim().to_lowercase();
        // What word processors write by themselves.
        let by_itself =
            ["untitled", "microsoft word", "microsoft powerpoint", "powerpoint presentation", "document"];
        let file =
            [".doc", ".docx", ".pdf", ".tex", ".dvi", ".indd", ".qxd"].iter().any(|end| title.ends_with(end));
        title.chars().any(char::is_alphabetic)
            && !file
            && !by_itself.iter().any(|start| title.starts_with(start))
    });
    let blocks = document.pages.first().map(|page| page.blocks.as_slice()).unwrap_or_default();
    stated || blocks.iter().any(|block| matches!(block.content, Content::Heading { level: 1, .. }))
}

/// A title made of the document's own words: its first heading, else its best sentence, cut to a title's
/// length between words.
pub(super) fn title(sections: &[Section]) -> Option<Generated> {
    let heading = sections.iter().map(|section| section.heading.trim()).find(|heading| !heading.is_empty());
    if let Some(heading) = heading {
        let method = Method::Extractive("first heading".to_owned());
        return Some(Generated { text: shortened(heading), method });
    }
    let summary = whole_summary(sections)?;
    let sentences = super::sentences::sentences(&summary.text);
    Some(picked(shortened(sentences.first()?.trim_end_matches('.'))))
}

fn shortened(text: &str) -> String {
    if count_words(text) <= TITLE_WORDS {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().take(TITLE_WORDS).collect();
    format!("{}…", words.join(" ").trim_end_matches([',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhance::sections::{sections, tests::document};

    #[test]
    fn a_title_is_looked_for_in_metadata_and_headings() {
        let mut plain = document("Some text without a heading.");
        assert!(!has_title(&plain));
        for (title, is_one) in
            [("Microsoft Word - x.doc", false), ("report.pdf", false), ("  ", false), ("On Ice", true)]
        {
            plain.metadata.title = Some(title.to_owned());
            assert_eq!(has_title(&plain), is_one, "{title}");
        }
        assert!(has_title(&document("# On Ice\nText.")));
        assert!(!has_title(&document("Text.\n---\n# Chapter")));
    }

    #[test]
    fn titles_come_from_headings_or_the_best_sentence() {
        let text = "Glaciers store most of the fresh water of our planet as ice in the mountains and at the \
            poles. When glaciers melt, their ice becomes fresh water. Melting ice of glaciers raises the sea.";
        let found = title(&sections(&document(text))).unwrap();
        assert!(count_words(&found.text) <= TITLE_WORDS, "{}", found.text);
        assert_eq!(found.method, Method::Extractive("TextRank".into()));
        let headed = title(&sections(&document(&format!("# 1 Ice\n{text}")))).unwrap();
        assert_eq!(headed.text, "1 Ice");
    }
}
