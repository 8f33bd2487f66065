//! A document as one HTML page without scripts or outside resources.
//!
//! Everything a PDF says is escaped text or a link of a scheme that is let through; the page's own
//! Content-Security-Policy forbids all but its pictures and its style.

use super::contents::without_contents;
use super::escape::{escape_html, printable_lines};
use super::flow::{Passage, flow};
use super::front_matter::{language, title};
use super::inline::push_html;
use super::markdown::Contents;
use super::notes::Notes;
use super::table::html_table;
use super::wording::{description_origin, method_name, words_in};
use crate::document::{Content, Document, Figure, FigureId};

/// What goes into the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HtmlOptions {
    /// The summary of the text stage, in front.
    pub synopsis: bool,
    /// The printed table of contents.
    pub contents: Contents,
}

impl Default for HtmlOptions {
    fn default() -> Self {
        Self { synopsis: true, contents: Contents::Keep }
    }
}

const POLICY: &str = "default-src 'none'; img-src 'self' file: blob: data:; style-src 'unsafe-inline'";
const STYLE: &str = "body{max-width:46em;margin:2em auto;padding:0 1em;font-family:serif;line-height:1.45}\
    table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .5em;vertical-align:top}\
    img{max-width:100%}pre{overflow:auto}figcaption,.footnote{font-size:.9em}.equation{text-align:center}\
    .contents{list-style:none}";

/// Languages written from right to left.
const RIGHT_TO_LEFT: [&str; 6] = ["ar", "fa", "he", "ps", "ur", "yi"];

