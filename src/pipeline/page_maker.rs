//! One page of an open document at a time: begun, read, laid out. What goes wrong with a page stays with it.
//!
//! A page whose content cannot be read, or not be laid out, is painted instead ([`StandIn`]); one that cannot be
//! painted goes without its figures.

use super::begun::{Begun, Making, Part, State};
use super::event::ReadScans;
use super::figures::{Finished, cut_figures, without_figures};
use super::guard::guarded;
use super::stand_in::{StandIn, page_size};
use super::{pictures, scan};
use crate::document::Page;
use crate::layout::{LaidOutPage, Survey, SurveyBuilder, lay_out};
use crate::ocr::{Bitmap, ReadPage};
use crate::pdf::content::PageContent;
use crate::pdf::{OpenDocument, PageReader};

/// Makes pages.
pub(super) struct PageMaker<'a> {
    document: &'a OpenDocument,
    /// The file's name, for warnings.
    name: String,
    reader: PageReader<'a>,
    /// Which pages are read from their pixels.
    pub(super) scans: ReadScans,
    #[cfg(test)]
    pub(super) faults: Vec<(u32, Fault)>,
}

impl<'a> PageMaker<'a> {
    pub(super) fn new(document: &'a OpenDocument, name: String) -> Self {
        Self {
            document,
            name,
            reader: PageReader::new(document),
            scans: ReadScans::Never,
            #[cfg(test)]
            faults: Vec::new(),
        }
    }

    pub(super) fn reader(&mut self) -> &mut PageReader<'a> {
        &mut self.reader
    }

    /// Runs `work` on the reader; a panic in it becomes its message.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut PageReader<'a>) -> T) -> Result<T, String> {
        let reader = &mut self.reader;
        let result = guarded(|| work(reader));
        if result.is_err() {
            // What a panic left behind in the caches cannot be trusted.
            self.reader = PageReader::new(self.document);
        }
        result
    }

    /// Takes a page into the survey, and gives its content. A page that fails here will fail again, and be told, when
    /// it is begun.
    pub(super) fn look_through(&mut self, number: u32, survey: &mut SurveyBuilder) -> Option<PageContent> {
        let content = self.content(number).ok()?;
        self.guarded(|_| survey.add(&content)).ok()?;
        Some(content)
    }

    /// Reads page `number`, unless its content is `kept`, and paints it if its pixels are to be read.
    pub(super) fn begin(&mut self, number: u32, kept: Option<PageContent>) -> Begun {
        let content = match kept.map_or_else(|| self.content(number), Ok) {
            Ok(content) => content,
            Err(reason) => return self.stand_in(number, reason),
        };
        #[cfg(test)]
        let breaks = self.breaks(number, Fault::Painting);
        let scans = self.scans;
        let state = if scan::is_wanted(&content, scans) {
            let pixels = self.guarded(|reader| {
                #[cfg(test)]
                assert!(!breaks, "made to break");
                scan::bitmap(reader, &content)
            });
            unread(content, pixels.and_then(|pixels| pixels))
        } else {
            // Words in pictures are an extra: without them the page is whole too.
            let pictures = match scans {
                ReadScans::Pictures => self.guarded(|reader| {
                    #[cfg(test)]
                    assert!(!breaks, "made to break");
                    pictures::bitmap(reader, &content)
                }),
                _ => Ok(Ok(None)),
            };
            let content = Box::new(content);
            match pictures {
                Ok(Ok(Some((pixels, area)))) => State::Unread { content, pixels, part: Part::Pictures(area) },
                Ok(Ok(None) | Err(_)) | Err(_) => State::Ready(content),
            }
        };
        Begun { number, state, making: Making::Whole }
    }

    fn content(&mut self, number: u32) -> Result<PageContent, String> {
        #[cfg(test)]
        let breaks = self.breaks(number, Fault::Content);
        let content = self.guarded(|reader| {
            #[cfg(test)]
            assert!(!breaks, "made to break");
            reader.content(number).map_err(|error| error.to_string())
        });
        content.and_then(|content| content)
    }

    /// Reads page `number`, of which nothing is to be painted for `reason`.
    pub(super) fn begin_unpainted(&mut self, number: u32, reason: String) -> Begun {
        let state = match self.content(number) {
            Ok(content) => State::Ready(Box::new(content)),
            Err(reason) => State::Failed(reason),
        };
        Begun { number, state, making: Making::TextAlone(reason) }
    }

    /// Begins page `number`, which cannot be read for `reason`, as a picture of itself, whose text is to be read.
    pub(super) fn stand_in(&mut self, number: u32, reason: String) -> Begun {
        #[cfg(test)]
        let breaks = self.breaks(number, Fault::Painting);
        let painted = self.guarded(|reader| {
            #[cfg(test)]
            assert!(!breaks, "made to break");
            StandIn::paint(reader, number, reason.clone()).map_err(|error| error.to_string())
        });
        let (stand_in, raster) = match painted.and_then(|painted| painted) {
            Ok(painted) => painted,
            Err(why) => {
                let both = format!("{reason}; nor can it be painted: {why}");
                let state = State::Failed(if why == reason { reason } else { both });
                return Begun { number, state, making: Making::Whole };
            }
        };
        let [width, height] = page_size(self.document, number);
        let content = PageContent { number, width, height, ..PageContent::default() };
        let state = if self.scans == ReadScans::Never {
            State::Ready(Box::new(content))
        } else {
            let pixels = Bitmap::from_rgba(raster.width, raster.height, &raster.rgba);
            unread(content, pixels.map_err(|error| error.to_string()))
        };
        Begun { number, state, making: Making::StandIn(stand_in) }
    }

    /// Lays out a page that waits for nothing. One that cannot be laid out comes back, begun anew.
    pub(super) fn finish(&mut self, begun: Begun, survey: &Survey) -> Result<Finished, Box<Begun>> {
        let Begun { number, state, making } = begun;
        let content = match state {
            State::Ready(content) => content,
            State::Read { mut content, size, part, result } => {
                place(&mut content, size, part, result);
                content
            }
            // Whatever its pixels might say.
            State::Unread { content, .. } | State::Away { content, .. } => content,
            State::Failed(reason) => return Ok(self.blank(number, &reason)),
        };
        match making {
            Making::Whole => match self.with_figures(&content, survey) {
                Ok(finished) => Ok(finished),
                Err(panic) => Err(Box::new(self.stand_in(number, panic))),
            },
            Making::TextAlone(reason) => Ok(match self.lay_out(&content, survey) {
                Ok(laid_out) => self.unpainted(laid_out, &reason),
                Err(panic) => self.blank(number, &panic),
            }),
            Making::StandIn(stand_in) => {
                let text = content.recognised.is_some().then(|| self.with_figures(&content, survey));
                let finished = match text {
                    Some(Ok(finished)) => finished,
                    None => picture_alone(*content, None),
                    Some(Err(panic)) => picture_alone(*content, Some(panic)),
                };
                Ok(stand_in.put_in(finished, &self.name))
            }
        }
    }

    fn lay_out(&mut self, content: &PageContent, survey: &Survey) -> Result<LaidOutPage, String> {
        #[cfg(test)]
        let breaks = self.breaks(content.number, Fault::Layout);
        let outline = &self.document.structure.outline;
        self.guarded(|_| {
            #[cfg(test)]
            assert!(!breaks, "made to break");
            // The first pass has not seen what was read since: such a page is measured by itself, so that pages
            // can be told one by one and a page is the same wherever one begins.
            let own = content.recognised.is_some().then(|| {
                let mut own = SurveyBuilder::default();
                own.add(content);
                own.finish(outline)
            });
            lay_out(content, own.as_ref().unwrap_or(survey))
        })
    }

    /// Lays out a page and cuts out its figures, or goes without them if they cannot be painted and something is left.
    fn with_figures(&mut self, content: &PageContent, survey: &Survey) -> Result<Finished, String> {
        let laid_out = self.lay_out(content, survey)?;
        #[cfg(test)]
        let breaks = self.breaks(content.number, Fault::Figures);
        let finished = self.guarded(|reader| {
            #[cfg(test)]
            assert!(!breaks, "made to break");
            cut_figures(reader, laid_out)
        });
        let panic = match finished {
            Ok(finished) => return Ok(finished),
            Err(panic) => panic,
        };
        let again = self.lay_out(content, survey)?;
        let without = self.unpainted(again, &panic);
        if without.page.broken { Err(panic) } else { Ok(without) }
    }

    fn unpainted(&self, laid_out: LaidOutPage, reason: &str) -> Finished {
        let number = laid_out.page.number;
        without_figures(laid_out, &format!("{}: page {number} could not be painted: {reason}", self.name))
    }

    /// A page of which there is nothing.
    fn blank(&self, number: u32, reason: &str) -> Finished {
        let [width, height] = page_size(self.document, number);
        let page = Page { broken: true, ..Page::blank(number, width, height) };
        let warnings = vec![format!("{}: page {number} could not be read: {reason}", self.name)];
        Finished { page, warnings, ..Finished::default() }
    }

    #[cfg(test)]
    fn breaks(&self, number: u32, fault: Fault) -> bool {
        self.faults.contains(&(number, fault))
    }
}

