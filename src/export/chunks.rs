//! A document in pieces for retrieval: bounded in size, never over a heading, each with where it stands.
//!
//! Sizes are in tokens as [`count_tokens`] counts them, which needs no model: subword tokenizers of today's
//! models give 1.0 to 1.4 times as many for European languages.

use super::flow::{Passage, flow};
use super::markdown::lone_passage;
use super::notes::Notes;
use super::table::markdown_table;
use super::text::passage_text;
use crate::document::{Block, BlockId, Content, Document, Rect, Row, Table, plain_text};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// Name and version of the form of a chunk.
pub const CHUNK_SCHEMA: &str = "recto.chunk/1";

/// A word of more letters than this counts as several tokens.
const LETTERS_PER_TOKEN: usize = 8;
/// The least that a chunk may be asked to hold, in tokens.
const MIN_TOKENS: usize = 16;

/// One piece of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Always [`CHUNK_SCHEMA`].
    pub schema: String,
    /// Name of the file.
    pub source: String,
    /// Place among the chunks of the file, from 0.
    pub index: u32,
    /// The headings it stands under, outermost first.
    pub headings: Vec<String>,
    /// Pages it is on, from 1, in order.
    pub pages: Vec<u32>,
    /// Size of `text` as [`count_tokens`] counts.
    pub tokens: usize,
    /// Its text, as Markdown without headings.
    pub text: String,
    /// Where it comes from. A block that did not fit stands in several chunks.
    pub blocks: Vec<ChunkBlock>,
}

/// A block of a chunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChunkBlock {
    /// Its name in `document.json`.
    pub id: BlockId,
    /// Page, from 1.
    pub page: u32,
    /// Where it is on the page, in points, y down.
    pub bbox: Rect,
}

/// How many tokens `text` has, by a rule that needs no model: each word and each mark of Unicode's word
/// boundaries (UAX 29) that is not blank is one, and a long word one more for each further eight characters.
/// Chinese and Japanese count by the character.
#[must_use]
pub fn count_tokens(text: &str) -> usize {
    let words = text.split_word_bounds().filter(|word| !word.trim().is_empty());
    words.map(|word| word.chars().count().div_ceil(LETTERS_PER_TOKEN)).sum()
}

/// The chunks of a document, each of at most `max_tokens` (at least 16) unless one word is longer.
#[must_use]
pub fn chunks(document: &Document, max_tokens: usize) -> Vec<Chunk> {
    let passages = flow(document);
    let notes = Notes::of(&passages);
    let mut maker = Maker { document, max: max_tokens.max(MIN_TOKENS), done: Vec::new(), open: None };
    let mut headings: Vec<(u8, String)> = Vec::new();
    for passage in &passages {
        if let Content::Heading { level, .. } = &passage.block.content {
            maker.close();
            headings.retain(|(other, _)| other < level);
            headings.push((*level, plain_text(&passage.spans)));
            continue;
        }
        // Contents repeat the headings; an unseen picture has nothing to be found by.
        if matches!(passage.block.content, Content::ContentsEntry { .. }) {
            continue;
        }
        let text = match &passage.block.content {
            Content::Figure { .. } => passage_text(passage, document, &notes),
            Content::Equation { text, latex: None, .. } => text.clone(),
            _ => lone_passage(passage, document, &notes),
        };
        if text.trim().is_empty() {
            continue;
        }
        let path = || headings.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
        if count_tokens(&text) <= maker.max {
            maker.add(passage, &text, path);
        } else {
            for piece in pieces(passage.content(), &text, maker.max) {
                maker.add(passage, &piece, path);
            }
        }
    }
    maker.close();
    maker.done
}

/// The chunks as JSON lines: one object a line.
///
/// # Errors
/// Never for a document made here; the signature leaves room for what `serde_json` may refuse.
pub fn chunks_json_lines(document: &Document, max_tokens: usize) -> Result<String, super::JsonError> {
    let mut out = String::new();
    for chunk in chunks(document, max_tokens) {
        out.push_str(&serde_json::to_string(&chunk)?);
        out.push('\n');
    }
    Ok(out)
}

