//! The document model: what extraction makes, the models enrich, and every export reads.
//!
//! All boxes are in PDF points (1/72 inch) on the page as a reader sees it, that is after `/Rotate`, with
//! the origin at the top left and y growing downwards. `document.json` is this model, serialised; its
//! [`SCHEMA`] changes when a field changes its meaning or goes. It holds nothing that depends on the
//! machine or the moment (times are in the report), so that the same file and settings give the same bytes.

mod block;
mod correction;
mod figure;
mod geometry;
mod synopsis;
mod word;

pub use block::{
    Block, BlockId, Cell, Content, LinkTarget, Provenance, Row, Script, Span, Table, plain_text,
};
pub use correction::{Correction, correct, stands_in_text, take_back};
pub use figure::{Description, Figure, FigureId, FigureImage, FigureSource};
pub use geometry::Rect;
pub use synopsis::{Generated, Method, Passage, SectionSummary, Synopsis};
pub use word::ReadWord;

use serde::{Deserialize, Serialize};

/// Name and version of the JSON form.
pub const SCHEMA: &str = "recto.document/1";

/// A whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The file it was made from.
    pub source: Source,
    /// What the file says of itself.
    pub metadata: Metadata,
    /// The file's own bookmarks, in order.
    pub outline: Vec<OutlineItem>,
    /// Files attached to the PDF.
    pub attachments: Vec<Attachment>,
    /// Pages in order; a page that failed is there without blocks and with a warning.
    pub pages: Vec<Page>,
    /// Figures in reading order. Their image bytes travel beside the document.
    pub figures: Vec<Figure>,
    /// What the text stage made, once it has run.
    pub synopsis: Option<Synopsis>,
    /// What could be lived with.
    pub warnings: Vec<Warning>,
}

/// The file a document was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// File name without folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
}

/// The document information dictionary and catalog, as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// `/Title`.
    pub title: Option<String>,
    /// `/Author`.
    pub author: Option<String>,
    /// `/Subject`.
    pub subject: Option<String>,
    /// `/Keywords`.
    pub keywords: Option<String>,
    /// `/Creator`: the program that made the original.
    pub creator: Option<String>,
    /// `/Producer`: the program that made the PDF.
    pub producer: Option<String>,
    /// `/CreationDate` in ISO 8601.
    pub created: Option<String>,
    /// `/ModDate` in ISO 8601.
    pub modified: Option<String>,
    /// `/Lang` of the catalog.
    pub language: Option<String>,
    /// The language that the text is in, told by its commonest words: an ISO 639-1 code. None if unsure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_language: Option<String>,
    /// Number of pages.
    pub page_count: u32,
    /// Whether a structure tree is present (tagged PDF).
    pub tagged: bool,
    /// Whether the file was encrypted.
    pub encrypted: bool,
}

/// One bookmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutlineItem {
    /// Its title.
    pub title: String,
    /// Depth in the tree, 1 at the top.
    pub level: u8,
    /// Page it leads to, from 1.
    pub page: Option<u32>,
}

/// One attached file (its bytes stay in the PDF).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Size in bytes, where the PDF says it.
    pub bytes: Option<u64>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Position in the file, from 1.
    pub number: u32,
    /// The label a reader sees (`iv`, `A-3`), where it differs from the number.
    pub label: Option<String>,
    /// Width in points, after rotation.
    pub width: f32,
    /// Height in points, after rotation.
    pub height: f32,
    /// What its text can be trusted for.
    pub text: TextQuality,
    /// It could not be read as the file has it. What is here is a picture of it and what was read from that, or
    /// nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
    /// Blocks in reading order.
    pub blocks: Vec<Block>,
    /// The words that were read from its pixels, in the order of the blocks; none on a page whose text is its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<ReadWord>,
}

impl Page {
    /// A page of which nothing is known but its number, from 1, and its size in points.
    #[must_use]
    pub fn blank(number: u32, width: f32, height: f32) -> Self {
        Self {
            number,
            label: None,
            width,
            height,
            text: TextQuality::None,
            broken: false,
            blocks: Vec::new(),
            words: Vec::new(),
        }
    }
}

/// What a page's text layer is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextQuality {
    /// Text with a Unicode mapping.
    #[default]
    Digital,
    /// Text whose mapping is missing or looks wrong.
    Suspect,
    /// No text, and pictures over much of the page: most likely a scan.
    Scanned,
    /// Read from the page's pixels.
    Recognised,
    /// No text, and nothing that looks like a picture of some.
    None,
}

impl TextQuality {
    /// Whether the page should be read with OCR: its text is wrong or only pictured.
    #[must_use]
    pub fn needs_ocr(self) -> bool {
        matches!(self, Self::Suspect | Self::Scanned)
    }
}

/// A fault that was lived with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// The page it concerns, from 1; none for the whole file.
    pub page: Option<u32>,
    /// What happened and what it means, in words for the person.
    pub message: String,
}

impl Document {
    /// An empty document for `source`.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            source,
            metadata: Metadata::default(),
            outline: Vec::new(),
            attachments: Vec::new(),
            pages: Vec::new(),
            figures: Vec::new(),
            synopsis: None,
            warnings: Vec::new(),
        }
    }

    /// The figure called `id`.
    #[must_use]
    pub fn figure(&self, id: &FigureId) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.id == *id)
    }
}