/// A page without text, for its picture.
fn picture_alone(content: PageContent, panic: Option<String>) -> Finished {
    let mut warnings = content.warnings;
    warnings.extend(panic.map(|panic| format!("the text read from it could not be laid out: {panic}")));
    let page = Page::blank(content.number, content.width, content.height);
    Finished { page, warnings, ..Finished::default() }
}

/// A page whose `pixels` are to be read; without them it is what it is.
fn unread(mut content: PageContent, pixels: Result<Bitmap, String>) -> State {
    match pixels {
        Ok(pixels) => State::Unread { content: Box::new(content), pixels, part: Part::Page },
        Err(reason) => {
            content.warnings.push(format!("the page's text could not be read: {reason}"));
            State::Ready(Box::new(content))
        }
    }
}

/// Puts what was read in pixels into the page's content.
fn place(content: &mut PageContent, size: (u32, u32), part: Part, result: Result<ReadPage, String>) {
    match (result, part) {
        (Ok(read), Part::Page) => content.unreadable = !scan::place(content, &read, size),
        (Ok(read), Part::Pictures(area)) => pictures::place(content, &read, area, size),
        (Err(reason), part) => {
            let what = if part == Part::Page { "the page's text" } else { "the words in its pictures" };
            content.warnings.push(format!("{what} could not be read: {reason}"));
        }
    }
}

/// Where a page is made to break in a test, as a fault of the program would.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Content,
    Layout,
    Figures,
    Painting,
}
