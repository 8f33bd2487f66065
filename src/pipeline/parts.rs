//! Two pages that follow each other in; which of the second's blocks goes on from the first: tables and code that
//! a page break cuts. What a page says alone cannot tell, so this runs once both are there.

use crate::document::{Block, Content, Page, plain_text};

/// A part that goes on reaches below this share of the page's height, and its next starts above the other.
const REACHES_DOWN: f32 = 0.7;
const STARTS_ABOVE: f32 = 0.3;
/// The edges of two parts of one table differ by less than this share of the page's width.
const SAME_EDGE: f32 = 0.02;

/// Marks the block of `page` that goes on from the page `before`, and no other table or code: its
/// [`Block::continues`] is set anew, whatever it was.
pub(crate) fn mark_parts(before: Option<&Page>, page: &mut Page) {
    for block in &mut page.blocks {
        if is_part(&block.content) {
            block.continues = false;
        }
    }
    let Some(before) = before.filter(|before| before.number + 1 == page.number) else { return };
    let Some(last) = before.blocks.iter().rev().find(|block| is_body(&block.content)) else { return };
    let first = page.blocks.iter().position(|block| is_body(&block.content) && !says_continued(block));
    let Some(next) = first.and_then(|at| page.blocks.get_mut(at)) else { return };
    let over_break = last.bbox.y1 > REACHES_DOWN * before.height && next.bbox.y0 < STARTS_ABOVE * page.height;
    let near = |a: f32, b: f32| (a - b).abs() < SAME_EDGE * page.width;
    next.continues |= over_break
        && match (&last.content, &next.content) {
            (Content::Table { table: above }, Content::Table { table: below }) => {
                above.columns == below.columns
                    && near(last.bbox.x0, next.bbox.x0)
                    && near(last.bbox.x1, next.bbox.x1)
            }
            (Content::Code { .. }, Content::Code { .. }) => near(last.bbox.x0, next.bbox.x0),
            _ => false,
        };
}

fn is_part(content: &Content) -> bool {
    matches!(content, Content::Table { .. } | Content::Code { .. })
}

/// Neither furniture nor what stands at a page's foot.
fn is_body(content: &Content) -> bool {
    !matches!(content, Content::Furniture { .. } | Content::Footnote { .. })
}

/// `Table 2 (continued)`, `(cont.)`.
fn says_continued(block: &Block) -> bool {
    let text = plain_text(block.content.spans()).to_lowercase();
    text.chars().count() < 160
        && (text.contains("continued") || text.contains("(cont.") || text.contains("(cont’d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockId, Provenance, Rect, Table, TextQuality};

    fn page(number: u32, content: Content, bbox: Rect) -> Page {
        let block = Block {
            id: BlockId::new(number, 1),
            page: number,
            bbox,
            content,
            continues: false,
            confidence: 1.0,
            provenance: Provenance { stage: "extraction".to_owned(), model: None },
        };
        Page { text: TextQuality::Digital, blocks: vec![block], ..Page::blank(number, 600.0, 800.0) }
    }

    #[test]
    fn a_table_goes_on_over_the_page() {
        let below = Content::Table { table: Table { columns: 2, ..Table::default() } };
        let above = page(1, below.clone(), Rect::new(50.0, 500.0, 550.0, 740.0));
        let mut at_top = page(2, below.clone(), Rect::new(52.0, 60.0, 549.0, 200.0));
        mark_parts(Some(&above), &mut at_top);
        assert!(at_top.blocks[0].continues);
        // Narrower, further down, or pages later: another table.
        for (number, bbox) in [
            (2, Rect::new(52.0, 60.0, 400.0, 200.0)),
            (2, Rect::new(52.0, 400.0, 549.0, 500.0)),
            (3, Rect::new(52.0, 60.0, 549.0, 200.0)),
        ] {
            let mut other = page(number, below.clone(), bbox);
            mark_parts(Some(&above), &mut other);
            assert!(!other.blocks[0].continues, "{number} {bbox:?}");
        }
        // A page that comes again without its neighbour starts anew.
        mark_parts(None, &mut at_top);
        assert!(!at_top.blocks[0].continues);
    }
}
