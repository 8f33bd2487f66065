//! A document as GitHub Flavored Markdown.

use super::escape::{escape_inline, guard_line_start};
use super::flow::{Passage, flow, flow_of};
use super::inline::{longest_run, markdown_line};
use super::table::markdown_table;
use crate::document::{Block, Content, Document, Figure, Generated, Method, Page};

/// What goes into the Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// YAML front matter: title, author, dates, language, pages.
    pub front_matter: bool,
    /// The summary and keywords of the text stage, in front.
    pub synopsis: bool,
    /// Descriptions of figures that the document does not contain itself.
    pub descriptions: bool,
}

impl Default for MarkdownOptions {
    fn default() -> Self {
        Self { front_matter: true, synopsis: true, descriptions: true }
    }
}

/// The whole document.
#[must_use]
pub fn markdown(document: &Document, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    if options.front_matter {
        push_front_matter(document, options, &mut out);
    }
    if options.synopsis {
        push_synopsis(document, &mut out);
    }
    push_passages(&flow(document), document, options, &mut out);
    out
}

/// One page alone; text that goes on from the page before starts in mid-sentence.
#[must_use]
pub fn page_markdown(page: &Page, document: &Document, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    push_passages(&flow_of(page.blocks.iter()), document, options, &mut out);
    out
}

/// One block alone.
#[must_use]
pub fn block_markdown(block: &Block, document: &Document, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    push_passages(&flow_of(std::iter::once(block)), document, options, &mut out);
    out
}

fn push_passages(passages: &[Passage<'_>], document: &Document, options: &MarkdownOptions, out: &mut String) {
    let mut indents: Vec<usize> = Vec::new();
    let mut in_list = false;
    for passage in passages {
        if let Content::ListItem { depth, marker, number, .. } = &passage.block.content {
            if !in_list {
                indents.clear();
                separate(out);
            }
            push_item(passage, *depth, marker, *number, &mut indents, out);
            in_list = true;
            continue;
        }
        in_list = false;
        let text = passage_markdown(passage, document, options);
        if !text.is_empty() {
            separate(out);
            out.push_str(&text);
            out.push('\n');
        }
    }
}

/// One blank line between blocks.
fn separate(out: &mut String) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

fn push_item(
    passage: &Passage<'_>,
    depth: u8,
    marker: &str,
    number: Option<u32>,
    indents: &mut Vec<usize>,
    out: &mut String,
) {
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
        None if number.is_some() || marker.chars().any(char::is_alphanumeric) => ("- ".to_owned(), marker),
        None => ("- ".to_owned(), ""),
    };
    let mut text = String::new();
    if !printed.is_empty() {
        escape_inline(printed, (None, Some(' ')), false, &mut text);
        text.push(' ');
    }
    text.push_str(&markdown_line(&passage.spans, false, false));
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

fn passage_markdown(passage: &Passage<'_>, document: &Document, options: &MarkdownOptions) -> String {
    let line = |plain_bold| markdown_line(&passage.spans, false, plain_bold);
    match &passage.block.content {
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
            let mut text = String::new();
            escape_inline(marker.trim(), (None, Some(' ')), false, &mut text);
            let body = line(false);
            if text.is_empty() { guard_line_start(&body) } else { format!("<sup>{text}</sup> {body}") }
        }
        Content::Table { table } if table.rows.is_empty() => String::new(),
        Content::Table { table } => markdown_table(table),
        Content::Code { text } => {
            let text: String = text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
            let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
            format!("{fence}\n{}\n{fence}", text.trim_end_matches('\n'))
        }
        Content::Equation { text } => {
            let mut escaped = String::new();
            escape_inline(text.trim(), (None, Some(' ')), false, &mut escaped);
            guard_line_start(&escaped)
        }
        Content::Figure { figure } => match document.figure(figure) {
            Some(figure) => figure_markdown(figure, options),
            None => String::new(),
        },
        Content::ListItem { .. } | Content::Furniture { .. } => String::new(),
    }
}

