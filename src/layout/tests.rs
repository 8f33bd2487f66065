//! Whole pages made for the purpose: what is read in which order, and pages made to be slow.

use super::{LaidOutPage, SurveyBuilder, lay_out};
use crate::document::{Content, LinkTarget, Rect};
use crate::pdf::content::{FontInfo, Glyph, ImageItem, LinkArea, PageContent, PathItem, PathShape};

const FONTS: [(&str, bool, bool); 3] = [("Text", false, false), ("Bold", true, false), ("Mono", false, true)];

fn empty() -> PageContent {
    let font = |&(name, bold, mono): &(&str, bool, bool)| FontInfo {
        name: name.to_owned(),
        bold,
        mono,
        ..FontInfo::default()
    };
    PageContent {
        number: 1,
        width: 600.0,
        height: 800.0,
        fonts: FONTS.iter().map(font).collect(),
        ..PageContent::default()
    }
}

fn glyph(text: &str, x: f32, y: f32, size: f32, font: u16) -> Glyph {
    let wide = 0.5 * size;
    Glyph {
        text: text.to_owned(),
        bbox: Rect::new(x, y - 0.75 * size, x + wide, y + 0.25 * size),
        origin: (x, y),
        advance: (x + wide, y),
        size,
        angle: 0.0,
        font,
        color: [0; 3],
        invisible: false,
        mcid: None,
        artifact: false,
    }
}

/// Writes `text` from `x` on the baseline `y`; spaces are gaps, as many files have them.
fn write(page: &mut PageContent, text: &str, x: f32, y: f32, size: f32, font: u16) {
    for (index, character) in text.chars().enumerate() {
        if character != ' ' {
            page.glyphs.push(glyph(&character.to_string(), x + 0.5 * size * index as f32, y, size, font));
        }
    }
}

fn lay_out_alone(page: &PageContent) -> LaidOutPage {
    let mut survey = SurveyBuilder::default();
    survey.add(page);
    lay_out(page, &survey.finish(&[]))
}

/// Kind and text of each block.
fn summary(page: &LaidOutPage) -> Vec<(&'static str, String)> {
    let kind = |content: &Content| match content {
        Content::Heading { .. } => "heading",
        Content::Paragraph { .. } => "paragraph",
        Content::ListItem { .. } => "item",
        Content::Table { .. } => "table",
        Content::Figure { .. } => "figure",
        Content::Caption { .. } => "caption",
        Content::Code { .. } => "code",
        Content::Equation { .. } => "equation",
        Content::ContentsEntry { .. } => "entry",
        Content::Footnote { .. } => "footnote",
        Content::Furniture { .. } => "furniture",
    };
    page.page.blocks.iter().map(|block| (kind(&block.content), block.plain_text())).collect()
}

#[test]
fn words_cut_at_a_line_end_are_whole_and_bold_drawn_twice_is_once() {
    let mut page = empty();
    write(&mut page, "Of the inter-", 60.0, 100.0, 10.0, 0);
    write(&mut page, "national treaty and of", 60.0, 112.0, 10.0, 0);
    write(&mut page, "the well-known text", 60.0, 124.0, 10.0, 0);
    let again: Vec<Glyph> = page.glyphs.clone();
    page.glyphs.extend(again);
    assert_eq!(
        summary(&lay_out_alone(&page)),
        [("paragraph", "Of the international treaty and of the well-known text".to_owned())]
    );
}

#[test]
fn columns_are_read_one_after_the_other_below_a_heading_over_both() {
    let mut page = empty();
    write(&mut page, "A heading over both columns", 60.0, 80.0, 16.0, 1);
    for row in 0..10 {
        let y = 120.0 + 12.0 * row as f32;
        write(&mut page, "left words of a column that is full", 60.0, y, 10.0, 0);
        write(&mut page, "right words of a column that is full", 245.0, y, 10.0, 0);
    }
    let blocks = summary(&lay_out_alone(&page));
    assert_eq!(blocks[0], ("heading", "A heading over both columns".to_owned()));
    let text: String = blocks[1..].iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("left").count(), 10);
    assert!(text.rfind("left").unwrap() < text.find("right").unwrap(), "{text}");
}

#[test]
fn a_title_with_names_in_italics_is_one() {
    let mut page = empty();
    page.fonts.push(FontInfo {
        name: "BoldItalic".to_owned(),
        bold: true,
        italic: true,
        ..FontInfo::default()
    });
    write(&mut page, "The age of sharks and of", 60.0, 80.0, 16.0, 1);
    // Most of the second line is in the other typeface.
    write(&mut page, "Carcharhinus acronotus", 60.0, 100.0, 16.0, 3);
    write(&mut page, "in the west", 244.0, 100.0, 16.0, 1);
    for row in 0..10 {
        write(
            &mut page,
            "running text that fills the page from one side to the other and has no end",
            60.0,
            140.0 + 12.0 * row as f32,
            10.0,
            0,
        );
    }
    let blocks = summary(&lay_out_alone(&page));
    let title = "The age of sharks and of Carcharhinus acronotus in the west";
    assert_eq!(blocks[0], ("heading", title.to_owned()));
}

