//! Figures: what was cut out of the pages as pictures.

use super::Rect;
use serde::{Deserialize, Serialize};

/// Name of a figure, unique in its document: `p3-f1` is the first figure of page 3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FigureId(pub String);

impl FigureId {
    /// The name of figure `index` (from 1) of page `page` (from 1).
    #[must_use]
    pub fn new(page: u32, index: usize) -> Self {
        Self(format!("p{page}-f{index}"))
    }

    /// The name of the picture of the whole page `page` (from 1).
    #[must_use]
    pub fn of_page(page: u32) -> Self {
        Self(format!("p{page}-page"))
    }

    /// The name of the picture of equation `index` (from 1) of page `page` (from 1).
    #[must_use]
    pub fn of_equation(page: u32, index: usize) -> Self {
        Self(format!("p{page}-e{index}"))
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Unique name.
    pub id: FigureId,
    /// Page it is on, from 1.
    pub page: u32,
    /// Where it is on the page, in points, y down.
    pub bbox: Rect,
    /// How it came to be an image.
    pub source: FigureSource,
    /// Path of the image in the zip and beside the Markdown: `images/p3-f1.png`.
    pub file: String,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// Its number as printed (`Figure 3`), from its caption.
    pub label: Option<String>,
    /// The caption printed in the document, label included.
    pub caption: Option<String>,
    /// Text in it: what the file has there (names of axes, boxes), or what was read in its pixels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What a model or the person said it shows.
    pub description: Option<Description>,
    /// The figure that shows the same, when it is not the first of its kind.
    pub duplicate_of: Option<FigureId>,
    /// Why it is not worth a description (`smaller than 40 x 40 pixels`); none if it is.
    pub not_described: Option<String>,
}

impl Figure {
    /// Whether it is the picture of a whole page, which stands in for one that could not be read.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.id == FigureId::of_page(self.page)
    }

    /// What to call it where nobody described it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.label {
            Some(label) => label.clone(),
            None if self.is_page() => format!("Page {} as a picture", self.page),
            None => format!("Figure on page {}", self.page),
        }
    }
}

/// How a figure came to be an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureSource {
    /// An image of the file, in its own resolution.
    Embedded,
    /// Drawn with paths (and perhaps images): cut out of the rendered page.
    Rendered,
    /// The picture of an equation, cut out of the rendered page.
    Equation,
}

/// A description that is not the document's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// What it shows.
    pub text: String,
    /// The model that wrote it; none when the person did.
    pub model: Option<String>,
    /// The person changed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
}

/// A figure's image file, which travels beside the [`Figure`].
#[derive(Clone, Debug, PartialEq)]
pub struct FigureImage {
    /// Whose it is.
    pub id: FigureId,
    /// A PNG or JPEG file, as [`Figure::media_type`] says.
    pub bytes: Vec<u8>,
}