fn figure_markdown(figure: &Figure, options: &MarkdownOptions) -> String {
    let description = figure.description.as_ref().filter(|_| options.descriptions);
    let alternative = match (description, &figure.label) {
        (Some(description), _) => description.text.clone(),
        (None, Some(label)) => label.clone(),
        (None, None) => format!("Figure on page {}", figure.page),
    };
    let mut out = format!("![{}]({})", fully_escaped(&alternative), figure.file);
    if let Some(description) = description {
        let mut text = String::new();
        escape_inline(description.text.trim(), (None, Some(' ')), false, &mut text);
        let origin = match &description.model {
            Some(model) if description.edited => format!("Generated description ({model}), edited"),
            Some(model) => format!("Generated description ({model})"),
            None => "Description by a reader".to_owned(),
        };
        out.push_str(&format!("\n\n*{origin}:* {text}"));
    }
    out
}

/// For an image's alternative text: nothing in it may be syntax.
fn fully_escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.trim().chars() {
        if character.is_control() {
            out.push(' ');
            continue;
        }
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '!' | '~' | '|') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// What made a text, for the reader.
pub(super) fn method_name(method: &Method) -> String {
    match method {
        Method::Extractive(rule) => format!("sentences of the document, picked by {rule}"),
        Method::Model(model) => format!("generated by {model}"),
    }
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

fn push_front_matter(document: &Document, options: &MarkdownOptions, out: &mut String) {
    let metadata = &document.metadata;
    let generated = document.synopsis.as_ref().filter(|_| options.synopsis);
    let generated_title =
        generated.and_then(|synopsis| synopsis.title.as_ref()).map(|title| title.text.clone());
    let fields = [
        ("title", metadata.title.clone().or(generated_title)),
        ("author", metadata.author.clone()),
        ("created", metadata.created.clone()),
        ("language", metadata.language.clone()),
        ("source", Some(document.source.name.clone())),
    ];
    out.push_str("---\n");
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            out.push_str(&format!("{name}: {}\n", yaml_string(&value)));
        }
    }
    out.push_str(&format!("pages: {}\n---\n\n", metadata.page_count));
}