#[test]
fn list_items_code_and_links() {
    let mut page = empty();
    write(&mut page, "What we need for this work is said here at once:", 60.0, 100.0, 10.0, 0);
    write(&mut page, "• one thing", 60.0, 118.0, 10.0, 0);
    write(&mut page, "• another thing", 60.0, 130.0, 10.0, 0);
    write(&mut page, "for x in y:", 60.0, 160.0, 10.0, 2);
    write(&mut page, "    print(x)", 60.0, 172.0, 10.0, 2);
    write(&mut page, "More is written on our page elsewhere on the net.", 60.0, 200.0, 10.0, 0);
    let target = LinkTarget::Uri("https://example.org/".to_owned());
    page.links.push(LinkArea { bbox: Rect::new(60.0, 192.0, 310.0, 203.0), target: target.clone() });
    let laid_out = lay_out_alone(&page);
    let blocks = summary(&laid_out);
    assert_eq!(blocks[1..3], [("item", "one thing".to_owned()), ("item", "another thing".to_owned())]);
    assert_eq!(blocks[3], ("code", "for x in y:\n    print(x)".to_owned()));
    let Content::Paragraph { spans } = &laid_out.page.blocks[4].content else { panic!("{blocks:?}") };
    assert_eq!(spans[0].link.as_ref(), Some(&target));
}

#[test]
fn a_picture_has_its_caption_and_keeps_its_labels() {
    let mut page = empty();
    write(&mut page, "Text before the picture that runs on for a line.", 60.0, 60.0, 10.0, 0);
    page.images.push(ImageItem {
        bbox: Rect::new(100.0, 100.0, 400.0, 300.0),
        width_px: 600,
        height_px: 400,
        index: 0,
        digest: 7,
        stencil: false,
        upright: true,
    });
    write(&mut page, "label", 150.0, 200.0, 10.0, 0);
    write(&mut page, "Figure 3: What is seen.", 100.0, 320.0, 10.0, 0);
    let laid_out = lay_out_alone(&page);
    let kinds: Vec<&str> = summary(&laid_out).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["paragraph", "figure", "caption"]);
    assert_eq!(laid_out.figures[0].label.as_deref(), Some("Figure 3"));
    assert_eq!(laid_out.figures[0].caption.as_deref(), Some("Figure 3: What is seen."));
}

/// A fixed pseudo-random sequence in 0..1.
fn noise() -> impl FnMut() -> f32 {
    let mut state = 7_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    }
}

/// Ends, which is all that is asked of it: each step bounds its work.
#[test]
fn scattered_glyphs_paths_and_images_come_to_an_end() {
    let mut page = empty();
    let mut next = noise();
    for _ in 0..100_000 {
        let (x, y, size) = (next() * 600.0, next() * 800.0, 1.0 + next() * 12.0);
        page.glyphs.push(glyph("x", x, y, size, 0));
    }
    for index in 0..100_000 {
        let (x, y) = (next() * 600.0, next() * 800.0);
        let (wide, high) = if index % 3 == 0 { (next() * 300.0, 0.5) } else { (0.5, next() * 300.0) };
        let shape = match index % 3 {
            0 => PathShape::Horizontal,
            1 => PathShape::Vertical,
            _ => PathShape::Other { segments: 4 },
        };
        let bbox = Rect::new(x, y, x + wide, y + high);
        page.paths.push(PathItem { bbox, shape, fill: Some([0; 3]), stroke: None, stroke_width: 0.0 });
    }
    for index in 0..20_000 {
        let (x, y) = (next() * 600.0, next() * 800.0);
        page.images.push(ImageItem {
            bbox: Rect::new(x, y, x + 15.0, y + 15.0),
            width_px: 20,
            height_px: 20,
            index,
            digest: index as u64,
            stencil: false,
            upright: true,
        });
    }
    let laid_out = lay_out_alone(&page);
    assert!(!laid_out.warnings.is_empty(), "what is left out is told");
}

#[test]
fn numbers_that_are_none_do_no_harm() {
    let mut page = empty();
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 0.0, -1.0e9] {
        let mut odd = glyph("x", value, value, value, 9);
        odd.angle = value;
        page.glyphs.push(odd);
        page.paths.push(PathItem {
            bbox: Rect { x0: value, y0: value, x1: value, y1: value },
            shape: PathShape::Rectangle,
            fill: None,
            stroke: Some([0; 3]),
            stroke_width: value,
        });
    }
    write(&mut page, "Ordinary words go on as before.", 60.0, 100.0, 10.0, 0);
    let text: Vec<String> = summary(&lay_out_alone(&page)).into_iter().map(|(_, text)| text).collect();
    assert!(text.join(" ").contains("Ordinary words"), "{text:?}");
}

