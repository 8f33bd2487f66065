//! A document's text in passages that can be found.

use super::bm25::Index;
use super::sections::{Paragraph, push_paragraph};
use super::sentences::sentences;
use super::words::count_words;
use crate::document::{Content, Document, Passage};

/// Words of a passage, about: a paragraph or two, so that three fit into a window of 512 tokens.
const PASSAGE_WORDS: usize = 110;
/// Passages given at most.
const BEST: usize = 5;
/// Passages searched at most: those of about 8,000 pages.
const MAX_PASSAGES: usize = 30_000;

/// The passages of `document` that hold words of `question`, best first.
pub(super) fn find(document: &Document, question: &str) -> Vec<Passage> {
    let mut passages = passages(document);
    let index = Index::new(passages.iter().map(|passage| passage.text.as_str()));
    let best = index.search(question).into_iter().take(BEST);
    #[allow(clippy::cast_possible_truncation, reason = "a score is shown, not computed with")]
    let scored = best.filter_map(|(at, score)| {
        let passage = passages.get_mut(at)?;
        passage.score = score as f32;
        Some(passage.clone())
    });
    scored.collect()
}

/// The whole text in passages, in order: everything a reader sees but running headers and footers.
fn passages(document: &Document) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut room = 0_usize;
    for paragraph in paragraphs(document) {
        for sentence in sentences(&paragraph.text) {
            let words = count_words(sentence);
            match passages.last_mut().filter(|_| words <= room) {
                Some(passage) => {
                    passage.text.push(' ');
                    passage.text.push_str(sentence);
                    passage.last_page = passage.last_page.max(paragraph.last_page);
                    room -= words;
                }
                None => {
                    if passages.len() == MAX_PASSAGES {
                        return passages;
                    }
                    passages.push(Passage {
                        text: sentence.to_owned(),
                        first_page: paragraph.first_page,
                        last_page: paragraph.last_page,
                        score: 0.0,
                    });
                    room = PASSAGE_WORDS.saturating_sub(words);
                }
            }
        }
    }
    passages
}

fn paragraphs(document: &Document) -> Vec<Paragraph> {
    let mut paragraphs = Vec::new();
    for block in document.pages.iter().flat_map(|page| &page.blocks) {
        if !matches!(block.content, Content::Furniture { .. } | Content::Figure { .. }) {
            push_paragraph(&mut paragraphs, block);
        }
    }
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhance::sections::tests::document;

    #[test]
    fn passages_name_their_pages_and_are_of_like_length() {
        let filler = "This sentence speaks of quite other things than that. ".repeat(30);
        let lines = format!("{filler}\n---\nPenguins breed on\n---\n+ the ice shelf. {filler}");
        let found = find(&document(&lines), "Where do penguins breed?");
        assert_eq!(found.len(), 1);
        let passage = &found[0];
        assert!(passage.text.contains("Penguins breed on the ice shelf."), "{}", passage.text);
        assert!(passage.first_page <= 2 && passage.last_page == 3);
        assert!(count_words(&passage.text) <= PASSAGE_WORDS);
        assert!(passage.score > 0.0);
    }

    #[test]
    fn a_question_without_telling_words_finds_nothing() {
        let text = document("Penguins breed on the ice shelf.");
        assert!(find(&text, "what is the?").is_empty());
        assert!(find(&document(""), "penguins").is_empty());
        assert!(find(&text, "").is_empty());
    }
}
