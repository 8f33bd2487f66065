use super::*;
use crate::document::{Cell, Figure, FigureSource, Page, Provenance, Rect, Row, Source, Table, TextQuality};

fn span(text: &str) -> Span {
    Span { text: text.to_owned(), ..Span::default() }
}

fn paragraph(texts: &[&str]) -> Content {
    Content::Paragraph { spans: texts.iter().map(|text| span(text)).collect() }
}

/// A page with one block above another, each with its words on one line.
fn document(parts: Vec<(Content, &[&str])>) -> Document {
    let mut blocks = Vec::new();
    let mut words = Vec::new();
    for (index, (content, texts)) in parts.into_iter().enumerate() {
        let top = 100.0 * index as f32;
        blocks.push(Block {
            id: BlockId::new(1, index + 1),
            page: 1,
            bbox: Rect::new(0.0, top, 1000.0, top + 50.0),
            content,
            continues: false,
            confidence: 0.9,
            provenance: Provenance { stage: "ocr".to_owned(), model: None },
        });
        for (at, text) in texts.iter().enumerate() {
            let left = 20.0 * at as f32;
            let bbox = Rect::new(left, top + 10.0, left + 15.0, top + 20.0);
            words.push(ReadWord::new((*text).to_owned(), 0.5, bbox));
        }
    }
    let text = TextQuality::Recognised;
    let page = Page { text, blocks, words, ..Page::blank(1, 1000.0, 1000.0) };
    Document { pages: vec![page], ..Document::new(Source::default()) }
}

/// The texts of all blocks after word `index` has become `text`; the same as before once that is taken back.
fn corrected(mut document: Document, index: usize, text: &str) -> Vec<String> {
    let whole = document.clone();
    let correction = correct(&mut document, 1, index, text).unwrap();
    let texts = document.pages[0].blocks.iter().map(Block::plain_text).collect();
    let word = &document.pages[0].words[index];
    assert_eq!((word.text.as_str(), word.confidence, word.checked), (text, 1.0, true));
    assert_eq!(correction.changed_text(), whole.pages[0].blocks != document.pages[0].blocks);
    let others = |document: &Document| {
        document.pages[0]
            .words
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != index)
            .map(|(_, w)| w.clone())
            .collect()
    };
    let (then, now): (Vec<ReadWord>, Vec<ReadWord>) = (others(&whole), others(&document));
    assert_eq!(then, now);
    assert!(take_back(&mut document, &correction));
    assert_eq!(document, whole);
    texts
}

#[test]
fn the_right_one_of_equal_words_changes() {
    let words = ["a", "rat", "saw", "a", "rat", "and", "a", "rat"];
    let page = || document(vec![(paragraph(&["a rat saw a rat and a rat"]), &words)]);
    assert_eq!(corrected(page(), 1, "cat"), ["a cat saw a rat and a rat"]);
    assert_eq!(corrected(page(), 4, "cat"), ["a rat saw a cat and a rat"]);
    assert_eq!(corrected(page(), 7, "cat"), ["a rat saw a rat and a cat"]);
    // In a column of equal neighbours only the number tells.
    let same = ["0", "0", "0"];
    assert_eq!(corrected(document(vec![(paragraph(&["0 0 0"]), &same)]), 1, "O"), ["0 O 0"]);
}

#[test]
fn a_part_of_another_word_is_left_alone() {
    let words = ["cat", "in", "concatenation", "at"];
    let page = || document(vec![(paragraph(&["cat in concatenation at"]), &words)]);
    assert_eq!(corrected(page(), 3, "@"), ["cat in concatenation @"]);
    assert_eq!(corrected(page(), 0, "dog"), ["dog in concatenation at"]);
    // A word that the text does not have changes nothing but itself.
    let page = document(vec![(paragraph(&["about 5.3 percent"]), &["about", "5.3", "percent", "5"])]);
    assert_eq!(corrected(page, 3, "S"), ["about 5.3 percent"]);
}

#[test]
fn words_cut_at_a_lines_end_are_found_in_the_whole() {
    let words = ["the", "intor-", "national", "well-", "known"];
    let page = || document(vec![(paragraph(&["the intornational well-known"]), &words)]);
    assert_eq!(corrected(page(), 1, "inter-"), ["the international well-known"]);
    assert_eq!(corrected(page(), 2, "rational"), ["the intorrational well-known"]);
    assert_eq!(corrected(page(), 3, "ill-"), ["the intornational ill-known"]);
    assert_eq!(corrected(page(), 4, "made"), ["the intornational well-made"]);
}

#[test]
fn a_word_in_several_styles_keeps_the_first() {
    let mut content = paragraph(&["see ", "bo", "ld", " type"]);
    content.spans_mut().unwrap()[1].bold = true;
    let mut page = document(vec![(content, &["see", "bold", "type"])]);
    correct(&mut page, 1, 1, "bald").unwrap();
    let spans = page.pages[0].blocks[0].content.spans();
    assert_eq!(spans.iter().map(|span| span.text.as_str()).collect::<Vec<_>>(), ["see ", "bald", " type"]);
    assert!(spans[1].bold && !spans[2].bold);
}