/// The whole document; images are referred to by [`Figure::file`].
#[must_use]
pub fn html(document: &Document, options: &HtmlOptions) -> String {
    let passages = match options.contents {
        Contents::Keep => flow(document),
        Contents::Drop => without_contents(flow(document)),
    };
    let mut out = String::from("<!doctype html>\n<html");
    if let Some(language) = language(document) {
        out.push_str(" lang=\"");
        escape_html(&language, &mut out);
        out.push('"');
        if language.split('-').next().is_some_and(|primary| RIGHT_TO_LEFT.contains(&primary)) {
            out.push_str(" dir=\"rtl\"");
        }
    }
    out.push_str(
        ">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"",
    );
    escape_html(POLICY, &mut out);
    out.push_str("\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    escape_html(&title(document, &passages, true).unwrap_or_else(|| document.source.name.clone()), &mut out);
    out.push_str(&format!("</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"));
    let summary = document.synopsis.as_ref().and_then(|synopsis| synopsis.summary.as_ref());
    if let Some(summary) = summary.filter(|_| options.synopsis) {
        out.push_str("<blockquote><strong>Summary</strong> (");
        escape_html(&method_name(&summary.method), &mut out);
        out.push_str("): ");
        escape_html(&summary.text, &mut out);
        out.push_str("</blockquote>\n");
    }
    let notes = Notes::of(&passages);
    let mut lists = Lists::default();
    let mut page = 0;
    for passage in &passages {
        // Pages without text of their own start where the next text stands.
        let anchors: String =
            (page + 1..=passage.pages.0).map(|page| format!("<a id=\"page-{page}\"></a>")).collect();
        page = page.max(passage.pages.0);
        match list_item(passage) {
            // Within the item that is open, or by itself.
            Some(item) if item.further => lists.close_below(item.depth, &mut out),
            Some(item) => lists.open(&item, &mut out),
            None => lists.close(&mut out),
        }
        out.push_str(&anchors);
        push_passage(passage, document, &notes, &mut out);
    }
    lists.close(&mut out);
    out.push_str("</body>\n</html>\n");
    out
}

/// An item as its list needs to know it.
struct Item {
    depth: usize,
    /// Its number, where HTML can count to it.
    number: Option<u32>,
    contents: bool,
    /// A further paragraph of the item before.
    further: bool,
}

fn list_item(passage: &Passage<'_>) -> Option<Item> {
    match &passage.block.content {
        Content::ListItem { depth, marker, number, .. } => {
            let counted =
                number.filter(|n| marker.trim() == format!("{n}.") || marker.trim() == format!("{n})"));
            let further = marker.is_empty() && number.is_none();
            Some(Item { depth: usize::from(*depth), number: counted, contents: false, further })
        }
        Content::ContentsEntry { depth, .. } => {
            Some(Item { depth: usize::from(*depth), number: None, contents: true, further: false })
        }
        _ => None,
    }
}

/// The lists that are open, outermost first, each with an item that is open.
#[derive(Default)]
struct Lists {
    open: Vec<&'static str>,
}

impl Lists {
    /// Opens the tag of an item, in its list.
    fn open(&mut self, item: &Item, out: &mut String) {
        let tag = if item.number.is_some() { "ol" } else { "ul" };
        while self.open.len() > item.depth + 1 {
            self.pop(out);
        }
        if self.open.len() == item.depth + 1 {
            if self.open.last() == Some(&tag) {
                out.push_str("</li>\n");
            } else {
                self.pop(out);
            }
        }
        while self.open.len() < item.depth + 1 {
            let innermost = self.open.len() == item.depth;
            let (tag, class) = if innermost {
                (tag, if item.contents { " class=\"contents\"" } else { "" })
            } else {
                ("ul", "")
            };
            out.push_str(&format!("<{tag}{class}>\n"));
            self.open.push(tag);
            if !innermost {
                out.push_str("<li>");
            }
        }
        match item.number {
            Some(number) => out.push_str(&format!("<li value=\"{number}\">")),
            None => out.push_str("<li>"),
        }
    }

    /// Closes the lists within an item of this depth.
    fn close_below(&mut self, depth: usize, out: &mut String) {
        while self.open.len() > depth + 1 {
            self.pop(out);
        }
    }

    fn pop(&mut self, out: &mut String) {
        if let Some(tag) = self.open.pop() {
            out.push_str(&format!("</li>\n</{tag}>\n"));
        }
    }

    fn close(&mut self, out: &mut String) {
        while !self.open.is_empty() {
            self.pop(out);
        }
    }
}

fn push_passage(passage: &Passage<'_>, document: &Document, notes: &Notes, out: &mut String) {
    let element = |tag: &str, out: &mut String| {
        out.push_str(&format!("<{tag}>"));
        push_html(&passage.spans, notes, out);
        out.push_str(&format!("</{tag}>\n"));
    };
    match passage.content() {
        Content::Heading { level, .. } => element(&format!("h{}", (*level).clamp(1, 6)), out),
        Content::Paragraph { .. } | Content::Caption { .. } => element("p", out),
        Content::ListItem { marker, number: None, .. } if marker.is_empty() => element("p", out),
        // The list has opened the item, and closes it.
        Content::ListItem { marker, .. } => {
            let counted = list_item(passage).is_some_and(|item| item.number.is_some());
            if !counted && marker.chars().any(char::is_alphanumeric) {
                escape_html(marker, out);
                out.push(' ');
            }
            push_html(&passage.spans, notes, out);
        }
        Content::ContentsEntry { page_label, .. } => {
            push_html(&passage.spans, notes, out);
            out.push(' ');
            escape_html(page_label, out);
        }
        Content::Footnote { marker, .. } => {
            match notes.number(&passage.block.id) {
                Some(number) => out.push_str(&format!(
                    "<p class=\"footnote\" role=\"doc-footnote\" id=\"note-{number}\"><sup>{number}</sup> "
                )),
                None => {
                    out.push_str("<p class=\"footnote\"><sup>");
                    escape_html(marker, out);
                    out.push_str("</sup> ");
                }
            }
            push_html(&passage.spans, notes, out);
            out.push_str("</p>\n");
        }
        Content::Table { table } => {
            out.push_str(&html_table(table));
            out.push('\n');
        }
        Content::Code { text } => {
            out.push_str("<pre><code>");
            for line in printable_lines(text).lines() {
                escape_html(line, out);
                out.push('\n');
            }
            out.push_str("</code></pre>\n");
        }
        Content::Equation { text, latex, figure } => {
            push_equation(text, latex.as_deref(), figure.as_ref(), document, out);
        }
        Content::Figure { figure } => {
            if let Some(figure) = document.figure(figure) {
                push_figure(figure, out);
            }
        }
        Content::Furniture { .. } => {}
    }
}

fn push_equation(
    text: &str,
    latex: Option<&str>,
    figure: Option<&FigureId>,
    document: &Document,
    out: &mut String,
) {
    out.push_str("<p class=\"equation\" role=\"math\">");
    match (latex, figure.and_then(|figure| document.figure(figure))) {
        (Some(latex), _) => {
            out.push_str("\\[");
            escape_html(latex, out);
            out.push_str("\\]");
        }
        (None, Some(figure)) => {
            out.push_str("<img src=\"");
            escape_html(&figure.file, out);
            out.push_str("\" alt=\"");
            escape_html(text, out);
            out.push_str("\">");
        }
        (None, None) => escape_html(text, out),
    }
    out.push_str("</p>\n");
}

fn push_figure(figure: &Figure, out: &mut String) {
    let description = figure.description.as_ref().map(|description| description.text.as_str());
    out.push_str("<figure><img src=\"");
    escape_html(&figure.file, out);
    out.push_str("\" alt=\"");
    escape_html(&description.map_or_else(|| figure.name(), str::to_owned), out);
    out.push_str("\">");
    if let Some(description) = &figure.description {
        out.push_str("<figcaption>");
        escape_html(&description_origin(description), out);
        out.push_str(": ");
        escape_html(&description.text, out);
        if let Some(words) = words_in(figure) {
            escape_html(&format!(" ({words})"), out);
        }
        out.push_str("</figcaption>");
    }
    out.push_str("</figure>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{
        Block, BlockId, LinkTarget, Page, Provenance, Rect, Script, Source, Span, TextQuality,
    };

    fn span(text: &str) -> Span {
        Span { text: text.to_owned(), ..Span::default() }
    }

    fn body(contents: Vec<Content>) -> String {
        let mut document = Document::new(Source { name: "<x>.pdf".to_owned(), ..Source::default() });
        let blocks = contents.into_iter().enumerate().map(|(index, content)| Block {
            id: BlockId::new(1, index + 1),
            page: 1,
            bbox: Rect::default(),
            content,
            continues: false,
            confidence: 1.0,
            provenance: Provenance { stage: "extraction".to_owned(), model: None },
        });
        let blocks = blocks.collect();
        document.pages.push(Page { text: TextQuality::Digital, blocks, ..Page::blank(1, 100.0, 100.0) });
        let page = html(&document, &HtmlOptions::default());
        assert!(page.contains("<title>&lt;x&gt;.pdf</title>"));
        let start = page.find("<body>\n").unwrap() + 7;
        page[start..page.find("</body>").unwrap()].to_owned()
    }

    #[test]
    fn lists_nest_and_count() {
        let item = |depth, marker: &str, number, text: &str| Content::ListItem {
            depth,
            marker: marker.to_owned(),
            number,
            spans: vec![span(text)],
        };
        let made = body(vec![
            item(0, "3.", Some(3), "three"),
            item(1, "•", None, "in it"),
            item(0, "4.", Some(4), "four"),
            item(0, "(c)", Some(3), "other"),
            Content::Paragraph { spans: vec![span("end")] },
        ]);
        assert_eq!(
            made,
            "<ol>\n<li value=\"3\"><a id=\"page-1\"></a>three<ul>\n<li>in it</li>\n</ul>\n</li>\n<li value=\"4\">four\
             </li>\n</ol>\n<ul>\n<li>(c) other</li>\n</ul>\n<p>end</p>\n"
        );
    }

    #[test]
    fn text_is_never_markup_and_links_are_of_three_schemes() {
        let link = |target: &str| Span { link: Some(LinkTarget::Uri(target.to_owned())), ..span("go") };
        let made = body(vec![
            Content::Paragraph {
                spans: vec![
                    span("<script>alert(1)</script>"),
                    link("javascript:alert(1)"),
                    link("https://e.org/\"x"),
                ],
            },
            Content::Code { text: "</code><img src=x>\u{202e}\u{7}".to_owned() },
            Content::Equation { text: "<i>".to_owned(), latex: Some("<b>".to_owned()), figure: None },
        ]);
        for tag in ["<script", "<img", "<i>", "<b>", "javascript:", "\u{202e}", "\u{7}"] {
            assert!(!made.contains(tag), "{tag} in {made}");
        }
        assert!(made.contains("href=\"https://e.org/%22x\""), "{made}");
    }

    #[test]
    fn notes_are_linked_and_pages_can_be_led_to() {
        let mark = Span { script: Some(Script::Super), note: Some(BlockId::new(1, 2)), ..span("7") };
        let to_page = Span { link: Some(LinkTarget::Page(1)), ..span("there") };
        let made = body(vec![
            Content::Paragraph { spans: vec![span("Said"), mark, to_page] },
            Content::Footnote { marker: "7".to_owned(), spans: vec![span("Why.")] },
        ]);
        assert!(made.contains("<sup><a href=\"#note-1\" role=\"doc-noteref\">1</a></sup>"), "{made}");
        assert!(made.contains("id=\"note-1\"><sup>1</sup> Why."), "{made}");
        assert!(made.contains("<a href=\"#page-1\">there</a>") && made.contains("id=\"page-1\""), "{made}");
    }
}
