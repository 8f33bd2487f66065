//! Lines of one block in; its spans out: joined over line ends, with styles and links.

use super::lines::{Line, Piece};
use super::survey::Survey;
use crate::document::{LinkTarget, Rect, Span};
use crate::pdf::content::LinkArea;

/// Joins lines to running text. Words cut at a line's end are made whole where that is likelier.
pub(super) fn join_lines(lines: &[&Line], links: &[(Rect, &LinkArea)], survey: &Survey) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for line in lines {
        let first_word: String =
            line.text().trim_start().chars().take_while(|c| !c.is_whitespace()).collect();
        if !spans.is_empty() {
            end_line(&mut spans, &first_word, survey);
        }
        for piece in &line.pieces {
            push(&mut spans, piece, links);
        }
    }
    tidy(&mut spans);
    spans
}

/// Appends a piece, parted where a link begins or ends.
fn push(spans: &mut Vec<Span>, piece: &Piece, links: &[(Rect, &LinkArea)]) {
    let near: Vec<&(Rect, &LinkArea)> =
        links.iter().filter(|(area, _)| area.intersection(&piece.bbox).is_some()).collect();
    let link_at = |x: f32, y: f32| near.iter().position(|(area, _)| area.contains(x, y));
    let mut parts: Vec<(usize, Option<usize>)> = Vec::new();
    if piece.places.is_empty() {
        parts.push((0, link_at(piece.bbox.center_x(), piece.bbox.center_y())));
    }
    for &(start, x, y) in &piece.places {
        let link = link_at(x, y);
        match parts.last() {
            None => parts.push((0, link)),
            Some((_, last)) if *last != link => parts.push((start, link)),
            Some(_) => {}
        }
    }
    for (index, (start, link)) in parts.iter().enumerate() {
        let end = parts.get(index + 1).map_or(piece.text.len(), |(next, _)| *next);
        let text = piece.text.get(*start..end).unwrap_or_default();
        let target = link.and_then(|link| near.get(link)).map(|(_, link)| link.target.clone());
        push_span(spans, text, piece, target);
    }
}

fn push_span(spans: &mut Vec<Span>, text: &str, piece: &Piece, link: Option<LinkTarget>) {
    let span = Span {
        text: text.to_owned(),
        bold: piece.bold,
        italic: piece.italic,
        mono: piece.mono,
        script: piece.script,
        link,
        note: None,
    };
    match spans.last_mut() {
        Some(last)
            if (last.bold, last.italic, last.mono, last.script)
                == (span.bold, span.italic, span.mono, span.script)
                && last.link == span.link =>
        {
            last.text.push_str(&span.text);
        }
        _ => spans.push(span),
    }
}

/// What stands between a line's end and the next line's first word: nothing after a hyphen, else a space.
fn end_line(spans: &mut [Span], next: &str, survey: &Survey) {
    let backwards = spans.iter().rev().flat_map(|span| span.text.chars().rev());
    let mut stem: Vec<char> =
        backwards.skip_while(|c| c.is_whitespace()).take_while(|c| !c.is_whitespace()).collect();
    stem.reverse();
    let stem: String = stem.into_iter().collect();
    let Some(last) = spans.last_mut() else { return };
    let kept = last.text.trim_end().len();
    last.text.truncate(kept);
    match stem.chars().last() {
        Some('\u{ad}') => {
            last.text.pop();
        }
        Some('-' | '\u{2010}') if is_cut_word(&stem, next, survey) => {
            last.text.pop();
        }
        // `3-` and `5`, `well-` and `known`: the hyphen stays and nothing is put between.
        Some('-' | '\u{2010}')
            if stem.chars().count() > 1 && next.chars().next().is_some_and(char::is_alphanumeric) => {}
        Some('\u{2013}' | '\u{2014}' | '/')
            if stem.chars().count() > 1 && !stem.ends_with("//") && in_address(&stem) => {}
        _ if in_address(&stem)
            && next.contains(['/', '.'])
            && !next.ends_with('.')
            && stem.ends_with(['/', '.', '=', '&', '?']) => {}
        // An address cut behind its scheme.
        _ if ends_in_scheme(&stem) && next.starts_with("//") => {}
        _ if is_wide(stem.chars().last()) && is_wide(next.chars().next()) => {}
        _ => last.text.push(' '),
    }
}

/// Text ends with `http:` or `https:`, which a line's end may part from the rest of an address.
pub(super) fn ends_in_scheme(text: &str) -> bool {
    let text = text.trim_end();
    text.ends_with("http:") || text.ends_with("https:")
}

fn in_address(stem: &str) -> bool {
    stem.contains("://") || stem.starts_with("www.")
}

/// Chinese, Japanese: no spaces between lines.
fn is_wide(character: Option<char>) -> bool {
    character.is_some_and(
        |c| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff9f}'),
    )
}

/// Whether `inter-` + `national` was one word: the document's own words are asked first.
fn is_cut_word(stem: &str, next: &str, survey: &Survey) -> bool {
    let head = stem.trim_end_matches(['-', '\u{2010}']);
    let head: String = {
        let reversed: String = head.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        reversed.chars().rev().collect()
    };
    let tail: String = next.chars().take_while(|c| c.is_alphanumeric()).collect();
    if head.is_empty() || tail.is_empty() || !tail.chars().all(char::is_alphabetic) {
        return false;
    }
    let joined = survey.occurrences(&format!("{head}{tail}"));
    let hyphened = survey.occurrences(&format!("{head}-{tail}"));
    if joined != hyphened {
        return joined > hyphened;
    }
    // No witness: a small letter goes on with a word, and a compound's first part is a word by itself.
    let small = tail.chars().next().is_some_and(char::is_lowercase)
        && head.chars().last().is_some_and(char::is_lowercase);
    // So is a name: `Spanish-speaking`.
    let is_name = head.chars().next().is_some_and(char::is_uppercase) && head.chars().count() > 3;
    let compound =
        head.contains('-') || (survey.occurrences(&head) > 1 && (is_name || survey.occurrences(&tail) > 1));
    small && !compound
}

/// No blank at the ends, no doubled ones, Unicode NFC.
pub(super) fn tidy(spans: &mut Vec<Span>) {
    use unicode_normalization::UnicodeNormalization;
    let mut blank = true;
    for span in spans.iter_mut() {
        let mut text = String::with_capacity(span.text.len());
        for character in span.text.nfc() {
            let character = if character.is_whitespace() { ' ' } else { character };
            if character == '\u{ad}' || (character == ' ' && blank) {
                continue;
            }
            blank = character == ' ';
            text.push(character);
        }
        span.text = text;
    }
    spans.retain(|span| !span.text.is_empty());
    if let Some(last) = spans.last_mut() {
        let kept = last.text.trim_end().len();
        last.text.truncate(kept);
    }
    spans.retain(|span| !span.text.is_empty());
}

/// Takes `count` characters off the start.
pub(super) fn drop_front(spans: &mut Vec<Span>, mut count: usize) {
    for span in spans.iter_mut() {
        let taken = span.text.chars().count().min(count);
        span.text = span.text.chars().skip(taken).collect();
        count -= taken;
        if count == 0 {
            break;
        }
    }
    tidy(spans);
}
