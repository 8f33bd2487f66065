//! Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, section 3).

use super::words::{ln, terms};
use std::collections::BTreeMap;

/// How soon a repeated word stops counting; the usual value.
const K1: f64 = 1.2;
/// How much a passage's length counts; the usual value.
const B: f64 = 0.75;

/// Texts that can be searched.
#[derive(Debug)]
pub(super) struct Index {
    /// For each term the passages that hold it, with how often.
    postings: BTreeMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
    mean_length: f64,
}

impl Index {
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut postings: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
        let mut lengths = Vec::new();
        for (index, text) in texts.enumerate() {
            let mut length = 0.0;
            for term in terms(text) {
                length += 1.0;
                let passages = postings.entry(term).or_default();
                match passages.last_mut().filter(|(last, _)| *last == index) {
                    Some((_, count)) => *count += 1.0,
                    None => passages.push((index, 1.0)),
                }
            }
            lengths.push(length);
        }
        let mean_length = lengths.iter().sum::<f64>() / (lengths.len().max(1) as f64);
        Self { postings, lengths, mean_length: mean_length.max(1.0) }
    }

    /// The texts that hold a word of `query`, best first, with their scores. Of equals the earlier is first.
    pub(super) fn search(&self, query: &str) -> Vec<(usize, f64)> {
        let mut wanted: Vec<String> = terms(query).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        let total = self.lengths.len() as f64;
        for term in &wanted {
            let Some(passages) = self.postings.get(term) else { continue };
            let holding = passages.len() as f64;
            let rarity = ln(1.0 + (total - holding + 0.5) / (holding + 0.5));
            for (index, count) in passages {
                let length = self.lengths.get(*index).copied().unwrap_or(0.0) / self.mean_length;
                let score = rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
                *scores.entry(*index).or_default() += score;
            }
        }
        let mut found: Vec<(usize, f64)> = scores.into_iter().collect();
        found.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_and_short_texts_count_more() {
        let texts = [
            "the ice of the glacier",
            "the ice of the glacier, and many other words about weather, snow, rain, wind and cold",
            "ice ice ice",
            "a penguin on ice",
            "nothing here",
        ];
        let index = Index::new(texts.into_iter());
        let order = |query| index.search(query).into_iter().map(|(index, _)| index).collect::<Vec<_>>();
        assert_eq!(order("Which glaciers?"), [0, 1]);
        assert_eq!(order("penguin ice")[0], 3);
        assert_eq!(order("the of and"), Vec::<usize>::new());
        assert_eq!(order("unicorn"), Vec::<usize>::new());
        assert!(index.search("ice").iter().all(|(_, score)| *score > 0.0));
        assert!(Index::new(std::iter::empty()).search("ice").is_empty());
    }

    #[test]
    fn scores_are_those_of_the_formula() {
        // Two texts of two terms, one holding the word once: idf = ln(1 + 1.5 / 1.5), length factor 1.
        let index = Index::new(["ice snow", "rain wind"].into_iter());
        let score = index.search("ice")[0].1;
        assert!((score - 2.0_f64.ln() * 2.2 / 2.2).abs() < 1e-12, "{score}");
    }
}
