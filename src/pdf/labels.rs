//! Page labels (ISO 32000-2, 12.4.2): `iv`, `A-3`.

use super::objects::Objects;
use super::text_string;
use super::trees;
use pdf::object::{Counter, PageLabel};

/// Longest prefix, in characters.
const MAX_PREFIX: usize = 40;

/// The labels of `count` pages, where they differ from the page number.
pub(super) fn read(objects: &Objects<'_>, count: usize) -> Vec<Option<String>> {
    let mut labels = vec![None; count];
    let catalog = objects.dictionary(&objects.catalog());
    let Some(root) = objects.value(&catalog, "PageLabels") else { return labels };
    let ranges: Vec<(usize, Style)> = trees::numbers(objects, root)
        .into_iter()
        .filter_map(|(first, value)| Some((usize::try_from(first).ok()?, Style::read(objects, value)?)))
        .collect();
    for (index, (first, style)) in ranges.iter().enumerate() {
        let end = ranges.get(index + 1).map_or(count, |(next, _)| *next).min(count);
        for page in *first..end {
            let label = style.label((page - first) as u64);
            if let Some(slot) = labels.get_mut(page) {
                *slot = (!label.is_empty() && label != (page + 1).to_string()).then_some(label);
            }
        }
    }
    labels
}

/// How the labels of a range of pages are made.
struct Style {
    prefix: String,
    counter: Option<Counter>,
    start: u64,
}

impl Style {
    fn read(objects: &Objects<'_>, value: pdf::primitive::Primitive) -> Option<Self> {
        let label: PageLabel = objects.typed(objects.resolved(value)?)?;
        Some(Self {
            prefix: label
                .prefix
                .and_then(|prefix| text_string::decode_line(prefix.as_bytes(), MAX_PREFIX))
                .unwrap_or_default(),
            counter: label.style,
            start: label.start.map_or(1, |start| start as u64),
        })
    }

    fn label(&self, offset: u64) -> String {
        let number = self.start.saturating_add(offset);
        // The names in `pdf` 0.10 are the wrong way round: its `RomanUpper` is `/r`.
        let counted = match self.counter {
            None => String::new(),
            Some(Counter::Arabic) => number.to_string(),
            Some(Counter::RomanUpper) => roman(number).to_lowercase(),
            Some(Counter::RomanLower) => roman(number),
            Some(Counter::AlphaUpper) => letters(number).to_lowercase(),
            Some(Counter::AlphaLower) => letters(number),
        };
        format!("{}{counted}", self.prefix)
    }
}

/// Upper-case Roman numerals up to 4999, digits beyond.
fn roman(number: u64) -> String {
    const PARTS: [(u64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..5000).contains(&number) {
        return number.to_string();
    }
    let (mut rest, mut numeral) = (number, String::new());
    for (value, letters) in PARTS {
        while rest >= value {
            numeral.push_str(letters);
            rest -= value;
        }
    }
    numeral
}

/// A to Z, then AA to ZZ, then AAA: digits past 20 letters.
fn letters(number: u64) -> String {
    match number.checked_sub(1).map(|n| (n / 26, n % 26)) {
        Some((repeats @ 0..20, letter)) => {
            let letter = u8::try_from(letter).map_or('?', |letter| char::from(b'A' + letter));
            std::iter::repeat_n(letter, usize::try_from(repeats).unwrap_or(0) + 1).collect()
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_and_letters() {
        assert_eq!(roman(1994), "MCMXCIV");
        assert_eq!(roman(0), "0");
        assert_eq!(roman(u64::MAX), u64::MAX.to_string());
        assert_eq!(letters(1), "A");
        assert_eq!(letters(28), "BB");
        assert_eq!(letters(0), "0");
        assert_eq!(letters(1_000_000), "1000000");
    }
}
