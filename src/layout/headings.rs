//! Is a block a heading, and of which level?

use super::lines::Line;
use super::survey::{Style, Survey};
use crate::document::Script;

/// A title folded for comparison: letters and digits only, without case.
pub(super) fn match_key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(200).collect()
}

/// Depth of a section number in front of a title: 1 for `2 Methods`, 2 for `2.1 Data`, none without.
pub(super) fn numbering_depth(text: &str) -> Option<u8> {
    let text = text.trim_start();
    let number: &str = text.split_whitespace().next()?;
    let rest = text.get(number.len()..)?.trim_start();
    if !rest.chars().next().is_some_and(char::is_alphabetic) {
        return None;
    }
    let bare = number.trim_end_matches(['.', ')', ':']);
    let parts: Vec<&str> = bare.split('.').collect();
    let digits =
        |part: &&str| !part.is_empty() && part.len() <= 3 && part.chars().all(|c| c.is_ascii_digit());
    let letter = |part: &str| part.len() == 1 && part.chars().all(|c| c.is_ascii_uppercase());
    let roman = |part: &str| {
        part.len() <= 5
            && number.ends_with('.')
            && part.chars().all(|c| matches!(c, 'I' | 'V' | 'X'))
            && !part.is_empty()
    };
    let plausible = match parts.as_slice() {
        [first] => digits(first) || roman(first) || (letter(first) && number.ends_with('.')),
        [first, others @ ..] => (digits(first) || letter(first)) && others.iter().all(digits),
        [] => false,
    };
    if plausible { u8::try_from(parts.len()).ok() } else { None }
}

/// Bold lines down to this share of the body's size can be headings: some papers set them smaller.
pub(super) const MIN_BOLD_SIZE: f32 = 0.7;

/// The level of the heading that `lines` make, if they make one. `below` is the font size of the text that
/// follows, in points.
pub(super) fn heading_level(lines: &[&Line], below: f32, survey: &Survey, page: u32) -> Option<u8> {
    let first = lines.first()?;
    if lines.len() > 4 {
        return None;
    }
    let text: String = lines.iter().map(|line| line.text()).collect::<Vec<_>>().join(" ");
    let trimmed = text.trim();
    let length = trimmed.chars().count();
    let letters = trimmed.chars().filter(|c| c.is_alphabetic()).count();
    if length > 220 || letters < 2 || letters * 3 < length {
        return None;
    }
    // A chapter's number above its title has no letters that could be bold.
    let worded = |line: &Line| line.pieces.iter().any(|piece| piece.text.chars().any(char::is_alphabetic));
    let bold = lines.iter().all(|line| line.bold || !worded(line));
    let size = first.size;
    if lines.iter().any(|line| (line.size - size).abs() > 0.12 * size) || lines.iter().all(|line| line.mono) {
        return None;
    }
    if let Some(level) = survey.outline_level(trimmed, page)
        && length < 160
    {
        let style = survey.level(Style::new(size, bold)).unwrap_or(u8::MAX);
        // The outline often leaves the title out, so its levels count from one lower.
        return Some(if style == 1 { 1 } else { level.saturating_add(1).clamp(1, 6) });
    }
    // Names with marks of their affiliations are authors.
    let marks =
        lines.iter().flat_map(|line| &line.pieces).filter(|piece| piece.script == Some(Script::Super));
    if marks.count() > 1 {
        return None;
    }
    let body = survey.body_size();
    // `3.1. Fungal Cultures` in italics.
    let italic = lines.iter().flat_map(|line| &line.pieces).all(|p| p.italic || p.text.trim().is_empty());
    if italic
        && !bold
        && lines.len() < 3
        && size > 0.97 * body
        && let Some(depth) = numbering_depth(trimmed).filter(|depth| *depth > 1)
    {
        return Some(survey.numbered_level(depth));
    }
    let larger = size > 1.09 * body;
    let ends_sentence = trimmed.ends_with(['.', ',', ';', ':']) && numbering_depth(trimmed).is_none();
    // What is smaller than the body heads body text, or else it is a note in a margin with its own small text.
    let large_enough = size > 0.97 * body || (size > MIN_BOLD_SIZE * body && below > 0.97 * body);
    let stands_out = larger || (bold && !survey.body_is_bold() && large_enough);
    let introduces = trimmed.ends_with(':') && bold && lines.len() == 1 && length < 60;
    if !stands_out || (ends_sentence && !introduces && !(larger && length < 60)) {
        return None;
    }
    // A sentence in larger type is an abstract or a quotation, not a heading.
    if !bold && size < 1.25 * body && lines.len() > 2 {
        return None;
    }
    if !bold && trimmed.chars().next().is_some_and(char::is_lowercase) {
        return None;
    }
    let style = Style::new(size, bold);
    let level = survey.level(style)?;
    let deeper = match numbering_depth(trimmed) {
        Some(depth) => depth.saturating_sub(survey.shallowest_number(style)),
        None => u8::from(survey.is_lower_face(style, first.face)),
    };
    Some((level + deeper).clamp(1, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_depth() {
        assert_eq!(numbering_depth("1 Introduction"), Some(1));
        assert_eq!(numbering_depth("2.3. Data"), Some(2));
        assert_eq!(numbering_depth("A.1 Proofs"), Some(2));
        assert_eq!(numbering_depth("IV. Results"), Some(1));
        assert_eq!(numbering_depth("Introduction"), None);
        assert_eq!(numbering_depth("2023 was"), None);
        assert_eq!(numbering_depth("3.5 %"), None);
    }
}
