//! A document as GitHub Flavored Markdown.

use super::contents::{Anchors, without_contents};
use super::escape::{escape_inline, guard_line_start, printable, printable_lines};
use super::flow::{Passage, flow, flow_of};
use super::front_matter::front_matter;
use super::inline::{longest_run, markdown_line};
use super::notes::Notes;
use super::table::markdown_table;
use super::wording::{description_origin, method_name, words_in};
use crate::document::{Block, Content, Document, Figure, FigureId, Generated, Method, Page, plain_text};

/// What becomes of a printed table of contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contents {
    /// It becomes a list of links to the headings.
    #[default]
    Keep,
    /// It is left out: the headings say the same.
    Drop,
}

/// What goes into the Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// YAML front matter: title, author, dates, language, pages.
    pub front_matter: bool,
    /// The summary and keywords of the text stage, in front.
    pub synopsis: bool,
    /// Descriptions of figures that the document does not contain itself.
    pub descriptions: bool,
    /// The printed table of contents.
    pub contents: Contents,
}

impl Default for MarkdownOptions {
    fn default() -> Self {
        Self { front_matter: false, synopsis: true, descriptions: true, contents: Contents::Keep }
    }
}

/// The whole document.
#[must_use]
pub fn markdown(document: &Document, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    let passages = flow(document);
    if options.front_matter {
        out.push_str(&front_matter(document, &passages, options.synopsis));
    }
    if options.synopsis {
        push_synopsis(document, &mut out);
    }
    push_passages(passages, document, options, &mut out);
    out
}

/// One page alone; text that goes on from the page before starts in mid-sentence. Footnotes are numbered
/// within the page.
#[must_use]
pub fn page_markdown(page: &Page, document: &Document, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    push_passages(flow_of(page.blocks.iter()), document, options, &mut out);
    out
}

/// One block alone.
#[must_use]
pub fn block_markdown(block: &Block, document: &Document, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    push_passages(flow_of(std::iter::once(block)), document, options, &mut out);
    out
}

/// One passage, without what only a whole document can say (numbers of notes, links of contents).
pub(super) fn lone_passage(passage: &Passage<'_>, document: &Document, notes: &Notes) -> String {
    let writer =
        Writer { document, options: &MarkdownOptions::default(), notes, anchors: &Anchors::default() };
    match &passage.block.content {
        Content::ListItem { depth, marker, number, .. } => {
            let mut out = String::new();
            let mut indents = vec![2; usize::from(*depth)];
            writer.push_item(passage, *depth, marker, *number, &mut indents, &mut out);
            out.trim_end().to_owned()
        }
        Content::ContentsEntry { depth, page_label, .. } => {
            let mut out = String::new();
            writer.push_entry(passage, *depth, page_label, &mut vec![2; usize::from(*depth)], &mut out);
            out.trim_end().to_owned()
        }
        _ => writer.passage(passage),
    }
}

struct Writer<'a> {
    document: &'a Document,
    options: &'a MarkdownOptions,
    notes: &'a Notes,
    anchors: &'a Anchors,
}

fn push_passages(
    passages: Vec<Passage<'_>>,
    document: &Document,
    options: &MarkdownOptions,
    out: &mut String,
) {
    let passages = match options.contents {
        Contents::Keep => passages,
        Contents::Drop => without_contents(passages),
    };
    let (notes, anchors) = (Notes::of(&passages), Anchors::of(&passages));
    let writer = Writer { document, options, notes: &notes, anchors: &anchors };
    let mut indents: Vec<usize> = Vec::new();
    // In a list: of the text, or of contents.
    let mut list: Option<bool> = None;
    for passage in &passages {
        let kind = match &passage.block.content {
            Content::ListItem { .. } => Some(false),
            Content::ContentsEntry { .. } => Some(true),
            _ => None,
        };
        if kind.is_some() && kind != list {
            indents.clear();
            separate(out);
        }
        list = kind;
        match &passage.block.content {
            Content::ListItem { depth, marker, number, .. } => {
                writer.push_item(passage, *depth, marker, *number, &mut indents, out);
            }
            Content::ContentsEntry { depth, page_label, .. } => {
                writer.push_entry(passage, *depth, page_label, &mut indents, out);
            }
            _ => {
                let text = writer.passage(passage);
                if !text.is_empty() {
                    separate(out);
                    out.push_str(&text);
                    out.push('\n');
                }
            }
        }
    }
}