struct Maker<'a> {
    document: &'a Document,
    max: usize,
    done: Vec<Chunk>,
    open: Option<Chunk>,
}

impl Maker<'_> {
    fn close(&mut self) {
        self.done.extend(self.open.take());
    }

    fn add(&mut self, passage: &Passage<'_>, text: &str, headings: impl Fn() -> Vec<String>) {
        let tokens = count_tokens(text);
        if self.open.as_ref().is_some_and(|open| open.tokens + tokens > self.max) {
            self.close();
        }
        let index = u32::try_from(self.done.len()).unwrap_or(u32::MAX);
        let chunk = self.open.get_or_insert_with(|| Chunk {
            schema: CHUNK_SCHEMA.to_owned(),
            source: self.document.source.name.clone(),
            index,
            headings: headings(),
            pages: Vec::new(),
            tokens: 0,
            text: String::new(),
            blocks: Vec::new(),
        });
        if !chunk.text.is_empty() {
            chunk.text.push_str("\n\n");
        }
        chunk.text.push_str(text);
        chunk.tokens += tokens;
        for block in std::iter::once(passage.block).chain(passage.more.iter().copied()) {
            let Block { id, page, bbox, .. } = block;
            if chunk.blocks.iter().all(|known| known.id != *id) {
                chunk.blocks.push(ChunkBlock { id: id.clone(), page: *page, bbox: *bbox });
            }
            if !chunk.pages.contains(page) {
                chunk.pages.push(*page);
            }
        }
        chunk.pages.sort_unstable();
    }
}

/// What is too long for a chunk in pieces that are not: tables by rows under their header, code by lines,
/// text by sentences.
fn pieces(content: &Content, text: &str, max: usize) -> Vec<String> {
    match content {
        Content::Table { table } => table_pieces(table, max),
        Content::Code { .. } => gather(text.split_inclusive('\n'), max),
        _ => gather(text.split_sentence_bounds(), max),
    }
}

/// Puts parts together as long as they fit; one that does not fit by itself is cut at word boundaries.
fn gather<'a>(parts: impl Iterator<Item = &'a str>, max: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut size = 0;
    let fitting = parts.flat_map(|part| {
        let fits = count_tokens(part) <= max;
        let words = if fits { Vec::new() } else { part.split_word_bounds().collect() };
        fits.then_some(part).into_iter().chain(words)
    });
    for part in fitting {
        let tokens = count_tokens(part);
        if size > 0 && size + tokens > max {
            pieces.push(String::new());
            size = 0;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(part);
        }
        size += tokens;
    }
    let trimmed = pieces.iter().map(|piece| piece.trim_matches('\n').trim_end().to_owned());
    trimmed.filter(|piece| !piece.trim().is_empty()).collect()
}

