//! A document as one HTML page without scripts or outside resources.

use super::escape::escape_html;
use super::flow::{Passage, flow};
use super::inline::push_html;
use super::markdown::method_name;
use super::table::html_table;
use crate::document::{Content, Document, Figure};

/// The whole document; images are referred to by [`Figure::file`].
#[must_use]
pub fn html(document: &Document) -> String {
    let mut out = String::from("<!doctype html>\n<html");
    if let Some(language) = &document.metadata.language {
        out.push_str(" lang=\"");
        escape_html(language, &mut out);
        out.push('"');
    }
    out.push_str(">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    let title = document.metadata.title.as_deref().unwrap_or(&document.source.name);
    escape_html(title, &mut out);
    out.push_str("</title>\n</head>\n<body>\n");
    if let Some(summary) = document.synopsis.as_ref().and_then(|synopsis| synopsis.summary.as_ref()) {
        out.push_str("<blockquote><strong>Summary</strong> (");
        escape_html(&method_name(&summary.method), &mut out);
        out.push_str("): ");
        escape_html(&summary.text, &mut out);
        out.push_str("</blockquote>\n");
    }
    let mut open_lists = 0;
    let mut last_page = 0;
    for passage in flow(document) {
        let depth = match &passage.block.content {
            Content::ListItem { depth, .. } => usize::from(*depth) + 1,
            _ => 0,
        };
        while open_lists > depth {
            out.push_str("</ul>\n");
            open_lists -= 1;
        }
        while open_lists < depth {
            out.push_str("<ul>\n");
            open_lists += 1;
        }
        if passage.pages.0 != last_page && depth == 0 {
            last_page = passage.pages.0;
            out.push_str(&format!("<a id=\"page-{last_page}\"></a>\n"));
        }
        push_passage(&passage, document, &mut out);
    }
    out.push_str(&"</ul>\n".repeat(open_lists));
    out.push_str("</body>\n</html>\n");
    out
}

fn push_passage(passage: &Passage<'_>, document: &Document, out: &mut String) {
    let mut element = |tag: &str, before: &str| {
        out.push_str(&format!("<{tag}>"));
        if !before.is_empty() {
            escape_html(before, out);
            out.push(' ');
        }
        push_html(&passage.spans, out);
        out.push_str(&format!("</{tag}>\n"));
    };
    match &passage.block.content {
        Content::Heading { level, .. } => element(&format!("h{}", (*level).clamp(1, 6)), ""),
        Content::Paragraph { .. } | Content::Caption { .. } => element("p", ""),
        Content::ListItem { marker, .. } => {
            element("li", if marker.chars().any(char::is_alphanumeric) { marker } else { "" });
        }
        Content::Footnote { marker, .. } => element("p", marker),
        Content::Table { table } => {
            out.push_str(&html_table(table));
            out.push('\n');
        }
        Content::Code { text } => {
            out.push_str("<pre><code>");
            for line in text.lines() {
                escape_html(line, out);
                out.push('\n');
            }
            out.push_str("</code></pre>\n");
        }
        Content::Equation { text } => {
            out.push_str("<p>");
            escape_html(text, out);
            out.push_str("</p>\n");
        }
        Content::Figure { figure } => {
            if let Some(figure) = document.figure(figure) {
                push_figure(figure, out);
            }
        }
        Content::Furniture { .. } => {}
    }
}

fn push_figure(figure: &Figure, out: &mut String) {
    let description = figure.description.as_ref().map(|description| description.text.as_str());
    out.push_str("<figure><img src=\"");
    escape_html(&figure.file, out);
    out.push_str("\" alt=\"");
    escape_html(description.or(figure.label.as_deref()).unwrap_or("Figure"), out);
    out.push_str("\">");
    if let Some(description) = &figure.description {
        out.push_str("<figcaption>");
        let origin = match &description.model {
            Some(model) => format!("Generated description ({model}): "),
            None => "Description by a reader: ".to_owned(),
        };
        escape_html(&origin, out);
        escape_html(&description.text, out);
        out.push_str("</figcaption>");
    }
    out.push_str("</figure>\n");
}
