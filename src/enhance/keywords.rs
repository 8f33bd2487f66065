//! Keywords by RAKE (Rose, Engel, Cramer and Cowley, "Automatic keyword extraction from individual
//! documents", 2010): phrases between stop words, scored by the company their words keep.

use super::words::is_stop_word;
use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation;

/// The method's name in a document.
pub(super) const NAME: &str = "RAKE";
/// Keywords given at most.
const COUNT: usize = 8;
/// Words of a phrase at most: longer ones are clauses, not terms.
const MAX_PHRASE: usize = 3;
/// Words looked at, at most: those of about 400 pages.
const MAX_WORDS: usize = 200_000;

/// What is known of one phrase: how often it stands there, and how it is mostly written.
#[derive(Default)]
struct Phrase {
    count: u32,
    first: usize,
    forms: BTreeMap<String, u32>,
}

/// The keywords of a text given as sentences, most telling first.
pub(super) fn keywords<'a>(sentences: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut phrases: BTreeMap<Vec<String>, Phrase> = BTreeMap::new();
    let mut seen = 0_usize;
    for sentence in sentences {
        let mut run: Vec<&str> = Vec::new();
        for word in sentence.split_word_bounds() {
            if word.chars().all(char::is_whitespace) || word == "-" {
                continue;
            }
            seen += 1;
            if is_term(word) {
                run.push(word);
            } else {
                take(&mut phrases, &mut run, seen);
            }
        }
        take(&mut phrases, &mut run, seen);
        if seen > MAX_WORDS {
            break;
        }
    }

    // Per word: its frequency, and its degree (words it stands in phrases with, itself included).
    let mut company: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (words, phrase) in &phrases {
        for word in words {
            let (frequency, degree) = company.entry(word).or_default();
            *frequency += f64::from(phrase.count);
            *degree += f64::from(phrase.count) * words.len() as f64;
        }
    }
    let often = if seen > 300 { 2 } else { 1 };
    let mut scored: Vec<(f64, &Vec<String>, &Phrase)> = phrases
        .iter()
        .filter(|(_, phrase)| phrase.count >= often)
        .map(|(words, phrase)| {
            let ratio = |word: &String| {
                company.get(word.as_str()).map_or(0.0, |(frequency, degree)| degree / frequency)
            };
            // The paper's score alone favours what stands there once; weighted by how often it does.
            (words.iter().map(ratio).sum::<f64>() * f64::from(phrase.count), words, phrase)
        })
        .collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.2.first.cmp(&right.2.first)));

    let mut chosen: Vec<(&Vec<String>, &Phrase)> = Vec::new();
    for (_, words, phrase) in scored {
        let covered = chosen.iter().any(|(other, _)| {
            other.windows(words.len().min(other.len()).max(1)).any(|part| part == words.as_slice())
                || words.windows(other.len().min(words.len()).max(1)).any(|part| part == other.as_slice())
        });
        if !covered {
            chosen.push((words, phrase));
        }
        if chosen.len() == COUNT {
            break;
        }
    }
    chosen.iter().filter_map(|(_, phrase)| phrase.usual_form()).collect()
}

fn is_term(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3 && letters * 2 > word.chars().count() && !is_stop_word(&word.to_lowercase())
}

fn take(phrases: &mut BTreeMap<Vec<String>, Phrase>, run: &mut Vec<&str>, at: usize) {
    if !run.is_empty() && run.len() <= MAX_PHRASE {
        let words: Vec<String> = run.iter().map(|word| word.to_lowercase()).collect();
        let phrase = phrases.entry(words).or_insert_with(|| Phrase { first: at, ..Phrase::default() });
        phrase.count += 1;
        *phrase.forms.entry(run.join(" ")).or_default() += 1;
    }
    run.clear();
}

impl Phrase {
    /// How it is mostly written; of equals the one with more small letters (a heading writes it large).
    fn usual_form(&self) -> Option<String> {
        let forms = self.forms.iter();
        forms
            .max_by_key(|(form, count)| (**count, form.chars().filter(|c| c.is_lowercase()).count()))
            .map(|(form, _)| form.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_that_return_come_first_in_their_usual_form() {
        let text = [
            "Sea ice is thinning in the Arctic.",
            "The sea ice of the Arctic is measured by laser altimetry.",
            "With laser altimetry, sea ice is seen from above.",
        ];
        let found = keywords(text.into_iter());
        assert_eq!(found.first().map(String::as_str), Some("sea ice"), "{found:?}");
        assert!(
            found.contains(&"laser altimetry".to_owned()) && found.contains(&"Arctic".to_owned()),
            "{found:?}"
        );
        assert!(!found.iter().any(|word| word == "the" || word == "ice"), "{found:?}");
        assert_eq!(found, keywords(text.into_iter()), "the same each time");
    }

    #[test]
    fn numbers_and_nothing_give_nothing() {
        assert!(keywords(std::iter::empty()).is_empty());
        assert!(keywords(["12 345 x1 the of"].into_iter()).is_empty());
    }
}
