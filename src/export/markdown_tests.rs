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
    document.pages.push(Page { text: TextQuality::Digital, blocks, ..Page::blank(1, 612.0, 792.0) });
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
    let note =
        |marker: &str, text: &str| Content::Footnote { marker: marker.to_owned(), spans: vec![span(text)] };
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
    let rows = vec![Row { cells: vec![cell(0, "a|b"), cell(1, "c")] }, Row { cells: vec![cell(1, "<b>")] }];
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