/// A YAML double-quoted scalar: a JSON string is one.
fn yaml_string(text: &str) -> String {
    serde_json::Value::String(text.trim().to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockId, Cell, Provenance, Rect, Row, Source, Span, Table, TextQuality};
    use pulldown_cmark::{Event, Options, Parser};

    fn span(text: &str) -> Span {
        Span { text: text.to_owned(), ..Span::default() }
    }

    fn document(contents: Vec<Content>) -> Document {
        let mut document = Document::new(Source::default());
        let blocks = contents
            .into_iter()
            .enumerate()
            .map(|(index, content)| Block {
                id: BlockId::new(1, index + 1),
                page: 1,
                bbox: Rect::default(),
                content,
                continues: false,
                confidence: 1.0,
                provenance: Provenance { stage: "extraction".to_owned(), model: None },
            })
            .collect();
        document.pages.push(Page {
            number: 1,
            label: None,
            width: 612.0,
            height: 792.0,
            text: TextQuality::Digital,
            blocks,
        });
        document
    }

    fn bare(contents: Vec<Content>) -> String {
        let options = MarkdownOptions { front_matter: false, synopsis: false, descriptions: true };
        markdown(&document(contents), &options)
    }

    fn item(depth: u8, marker: &str, number: Option<u32>, text: &str) -> Content {
        Content::ListItem { depth, marker: marker.to_owned(), number, spans: vec![span(text)] }
    }

    #[test]
    fn blocks_stand_apart_and_lists_together() {
        let text = bare(vec![
            Content::Heading { level: 2, spans: vec![Span { bold: true, ..span("1 Methods") }] },
            Content::Paragraph { spans: vec![span("We did:")] },
            item(0, "•", None, "this"),
            item(1, "–", None, "in detail"),
            item(0, "(b)", Some(2), "that"),
            Content::Paragraph { spans: vec![span("Then we stopped.")] },
            item(0, "3.", Some(3), "go on"),
        ]);
        assert_eq!(
            text,
            "## 1 Methods\n\nWe did:\n\n- this\n  - in detail\n- (b) that\n\nThen we stopped.\n\n3. go on\n"
        );
    }

    #[test]
    fn tables_are_pipes_until_a_cell_spans() {
        let cell = |column, text: &str| Cell { column, row_span: 1, column_span: 1, spans: vec![span(text)] };
        let rows =
            vec![Row { cells: vec![cell(0, "a|b"), cell(1, "c")] }, Row { cells: vec![cell(1, "<b>")] }];
        let mut table = Table { columns: 2, header_rows: 1, rows };
        assert_eq!(
            bare(vec![Content::Table { table: table.clone() }]),
            "| a\\|b | c |\n| --- | --- |\n|  | \\<b> |\n"
        );
        table.rows[1].cells[0] = Cell { column_span: 2, ..cell(0, "<b> & \"q\"") };
        assert_eq!(
            bare(vec![Content::Table { table }]),
            "<table>\n<thead>\n<tr><th>a|b</th><th>c</th></tr>\n</thead>\n<tbody>\n<tr><td \
             colspan=\"2\">&lt;b&gt; &amp; &quot;q&quot;</td></tr>\n</tbody>\n</table>\n"
        );
    }

    /// Text built from pieces of syntax, in a fixed pseudo-random order, comes back as the same text, and
    /// never as markup.
    #[test]
    fn text_survives_a_markdown_parser() {
        let pieces = [
            "*",
            "**",
            "_",
            "__",
            "`",
            "``",
            "[",
            "](",
            ")",
            "]",
            "![",
            "<",
            "<b>",
            "</b>",
            "<!--",
            "&amp;",
            "&#60;",
            "\\",
            "#",
            "# ",
            "> ",
            "- ",
            "+ ",
            "1. ",
            "2) ",
            "---",
            "===",
            "~~",
            "|",
            ":",
            "]: http://x.org",
            "word",
            " ",
            " and ",
            "é",
            "中",
            "http://x.org",
            "<http://x.org>",
            "$",
            "!",
            "(",
            "^",
            "[^1]",
            "[x] ",
            "x",
            "```",
        ];
        let mut state = 42_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize
        };
        for round in 0..40_000 {
            let text: String = (0..next() % 12 + 1).map(|_| pieces[next() % pieces.len()]).collect();
            let spans = match round % 3 {
                0 => vec![span(&text)],
                1 => vec![Span { bold: true, ..span(&text) }, span(pieces[next() % pieces.len()])],
                _ => {
                    vec![span(pieces[next() % pieces.len()]), Span { italic: true, ..span(&text) }, span("x")]
                }
            };
            let expected: String = spans.iter().map(|span| span.text.as_str()).collect();
            let content = match round % 5 {
                0 => Content::Heading { level: 2, spans },
                1 => Content::ListItem { depth: 0, marker: "•".to_owned(), number: None, spans },
                2 => {
                    let cells = vec![Cell { column: 0, row_span: 1, column_span: 1, spans }];
                    Content::Table { table: Table { columns: 1, header_rows: 0, rows: vec![Row { cells }] } }
                }
                _ => Content::Paragraph { spans },
            };
            let written = bare(vec![content]);
            let mut read = String::new();
            for event in Parser::new_ext(
                &written,
                Options::ENABLE_TABLES
                    | Options::ENABLE_STRIKETHROUGH
                    | Options::ENABLE_FOOTNOTES
                    | Options::ENABLE_TASKLISTS,
            ) {
                match event {
                    Event::Text(text) | Event::Code(text) => read.push_str(&text),
                    Event::Html(html) | Event::InlineHtml(html) => {
                        panic!("{expected:?}: {html:?} in {written:?}")
                    }
                    Event::Start(tag) => {
                        use pulldown_cmark::Tag;
                        assert!(
                            !matches!(tag, Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_)),
                            "{expected:?}: {tag:?} in {written:?}"
                        );
                    }
                    Event::SoftBreak | Event::HardBreak => read.push(' '),
                    Event::Rule | Event::TaskListMarker(_) | Event::FootnoteReference(_) => {
                        panic!("{expected:?}: {event:?} in {written:?}")
                    }
                    _ => {}
                }
            }
            let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(folded(&read), folded(&expected), "in {written:?}");
        }
    }
}
