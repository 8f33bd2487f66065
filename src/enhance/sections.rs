//! A document's running text, in sections of sentences.

use super::sentences::sentences;
use super::words::count_words;
use crate::document::{Block, Content, Document};

/// At most so many sections: finer headings are passed over when there are more, so that a book is
/// summarised by chapter and a paper by section.
const MAX_SECTIONS: usize = 24;
/// A section with fewer words says too little to be summarised; its text joins the one before it.
const MIN_SECTION_WORDS: usize = 40;
/// Sections that are not the document's own argument, by the start of their heading in lower case.
const APPARATUS: [&str; 12] = [
    "acknowledg",
    "author contribution",
    "bibliograph",
    "competing interest",
    "conflict of interest",
    "contents",
    "danksagung",
    "funding",
    "literatur",
    "references",
    "table of contents",
    "works cited",
];

/// A sentence and the page on which its paragraph begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) text: String,
    /// From 1.
    pub(super) page: u32,
}

/// A heading and the text below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Empty for text before the first heading.
    pub(super) heading: String,
    /// From 1.
    pub(super) first_page: u32,
    /// From 1.
    pub(super) last_page: u32,
    pub(super) sentences: Vec<Sentence>,
}

/// A piece of running text: a paragraph or list item with its continuations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paragraph {
    pub(super) text: String,
    /// From 1.
    pub(super) first_page: u32,
    /// From 1.
    pub(super) last_page: u32,
}

enum Piece<'a> {
    Heading { level: u8, text: String, page: u32 },
    Text(&'a Block),
}

fn pieces(document: &Document) -> impl Iterator<Item = Piece<'_>> {
    document.pages.iter().flat_map(|page| &page.blocks).filter_map(|block| match &block.content {
        Content::Heading { level, .. } => {
            Some(Piece::Heading { level: *level, text: block.plain_text(), page: block.page })
        }
        Content::Paragraph { .. } | Content::ListItem { .. } => Some(Piece::Text(block)),
        _ => None,
    })
}

/// Takes `block` in as running text: on the end of the last paragraph where it continues it.
pub(super) fn push_paragraph(paragraphs: &mut Vec<Paragraph>, block: &Block) {
    let text = block.plain_text().replace(['\t', '\n'], " ");
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    match paragraphs.last_mut().filter(|_| block.continues) {
        Some(last) => {
            last.text.push(' ');
            last.text.push_str(text);
            last.last_page = last.last_page.max(block.page);
        }
        None => {
            let (first_page, last_page) = (block.page, block.page);
            paragraphs.push(Paragraph { text: text.to_owned(), first_page, last_page });
        }
    }
}

/// The sections of `document` in order, without those that hold only its apparatus (references and the
/// like).
pub(super) fn sections(document: &Document) -> Vec<Section> {
    let deepest = deepest_level(document);
    let mut drafts: Vec<(String, u32, Vec<Paragraph>)> = vec![(String::new(), 1, Vec::new())];
    for piece in pieces(document) {
        match piece {
            Piece::Heading { level, text, page } if level <= deepest => {
                drafts.push((text.trim().to_owned(), page, Vec::new()));
            }
            Piece::Heading { .. } => {}
            Piece::Text(block) => {
                if let Some((_, _, paragraphs)) = drafts.last_mut() {
                    push_paragraph(paragraphs, block);
                }
            }
        }
    }
    let mut sections: Vec<Section> = Vec::new();
    for (heading, page, paragraphs) in drafts {
        let words: usize = paragraphs.iter().map(|paragraph| count_words(&paragraph.text)).sum();
        if words == 0 || is_apparatus(&heading) {
            continue;
        }
        let text = paragraphs.iter().flat_map(|paragraph| {
            let page = paragraph.first_page;
            sentences(&paragraph.text).into_iter().map(move |text| Sentence { text: text.to_owned(), page })
        });
        let last_page = paragraphs.iter().map(|paragraph| paragraph.last_page).fold(page, u32::max);
        match sections.last_mut().filter(|_| words < MIN_SECTION_WORDS) {
            Some(last) => {
                last.sentences.extend(text);
                last.last_page = last.last_page.max(last_page);
            }
            None => {
                let first_page = if heading.is_empty() {
                    paragraphs.first().map_or(page, |paragraph| paragraph.first_page)
                } else {
                    page
                };
                sections.push(Section { heading, first_page, last_page, sentences: text.collect() });
            }
        }
    }
    sections
}

