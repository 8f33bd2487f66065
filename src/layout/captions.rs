//! Captions printed in the document: `Figure 3: …`, `Table 2. …`.

use super::assemble::Draft;
use super::figures::FigureBox;
use crate::document::{Content, FigureId, plain_text};

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

/// Gives each figure caption the nearest figure above or below it. Returns, for each figure (by its place in
/// reading order) that has one, its caption.
pub(super) fn attach_captions(
    drafts: &mut [Draft],
    figures: &[FigureBox],
    order: &[usize],
    page: u32,
    height: f32,
) -> Vec<(usize, String)> {
    let mut captions: Vec<(usize, String)> = Vec::new();
    for draft in drafts.iter_mut() {
        let Content::Caption { figure, spans } = &mut draft.content else { continue };
        let text = plain_text(spans);
        if !matches!(find_caption(&text), Some((CaptionOf::Figure, _))) {
            continue;
        }
        let mut nearest: Option<(f32, usize)> = None;
        for (place, &index) in order.iter().enumerate() {
            let Some(candidate) = figures.get(index) else { continue };
            let beside = candidate.bbox.overlap_y(&draft.bbox) > 0.0;
            let apart = (draft.bbox.y0 - candidate.bbox.y1).max(candidate.bbox.y0 - draft.bbox.y1).max(0.0)
                + if beside { 0.05 * height } else { 0.0 };
            let aligned = candidate.bbox.overlap_x(&draft.bbox) > 0.0 || beside;
            let free = !captions.iter().any(|(taken, _)| *taken == place);
            if aligned && free && apart < 0.12 * height && nearest.is_none_or(|(least, _)| apart < least) {
                nearest = Some((apart, place));
            }
        }
        if let Some((_, place)) = nearest {
            *figure = Some(FigureId::new(page, place + 1));
            captions.push((place, text));
        }
    }
    captions
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
