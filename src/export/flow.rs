//! Blocks of all pages in, the running document out: what columns, pages and figures cut apart is joined,
//! and what repeats on each page is left out.

use crate::document::{Block, Content, Document, Row, Span, Table, plain_text};

/// One or more blocks that read as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage<'a> {
    /// The first of its blocks, which says what it is.
    pub block: &'a Block,
    /// The others, in order.
    pub more: Vec<&'a Block>,
    /// Text of all its blocks; empty for blocks without spans.
    pub spans: Vec<Span>,
    /// The whole of a table or of code that has several parts.
    joined: Option<Content>,
    /// Pages it is on: first and last, from 1.
    pub pages: (u32, u32),
}

impl Passage<'_> {
    /// What it is; tables and code with all their parts.
    #[must_use]
    pub fn content(&self) -> &Content {
        self.joined.as_ref().unwrap_or(&self.block.content)
    }

    /// Adds a part of a table or of code.
    fn append(&mut self, next: &Content) {
        let joined = self.joined.get_or_insert_with(|| self.block.content.clone());
        match (joined, next) {
            (Content::Table { table }, Content::Table { table: next }) => append_table(table, next),
            (Content::Code { text }, Content::Code { text: next }) => {
                text.truncate(text.trim_end_matches('\n').len());
                text.push('\n');
                text.push_str(next);
            }
            _ => {}
        }
    }
}

/// Adds the rows of the next part of a table, without its heads where they repeat those of the first.
fn append_table(table: &mut Table, next: &Table) {
    let heads = next.header_rows as usize;
    let text = |row: &Row| row.cells.iter().map(|cell| plain_text(&cell.spans)).collect::<Vec<_>>();
    let repeats = next.header_rows == table.header_rows
        && (0..heads).all(|at| match (table.rows.get(at), next.rows.get(at)) {
            (Some(first), Some(again)) => text(first) == text(again),
            _ => false,
        });
    let from = if repeats { heads } else { 0 };
    table.rows.extend_from_slice(next.rows.get(from..).unwrap_or_default());
}

/// The passages of a document in reading order, without furniture.
#[must_use]
pub fn flow(document: &Document) -> Vec<Passage<'_>> {
    flow_of(document.pages.iter().flat_map(|page| &page.blocks))
}

/// The passages that `blocks` make up.
pub(super) fn flow_of<'a>(blocks: impl Iterator<Item = &'a Block>) -> Vec<Passage<'a>> {
    let mut passages: Vec<Passage<'a>> = Vec::new();
    for block in blocks {
        if matches!(block.content, Content::Furniture { .. }) {
            continue;
        }
        let spans = block.content.spans();
        if block.continues
            && let Some(passage) = last_open(&mut passages, block)
        {
            match &block.content {
                content @ (Content::Table { .. } | Content::Code { .. }) => passage.append(content),
                _ => join(&mut passage.spans, spans),
            }
            passage.more.push(block);
            passage.pages.1 = passage.pages.1.max(block.page);
            continue;
        }
        let (spans, pages) = (spans.to_vec(), (block.page, block.page));
        passages.push(Passage { block, more: Vec::new(), spans, joined: None, pages });
    }
    passages
}

/// The passage that `block` goes on from: the nearest of its kind, however many floats lie between. An item of a
/// list goes on only where no running text lies between; a paragraph may be the rest of one that a page cut.
fn last_open<'p, 'a>(passages: &'p mut [Passage<'a>], block: &Block) -> Option<&'p mut Passage<'a>> {
    let kind = std::mem::discriminant(&block.content);
    let nearest =
        || passages.iter().rposition(|passage| std::mem::discriminant(&passage.block.content) == kind);
    let is_cut = |at: &usize| {
        passages
            .get(*at)
            .is_some_and(|item| item.pages.1 < block.page && item.block.bbox.x0 + HANGS_BY < block.bbox.x0)
    };
    let at = match block.content {
        Content::ListItem { .. } => open_item(passages),
        Content::Paragraph { .. } => open_item(passages).filter(is_cut).or_else(nearest),
        _ => nearest(),
    };
    passages.get_mut(at?)
}

/// The rest of an item stands at least so many points further in than its marker.
const HANGS_BY: f32 = 5.0;

/// The list item that is the last text so far, if it does not end like a sentence.
fn open_item(passages: &[Passage<'_>]) -> Option<usize> {
    let is_float = |passage: &Passage<'_>| {
        matches!(
            passage.block.content,
            Content::Figure { .. }
                | Content::Caption { .. }
                | Content::Table { .. }
                | Content::Footnote { .. }
        )
    };
    let at = passages.iter().rposition(|passage| !is_float(passage))?;
    let last = passages.get(at)?;
    let ended = plain_text(&last.spans).trim_end().ends_with(['.', '!', '?', ':', ';']);
    (matches!(last.block.content, Content::ListItem { .. }) && !ended).then_some(at)
}

