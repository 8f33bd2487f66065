//! TextRank (Mihalcea and Tarau, "TextRank: Bringing Order into Texts", EMNLP 2004): sentences vote for
//! those they share words with.

use super::words::{ln, terms};
use std::collections::{BTreeMap, BTreeSet};

/// The method's name in a document.
pub(super) const NAME: &str = "TextRank";
/// Sentences compared at most: the comparison is quadratic. Of a longer text every n-th is taken.
pub(super) const MAX_SENTENCES: usize = 240;
/// Share of a sentence's score that comes from the others (the paper's value).
const DAMPING: f64 = 0.85;
/// Rounds after which scores no longer change their order in practice.
const ROUNDS: usize = 40;
/// A sentence with fewer telling words says nothing on its own.
const MIN_TERMS: usize = 4;
/// A sentence with more words than this is a list or a table gone wrong.
const MAX_WORDS: usize = 80;

/// The score of each sentence, 0 for those left out (too short, too long, or passed over in a long text).
pub(super) fn rank(sentences: &[&str]) -> Vec<f64> {
    let stride = sentences.len().div_ceil(MAX_SENTENCES).max(1);
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    let mut kept: Vec<(usize, Vec<u32>)> = Vec::new();
    for (index, sentence) in sentences.iter().enumerate().step_by(stride) {
        let mut own = BTreeSet::new();
        for term in terms(sentence) {
            let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            own.insert(*ids.entry(term).or_insert(next));
        }
        if own.len() >= MIN_TERMS && super::words::count_words(sentence) <= MAX_WORDS {
            kept.push((index, own.into_iter().collect()));
        }
    }

    let size = kept.len();
    let mut weights = vec![vec![0.0_f64; size]; size];
    for (row, (_, left)) in kept.iter().enumerate() {
        for (column, (_, right)) in kept.iter().enumerate().take(row) {
            let weight = similarity(left, right);
            for (from, to) in [(row, column), (column, row)] {
                if let Some(cell) = weights.get_mut(from).and_then(|row| row.get_mut(to)) {
                    *cell = weight;
                }
            }
        }
    }
    let scores = page_rank(&weights);
    let mut ranked = vec![0.0; sentences.len()];
    for ((index, _), score) in kept.iter().zip(scores) {
        if let Some(slot) = ranked.get_mut(*index) {
            *slot = score;
        }
    }
    ranked
}

/// Shared words over the logarithms of the lengths (section 4.1 of the paper). Both are sorted.
fn similarity(left: &[u32], right: &[u32]) -> f64 {
    let shared = left.iter().filter(|id| right.binary_search(id).is_ok()).count();
    let lengths = ln(left.len() as f64) + ln(right.len() as f64);
    if shared == 0 || lengths <= 0.0 { 0.0 } else { shared as f64 / lengths }
}

fn page_rank(weights: &[Vec<f64>]) -> Vec<f64> {
    let totals: Vec<f64> = weights.iter().map(|row| row.iter().sum()).collect();
    let mut scores = vec![1.0; weights.len()];
    for _ in 0..ROUNDS {
        // The matrix is symmetric: a row holds the votes for its sentence as well as those it gives.
        scores = weights
            .iter()
            .map(|row| {
                let votes = row.iter().zip(&totals).zip(&scores);
                let votes = votes.filter(|((_, total), _)| **total > 0.0);
                let sum: f64 = votes.map(|((weight, total), score)| weight / total * score).sum();
                (1.0 - DAMPING) + DAMPING * sum
            })
            .collect();
    }
    scores
}

/// The best sentences in reading order: at most `count`, at most `max_words` words together (but at least
/// one). `scores` come from [`rank`]; equal scores go to the earlier sentence.
pub(super) fn best(sentences: &[&str], scores: &[f64], count: usize, max_words: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sentences.len()).filter(|index| score_of(scores, *index) > 0.0).collect();
    order.sort_by(|left, right| score_of(scores, *right).total_cmp(&score_of(scores, *left)));
    let mut chosen: Vec<usize> = Vec::new();
    let mut words = 0;
    for index in order {
        let Some(sentence) = sentences.get(index) else { continue };
        let length = super::words::count_words(sentence);
        let repeated = chosen.iter().any(|other| sentences.get(*other) == Some(sentence));
        if repeated || (!chosen.is_empty() && words + length > max_words) {
            continue;
        }
        words += length;
        chosen.push(index);
        if chosen.len() == count {
            break;
        }
    }
    chosen.sort_unstable();
    chosen
}

fn score_of(scores: &[f64], index: usize) -> f64 {
    scores.get(index).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: [&str; 5] = [
        "Glaciers store most of the fresh water of the planet as ice.",
        "My neighbour owns three cats and one very old yellow bicycle.",
        "When glaciers melt, the stored ice becomes fresh water in the sea.",
        "Fresh water from melting ice of glaciers raises the sea of the planet.",
        "Yes.",
    ];

    #[test]
    fn what_others_speak_of_ranks_first() {
        let scores = rank(&TEXT);
        assert!(scores[3] > scores[1] && scores[2] > scores[1] && scores[0] > scores[1], "{scores:?}");
        assert!(scores[4].abs() < f64::EPSILON, "too short");
        assert_eq!(best(&TEXT, &scores, 2, 100).len(), 2);
        assert!(!best(&TEXT, &scores, 3, 100).contains(&1));
        assert_eq!(best(&TEXT, &scores, 3, 1).len(), 1, "one at least");
    }

    #[test]
    fn a_huge_text_is_sampled() {
        let sentences: Vec<String> = (0..100_000)
            .map(|number| format!("Sentence number {number} speaks of glaciers and their melting ice."))
            .collect();
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
        let scores = rank(&sentences);
        assert!(scores.iter().filter(|score| **score > 0.0).count() <= MAX_SENTENCES);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(rank(&[]).is_empty());
        assert!(best(&[], &[], 3, 10).is_empty());
        assert!(best(&["Yes."], &rank(&["Yes."]), 3, 10).is_empty());
    }
}
