//! A document as GitHub Flavored Markdown.

use super::contents::{Anchors, without_contents};
use super::escape::{escape_inline, guard_line_start, printable, printable_lines};
use super::flow::{Passage, flow, flow_of};
use super::front_matter::front_matter;
use super::inline::{longest_run, markdown_line};
use super::notes::Notes;
use super::table::markdown_table;
use super::wording::{description_origin, method_name};
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
    let alternative = match (description, &figure.label) {
        (Some(description), _) => description.text.clone(),
        (None, Some(label)) => label.clone(),
        (None, None) => format!("Figure on page {}", figure.page),
    };
    let mut out = format!("![{}]({})", fully_escaped(&alternative), figure.file);
    if let Some(description) = description {
        let mut text = String::new();
        escape_inline(description.text.trim(), (None, Some(' ')), false, &mut text);
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
        let options = MarkdownOptions { front_matter: false, synopsis: false, ..MarkdownOptions::default() };
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

    fn mark(text: &str, note: usize) -> Span {
        Span { script: Some(crate::document::Script::Super), note: Some(BlockId::new(1, note)), ..span(text) }
    }

    #[test]
    fn footnotes_are_numbered_by_their_marks() {
        let note = |marker: &str, text: &str| Content::Footnote {
            marker: marker.to_owned(),
            spans: vec![span(text)],
        };
        let text = bare(vec![
            Content::Paragraph {
                spans: vec![
                    span("One"),
                    mark("*", 3),
                    span(" and two"),
                    mark("†", 2),
                    span(". Wow!"),
                    mark("*", 3),
                ],
            },
            note("†", "Second."),
            note("*", "# First."),
            note("‡", "Without a mark."),
        ]);
        assert_eq!(
            text,
            "One[^1] and two[^2]. Wow\\![^1]\n\n[^2]: Second.\n\n[^1]: \\# First.\n\n<sup>‡</sup> Without a mark.\n"
        );
        let options = Options::ENABLE_FOOTNOTES;
        let definitions = Parser::new_ext(&text, options)
            .filter(|event| matches!(event, Event::Start(pulldown_cmark::Tag::FootnoteDefinition(_))));
        assert_eq!(definitions.count(), 2);
    }

    #[test]
    fn contents_link_to_headings_or_go() {
        let entry = |depth, text: &str, page: &str| Content::ContentsEntry {
            depth,
            spans: vec![span(text)],
            page_label: page.to_owned(),
        };
        let heading = |text: &str| Content::Heading { level: 2, spans: vec![span(text)] };
        let all = document(vec![
            heading("Contents"),
            entry(0, "1 Aims & ends", "3"),
            entry(1, "Lost", "iv"),
            heading("Aims & ends"),
        ]);
        let options = MarkdownOptions { front_matter: false, ..MarkdownOptions::default() };
        assert_eq!(
            markdown(&all, &options),
            "## Contents\n\n- [1 Aims \\& ends](#aims--ends) (3)\n  - Lost (iv)\n\n## Aims & ends\n"
        );
        let options = MarkdownOptions { contents: Contents::Drop, ..options };
        assert_eq!(markdown(&all, &options), "## Aims & ends\n");
    }

    #[test]
    fn equations_are_latex_or_text() {
        let equation = |latex: Option<&str>| Content::Equation {
            text: "E = mc2".to_owned(),
            latex: latex.map(str::to_owned),
            figure: None,
        };
        assert_eq!(bare(vec![equation(Some("E = mc^{2}"))]), "$$\nE = mc^{2}\n$$\n");
        assert_eq!(bare(vec![equation(None)]), "E = mc2\n");
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
