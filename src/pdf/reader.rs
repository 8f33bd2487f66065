//! Reading pages: content, pixels, images.

use super::complexity::{Costs, MAX_CONTENT_BYTES, Purpose};
use super::content::PageContent;
use super::device::ContentDevice;
use super::fonts::{FontBook, PageFonts};
use super::links;
use super::objects::Objects;
use super::open::OpenDocument;
use super::picture::{ExtractedImage, ImageCatcher};
use super::raster::{Raster, bounded_scale, paint};
use super::space::PageSpace;
use crate::document::Rect;
use hayro::RenderCache;
use hayro::hayro_interpret::{
    Context, Device, InterpreterCache, InterpreterSettings, InterpreterWarning, interpret_page, kurbo,
};
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Stream};
use hayro::hayro_syntax::page::Page;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A page with an image of more pixels than this is not painted.
const MAX_PAINTED_PIXELS: u64 = 128_000_000;

/// Why a page or something on it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// There is no such page.
    #[error("there is no page {number}; the file has {count}")]
    NoSuchPage {
        /// The number asked for, from 1.
        number: u32,
        /// How many there are.
        count: usize,
    },
    /// The page has fewer images.
    #[error("page {page} has no image {index}")]
    NoSuchImage {
        /// The page, from 1.
        page: u32,
        /// The image's index, from 0.
        index: usize,
    },
    /// An image is too large to be decoded.
    #[error("an image of {width} x {height} pixels is too large; at most {limit} pixels can be decoded")]
    ImageTooLarge {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// The limit in pixels.
        limit: u64,
    },
    /// An image's data unpacks to more than the largest image has.
    #[error("an image unpacks to more data than the largest that can be decoded has")]
    ImageUnbounded,
    /// An image's data is damaged, or in a form that is not known.
    #[error("an image is damaged or in an unknown form")]
    ImageUndecodable,
    /// Forms that draw forms make it too much to go through.
    #[error("the page is too complex to be read")]
    TooComplex,
    /// Forms, patterns, glyphs or masks that draw each other make it too much to paint.
    #[error("the page is too complex to be painted")]
    TooComplexToPaint,
    /// The part asked for lies outside the page or is empty.
    #[error("nothing of the page lies in the part asked for")]
    EmptyCrop,
}

/// Whether a page has content that cannot be decoded, or in which there is not one drawing command: a blank page has
/// none, or commands that draw nothing.
fn says_nothing(page: &Page<'_>) -> bool {
    let filled = |bytes: &[u8]| !bytes.trim_ascii().is_empty();
    let raw = page.raw();
    let has_content = match (raw.get::<Stream<'_>>(keys::CONTENTS), raw.get::<Array<'_>>(keys::CONTENTS)) {
        (Some(stream), _) => filled(&stream.raw_data()),
        (None, Some(streams)) => streams.iter::<Stream<'_>>().any(|stream| filled(&stream.raw_data())),
        (None, None) => false,
    };
    let mut commands = page.typed_operations();
    let mut known = || loop {
        match commands.next() {
            None => return false,
            Some(TypedInstruction::Fallback(_)) => {}
            Some(_) => return true,
        }
    };
    has_content && !known()
}

/// Reads the pages of an open document. Holds caches of fonts, so one reader should serve all pages.
pub struct PageReader<'a> {
    document: &'a OpenDocument,
    settings: InterpreterSettings,
    unloadable_fonts: Arc<AtomicU32>,
    cache: InterpreterCache<'a>,
    render_cache: RenderCache<'a>,
    fonts: FontBook<'a>,
    reading: Costs,
    painting: Costs,
}

