//! A laid-out page's figures as images.

use crate::document::{Block, Content, Figure, FigureImage, FigureSource, Page, Rect};
use crate::layout::{FigureRegion, LaidOutPage, RegionSource};
use crate::pdf::{ExtractedImage, PageReader};

/// Resolution of figures that are cut out of the painted page, in pixels per inch: fine enough for the
/// labels of a chart, and a page-wide figure stays below 1,700 pixels.
const FIGURE_DPI: f32 = 200.0;

/// Characters of a figure's text that are kept: a map has thousands of names.
const MAX_TEXT: usize = 4_000;

/// A page with everything that belongs to it; its [`Page::broken`] says if it could not be read.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) page: Page,
    pub(super) figures: Vec<Figure>,
    pub(super) images: Vec<FigureImage>,
    pub(super) warnings: Vec<String>,
}

impl Default for Finished {
    fn default() -> Self {
        Self { page: Page::blank(0, 0.0, 0.0), figures: Vec::new(), images: Vec::new(), warnings: Vec::new() }
    }
}

/// Makes the images of a page's figures. A figure whose own image cannot be decoded is cut out of the
/// painted page; one that cannot be painted either is left out, with a warning.
pub(super) fn cut_figures(reader: &mut PageReader<'_>, laid_out: LaidOutPage) -> Finished {
    let LaidOutPage { page, figures: regions, warnings } = laid_out;
    let warnings = warnings.into_iter().map(|warning| warning.message).collect();
    let mut finished = Finished { page, warnings, ..Finished::default() };
    let number = finished.page.number;
    let embedded = regions.iter().filter_map(|region| match region.source {
        RegionSource::Embedded { image, .. } => Some(image),
        RegionSource::Rendered | RegionSource::Equation => None,
    });
    let mut embedded = reader.images(number, &embedded.collect()).unwrap_or_default();
    for region in regions {
        let (own, otherwise) = match region.source {
            // Each drawing of an image has an index of its own, so none is asked for twice.
            RegionSource::Embedded { image, .. } => {
                (embedded.remove(&image).and_then(Result::ok), FigureSource::Rendered)
            }
            RegionSource::Rendered => (None, FigureSource::Rendered),
            RegionSource::Equation => (None, FigureSource::Equation),
        };
        let (image, source) = match own {
            Some(image) => (Ok(image), FigureSource::Embedded),
            None => (cut_out(reader, number, region.bbox), otherwise),
        };
        match image {
            Ok(image) => {
                finished.figures.push(figure(number, &region, &image, source));
                finished.images.push(FigureImage { id: region.id, bytes: image.bytes });
            }
            // Its text is there.
            Err(_) if source == FigureSource::Equation => {}
            Err(reason) => {
                finished.warnings.push(format!("a figure on page {number} is missing: {reason}"));
                let is_missing =
                    |content: &Content| matches!(content, Content::Figure { figure } if *figure == region.id);
                finished.page.blocks.retain(|block| !is_missing(&block.content));
            }
        }
    }
    finished
}

/// A page of which nothing can be painted, without its figures; `broken` if nothing is left of it. `failed` says which
/// page and why, as a sentence's part.
pub(super) fn without_figures(laid_out: LaidOutPage, failed: &str) -> Finished {
    let LaidOutPage { mut page, figures, warnings } = laid_out;
    page.blocks.retain(|block| !matches!(block.content, Content::Figure { .. }));
    page.broken = !page.blocks.iter().any(is_body);
    let mut warnings: Vec<String> = warnings.into_iter().map(|warning| warning.message).collect();
    if page.broken {
        // That it is kept as a picture is not true.
        warnings = vec![format!("{failed}, and nothing of it can be read otherwise")];
    } else if figures.iter().any(|region| region.source != RegionSource::Equation) {
        warnings.push(format!("{failed}; its figures are missing"));
    }
    for block in &mut page.blocks {
        if let Content::Caption { figure, .. } | Content::Equation { figure, .. } = &mut block.content {
            *figure = None;
        }
    }
    Finished { page, warnings, ..Finished::default() }
}

fn is_body(block: &Block) -> bool {
    !matches!(block.content, Content::Furniture { .. })
}

fn cut_out(reader: &mut PageReader<'_>, number: u32, area: Rect) -> Result<ExtractedImage, String> {
    let raster = reader.crop(number, area, FIGURE_DPI).map_err(|error| error.to_string())?;
    let bytes = raster.to_png();
    Ok(ExtractedImage { bytes, media_type: "image/png", width_px: raster.width, height_px: raster.height })
}

fn figure(page: u32, region: &FigureRegion, image: &ExtractedImage, source: FigureSource) -> Figure {
    Figure {
        id: region.id.clone(),
        page,
        bbox: region.bbox,
        source,
        file: format!("images/{}.{}", region.id.0, image.extension()),
        media_type: image.media_type.to_owned(),
        width_px: image.width_px,
        height_px: image.height_px,
        label: region.label.clone(),
        caption: region.caption.clone(),
        text: region.text.chars().take(MAX_TEXT).collect(),
        description: None,
        duplicate_of: None,
        not_described: (source == FigureSource::Equation).then(|| "an equation".to_owned()),
    }
}
