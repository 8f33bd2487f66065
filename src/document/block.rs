//! Blocks: the pieces of a page in reading order, with their text and its style.

use super::{FigureId, Rect};
use serde::{Deserialize, Serialize};

/// Name of a block, unique in its document: `p3-b7` is the seventh block of page 3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockId(pub String);

impl BlockId {
    /// The name of block `index` (from 1; 0 for the picture of a page that could not be read) of page `page` (from 1).
    #[must_use]
    pub fn new(page: u32, index: usize) -> Self {
        Self(format!("p{page}-b{index}"))
    }
}

/// One block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Unique name.
    pub id: BlockId,
    /// Page it is on, from 1.
    pub page: u32,
    /// Where it is on the page, in points, y down.
    pub bbox: Rect,
    /// What it is.
    #[serde(flatten)]
    pub content: Content,
    /// It goes on from the text of the last block before it that is of the same kind and not furniture, a
    /// float or a footnote: a paragraph cut by a column, a page or a figure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
    /// How sure the kind is, 0 to 1.
    pub confidence: f32,
    /// What made it.
    pub provenance: Provenance,
}

/// What made a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// `extraction`, later also `ocr`.
    pub stage: String,
    /// The model's id in the registry, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A heading, level 1 to 6.
    Heading {
        /// 1 is the highest.
        level: u8,
        /// Its text.
        spans: Vec<Span>,
    },
    /// Running text.
    Paragraph {
        /// Its text, lines joined.
        spans: Vec<Span>,
    },
    /// One item of a list.
    ListItem {
        /// Nesting, 0 outermost.
        depth: u8,
        /// The marker as printed (`•`, `(iv)`, `3.`); empty for a further paragraph of the item before.
        marker: String,
        /// The number, when the marker counts.
        number: Option<u32>,
        /// Its text without the marker.
        spans: Vec<Span>,
    },
    /// A table.
    Table {
        /// Its cells.
        table: Table,
    },
    /// The place of a figure.
    Figure {
        /// Which one.
        figure: FigureId,
    },
    /// A caption printed in the document, of a figure or table.
    Caption {
        /// The figure it belongs to, if it belongs to one.
        figure: Option<FigureId>,
        /// Its text.
        spans: Vec<Span>,
    },
    /// Program text, in a monospaced font.
    Code {
        /// Lines with their indentation.
        text: String,
    },
    /// A displayed equation.
    Equation {
        /// Its glyphs as text.
        text: String,
        /// The same in LaTeX, where the glyphs and their places say it without doubt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latex: Option<String>,
        /// Its picture, where they do not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        figure: Option<FigureId>,
    },
    /// One line of a table of contents.
    ContentsEntry {
        /// Nesting, 0 outermost.
        depth: u8,
        /// The title, without leaders and page number.
        spans: Vec<Span>,
        /// The page number as printed, empty if there is none.
        page_label: String,
    },
    /// A note at the foot of a page or section.
    Footnote {
        /// Its mark as printed.
        marker: String,
        /// Its text without the mark.
        spans: Vec<Span>,
    },
    /// Running headers, footers and page numbers: kept here, left out of running text.
    Furniture {
        /// Its text.
        spans: Vec<Span>,
    },
}

/// A run of text in one style.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The text, in Unicode NFC, without line breaks.
    pub text: String,
    /// Bold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Italic or oblique.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    /// Monospaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mono: bool,
    /// Raised or lowered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkTarget>,
    /// The footnote that it is the mark of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<BlockId>,
}

/// Raised or lowered text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// Raised.
    Super,
    /// Lowered.
    Sub,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkTarget {
    /// An address, as the file has it: hostile until an export has checked its scheme.
    Uri(String),
    /// A page of this document, from 1.
    Page(u32),
}

/// A table. Cells covered by another's span are left out, as in HTML.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Number of columns.
    pub columns: u32,
    /// How many of the first rows are headers.
    pub header_rows: u32,
    /// Rows from top to bottom.
    pub rows: Vec<Row>,
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Cells from left to right.
    pub cells: Vec<Cell>,
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Column it starts in, from 0.
    pub column: u32,
    /// Rows it covers, at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub row_span: u32,
    /// Columns it covers, at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub column_span: u32,
    /// Its text.
    pub spans: Vec<Span>,
}

fn one() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_one(value: &u32) -> bool {
    *value == 1
}

/// The text of `spans` without style.
#[must_use]
pub fn plain_text(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

impl Block {
    /// Its text without style: cells separated by tabs and rows by line breaks, empty for a figure.
    #[must_use]
    pub fn plain_text(&self) -> String {
        match &self.content {
            Content::Heading { spans, .. }
            | Content::Paragraph { spans }
            | Content::ListItem { spans, .. }
            | Content::Caption { spans, .. }
            | Content::ContentsEntry { spans, .. }
            | Content::Footnote { spans, .. }
            | Content::Furniture { spans } => plain_text(spans),
            Content::Code { text } | Content::Equation { text, .. } => text.clone(),
            Content::Figure { .. } => String::new(),
            Content::Table { table } => {
                let rows = table.rows.iter().map(|row| {
                    let cells: Vec<String> = row.cells.iter().map(|cell| plain_text(&cell.spans)).collect();
                    cells.join("\t")
                });
                rows.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

impl Content {
    /// Its text with styles; nothing for what has none, or none of its own (tables have cells).
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        match self {
            Self::Heading { spans, .. }
            | Self::Paragraph { spans }
            | Self::ListItem { spans, .. }
            | Self::Caption { spans, .. }
            | Self::ContentsEntry { spans, .. }
            | Self::Footnote { spans, .. }
            | Self::Furniture { spans } => spans,
            Self::Table { .. } | Self::Figure { .. } | Self::Code { .. } | Self::Equation { .. } => &[],
        }
    }

    /// The same, to be changed.
    pub fn spans_mut(&mut self) -> Option<&mut Vec<Span>> {
        match self {
            Self::Heading { spans, .. }
            | Self::Paragraph { spans }
            | Self::ListItem { spans, .. }
            | Self::Caption { spans, .. }
            | Self::ContentsEntry { spans, .. }
            | Self::Footnote { spans, .. }
            | Self::Furniture { spans } => Some(spans),
            Self::Table { .. } | Self::Figure { .. } | Self::Code { .. } | Self::Equation { .. } => None,
        }
    }
}