/// The deepest level of headings that does not give too many sections.
fn deepest_level(document: &Document) -> u8 {
    let levels: Vec<u8> = pieces(document)
        .filter_map(|piece| match piece {
            Piece::Heading { level, .. } => Some(level),
            Piece::Text(_) => None,
        })
        .collect();
    let count = |deepest: u8| levels.iter().filter(|level| **level <= deepest).count();
    (1..=6).rev().find(|deepest| count(*deepest) <= MAX_SECTIONS).unwrap_or(0)
}

fn is_apparatus(heading: &str) -> bool {
    let bare = heading.trim_start_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    APPARATUS.iter().any(|start| bare.starts_with(start))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::document::{BlockId, Page, Provenance, Rect, Source, Span, TextQuality};

    /// A document of lines: `# ` starts a heading of level 1, `## ` of level 2, `+ ` a paragraph that goes
    /// on, `---` a new page.
    pub(in super::super) fn document(lines: &str) -> Document {
        let mut document = Document::new(Source { name: "x.pdf".into(), ..Source::default() });
        for (number, page) in (1..).zip(lines.split("---")) {
            let lines = page.lines().map(str::trim).filter(|line| !line.is_empty());
            let block = |(index, line): (usize, &str)| {
                let (text, level) = match line.split_once(' ') {
                    Some(("#", text)) => (text, 1),
                    Some(("##", text)) => (text, 2),
                    Some(("+", text)) => (text, 0),
                    _ => (line, 0),
                };
                let spans = vec![Span { text: text.to_owned(), ..Span::default() }];
                let content = match level {
                    0 => Content::Paragraph { spans },
                    level => Content::Heading { level, spans },
                };
                let provenance = Provenance { stage: "extraction".into(), model: None };
                let continues = line.starts_with("+ ");
                let (id, bbox) = (BlockId::new(number, index), Rect::default());
                Block { id, page: number, bbox, content, continues, confidence: 1.0, provenance }
            };
            let blocks = (1..).zip(lines).map(block).collect();
            let text = TextQuality::Digital;
            document.pages.push(Page { text, blocks, ..Page::blank(number, 612.0, 792.0) });
        }
        document
    }

    fn long(start: &str) -> String {
        format!("{start} {}.", "word ".repeat(MIN_SECTION_WORDS).trim_end())
    }

    #[test]
    fn paragraphs_cut_by_a_page_are_joined_and_apparatus_is_left_out() {
        let lines = format!(
            "{}\n# 1 Method\nWe measured the\n---\n+ ice of Fig. 2 twice. {}\n# Short\nA few words.\n# 7. References\n{}",
            long("Before"),
            long("Then"),
            long("Smith")
        );
        let found = sections(&document(&lines));
        let headings: Vec<&str> = found.iter().map(|section| section.heading.as_str()).collect();
        assert_eq!(headings, ["", "1 Method"]);
        assert_eq!((found[1].first_page, found[1].last_page), (1, 2));
        assert_eq!(found[1].sentences[0].text, "We measured the ice of Fig. 2 twice.");
        assert_eq!(found[1].sentences.last().unwrap().text, "A few words.");
    }

    #[test]
    fn a_book_is_split_by_its_chapters() {
        let chapter = |number: usize| {
            let parts: String = (0..10).map(|part| format!("## Part {part}\n{}\n", long("Text"))).collect();
            format!("# Chapter {number}\n{parts}")
        };
        let lines: String = (0..10).map(chapter).collect();
        assert_eq!(sections(&document(&lines)).len(), 10);
        // Without any usable headings it is one section.
        let flat: String = (0..100).map(|number| format!("# Chapter {number}\n{}\n", long("Text"))).collect();
        assert_eq!(sections(&document(&flat)).len(), 1);
        assert!(sections(&document("")).is_empty());
    }
}
