//! Reading pages: content, pixels, images.

use super::content::PageContent;
use super::device::ContentDevice;
use super::fonts::{FontBook, PageFonts};
use super::open::OpenDocument;
use super::space::PageSpace;
use hayro::hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page, kurbo};
use hayro::hayro_syntax::page::Page;

/// Why a page cannot be read.
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
}

/// Reads the pages of an open document. Holds caches of fonts, so one reader should serve all pages.
pub struct PageReader<'a> {
    document: &'a OpenDocument,
    settings: InterpreterSettings,
    cache: InterpreterCache<'a>,
    fonts: FontBook<'a>,
}

impl<'a> PageReader<'a> {
    /// A reader for `document`.
    #[must_use]
    pub fn new(document: &'a OpenDocument) -> Self {
        let settings = InterpreterSettings::default();
        let fonts = FontBook::new(&settings);
        Self { document, settings, cache: InterpreterCache::new(), fonts }
    }

    fn page(&self, number: u32) -> Result<&'a Page<'a>, PageError> {
        let pages = self.document.pdf.pages();
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        index.and_then(|index| pages.get(index)).ok_or(PageError::NoSuchPage { number, count: pages.len() })
    }

    /// What is drawn on page `number` (from 1).
    ///
    /// # Errors
    /// There is no such page.
    pub fn content(&mut self, number: u32) -> Result<PageContent, PageError> {
        let page = self.page(number)?;
        let space = PageSpace::of(page);
        let bounds = kurbo::Rect::new(0.0, 0.0, f64::from(space.width), f64::from(space.height));
        let mut context =
            Context::new(space.to_page, bounds, &self.cache, page.xref(), self.settings.clone());
        let fonts = PageFonts::new(&mut self.fonts, page.resources(), page.raw());
        let mut device = ContentDevice::new(number, &space, fonts);
        interpret_page(page, &mut context, &mut device);
        Ok(device.finish())
    }
}
