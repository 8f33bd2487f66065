//! The words that were read from a page's pixels, in the order of its blocks.

use super::glyphs::Turn;
use crate::document::{Block, Content, ReadWord, Rect};
use crate::pdf::content::PageContent;

/// Puts a page's words into the order in which a reader comes to them: block by block, in each line by line. Words
/// outside all blocks come last. What stands in a block is told by its middle.
pub(super) fn in_reading_order(content: &PageContent, blocks: &[Block], turn: Turn) -> Vec<ReadWord> {
    let upright = |rect: &Rect| turn.rect(rect, content.width, content.height);
    let mut placed: Vec<(usize, Rect, &ReadWord)> =
        content.words.iter().map(|word| (home(word, blocks), upright(&word.bbox), word)).collect();
    placed
        .sort_by(|(a, a_box, _), (b, b_box, _)| a.cmp(b).then(a_box.center_y().total_cmp(&b_box.center_y())));

    // Lines within a block: words whose middles lie within half a height of the line's first.
    let mut from = 0;
    while let Some((block, first, _)) = placed.get(from).copied() {
        let on_line = |(of, bbox, _): &&(usize, Rect, &ReadWord)| {
            *of == block && bbox.center_y() - first.center_y() < 0.5 * first.height()
        };
        let count = placed.iter().skip(from).take_while(on_line).count().max(1);
        if let Some(line) = placed.get_mut(from..from + count) {
            line.sort_by(|(_, a, _), (_, b, _)| a.x0.total_cmp(&b.x0));
        }
        from += count;
    }
    placed.into_iter().map(|(_, _, word)| word.clone()).collect()
}

/// The block in which a word stands: the smallest, before figures, which may lie behind text.
fn home(word: &ReadWord, blocks: &[Block]) -> usize {
    let holding = blocks.iter().enumerate().filter(|(_, block)| word.is_in(&block.bbox));
    let key = |block: &Block| (matches!(block.content, Content::Figure { .. }), block.bbox.area());
    let smallest = holding.min_by(|(_, a), (_, b)| {
        let ((a_behind, a_area), (b_behind, b_area)) = (key(a), key(b));
        a_behind.cmp(&b_behind).then(a_area.total_cmp(&b_area))
    });
    smallest.map_or(usize::MAX, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockId, Provenance};

    fn block(index: usize, bbox: Rect) -> Block {
        Block {
            id: BlockId::new(1, index),
            page: 1,
            bbox,
            content: Content::Paragraph { spans: Vec::new() },
            continues: false,
            confidence: 0.9,
            provenance: Provenance { stage: "ocr".to_owned(), model: None },
        }
    }

    fn word(text: &str, x: f32, y: f32) -> ReadWord {
        ReadWord::new(text.to_owned(), 0.876, Rect::new(x, y, x + 20.0, y + 10.0))
    }

    fn texts(words: &[ReadWord]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn words_follow_blocks_and_lines() {
        let content = PageContent {
            width: 200.0,
            height: 200.0,
            // Two columns side by side, with lines that are not quite level, and a word by itself.
            words: vec![
                word("alone", 90.0, 150.0),
                word("right", 110.0, 10.0),
                word("two", 35.0, 9.0),
                word("one", 10.0, 11.0),
                word("three", 10.0, 22.0),
            ],
            ..PageContent::default()
        };
        let blocks =
            [block(1, Rect::new(5.0, 5.0, 80.0, 40.0)), block(2, Rect::new(100.0, 5.0, 180.0, 40.0))];
        let ordered = in_reading_order(&content, &blocks, Turn::None);
        assert_eq!(texts(&ordered), ["one", "two", "three", "right", "alone"]);
        assert_eq!(ordered[0].confidence, 0.88, "in hundredths");
    }

    #[test]
    fn lines_of_turned_text_run_along_it() {
        let content = PageContent {
            width: 200.0,
            height: 200.0,
            words: vec![word("second", 60.0, 100.0), word("first", 30.0, 20.0), word("start", 30.0, 100.0)],
            ..PageContent::default()
        };
        let blocks = [block(1, Rect::new(0.0, 0.0, 200.0, 200.0))];
        // Text that runs upwards: lines go from left to right, words from below.
        let ordered = in_reading_order(&content, &blocks, Turn::Up);
        assert_eq!(texts(&ordered), ["start", "first", "second"]);
    }
}