/// Appends `more` to `spans`: a word cut by a hyphen is made whole, other text is set apart by a space.
fn join(spans: &mut Vec<Span>, more: &[Span]) {
    let next = more.first().and_then(|span| span.text.chars().next());
    if let Some(last) = spans.last_mut() {
        let kept = last.text.trim_end().len();
        last.text.truncate(kept);
        let mut ending = last.text.chars().rev();
        let cut = matches!(ending.next(), Some('-' | '\u{ad}' | '\u{2010}'))
            && ending.next().is_some_and(char::is_alphabetic)
            && next.is_some_and(char::is_lowercase);
        if cut {
            last.text.pop();
        } else {
            last.text.push(' ');
        }
    }
    spans.extend_from_slice(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockId, Cell, Provenance, Rect};

    fn paragraph(page: u32, text: &str, continues: bool) -> Block {
        let spans = vec![Span { text: text.to_owned(), ..Span::default() }];
        block(page, Content::Paragraph { spans }, continues)
    }

    fn block(page: u32, content: Content, continues: bool) -> Block {
        Block {
            id: BlockId::new(page, 1),
            page,
            bbox: Rect::default(),
            content,
            continues,
            confidence: 1.0,
            provenance: Provenance { stage: "extraction".to_owned(), model: None },
        }
    }

    fn text_of(passage: &Passage<'_>) -> String {
        passage.spans.iter().map(|span| span.text.as_str()).collect()
    }

    #[test]
    fn a_paragraph_goes_on_over_a_page_break() {
        let footer = Content::Furniture { spans: vec![Span { text: "1".to_owned(), ..Span::default() }] };
        let blocks = [
            paragraph(1, "It was a dark", false),
            block(1, footer, false),
            paragraph(2, "and stormy night.", true),
        ];
        let passages = flow_of(blocks.iter());
        assert_eq!(passages.len(), 1);
        assert_eq!(text_of(&passages[0]), "It was a dark and stormy night.");
        assert_eq!(passages[0].pages, (1, 2));
    }

    #[test]
    fn a_word_cut_by_the_page_is_whole_again() {
        let blocks = [paragraph(1, "an inter-", false), paragraph(2, "national treaty", true)];
        assert_eq!(text_of(&flow_of(blocks.iter())[0]), "an international treaty");
        let blocks = [paragraph(1, "pages 3-", false), paragraph(2, "5", true)];
        assert_eq!(text_of(&flow_of(blocks.iter())[0]), "pages 3- 5");
    }

    #[test]
    fn parts_of_a_table_are_one_without_the_repeated_head() {
        let part = |texts: &[&str]| {
            let row = |text: &&str| Row {
                cells: vec![Cell {
                    column: 0,
                    row_span: 1,
                    column_span: 1,
                    spans: vec![Span { text: (*text).to_owned(), ..Span::default() }],
                }],
            };
            Content::Table {
                table: Table { columns: 1, header_rows: 1, rows: texts.iter().map(row).collect() },
            }
        };
        let blocks = [
            block(1, part(&["head", "one"]), false),
            block(2, part(&["head", "two"]), true),
            block(3, part(&["three", "four"]), true),
        ];
        let passages = flow_of(blocks.iter());
        assert_eq!(passages.len(), 1);
        assert_eq!(passages[0].pages, (1, 3));
        assert_eq!(passages[0].content(), &part(&["head", "one", "two", "three", "four"]));
    }

    #[test]
    fn code_goes_on_over_a_page_break() {
        let code = |text: &str| Content::Code { text: text.to_owned() };
        let blocks = [block(1, code("if x {\n"), false), block(2, code("    y();\n}"), true)];
        assert_eq!(flow_of(blocks.iter())[0].content(), &code("if x {\n    y();\n}"));
    }

    #[test]
    fn an_item_goes_on_over_a_figure_but_not_over_text() {
        let item = |text: &str, continues: bool| {
            let spans = vec![Span { text: text.to_owned(), ..Span::default() }];
            let marker = if continues { "" } else { "•" }.to_owned();
            block(1, Content::ListItem { depth: 0, marker, number: None, spans }, continues)
        };
        let figure = || block(1, Content::Figure { figure: crate::document::FigureId::new(1, 1) }, false);
        let blocks = [item("fruit, though not", false), figure(), item("of the soft kinds.", true)];
        let passages = flow_of(blocks.iter());
        assert_eq!(text_of(&passages[0]), "fruit, though not of the soft kinds.");
        let blocks = [item("fruit", false), paragraph(1, "Text.", false), item("of the soft kinds.", true)];
        assert_eq!(flow_of(blocks.iter()).len(), 3);
    }

    #[test]
    fn a_paragraph_that_continues_nothing_stands_alone() {
        let blocks = [paragraph(1, "lost", true)];
        assert_eq!(flow_of(blocks.iter()).len(), 1);
    }
}
