//! Spans to one line of Markdown, or to HTML.

use super::address::safe_address;
use super::escape::{escape_html, escape_inline, printable};
use super::notes::Notes;
use crate::document::{LinkTarget, Script, Span};

/// One line of Markdown. `plain_bold`: bold as a whole carries no information (a heading), so leave it out.
///
/// Marks of the footnotes in `notes` become references.
pub(super) fn markdown_line(spans: &[Span], in_table: bool, plain_bold: bool, notes: &Notes) -> String {
    let mut out = String::new();
    let spans = merged(spans, plain_bold);
    for (index, span) in spans.iter().enumerate() {
        let next = spans.get(index + 1).and_then(|span| span.text.chars().next());
        if let Some(number) = notes.number_of(span) {
            // A `!` in front would be taken for an image by some.
            if out.ends_with('!') {
                out.pop();
                out.push_str("\\!");
            }
            let blank = if span.text.ends_with(char::is_whitespace) { " " } else { "" };
            out.push_str(&format!("[^{number}]{blank}"));
            continue;
        }
        push_span(span, next, in_table, &mut out);
    }
    out.trim().to_owned()
}

/// Neighbours in the same style become one; a space belongs to the text in front of it.
fn merged(spans: &[Span], plain_bold: bool) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        let mut span = span.clone();
        if plain_bold {
            span.bold = false;
        }
        if let Some(last) = merged.last_mut() {
            let blank = span.text.trim().is_empty() && span.link.is_none();
            if blank || same_style(last, &span) {
                last.text.push_str(&span.text);
                continue;
            }
        }
        merged.push(span);
    }
    merged
}

fn same_style(a: &Span, b: &Span) -> bool {
    a.bold == b.bold
        && a.italic == b.italic
        && a.mono == b.mono
        && a.script == b.script
        && a.link == b.link
        && a.note == b.note
        && a.note.is_none()
}

fn push_span(span: &Span, next: Option<char>, in_table: bool, out: &mut String) {
    let text = span.text.as_str();
    let core = text.trim();
    if core.is_empty() {
        if !text.is_empty() {
            out.push(' ');
        }
        return;
    }
    if text.starts_with(char::is_whitespace) {
        out.push(' ');
    }
    let trailing = text.ends_with(char::is_whitespace);
    let after = if trailing { Some(' ') } else { next };

    let mut inner = String::new();
    let marks = if span.mono { "" } else { emphasis(span, core, out.chars().next_back(), after) };
    if span.mono {
        push_code(core, in_table, &mut inner);
    } else {
        let mark = marks.chars().next();
        // What the next span starts with is known, but not what stands between: marks, a tag, a bracket.
        let behind = mark.or(if after.is_none_or(char::is_whitespace) { Some(' ') } else { None });
        escape_inline(core, (mark.or(out.chars().next_back()), behind), in_table, &mut inner);
    }
    let (open, close) = match span.script {
        Some(Script::Super) => ("<sup>", "</sup>"),
        Some(Script::Sub) => ("<sub>", "</sub>"),
        None => ("", ""),
    };
    let styled = format!("{marks}{open}{inner}{close}{}", marks.chars().rev().collect::<String>());
    match &span.link {
        Some(LinkTarget::Uri(uri)) => match safe_address(uri) {
            Some(address) => {
                // A `!` in front would turn the link into an image.
                if out.ends_with('!') {
                    out.pop();
                    out.push_str("\\!");
                }
                out.push_str(&format!("[{}]({address})", balanced(&styled)));
            }
            None => out.push_str(&styled),
        },
        Some(LinkTarget::Page(_)) | None => out.push_str(&styled),
    }
    if trailing {
        out.push(' ');
    }
}

/// Brackets inside a link's text must not end it.
fn balanced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for character in text.chars() {
        if matches!(character, '[' | ']') && !escaped {
            out.push('\\');
        }
        escaped = character == '\\' && !escaped;
        out.push(character);
    }
    out
}

/// The emphasis marks that a renderer will take as such here, or nothing: CommonMark 6.2 wants an opening run
/// to be left-flanking and a closing one to be right-flanking.
fn emphasis(span: &Span, core: &str, before: Option<char>, after: Option<char>) -> &'static str {
    let marks = match (span.bold, span.italic) {
        (true, true) => "***",
        (true, false) => "**",
        (false, true) => "*",
        (false, false) => return "",
    };
    let outer_is_open = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || is_punctuation(c));
    let first = core.chars().next();
    let last = core.chars().next_back();
    // With a tag as the innermost text, the neighbour of the marks is `<` or `>`.
    let inner_is_punctuation = |c: Option<char>| span.script.is_some() || c.is_none_or(is_punctuation);
    let opens = !inner_is_punctuation(first) || outer_is_open(before);
    let closes = !inner_is_punctuation(last) || outer_is_open(after);
    // A mark beside an equal one would join it.
    if opens && closes && before != Some('*') && after != Some('*') { marks } else { "" }
}

fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation() || (!character.is_alphanumeric() && !character.is_whitespace())
}

fn push_code(text: &str, in_table: bool, out: &mut String) {
    let mut text: String = text.chars().filter_map(printable).collect();
    if in_table {
        text = text.replace('|', "\\|"); // GFM 4.10: a cell's pipe is escaped even in code
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    out.push_str(&format!("{fence}{pad}{text}{pad}{fence}"));
}

/// Length of the longest run of `wanted` in `text`.
pub(super) fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut current = 0;
    for character in text.chars() {
        current = if character == wanted { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

/// Spans as HTML content.
pub(super) fn push_html(spans: &[Span], notes: &Notes, out: &mut String) {
    for span in merged(spans, false) {
        if let Some(number) = notes.number_of(&span) {
            out.push_str(&format!("<sup><a href=\"#note-{number}\" role=\"doc-noteref\">{number}</a></sup>"));
            if span.text.ends_with(char::is_whitespace) {
                out.push(' ');
            }
            continue;
        }
        let mut close: Vec<&str> = Vec::new();
        if let Some(LinkTarget::Uri(uri)) = &span.link
            && let Some(address) = safe_address(uri)
        {
            out.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
            escape_html(&address, out);
            out.push_str("\">");
            close.push("</a>");
        } else if let Some(LinkTarget::Page(page)) = &span.link {
            out.push_str(&format!("<a href=\"#page-{page}\">"));
            close.push("</a>");
        }
        let tags = [
            (span.bold, "<strong>", "</strong>"),
            (span.italic, "<em>", "</em>"),
            (span.mono, "<code>", "</code>"),
            (span.script == Some(Script::Super), "<sup>", "</sup>"),
            (span.script == Some(Script::Sub), "<sub>", "</sub>"),
        ];
        for (on, open_tag, close_tag) in tags {
            if on {
                out.push_str(open_tag);
                close.push(close_tag);
            }
        }
        escape_html(&span.text, out);
        for tag in close.iter().rev() {
            out.push_str(tag);
        }
    }
}
