//! Markers at the start of a line.

/// A marker found in front of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    /// As printed.
    pub text: String,
    /// What it counts to, if it counts.
    pub number: Option<u32>,
    /// Characters to leave out, the blank behind it included.
    pub length: usize,
}

const BULLETS: &str = "•◦▪▫‣⁃∙·●○■□►▶▸➢➤✓✔❖◆◇–—-*";

/// The list marker in front of `text`, if there is one.
pub(super) fn find_marker(text: &str) -> Option<Marker> {
    let trimmed = text.trim_start();
    let lead = text.chars().count() - trimmed.chars().count();
    let first = trimmed.chars().next()?;
    if BULLETS.contains(first) {
        let rest: String = trimmed.chars().skip(1).collect();
        let blank = rest.chars().take_while(|c| c.is_whitespace()).count();
        // A dash or an asterisk needs its blank: `-5` and `*p` are text. A bullet does not.
        let needs_blank = matches!(first, '–' | '—' | '-' | '*' | '·');
        if rest.trim().is_empty() || (needs_blank && blank == 0) {
            return None;
        }
        return Some(Marker { text: first.to_string(), number: None, length: lead + 1 + blank });
    }
    let word: String = trimmed.chars().take_while(|c| !c.is_whitespace()).take(8).collect();
    let rest: String = trimmed.chars().skip(word.chars().count()).collect();
    let blank = rest.chars().take_while(|c| c.is_whitespace()).count();
    if blank == 0 || rest.trim().is_empty() {
        return None;
    }
    let inner = word.strip_prefix('(').unwrap_or(&word);
    let (inner, closed) = match inner.strip_suffix(')') {
        Some(inner) => (inner, true),
        None => (inner.strip_suffix('.')?, false),
    };
    if word.starts_with('(') && !closed {
        return None;
    }
    let number = if !inner.is_empty() && inner.len() <= 3 && inner.chars().all(|c| c.is_ascii_digit()) {
        inner.parse().ok()
    } else if let Some(value) = roman(inner) {
        // `i.` and `v)`, but never the initial `I.` of a name.
        if closed || inner.chars().all(|c| c.is_ascii_lowercase()) { Some(value) } else { None }
    } else if inner.len() == 1 && (closed || inner.chars().all(|c| c.is_ascii_lowercase())) {
        let letter = inner.chars().next()?.to_ascii_lowercase();
        letter.is_ascii_lowercase().then(|| u32::from(letter) - u32::from('a') + 1)
    } else {
        None
    }?;
    Some(Marker { length: lead + word.chars().count() + blank, text: word, number: Some(number) })
}

fn roman(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 6 {
        return None;
    }
    let value = |c: char| match c.to_ascii_lowercase() {
        'i' => Some(1),
        'v' => Some(5),
        'x' => Some(10),
        _ => None,
    };
    let values: Option<Vec<u32>> = text.chars().map(value).collect();
    let values = values?;
    let sum: u32 = values.iter().sum();
    let subtracted: u32 = values.windows(2).filter(|pair| pair[0] < pair[1]).map(|pair| pair[0]).sum();
    // `iv` is 5 - 1: what was added once too often is taken off twice.
    sum.checked_sub(2 * subtracted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(text: &str) -> Option<(String, Option<u32>, usize)> {
        find_marker(text).map(|marker| (marker.text, marker.number, marker.length))
    }

    #[test]
    fn bullets_and_numbers() {
        assert_eq!(marker("• one"), Some(("•".to_owned(), None, 2)));
        assert_eq!(marker("•one"), Some(("•".to_owned(), None, 1)));
        assert_eq!(marker("12. twelve"), Some(("12.".to_owned(), Some(12), 4)));
        assert_eq!(marker("(c) third"), Some(("(c)".to_owned(), Some(3), 4)));
        assert_eq!(marker("iv) four"), Some(("iv)".to_owned(), Some(4), 4)));
        assert_eq!(marker("ix. nine"), Some(("ix.".to_owned(), Some(9), 4)));
    }

    #[test]
    fn text_is_not_marked() {
        for text in ["-5 degrees", "A. Smith", "I. Newton", "1986 was", "3.5 m", "e.g. this", "word", "", "•"]
        {
            assert_eq!(marker(text), None, "{text}");
        }
    }
}
