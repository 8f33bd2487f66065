//! What the document of the self-check says. Whatever is written here is looked for in what comes out.

/// The first page's title, a heading of the first level.
pub(super) const TITLE: &str = "A Self-Check of the Document Pipeline";

/// A section of the first page.
pub(super) struct Section {
    /// Its heading; none for what stands right below the title.
    pub(super) heading: Option<&'static str>,
    /// The lines of its one paragraph, as they are set.
    pub(super) lines: &'static [&'static str],
}

/// The first page's running text.
pub(super) const SECTIONS: [Section; 4] = [
    Section {
        heading: None,
        lines: &[
            "This document was written by Recto itself, so that everything on it is known in advance. Each stage",
            "of the pipeline reads it as it would read any other file, and what comes out is compared with what",
            "was put in.",
        ],
    },
    Section {
        heading: Some("1 Reading and Understanding"),
        lines: &[
            "A parser compiled to WebAssembly finds glyphs, lines and blocks, and writes them down as Markdown",
            "and JSON. Pictures of text go through OCR, which is optical character recognition, before they are",
            "laid out. One Transformer describes figures and another summarises the text, after a tokenizer has",
            "cut it into pieces. Their weights have few bits each: this quantization lets both models fit into the",
            "memory of a browser, at a small loss of accuracy.",
        ],
    },
    Section {
        heading: Some("2 Stages and What They Make"),
        lines: &["The table names what each stage is given and what it makes of that."],
    },
    Section {
        heading: Some("3 Figures"),
        lines: &[
            "A filled rectangle is drawn as a vector path. Below it stands a picture of a house in front of green",
            "hills, which the file holds as pixels.",
        ],
    },
];

/// Words of the trade that the first page's text must have.
pub(super) const TERMS: [&str; 7] =
    ["WebAssembly", "Markdown", "JSON", "OCR", "Transformer", "tokenizer", "quantization"];

/// The section that the table belongs to, by its place in [`SECTIONS`].
pub(super) const TABLE_SECTION: usize = 2;

/// The table's cells, row by row; the first row is its head.
pub(super) const TABLE: [[&str; 3]; 4] = [
    ["Stage", "Is given", "Makes"],
    ["Extraction", "PDF bytes", "2 pages"],
    ["Vision", "43,200 pixels", "Descriptions"],
    ["Text", "Paragraphs", "A summary"],
];

/// The rectangle's caption.
pub(super) const RECTANGLE_CAPTION: &str = "Figure 1: A filled rectangle.";
/// The picture's caption.
pub(super) const PICTURE_CAPTION: &str = "Figure 2: A house in front of green hills.";

/// The heading of the scanned page.
pub(super) const SCAN_TITLE: &str = "Appendix: A Scanned Page";
/// The lines of the scanned page's one paragraph.
pub(super) const SCAN_LINES: [&str; 7] = [
    "This page has no letters, only the pixels that a scanner left. What it says",
    "stands in no font and in no text layer, so it must be read from its picture.",
    "First the lines are found, then each of them is cut out and read, and at last",
    "the words are put together to a page like any other. In the spring of 1998 a",
    "village library lent 1,583 books, among them 412 novels, 96 atlases and one",
    "volume about bridges; the librarian kept a record of every loan by hand. Old",
    "records of this kind are what people scan most often.",
];

/// A section's paragraph as one line.
pub(super) fn paragraph(section: &Section) -> String {
    section.lines.join(" ")
}

/// The words of the scanned page, in order.
pub(super) fn scan_words() -> impl Iterator<Item = &'static str> {
    std::iter::once(SCAN_TITLE).chain(SCAN_LINES).flat_map(str::split_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_the_terms_that_are_looked_for() {
        let text: String = SECTIONS.iter().map(paragraph).collect();
        assert!(TERMS.iter().all(|term| text.contains(term)));
        assert!(scan_words().count() > 90);
    }

    #[test]
    fn everything_can_be_written_with_the_fonts_of_every_reader() {
        let all = SECTIONS.iter().flat_map(|section| section.lines.iter().copied().chain(section.heading));
        let mut all = all.chain(SCAN_LINES).chain(TABLE.iter().flatten().copied()).chain([TITLE, SCAN_TITLE]);
        assert!(all.all(|text| text.is_ascii() && !text.contains(['(', ')', '\\'])));
    }
}