/// One blank line between blocks.
fn separate(out: &mut String) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

impl Writer<'_> {
    fn push_item(
        &self,
        passage: &Passage<'_>,
        depth: u8,
        marker: &str,
        number: Option<u32>,
        indents: &mut Vec<usize>,
        out: &mut String,
    ) {
        if marker.is_empty() && number.is_none() {
            self.push_further(passage, depth, indents, out);
            return;
        }
        // A nested item is indented to where the text of the item above it starts.
        indents.truncate(depth as usize);
        let indent: usize = indents.iter().sum();
        let ordinal = number.filter(|n| *n <= 999_999_999).and_then(|n| {
            let printed = marker.trim();
            (printed == format!("{n}.") || printed == format!("{n})")).then_some(printed)
        });
        let (bullet, printed) = match ordinal {
            Some(ordinal) => (format!("{ordinal} "), ""),
            // Markdown counts in digits only: letters, Roman numbers and the like stay as text.
            None if number.is_some() || marker.chars().any(char::is_alphanumeric) => {
                ("- ".to_owned(), marker)
            }
            None => ("- ".to_owned(), ""),
        };
        let mut text = String::new();
        if !printed.is_empty() {
            escape_inline(printed, (None, Some(' ')), false, &mut text);
            text.push(' ');
        }
        text.push_str(&markdown_line(&passage.spans, false, false, self.notes));
        let mut text = guard_line_start(&text);
        // `[x] ` at the start of an item would be a task box.
        if text.starts_with('[') && matches!(text.as_bytes().get(2), Some(b']')) {
            text.insert(0, '\\');
        }
        out.push_str(&format!("{}{bullet}{text}\n", " ".repeat(indent)));
        while indents.len() < depth as usize {
            indents.push(2);
        }
        indents.push(bullet.len());
    }

    /// A further paragraph of an item stands below its text; without an item, by itself.
    fn push_further(&self, passage: &Passage<'_>, depth: u8, indents: &mut Vec<usize>, out: &mut String) {
        indents.truncate(usize::from(depth) + 1);
        let indent: usize = indents.iter().sum();
        let text = guard_line_start(&markdown_line(&passage.spans, false, false, self.notes));
        separate(out);
        out.push_str(&format!("{}{text}\n", " ".repeat(indent)));
    }

    /// One line of a table of contents: a link where the heading is known, and the page as printed.
    fn push_entry(
        &self,
        passage: &Passage<'_>,
        depth: u8,
        page_label: &str,
        indents: &mut Vec<usize>,
        out: &mut String,
    ) {
        indents.truncate(depth as usize);
        let indent: usize = indents.iter().sum();
        let title = plain_text(&passage.spans);
        let text = match self.anchors.find(&title) {
            Some(anchor) => format!("[{}](#{anchor})", fully_escaped(&title)),
            None => guard_line_start(&markdown_line(&passage.spans, false, false, self.notes)),
        };
        let mut label = String::new();
        escape_inline(page_label.trim(), (None, Some(' ')), false, &mut label);
        let label = if label.is_empty() { label } else { format!(" ({label})") };
        out.push_str(&format!("{}- {text}{label}\n", " ".repeat(indent)));
        while indents.len() <= depth as usize {
            indents.push(2);
        }
    }

    fn passage(&self, passage: &Passage<'_>) -> String {
        let line = |plain_bold| markdown_line(&passage.spans, false, plain_bold, self.notes);
        match passage.content() {
            Content::Heading { level, .. } => {
                let text = line(true);
                // A closing run of `#` would be taken for decoration.
                let text = match text.strip_suffix('#') {
                    Some(head) => format!("{head}\\#"),
                    None => text,
                };
                if text.is_empty() {
                    text
                } else {
                    format!("{} {text}", "#".repeat((*level).clamp(1, 6) as usize))
                }
            }
            Content::Paragraph { .. } | Content::Caption { .. } => guard_line_start(&line(false)),
            Content::Footnote { marker, .. } => {
                let body = line(false);
                if let Some(number) = self.notes.number(&passage.block.id) {
                    return format!("[^{number}]: {}", guard_line_start(&body));
                }
                let mut text = String::new();
                escape_inline(marker.trim(), (None, Some(' ')), false, &mut text);
                if text.is_empty() { guard_line_start(&body) } else { format!("<sup>{text}</sup> {body}") }
            }
            Content::Table { table } if table.rows.is_empty() => String::new(),
            Content::Table { table } => markdown_table(table),
            Content::Code { text } => {
                let text = printable_lines(text);
                let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
                format!("{fence}\n{}\n{fence}", text.trim_end_matches('\n'))
            }
            Content::Equation { text, latex, figure } => {
                self.equation(text, latex.as_deref(), figure.as_ref())
            }
            Content::Figure { figure } => match self.document.figure(figure) {
                Some(figure) => figure_markdown(figure, self.options),
                None => String::new(),
            },
            Content::ListItem { .. } | Content::ContentsEntry { .. } | Content::Furniture { .. } => {
                String::new()
            }
        }
    }

    /// LaTeX where it is known, else the picture with the text as its alternative, else a block of its own.
    fn equation(&self, text: &str, latex: Option<&str>, figure: Option<&FigureId>) -> String {
        if let Some(latex) = latex {
            return format!("$$\n{}\n$$", printable_lines(latex).trim());
        }
        let figure = figure.and_then(|figure| self.document.figure(figure));
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let escaped = lines.map(|line| {
            let mut escaped = String::new();
            escape_inline(line, (None, Some(' ')), false, &mut escaped);
            guard_line_start(&escaped)
        });
        let escaped = escaped.collect::<Vec<_>>().join("\n");
        match figure {
            Some(figure) => {
                let label = format!("Equation: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
                format!("![{}]({})\n\n{escaped}", fully_escaped(&label), figure.file)
            }
            None => escaped,
        }
    }
}