impl<'a> PageReader<'a> {
    /// A reader for `document`.
    #[must_use]
    pub fn new(document: &'a OpenDocument) -> Self {
        let unloadable_fonts = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&unloadable_fonts);
        let settings = InterpreterSettings {
            warning_sink: Arc::new(move |warning| {
                if matches!(warning, InterpreterWarning::UnsupportedFont) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }),
            ..InterpreterSettings::default()
        };
        Self {
            document,
            unloadable_fonts,
            cache: InterpreterCache::new(),
            render_cache: RenderCache::new(),
            fonts: FontBook::new(&settings),
            settings,
            reading: Costs::new(Purpose::Reading),
            painting: Costs::new(Purpose::Painting),
        }
    }

    /// The document that is read.
    #[must_use]
    pub fn document(&self) -> &'a OpenDocument {
        self.document
    }

    fn page(&mut self, number: u32) -> Result<&'a Page<'a>, PageError> {
        let pages = self.document.pdf.pages();
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let page = index.and_then(|index| pages.get(index));
        let page = page.ok_or(PageError::NoSuchPage { number, count: pages.len() })?;
        if self.reading.of_page(page, number).bytes > MAX_CONTENT_BYTES {
            return Err(PageError::TooComplex);
        }
        Ok(page)
    }

    fn interpret(&self, page: &'a Page<'a>, space: &PageSpace, device: &mut impl Device<'a>) {
        let bounds = kurbo::Rect::new(0.0, 0.0, f64::from(space.width), f64::from(space.height));
        let mut context =
            Context::new(space.to_page, bounds, &self.cache, page.xref(), self.settings.clone());
        interpret_page(page, &mut context, device);
    }

    /// What is drawn on page `number` (from 1).
    ///
    /// # Errors
    /// There is no such page, or it is too complex.
    pub fn content(&mut self, number: u32) -> Result<PageContent, PageError> {
        let page = self.page(number)?;
        let space = PageSpace::of(page);
        self.unloadable_fonts.store(0, Ordering::Relaxed);
        // Taken out for the time of the interpretation, which borrows the reader.
        let mut book = std::mem::replace(&mut self.fonts, FontBook::new(&self.settings));
        let fonts = PageFonts::new(&mut book, page.resources(), page.raw());
        let mut device = ContentDevice::new(number, &space, fonts);
        self.interpret(page, &space, &mut device);
        let mut content = device.finish();
        self.fonts = book;
        let objects = Objects::new(page.xref());
        content.links = links::read(page, &space, &objects, &self.document.destinations);
        let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        content.label = self.document.structure.labels.get(index).cloned().flatten();
        if self.unloadable_fonts.load(Ordering::Relaxed) > 0 {
            content
                .warnings
                .push("a font of the page is damaged; its text may be wrong or missing".to_owned());
        }
        let blank = content.glyphs.is_empty() && content.paths.is_empty() && content.images.is_empty();
        if blank && says_nothing(page) {
            content
                .warnings
                .push("the page's content is damaged: nothing of it can be read or shown".to_owned());
        }
        Ok(content)
    }

    /// Page `number` (from 1) painted on white, `width_px` pixels wide or as near as the limit of
    /// [`super::MAX_RASTER_PIXELS`] allows.
    ///
    /// # Errors
    /// There is no such page, it is too complex, or an image on it is too large to be decoded.
    pub fn render(&mut self, number: u32, width_px: u32) -> Result<Raster, PageError> {
        let page = self.page(number)?;
        let space = PageSpace::of(page);
        #[allow(clippy::cast_precision_loss, reason = "a width in pixels; the result is bounded")]
        let scale = width_px.max(1) as f32 / space.width;
        self.paint(number, page, &space, &space.bounds(), scale)
    }

    /// The part `area` of page `number` (from 1) painted on white at `dpi` pixels per inch, or coarser where
    /// the limit of [`super::MAX_RASTER_PIXELS`] demands it.
    ///
    /// # Errors
    /// There is no such page, it is too complex, the part is empty, or an image on the page is too large.
    pub fn crop(&mut self, number: u32, area: Rect, dpi: f32) -> Result<Raster, PageError> {
        let page = self.page(number)?;
        let space = PageSpace::of(page);
        let area = area.intersection(&space.bounds()).ok_or(PageError::EmptyCrop)?;
        let dpi = if dpi.is_finite() { dpi.clamp(1.0, 2400.0) } else { 72.0 };
        self.paint(number, page, &space, &area, dpi / 72.0)
    }

    fn paint(
        &mut self,
        number: u32,
        page: &'a Page<'a>,
        space: &PageSpace,
        area: &Rect,
        scale: f32,
    ) -> Result<Raster, PageError> {
        let work = self.painting.of_page(page, number);
        let (width, height) = work.largest;
        if u64::from(width) * u64::from(height) > MAX_PAINTED_PIXELS {
            return Err(PageError::ImageTooLarge { width, height, limit: MAX_PAINTED_PIXELS });
        }
        if work.bytes > MAX_CONTENT_BYTES {
            return Err(PageError::TooComplexToPaint);
        }
        let scale = bounded_scale(area, scale, work.masks);
        Ok(paint(page, space.to_page, area, scale, &self.render_cache, &self.settings))
    }

    /// Image `index` of page `number` (from 1), counted as in [`super::content::ImageItem::index`], in its
    /// own resolution: the JPEG file of the PDF untouched where that is possible, else a PNG file with the
    /// image's mask as alpha.
    ///
    /// # Errors
    /// There is no such page or image, the page is too complex, or the image is too large, damaged or in an
    /// unknown form.
    pub fn image(&mut self, number: u32, index: usize) -> Result<ExtractedImage, PageError> {
        let found = self.images(number, &BTreeSet::from([index]))?.remove(&index);
        found.unwrap_or(Err(PageError::NoSuchImage { page: number, index }))
    }

    /// As [`Self::image`], several images of a page in one go: the page is gone through once. Images that the
    /// page does not have are left out.
    ///
    /// # Errors
    /// There is no such page, or it is too complex.
    pub fn images(
        &mut self,
        number: u32,
        wanted: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, Result<ExtractedImage, PageError>>, PageError> {
        let page = self.page(number)?;
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut catcher = ImageCatcher::new(wanted);
        self.interpret(page, &PageSpace::of(page), &mut catcher);
        Ok(catcher.caught)
    }
}
