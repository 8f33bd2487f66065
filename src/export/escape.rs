//! Text to Markdown that reads as that text: only what would otherwise be syntax is escaped.
//!
//! Follows GitHub Flavored Markdown 0.29 and CommonMark 0.31: section numbers in comments are CommonMark's.

/// Escapes running text. `around` are the characters in front of and behind it in the same line: nothing in
/// front is the start of the line, nothing behind is not known.
///
/// Inline syntax only; see [`guard_line_start`] for what matters at the start of a block. With `in_table`
/// pipes are escaped too.
pub(super) fn escape_inline(
    text: &str,
    around: (Option<char>, Option<char>),
    in_table: bool,
    out: &mut String,
) {
    let characters: Vec<char> = text.chars().collect();
    let tildes = characters.iter().filter(|&&c| c == '~').count();
    let mut previous = around.0;
    for (index, &character) in characters.iter().enumerate() {
        let next = characters.get(index + 1).copied().or(if index + 1 == characters.len() {
            around.1
        } else {
            None
        });
        let escaped = match character {
            // 2.4: a backslash before punctuation or at the end would be an escape or a break.
            '\\' => next.is_none_or(|n| n.is_ascii_punctuation()),
            '`' => true,
            // 6.2: a run with white space on both sides is no delimiter.
            '*' => !(is_space(previous) && is_space(next)),
            // 6.2: inside a word an underscore is no delimiter.
            '_' => !(is_space(previous) && is_space(next)) && !(is_word(previous) && is_word(next)),
            // Strikethrough (GFM) needs two.
            '~' => tildes > 1,
            // 6.3, 4.7 and GFM footnotes: no link, image, definition or footnote without these.
            ']' => matches!(next, Some('(' | '[' | ':') | None),
            '[' => matches!(next, Some('^') | None),
            // 6.5, 6.6, 4.6: tags, comments, autolinks.
            '<' => next.is_none_or(|n| n.is_ascii_alphabetic() || matches!(n, '/' | '!' | '?')),
            // 2.5: entities.
            '&' => next.is_none_or(|n| n.is_ascii_alphabetic() || n == '#'),
            // 6.4: an image. Its bracket says enough for this parser; others are less strict.
            '!' => next == Some('['),
            '|' => in_table,
            _ => false,
        };
        if escaped {
            out.push('\\');
        }
        out.extend(printable(character));
        previous = Some(character);
    }
}

/// Escapes what would make a one-line block something else than a paragraph: `# `, `> `, `- `, `1. `, rules.
/// The line's inline syntax is escaped already.
pub(super) fn guard_line_start(line: &str) -> String {
    let line = line.trim_start();
    let mut characters = line.chars();
    let Some(first) = characters.next() else { return String::new() };
    let rest = characters.as_str();
    let blank_or_end = |text: &str| text.is_empty() || text.starts_with(' ');
    let guarded = match first {
        // 4.2: headings.
        '#' => blank_or_end(line.trim_start_matches('#')),
        // 5.1: quotes.
        '>' => true,
        // 5.2 and 4.1: items and rules. 4.3: underlines of headings need a line above, kept safe anyway.
        '-' | '+' | '*' | '_' | '=' => {
            blank_or_end(rest) || line.chars().all(|c| matches!(c, '-' | '=' | '+' | ' '))
        }
        // GFM: a table's delimiter row.
        ':' => line.chars().all(|c| matches!(c, '-' | ':' | '|' | ' ')),
        _ => false,
    };
    if guarded {
        return format!("\\{line}");
    }
    // 5.2: numbered items.
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=9).contains(&digits)
        && let Some((number, tail)) = line.split_at_checked(digits)
        && tail.starts_with(['.', ')'])
        && blank_or_end(&tail[1..])
    {
        return format!("{number}\\{tail}");
    }
    line.to_owned()
}

fn is_space(character: Option<char>) -> bool {
    character.is_none_or(char::is_whitespace)
}

fn is_word(character: Option<char>) -> bool {
    character.is_some_and(char::is_alphanumeric)
}

/// A character as every export shows it: line breaks and tabs as spaces; nothing for other controls, and for
/// bidirectional overrides, which can hide what a text says.
pub(super) fn printable(character: char) -> Option<char> {
    match character {
        '\n' | '\r' | '\t' => Some(' '),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        _ if character.is_control() => None,
        _ => Some(character),
    }
}

/// The same for text whose line breaks and tabs mean something.
pub(super) fn printable_lines(text: &str) -> String {
    let kept = |c: char| if matches!(c, '\n' | '\t') { Some(c) } else { printable(c) };
    text.chars().filter_map(kept).collect()
}

/// Escapes text for HTML content and double-quoted attributes.
pub(super) fn escape_html(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.extend(printable(character)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(text: &str) -> String {
        let mut out = String::new();
        escape_inline(text, (None, Some(' ')), false, &mut out);
        out
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in
            ["Revenue rose 12.4% to $3.5m (2023).", "a < b & c", "5 * 3", "snake_case", "see [12].", "~5 m"]
        {
            assert_eq!(inline(text), text);
        }
    }

    #[test]
    fn syntax_is_escaped() {
        assert_eq!(inline("<img src=x>"), "\\<img src=x>");
        assert_eq!(inline("![x](http://b)"), "\\![x\\](http://b)");
        assert_eq!(inline("*bold*"), "\\*bold\\*");
        assert_eq!(inline("&lt;"), "\\&lt;");
        assert_eq!(inline("`code`"), "\\`code\\`");
        assert_eq!(inline("~~gone~~"), "\\~\\~gone\\~\\~");
    }

    #[test]
    fn block_starts_are_guarded() {
        assert_eq!(guard_line_start("# of items"), "\\# of items");
        assert_eq!(guard_line_start("#1 choice"), "#1 choice");
        assert_eq!(guard_line_start("1986. A great year"), "1986\\. A great year");
        assert_eq!(guard_line_start("1.5 metres"), "1.5 metres");
        assert_eq!(guard_line_start("- dash"), "\\- dash");
        assert_eq!(guard_line_start("---"), "\\---");
        assert_eq!(guard_line_start("-5 degrees"), "-5 degrees");
        assert_eq!(guard_line_start("> quote"), "\\> quote");
    }
}
