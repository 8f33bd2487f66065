//! Sentences to chunks that fit a model's window.

use super::sentences::split_long;

/// Packs `sentences` in order into texts of at most `budget` tokens each. A sentence that alone is longer
/// is cut between words; a single word that is longer goes alone and is cut by the model.
pub(super) fn chunks<'a>(
    sentences: impl Iterator<Item = &'a str>,
    budget: usize,
    count_tokens: &dyn Fn(&str) -> usize,
) -> Vec<String> {
    let budget = budget.max(1);
    let mut chunks: Vec<String> = Vec::new();
    let mut used = 0_usize;
    for sentence in sentences {
        for piece in split_long(sentence, &|text| count_tokens(text) <= budget) {
            let tokens = count_tokens(piece);
            match chunks.last_mut().filter(|_| used.saturating_add(tokens) <= budget) {
                Some(chunk) => {
                    chunk.push(' ');
                    chunk.push_str(piece);
                    used += tokens;
                }
                None => {
                    chunks.push(piece.to_owned());
                    used = tokens;
                }
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhance::words::count_words;

    #[test]
    fn chunks_end_with_sentences_and_fit() {
        let sentences = ["One two three.", "Four five.", "Six seven eight nine.", "Ten."];
        let found = chunks(sentences.into_iter(), 5, &count_words);
        assert_eq!(found, ["One two three. Four five.", "Six seven eight nine. Ten."]);
    }

    #[test]
    fn a_long_sentence_is_cut_between_words_and_nothing_is_lost() {
        let sentence: String = (0..1000).map(|number| format!("word{number} ")).collect();
        let found = chunks([sentence.trim()].into_iter(), 7, &count_words);
        assert!(found.iter().all(|chunk| count_words(chunk) <= 7));
        assert_eq!(found.join(" "), sentence.trim());
    }

    #[test]
    fn no_budget_still_ends() {
        assert_eq!(chunks(["a b"].into_iter(), 0, &|_| 5), ["a", "b"]);
        assert!(chunks(std::iter::empty(), 10, &count_words).is_empty());
    }
}