#[test]
fn several_words_none_and_the_same() {
    let page = || document(vec![(paragraph(&["one twothree four"]), &["one", "twothree", "four"])]);
    assert_eq!(corrected(page(), 1, "two three"), ["one two three four"]);
    assert_eq!(corrected(page(), 1, ""), ["one four"]);
    assert_eq!(corrected(page(), 2, ""), ["one twothree"]);
    assert_eq!(corrected(page(), 1, "twothree"), ["one twothree four"]);
    let mut odd = page();
    correct(&mut odd, 1, 1, "  two\n\u{7}three ").unwrap();
    assert_eq!(odd.pages[0].words[1].text, "two three");
}

#[test]
fn cells_markers_labels_code_and_captions() {
    let cell = |column, text| Cell { column, row_span: 1, column_span: 1, spans: vec![span(text)] };
    // Two cells of two lines each: the words come line by line over both.
    let row = Row { cells: vec![cell(0, "net 5 gain 5"), cell(1, "gross 5 loss 7")] };
    let table = Table { columns: 2, header_rows: 0, rows: vec![row] };
    let table = || Content::Table { table: table.clone() };
    let words = ["net", "5", "gross", "5", "gain", "5", "loss", "7"];
    let page = || {
        let mut page = document(vec![(table(), &words)]);
        for (index, word) in page.pages[0].words.iter_mut().enumerate() {
            let (x, y) = ([0.0, 20.0, 200.0, 220.0][index % 4], [10.0, 25.0][index / 4]);
            word.bbox = Rect::new(x, y, x + 15.0, y + 10.0);
        }
        page
    };
    assert_eq!(corrected(page(), 1, "6"), ["net 6 gain 5\tgross 5 loss 7"]);
    assert_eq!(corrected(page(), 3, "6"), ["net 5 gain 5\tgross 6 loss 7"]);
    assert_eq!(corrected(page(), 5, "6"), ["net 5 gain 6\tgross 5 loss 7"]);

    let item =
        Content::ListItem { depth: 0, marker: "7.".to_owned(), number: Some(7), spans: vec![span("item")] };
    let mut page = document(vec![(item, &["7.", "item"])]);
    correct(&mut page, 1, 0, "1.").unwrap();
    let content = &page.pages[0].blocks[0].content;
    assert!(
        matches!(content, Content::ListItem { number: Some(1), marker, .. } if marker == "1."),
        "{content:?}"
    );

    let code = Content::Code { text: "if x:\n    retum y".to_owned() };
    assert_eq!(
        corrected(document(vec![(code, &["if", "x:", "retum", "y"])]), 2, "return"),
        ["if x:\n    return y"]
    );

    let id = FigureId::new(1, 1);
    let caption = Content::Caption { figure: Some(id.clone()), spans: vec![span("Figure 1: A tee")] };
    let mut page = document(vec![(caption, &["Figure", "1:", "A", "tee"])]);
    page.figures.push(Figure {
        id,
        page: 1,
        bbox: Rect::default(),
        source: FigureSource::Rendered,
        file: String::new(),
        media_type: String::new(),
        width_px: 1,
        height_px: 1,
        label: None,
        caption: Some("Figure 1: A tee".to_owned()),
        text: String::new(),
        description: None,
        duplicate_of: None,
        not_described: None,
    });
    assert_eq!(corrected(page.clone(), 3, "tree"), ["Figure 1: A tree"]);
    correct(&mut page, 1, 3, "tree").unwrap();
    assert_eq!(page.figures[0].caption.as_deref(), Some("Figure 1: A tree"));
}

#[test]
fn only_the_block_that_holds_it_changes() {
    let page =
        || document(vec![(paragraph(&["a word"]), &["a", "word"]), (paragraph(&["a word"]), &["a", "word"])]);
    assert_eq!(corrected(page(), 3, "ward"), ["a word", "a ward"]);
    assert!(
        stands_in_text(&page(), 1, 3) && !stands_in_text(&page(), 1, 4) && !stands_in_text(&page(), 2, 0)
    );
    let mut wrong = page();
    assert!(correct(&mut wrong, 1, 9, "x").is_none() && correct(&mut wrong, 9, 0, "x").is_none());
    assert_eq!(wrong, page());
}

#[test]
fn what_has_changed_since_is_not_taken_back() {
    let mut page = document(vec![(paragraph(&["one two"]), &["one", "two"])]);
    let first = correct(&mut page, 1, 0, "ona").unwrap();
    correct(&mut page, 1, 0, "once").unwrap();
    let now = page.clone();
    assert!(!take_back(&mut page, &first));
    assert_eq!(page, now);
}

#[test]
fn doubtful_words_are_those_of_the_text_that_nobody_checked() {
    let furniture = Content::Furniture { spans: vec![span("page 7")] };
    let mut page = document(vec![(furniture, &["page", "7"]), (paragraph(&["one two"]), &["one", "two"])]);
    page.pages[0].words[2].confidence = 0.95;
    assert_eq!(page.pages[0].doubtful_words(0.9), [3]);
    correct(&mut page, 1, 3, "two").unwrap();
    assert!(page.pages[0].doubtful_words(0.9).is_empty());
}

#[test]
fn a_page_of_one_word_over_and_over_ends() {
    let texts = vec!["so"; 1_000];
    let mut page = document(vec![(paragraph(&[&texts.join(" ")]), &texts)]);
    for (index, word) in page.pages[0].words.iter_mut().enumerate() {
        word.bbox = Rect::new(index as f32 / 2.0, 10.0, index as f32 / 2.0 + 0.4, 20.0);
    }
    correct(&mut page, 1, 998, "no").unwrap();
    assert!(page.pages[0].blocks[0].plain_text().ends_with("so no so"));
}