fn figure_markdown(figure: &Figure, options: &MarkdownOptions) -> String {
    let description = figure.description.as_ref().filter(|_| options.descriptions);
    let alternative = description.map_or_else(|| figure.name(), |description| description.text.clone());
    let mut out = format!("![{}]({})", fully_escaped(&alternative), figure.file);
    if let Some(description) = description {
        let mut text = String::new();
        let words = words_in(figure).map_or_else(String::new, |words| format!(" ({words})"));
        let said = format!("{}{words}", description.text.trim());
        escape_inline(&said, (None, Some(' ')), false, &mut text);
        out.push_str(&format!("\n\n*{}:* {text}", description_origin(description)));
    }
    out
}

/// For an image's alternative text: nothing in it may be syntax.
fn fully_escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.trim().chars() {
        let Some(character) = printable(character) else { continue };
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '!' | '~' | '|') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn push_synopsis(document: &Document, out: &mut String) {
    let Some(synopsis) = &document.synopsis else { return };
    let mut quote = |label: &str, origin: &str, text: &str| {
        let mut escaped = String::new();
        escape_inline(text.trim(), (None, Some(' ')), false, &mut escaped);
        separate(out);
        out.push_str(&format!("> **{label}** ({origin}): {escaped}\n"));
    };
    let generated = |text: &Generated| method_name(&text.method);
    if let Some(title) = &synopsis.title {
        quote("Title", &generated(title), &title.text);
    }
    if let Some(summary) = &synopsis.summary {
        quote("Summary", &generated(summary), &summary.text);
    }
    if !synopsis.keywords.is_empty() {
        let origin = synopsis.keywords_method.as_ref().map_or_else(
            || "picked from the text".to_owned(),
            |method| match method {
                Method::Extractive(rule) => format!("picked by {rule}"),
                Method::Model(model) => format!("generated by {model}"),
            },
        );
        quote("Keywords", &origin, &synopsis.keywords.join(", "));
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
