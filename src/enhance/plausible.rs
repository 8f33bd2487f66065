//! Whether what a model wrote is a text at all.

use super::words::words;
use std::collections::{BTreeMap, BTreeSet};

/// Why a model's text is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Implausible {
    /// Nothing, or nothing with a letter.
    #[error("the model wrote nothing")]
    Empty,
    /// Too little to say anything.
    #[error("the model wrote only a word or two")]
    TooShort,
    /// Small models fall into loops.
    #[error("the model repeated itself")]
    Repetitive,
}

/// A run of words that comes back so often is a loop.
const LOOP_RUN: usize = 3;
/// How often it may come.
const LOOP_COUNT: usize = 3;
/// Of a longer text, this share of words at least must be different ones. Ordinary English of 100 words
/// has 0.6 and more.
const MIN_VARIETY: f64 = 0.3;
/// Words from which on variety is looked at.
const VARIETY_FROM: usize = 12;

/// Checks a text of at least `min_words` words.
pub(super) fn check(text: &str, min_words: usize) -> Result<(), Implausible> {
    let words: Vec<String> = words(text).collect();
    if !text.chars().any(char::is_alphabetic) {
        return Err(Implausible::Empty);
    }
    if words.len() < min_words {
        return Err(Implausible::TooShort);
    }
    let mut runs: BTreeMap<&[String], usize> = BTreeMap::new();
    for run in words.windows(LOOP_RUN) {
        *runs.entry(run).or_default() += 1;
    }
    let different: BTreeSet<&String> = words.iter().collect();
    let poor = words.len() >= VARIETY_FROM && (different.len() as f64) < MIN_VARIETY * words.len() as f64;
    let echo = words.len() >= 4 && different.len() == 1;
    if poor || echo || runs.values().any(|count| *count > LOOP_COUNT) {
        return Err(Implausible::Repetitive);
    }
    Ok(())
}

/// Checks an answer, which may be a single word or number.
pub(super) fn check_answer(text: &str) -> Result<(), Implausible> {
    if text.chars().any(char::is_numeric) && words(text).count() < VARIETY_FROM {
        return Ok(());
    }
    check(text, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_and_nothing_are_seen() {
        assert_eq!(check("", 1), Err(Implausible::Empty));
        assert_eq!(check(" . , 12", 1), Err(Implausible::Empty));
        assert_eq!(check("Ice.", 3), Err(Implausible::TooShort));
        assert_eq!(check("the ice melts ".repeat(5).as_str(), 3), Err(Implausible::Repetitive));
        assert_eq!(check("ice ice ice ice", 3), Err(Implausible::Repetitive));
        assert_eq!(check(&"a b c d ".repeat(4), 3), Err(Implausible::Repetitive));
    }

    #[test]
    fn ordinary_text_passes() {
        assert_eq!(
            check("The glacier lost more ice in the last decade than in the one before it.", 3),
            Ok(())
        );
        assert_eq!(check("Ice", 1), Ok(()));
    }
}
