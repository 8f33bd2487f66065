//! The forms in which a result leaves Recto: made, and well formed.

use super::examine::{Findings, failed, passed};
use super::words::{TABLE, TITLE};
use super::{CheckOutcome, FILE_NAME};
use crate::export::{self, HtmlOptions, MarkdownOptions};

/// Elements without an end tag.
const VOID: [&str; 6] = ["br", "col", "hr", "img", "link", "meta"];
/// Marks of a zip archive's parts (APPNOTE.TXT, 4.3), and the length in bytes of the last one, without a comment.
const LOCAL_HEADER: u32 = 0x0403_4B50;
const CENTRAL_HEADER: u32 = 0x0201_4B50;
const END_RECORD: u32 = 0x0605_4B50;
const END_BYTES: usize = 22;

/// Makes each form, and looks at it.
pub(super) fn examine(findings: &Findings) -> [(&'static str, (CheckOutcome, String)); 4] {
    let options = MarkdownOptions::default();
    let markdown = export::markdown(&findings.document, &options);
    let html = export::html(&findings.document, &HtmlOptions::default());
    [
        ("Markdown", judge(&markdown, markdown_fault(findings, &markdown))),
        ("HTML", judge(&html, html_fault(&html))),
        ("JSON", json(findings)),
        ("Zip archive", zip(findings, &options)),
    ]
}

fn judge(text: &str, fault: Option<String>) -> (CheckOutcome, String) {
    match fault {
        None => passed(format!("well formed, {} characters", text.chars().count())),
        Some(fault) => failed(fault),
    }
}

/// What is wrong with the Markdown.
fn markdown_fault(findings: &Findings, markdown: &str) -> Option<String> {
    let has_line = |start: &str| markdown.lines().any(|line| line.starts_with(start));
    let row = |row: [&str; 3]| format!("| {} |", row.join(" | "));
    if !has_line(&format!("# {TITLE}")) {
        return Some("the title is no heading in it".to_owned());
    }
    if !TABLE.into_iter().all(|cells| has_line(&row(cells))) {
        return Some("the table is no table in it".to_owned());
    }
    let figures = &findings.document.figures;
    let unnamed = figures.iter().find(|figure| !markdown.contains(&format!("]({})", figure.file)));
    match unnamed {
        Some(figure) => Some(format!("{} does not stand in it", figure.file)),
        None if figures.is_empty() => Some("it has no figures".to_owned()),
        None => None,
    }
}

/// What is wrong with a page of HTML: elements that are not closed, or not the last one that was opened.
fn html_fault(html: &str) -> Option<String> {
    if !html.starts_with("<!doctype html>") || !html.trim_end().ends_with("</html>") {
        return Some("it does not begin or end as a page of HTML does".to_owned());
    }
    if !html.contains(TITLE) || !html.contains("<table") {
        return Some("the title or the table is missing".to_owned());
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, after)) = after.split_once('>') else {
            return Some("its last tag has no end".to_owned());
        };
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(format!("its element {name} is closed and was not open"));
            }
        } else if !tag.starts_with('!') {
            let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    open.pop().map(|name| format!("its element {name} is not closed"))
}

fn json(findings: &Findings) -> (CheckOutcome, String) {
    let text = match export::json(&findings.document) {
        Ok(text) => text,
        Err(error) => return failed(error.to_string()),
    };
    // Boxes are written in hundredths of a point, so that the texts are compared and not the documents.
    let again = export::document_from_json(&text).and_then(|document| export::json(&document));
    match again {
        Ok(_) if findings.document.pages.is_empty() => failed("it is that of an empty document"),
        Ok(again) if again == text => {
            passed(format!("read and written again, it is the same; {} bytes", text.len()))
        }
        Ok(_) => failed("read and written again, it is another document"),
        Err(error) => failed(error.to_string()),
    }
}

fn zip(findings: &Findings, options: &MarkdownOptions) -> (CheckOutcome, String) {
    let archive = match export::zip(&findings.document, &findings.images, options) {
        Ok(archive) => archive,
        Err(error) => return failed(error.to_string()),
    };
    let Some(mut names) = entry_names(&archive) else {
        return failed("its parts do not lie where its directory says");
    };
    let figures = findings.document.figures.iter().map(|figure| figure.file.clone());
    let mut wanted: Vec<String> = figures.collect();
    if wanted.is_empty() {
        return failed("it has no images");
    }
    wanted.push("document.json".to_owned());
    wanted.push(format!("{}.md", export::file_stem(FILE_NAME)));
    names.sort();
    wanted.sort();
    if names == wanted {
        passed(format!("well formed, {} files in {} bytes", names.len(), archive.len()))
    } else {
        failed(format!("it should hold {wanted:?} and holds {names:?}"))
    }
}

/// The number of `count` bytes at `at`, the lowest byte first.
fn number(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(count)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// Names of the files in a zip archive; none if its directory does not agree with what lies in it.
fn entry_names(archive: &[u8]) -> Option<Vec<String>> {
    let end = archive.len().checked_sub(END_BYTES)?;
    if number(archive, end, 4)? != END_RECORD {
        return None;
    }
    let count = number(archive, end + 10, 2)?;
    let mut at = number(archive, end + 16, 4)? as usize;
    let mut names = Vec::new();
    for _ in 0..count {
        if number(archive, at, 4)? != CENTRAL_HEADER {
            return None;
        }
        let [name, extra, comment] = [28, 30, 32].map(|field| number(archive, at + field, 2));
        let (name, rest) = (name? as usize, extra? as usize + comment? as usize);
        let own = archive.get(at + 46..)?.get(..name)?;
        let local = number(archive, at + 42, 4)? as usize;
        let length = number(archive, local + 26, 2)? as usize;
        let other = archive.get(local + 30..)?.get(..length)?;
        if number(archive, local, 4)? != LOCAL_HEADER || own != other {
            return None;
        }
        names.push(String::from_utf8(own.to_vec()).ok()?);
        at += 46 + name + rest;
    }
    (at == end).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Source};

    #[test]
    fn unbalanced_pages_are_told() {
        let page =
            |body: &str| format!("<!doctype html>\n<html><body>{TITLE}<table></table>{body}</body></html>\n");
        assert_eq!(html_fault(&page("<p>a<br>b <img src=\"x\"></p>")), None);
        for broken in ["<p>", "</p>", "<p><b></p></b>", "<p"] {
            assert!(html_fault(&page(broken)).is_some(), "{broken}");
        }
        assert!(html_fault("<p></p>").is_some());
    }

    #[test]
    fn a_damaged_archive_is_told() {
        let document = Document::new(Source { name: FILE_NAME.to_owned(), ..Source::default() });
        let archive = export::zip(&document, &[], &MarkdownOptions::default()).unwrap();
        let names = entry_names(&archive).unwrap();
        assert_eq!(names, ["recto-self-check.md", "document.json"]);
        assert_eq!(entry_names(&archive[..archive.len() - 1]), None);
        assert_eq!(entry_names(&archive[1..]), None);
        for at in [0, archive.len() - END_BYTES, archive.len() - 4] {
            let mut damaged = archive.clone();
            damaged[at] ^= 1;
            assert_eq!(entry_names(&damaged), None, "byte {at}");
        }
    }
}
