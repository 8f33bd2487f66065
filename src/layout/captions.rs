//! Captions printed in the document: `Figure 3: …`, `Table 2. …`.

/// What a caption belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaptionOf {
    Figure,
    Table,
}

const FIGURE_WORDS: [&str; 9] =
    ["figure", "fig.", "fig", "scheme", "chart", "abbildung", "abb.", "exhibit", "plate"];
const TABLE_WORDS: [&str; 4] = ["table", "tab.", "tableau", "tabelle"];

/// The kind and label (`Figure 3`) of the caption that `text` is, if it is one rather than a sentence that
/// starts with `Figure 3 shows`.
pub(super) fn find_caption(text: &str) -> Option<(CaptionOf, String)> {
    let text = text.trim_start();
    let word: String = text.chars().take_while(|c| c.is_alphabetic() || *c == '.').take(12).collect();
    let folded = word.to_lowercase();
    let kind = if FIGURE_WORDS.contains(&folded.as_str()) {
        CaptionOf::Figure
    } else if TABLE_WORDS.contains(&folded.as_str()) {
        CaptionOf::Table
    } else {
        return None;
    };
    if !word.chars().next().is_some_and(char::is_uppercase) {
        return None;
    }
    let rest = text.get(word.len()..)?.trim_start();
    let number: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '–'))
        .take(8)
        .collect();
    let bare = number.trim_end_matches(['.', '-', '–']);
    let counts = bare.chars().any(|c| c.is_ascii_digit())
        || (!bare.is_empty() && bare.chars().all(|c| matches!(c, 'I' | 'V' | 'X')))
        || (bare.len() == 1 && bare.chars().all(|c| c.is_ascii_uppercase()));
    if !counts {
        return None;
    }
    let after = rest.get(bare.len()..)?;
    let mark = after.chars().next();
    let closed = matches!(mark, None | Some('.' | ':' | '|' | '–' | '—' | '-' | ')' | '('));
    let next_word = after.trim_start().chars().next();
    // Without a mark behind the number a caption starts with a capital, a sentence with a verb.
    let titled = next_word.is_none_or(|c| c.is_uppercase() || c.is_ascii_digit() || !c.is_alphabetic());
    (closed || titled).then(|| (kind, format!("{word} {bare}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_told_from_sentences() {
        assert_eq!(find_caption("Figure 3: A tree"), Some((CaptionOf::Figure, "Figure 3".to_owned())));
        assert_eq!(find_caption("Fig. 2. Mean age"), Some((CaptionOf::Figure, "Fig. 2".to_owned())));
        assert_eq!(find_caption("TABLE IV Results"), Some((CaptionOf::Table, "TABLE IV".to_owned())));
        assert_eq!(find_caption("Table 1"), Some((CaptionOf::Table, "Table 1".to_owned())));
        assert_eq!(find_caption("Figure 3 shows that"), None);
        assert_eq!(find_caption("figure 3: lower case"), None);
        assert_eq!(find_caption("Table of contents"), None);
    }
}
