//! What is drawn on one page: the input of [`crate::layout`].
//!
//! Coordinates are PDF points after `/Rotate` and `/CropBox`, origin at the page's top left, y down.

use crate::document::{LinkTarget, ReadWord, Rect};

/// Everything drawn on one page, in drawing order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageContent {
    /// Page number, from 1.
    pub number: u32,
    /// Its label, where it differs from the number.
    pub label: Option<String>,
    /// Width in points, after rotation.
    pub width: f32,
    /// Height in points, after rotation.
    pub height: f32,
    /// Fonts that glyphs refer to by index.
    pub fonts: Vec<FontInfo>,
    /// Glyphs in drawing order, those outside the page or clipped away left out.
    pub glyphs: Vec<Glyph>,
    /// Filled and stroked paths in drawing order, clipped to the page.
    pub paths: Vec<PathItem>,
    /// Images in drawing order.
    pub images: Vec<ImageItem>,
    /// Link annotations.
    pub links: Vec<LinkArea>,
    /// How many glyphs have no Unicode text or an implausible one.
    pub unmapped_glyphs: u32,
    /// The glyphs were read from the page's pixels, with this mean certainty, 0 to 1.
    pub recognised: Option<f32>,
    /// The words that the glyphs were made of then, line by line.
    pub words: Vec<ReadWord>,
    /// Lines read in the pixels of its pictures, with the middle of each, in points.
    pub picture_text: Vec<((f32, f32), String)>,
    /// Reading the page's pixels was tried and gave no text.
    pub unreadable: bool,
    /// Something was drawn past a limit and is missing; a sentence for the report.
    pub warnings: Vec<String>,
}

/// One glyph.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    /// Its text: one character, or several for a ligature; never empty.
    pub text: String,
    /// From pen to pen horizontally, and from ascent to descent vertically (for upright text).
    pub bbox: Rect,
    /// Pen position on the baseline.
    pub origin: (f32, f32),
    /// Pen position after the glyph, before character and word spacing. For vertical writing it lies below
    /// the origin, while [`Self::angle`] stays that of the upright glyph.
    pub advance: (f32, f32),
    /// Font size in points as seen on the page (text matrix and transform applied).
    pub size: f32,
    /// Direction of the baseline in degrees counter-clockwise as seen; 0 for ordinary text.
    pub angle: f32,
    /// Index into [`PageContent::fonts`].
    pub font: u16,
    /// Fill colour, sRGB.
    pub color: [u8; 3],
    /// Not painted (rendering mode 3 or 7, or fully transparent): an OCR layer.
    pub invisible: bool,
    /// Marked-content identifier, for the structure tree.
    pub mcid: Option<u32>,
    /// Inside `/Artifact` marked content.
    pub artifact: bool,
}

/// What is known of a font.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FontInfo {
    /// `/BaseFont` without the subset prefix; empty if unknown.
    pub name: String,
    /// From the name, the descriptor's flags, `/StemV` or weight, or stroked-and-filled text.
    pub bold: bool,
    /// From the name, the descriptor's flags or `/ItalicAngle`.
    pub italic: bool,
    /// From the name, the descriptor's flags or equal widths.
    pub mono: bool,
    /// A symbol font, whose glyphs may be bullets.
    pub symbolic: bool,
}

/// One painted path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathItem {
    /// Bounding box, stroke width included.
    pub bbox: Rect,
    /// Its form.
    pub shape: PathShape,
    /// Fill colour, if filled. A pattern or shading counts as mid grey.
    pub fill: Option<[u8; 3]>,
    /// Stroke colour, if stroked.
    pub stroke: Option<[u8; 3]>,
    /// Stroke width in points, as seen.
    pub stroke_width: f32,
}

/// The form of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum PathShape {
    /// A horizontal rule: a line, or a filled rectangle thinner than 3 points.
    Horizontal,
    /// A vertical rule, likewise.
    Vertical,
    /// An axis-parallel rectangle.
    Rectangle,
    /// Anything else; the number of its segments.
    Other {
        /// Lines and curves.
        segments: u32,
    },
}

/// One image as placed on the page.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageItem {
    /// Where it is, clipped to the page.
    pub bbox: Rect,
    /// Width of the source in pixels.
    pub width_px: u32,
    /// Height of the source in pixels.
    pub height_px: u32,
    /// Index by which its pixels can be asked for: its place among the images drawn on the page, from 0,
    /// those outside the page or clipped away counted.
    pub index: usize,
    /// Hash of its source: the same for the same encoded pixels and mask, wherever they stand in the file.
    /// The colour of a stencil takes no part.
    pub digest: u64,
    /// A one-bit stencil painted in a colour.
    pub stencil: bool,
    /// Drawn upright without rotation or shear (a mirrored image is not upright).
    pub upright: bool,
}

/// One link annotation.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkArea {
    /// Where it can be clicked.
    pub bbox: Rect,
    /// Where it leads.
    pub target: LinkTarget,
}