/// The rows of the first table on a page, cells parted by `|`.
fn first_table(page: &LaidOutPage) -> Vec<String> {
    let table = page.page.blocks.iter().find_map(|block| match &block.content {
        Content::Table { table } => Some(table),
        _ => None,
    });
    let text = |cell: &crate::document::Cell| crate::document::plain_text(&cell.spans);
    let rows = table.expect("a table").rows.iter();
    rows.map(|row| row.cells.iter().map(text).collect::<Vec<_>>().join("|")).collect()
}

#[test]
fn names_over_two_lines_are_one_row_and_heads_stand_over_their_values() {
    let mut page = empty();
    write(&mut page, "Name of party", 80.0, 100.0, 10.0, 0);
    write(&mut page, "Number of seats", 180.0, 100.0, 10.0, 0);
    write(&mut page, "Number of votes", 300.0, 100.0, 10.0, 0);
    let names = [["Cambodian", "Party"], ["Candle", "Party"], ["Green", "League"], ["Red", "Union"]];
    for (row, [first, second]) in names.iter().enumerate() {
        let y = 130.0 + 35.0 * row as f32;
        write(&mut page, &(row + 1).to_string(), 60.0, y, 10.0, 0);
        write(&mut page, first, 68.0, y, 10.0, 0);
        write(&mut page, second, 68.0, y + 11.5, 10.0, 0);
        // Right-aligned far behind where their heads begin.
        write(&mut page, "1,652", 245.0, y, 10.0, 0);
        write(&mut page, "28,008", 350.0, y, 10.0, 0);
    }
    assert_eq!(
        first_table(&lay_out_alone(&page)),
        [
            "|Name of party|Number of seats|Number of votes",
            "1|Cambodian Party|1,652|28,008",
            "2|Candle Party|1,652|28,008",
            "3|Green League|1,652|28,008",
            "4|Red Union|1,652|28,008"
        ]
    );
}

#[test]
fn columns_ruled_in_the_heads_alone_part_the_rows_too() {
    let mut page = empty();
    let mut rule = |x0: f32, y0: f32, x1: f32, y1: f32| {
        let shape = if x1 > x0 { PathShape::Horizontal } else { PathShape::Vertical };
        let bbox = Rect::new(x0, y0, x1 + 0.5, y1 + 0.5);
        page.paths.push(PathItem { bbox, shape, fill: Some([0; 3]), stroke: None, stroke_width: 0.0 });
    };
    for row in 0..4 {
        rule(60.0, 100.0 + 20.0 * row as f32, 360.0, 100.0 + 20.0 * row as f32);
    }
    for column in 0..4 {
        let bottom = if column % 3 == 0 { 160.0 } else { 120.0 };
        rule(60.0 + 100.0 * column as f32, 100.0, 60.0 + 100.0 * column as f32, bottom);
    }
    for (row, words) in [["Country", "Home", "Total"], ["Austria", "92.9", "581"]].iter().enumerate() {
        for (column, word) in words.iter().enumerate() {
            write(&mut page, word, 70.0 + 100.0 * column as f32, 114.0 + 20.0 * row as f32, 10.0, 0);
        }
    }
    write(&mut page, "A note that goes over all of the columns here", 70.0, 154.0, 10.0, 0);
    assert_eq!(
        first_table(&lay_out_alone(&page)),
        ["Country|Home|Total", "Austria|92.9|581", "A note that goes over all of the columns here"]
    );
}

#[test]
fn text_that_fills_its_column_goes_on_in_the_same_cell() {
    let mut page = empty();
    for y in [85.0, 105.0, 190.0] {
        let bbox = Rect::new(60.0, y, 400.0, y + 0.5);
        let shape = PathShape::Horizontal;
        page.paths.push(PathItem { bbox, shape, fill: Some([0; 3]), stroke: None, stroke_width: 0.0 });
    }
    write(&mut page, "Method", 60.0, 98.0, 10.0, 0);
    write(&mut page, "Description", 160.0, 98.0, 10.0, 0);
    let lines = [
        ("Exercises", "Students are invited to solve an exercise that"),
        ("", "repeats what they saw."),
        ("Live coding in", "Instructors write code or show how a tool works"),
        ("front of all", "and students follow."),
        ("Feedback", "Students tell at the end of a day what they want"),
        ("", "to see more of."),
    ];
    for (row, (name, text)) in lines.iter().enumerate() {
        let y = 117.0 + 12.0 * row as f32;
        write(&mut page, name, 60.0, y, 10.0, 0);
        write(&mut page, text, 160.0, y, 10.0, 0);
    }
    assert_eq!(
        first_table(&lay_out_alone(&page)),
        [
            "Method|Description",
            "Exercises|Students are invited to solve an exercise that repeats what they saw.",
            "Live coding in front of all|Instructors write code or show how a tool works and students follow.",
            "Feedback|Students tell at the end of a day what they want to see more of."
        ]
    );
}