fn table_pieces(table: &Table, max: usize) -> Vec<String> {
    let headers = (table.header_rows as usize).min(table.rows.len());
    let (head, body) = table.rows.split_at(headers);
    let part = |rows: &[Row]| {
        let mut rows = [head, rows].concat();
        let count = rows.len();
        for (index, row) in rows.iter_mut().enumerate() {
            for cell in &mut row.cells {
                // A cell must not reach out of its part.
                let room = u32::try_from(count - index).unwrap_or(u32::MAX);
                cell.row_span = cell.row_span.min(room);
            }
        }
        markdown_table(&Table { columns: table.columns, header_rows: table.header_rows, rows })
    };
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < body.len() {
        // Rows are added until the part is too large: sizes are added up, so that a long table is not counted
        // again with each row.
        let mut to = from + 1;
        let mut size = body.get(from..to).map_or(0, |rows| count_tokens(&part(rows)));
        while let Some(row) = body.get(to) {
            let row_size = count_tokens(&markdown_table(&Table {
                columns: table.columns,
                header_rows: 0,
                rows: vec![row.clone()],
            }));
            if size + row_size > max {
                break;
            }
            size += row_size;
            to += 1;
        }
        let text = body.get(from..to).map(&part).unwrap_or_default();
        if count_tokens(&text) <= max {
            pieces.push(text);
        } else {
            pieces.extend(gather(text.split_inclusive('\n'), max));
        }
        from = to;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Cell, Page, Provenance, Source, Span, TextQuality};

    fn spans(text: &str) -> Vec<Span> {
        vec![Span { text: text.to_owned(), ..Span::default() }]
    }

    fn document(contents: Vec<Content>) -> Document {
        let mut document = Document::new(Source { name: "a.pdf".to_owned(), ..Source::default() });
        let blocks = contents.into_iter().enumerate().map(|(index, content)| Block {
            id: BlockId::new(1, index + 1),
            page: 1,
            bbox: Rect::new(0.0, index as f32, 10.0, index as f32 + 1.0),
            content,
            continues: false,
            confidence: 1.0,
            provenance: Provenance { stage: "extraction".to_owned(), model: None },
        });
        document.pages.push(Page {
            text: TextQuality::Digital,
            blocks: blocks.collect(),
            ..Page::blank(1, 100.0, 100.0)
        });
        document
    }

    #[test]
    fn tokens_are_words_marks_and_pieces_of_long_words() {
        assert_eq!(count_tokens("The cat sat, then left."), 7);
        assert_eq!(count_tokens("internationalisation"), 3);
        assert_eq!(count_tokens("  "), 0);
        assert_eq!(count_tokens("你好"), 2);
    }

    #[test]
    fn chunks_keep_to_sections_and_name_them() {
        let made = chunks(
            &document(vec![
                Content::Paragraph { spans: spans("Before all.") },
                Content::Heading { level: 1, spans: spans("One") },
                Content::Heading { level: 2, spans: spans("Deep") },
                Content::Paragraph { spans: spans("Within.") },
                Content::Paragraph { spans: spans("And more.") },
                Content::Heading { level: 1, spans: spans("Two") },
                Content::Paragraph { spans: spans("Last.") },
            ]),
            100,
        );
        let told: Vec<(String, &str)> =
            made.iter().map(|chunk| (chunk.headings.join("/"), chunk.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (String::new(), "Before all."),
                ("One/Deep".to_owned(), "Within.\n\nAnd more."),
                ("Two".to_owned(), "Last.")
            ]
        );
        assert_eq!(made[1].blocks.iter().map(|b| b.id.0.as_str()).collect::<Vec<_>>(), ["p1-b4", "p1-b5"]);
        assert_eq!((made[1].pages.as_slice(), made[1].index), (&[1][..], 1));
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_too_long() {
        let long = "One sentence of some words stands here. ".repeat(30);
        let endless = "word ".repeat(200);
        let cell = |column, text: &str| Cell { column, row_span: 1, column_span: 1, spans: spans(text) };
        let rows =
            (0..40).map(|n| Row { cells: vec![cell(0, &format!("r{n}")), cell(1, "value")] }).collect();
        let table = Table { columns: 2, header_rows: 1, rows };
        let made = chunks(
            &document(vec![
                Content::Paragraph { spans: spans(&long) },
                Content::Paragraph { spans: spans(&endless) },
                Content::Table { table },
                Content::Code { text: "let x = 1;\n".repeat(60) },
            ]),
            50,
        );
        assert!(made.iter().all(|chunk| (1..=50).contains(&chunk.tokens)), "{made:?}");
        assert!(made.iter().all(|chunk| count_tokens(&chunk.text) == chunk.tokens));
        let text: String = made.iter().map(|chunk| format!("{}\n", chunk.text)).collect();
        assert_eq!(text.matches("One sentence").count(), 30);
        assert_eq!(text.matches("word").count() - text.matches("words").count(), 200);
        assert!((1..40).all(|n| text.contains(&format!("| r{n} |"))));
        assert!(text.matches("| r0 |").count() > 1, "each part of the table has its header");
        assert_eq!(text.matches("let x = 1;").count(), 60);
    }
}
