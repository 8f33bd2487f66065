//! Pages that cannot be read: a picture of the page in its place, and the text that is read from the picture.

use super::figures::Finished;
use crate::document::{
    Block, BlockId, Content, Figure, FigureId, FigureImage, FigureSource, Provenance, Rect, TextQuality,
};
use crate::pdf::{ExtractedImage, OpenDocument, PageError, PageReader, Raster};

/// Resolution at which such a page is painted, in pixels per inch: enough for its letters to be read.
const DPI: f32 = 200.0;

/// What stands in for a page that cannot be read.
pub(super) struct StandIn {
    /// Why the page cannot be read.
    reason: String,
    /// The page as a PNG file.
    picture: ExtractedImage,
}

/// Width and height of page `number` (from 1) in points; 0 if there is no such page.
pub(super) fn page_size(document: &OpenDocument, number: u32) -> [f32; 2] {
    let sizes = document.page_sizes();
    let index = (number as usize).checked_sub(1);
    index.and_then(|index| sizes.get(index)).copied().unwrap_or_default()
}

impl StandIn {
    /// Paints page `number` (from 1), which cannot be read for `reason`. The pixels are for whoever reads text in
    /// them.
    pub(super) fn paint(
        reader: &mut PageReader<'_>,
        number: u32,
        reason: String,
    ) -> Result<(Self, Raster), PageError> {
        let [width, height] = page_size(reader.document(), number);
        let raster = reader.crop(number, Rect::new(0.0, 0.0, width, height), DPI)?;
        let picture = ExtractedImage {
            bytes: raster.to_png(),
            media_type: "image/png",
            width_px: raster.width,
            height_px: raster.height,
        };
        Ok((Self { reason, picture }, raster))
    }

    /// Puts the picture before what was read from it, and says why in the first warning. `name` is the file's.
    pub(super) fn put_in(self, mut finished: Finished, name: &str) -> Finished {
        let page = &mut finished.page;
        let number = page.number;
        page.broken = true;
        let instead = if page.text == TextQuality::Recognised {
            "a picture of it and the text read from that stand in its place"
        } else {
            page.text = TextQuality::Scanned;
            "a picture of it stands in its place"
        };
        let bbox = Rect::new(0.0, 0.0, page.width, page.height);
        let figure = self.figure(number, bbox);
        page.blocks.insert(
            0,
            Block {
                // Those of the text count from 1.
                id: BlockId::new(number, 0),
                page: number,
                bbox,
                content: Content::Figure { figure: figure.id.clone() },
                continues: false,
                confidence: 1.0,
                provenance: Provenance { stage: "extraction".to_owned(), model: None },
            },
        );
        let why = self.reason;
        finished.warnings.insert(0, format!("{name}: page {number} could not be read: {why}; {instead}"));
        finished.images.insert(0, FigureImage { id: figure.id.clone(), bytes: self.picture.bytes });
        finished.figures.insert(0, figure);
        finished
    }

    fn figure(&self, page: u32, bbox: Rect) -> Figure {
        let id = FigureId::of_page(page);
        Figure {
            page,
            bbox,
            source: FigureSource::Rendered,
            file: format!("images/{}.{}", id.0, self.picture.extension()),
            id,
            media_type: self.picture.media_type.to_owned(),
            width_px: self.picture.width_px,
            height_px: self.picture.height_px,
            label: None,
            caption: None,
            text: String::new(),
            description: None,
            duplicate_of: None,
            not_described: Some("the picture of a whole page".to_owned()),
        }
    }
}
