//! Stage 1: an open PDF in; its pages, blocks and figures out, one step at a time.

use super::begun::{Begun, BegunPages};
use super::clock::Clock;
use super::event::{Counts, Detour, Event, Outcome, Progress, ReadScans, Stage, StageReport, Trouble};
use super::figures::Finished;
use super::guard::guarded;
use super::page_maker::PageMaker;
use super::report::outcome_of_pages;
use super::sink::Sink;
use super::survey::surveyed_pages;
use crate::document::{Source, Warning};
use crate::layout::{Survey, SurveyBuilder, overlay, trace};
use crate::ocr::{Bitmap, ReadPage};
use crate::pdf::content::PageContent;
use crate::pdf::{OpenDocument, PageError, PageReader, Raster};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Glyphs, paths and images of looked-through pages that are kept for the second pass, at most: about 60 MB.
/// The pages of a paper are read once, those of a book twice.
const KEPT_ITEMS: usize = 400_000;

/// Which pages to extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// The first, from 1: more than 1 to go on after a worker died. Past the last page the file is only
    /// opened.
    pub first: u32,
    /// Pages on which workers died; these take a detour and are not looked through.
    pub troubled: Vec<Trouble>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { first: 1, troubled: Vec::new() }
    }
}

impl Pages {
    fn trouble(&self, number: u32) -> Option<&Trouble> {
        self.troubled.iter().find(|trouble| trouble.page == number)
    }
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call again.
    More,
    /// Nothing can be done before pixels have been read: have those of [`Extraction::take_pixels`] read, tell
    /// [`Extraction::have_read`] of each, and call again.
    Read,
    /// All is told.
    Ended,
}

/// The extraction of one document. Each [`step`](Self::step) does one small thing (tells what the file says
/// of itself, looks at one page, finishes one page), so that a worker can listen to its messages in between.
///
/// It borrows the open document, as its [`reader`](Self::reader) does, which also renders pages: whoever
/// needs all of them for longer keeps them in one function (or one `async` block) that hears messages.
pub struct Extraction<'a> {
    document: &'a OpenDocument,
    maker: PageMaker<'a>,
    source: Source,
    pages: Pages,
    phase: Phase,
    /// What the first pass learned, once it has ended.
    survey: Option<Rc<Survey>>,
    began: Option<f64>,
    counts: Counts,
    /// Pages that could not be read.
    broken: Vec<u32>,
    /// Something of a page has been told.
    told_any: bool,
    /// Content read in the first pass and not yet laid out.
    kept: BTreeMap<u32, PageContent>,
    kept_items: usize,
    /// Pages that may be begun before the first of them is told.
    ahead: usize,
    begun: BegunPages,
    /// The page told last as the one at work.
    at_page: u32,
}

/// Reads the text of a page's pixels; what went wrong as a sentence's part.
pub type ReadText<'r> = dyn FnMut(&Bitmap) -> Result<ReadPage, String> + 'r;

enum Phase {
    Opening,
    /// The light first pass: pages to look at, and how many have been.
    Surveying {
        pages: Vec<u32>,
        at: usize,
        survey: SurveyBuilder,
    },
    /// The page to begin next.
    Extracting {
        number: u32,
        survey: Rc<Survey>,
    },
    Ended,
}

impl<'a> Extraction<'a> {
    /// The extraction of `document`, which was opened from `source` (see [`describe_source`]).
    #[must_use]
    pub fn new(document: &'a OpenDocument, source: Source, pages: Pages) -> Self {
        Self {
            document,
            maker: PageMaker::new(document, source.name.clone()),
            source,
            pages,
            phase: Phase::Opening,
            survey: None,
            began: None,
            counts: Counts::default(),
            broken: Vec::new(),
            told_any: false,
            kept: BTreeMap::new(),
            kept_items: 0,
            ahead: 1,
            begun: BegunPages::default(),
            at_page: 0,
        }
    }

    /// The same, with pages of `choice` read from their pixels, which [`Step::Read`] asks for.
    #[must_use]
    pub fn reading(mut self, choice: ReadScans) -> Self {
        self.maker.scans = choice;
        self
    }

    /// The same, with up to `pages` of them in the hands of who reads pixels; each takes the memory of its picture.
    #[must_use]
    pub fn ahead(mut self, pages: usize) -> Self {
        self.ahead = pages.max(1);
        self
    }

    /// The same, with faults in the making of pages.
    #[cfg(test)]
    pub(super) fn breaking(mut self, faults: &[(u32, super::page_maker::Fault)]) -> Self {
        self.maker.faults = faults.to_vec();
        self
    }

    /// Number and pixels of the next page that waits to be read, which becomes the caller's to read.
    pub fn take_pixels(&mut self) -> Option<(u32, Bitmap)> {
        self.begun.take_pixels()
    }

    /// What the pixels of page `number`, from [`Self::take_pixels`], say.
    pub fn have_read(&mut self, number: u32, result: Result<ReadPage, String>) {
        self.begun.have_read(number, result);
    }

    /// Reads and renders pages of the document, with the fonts that extraction has already loaded.
    pub fn reader(&mut self) -> &mut PageReader<'a> {
        self.maker.reader()
    }

    /// The picture of a page, `width_px` wide, with boxes for what each step of the layout saw. The survey is
    /// that of the extraction, made now if there is none yet.
    ///
    /// # Errors
    /// If the page cannot be read or drawn.
    pub fn overlay(&mut self, page: u32, width_px: u32) -> Result<Raster, PageError> {
        let survey = match &self.survey {
            Some(survey) => Rc::clone(survey),
            None => {
                let mut survey = SurveyBuilder::default();
                for number in self.pages_to_survey() {
                    self.look_through(number, &mut survey);
                }
                self.finish_survey(survey)
            }
        };
        let reader = self.maker.reader();
        let mut picture = reader.render(page, width_px)?;
        let content = reader.content(page)?;
        overlay::draw(&mut picture, &trace(&content, &survey));
        Ok(picture)
    }

    fn pages_to_survey(&self) -> Vec<u32> {
        let mut pages = surveyed_pages(self.page_count());
        pages.retain(|page| self.pages.trouble(*page).is_none());
        pages
    }

    fn finish_survey(&mut self, survey: SurveyBuilder) -> Rc<Survey> {
        let survey = survey.finish(&self.document.structure.outline);
        // Tags are a help: without them the layout does as with a file that has none.
        let tags = guarded(|| self.document.structure_tree()).ok().flatten();
        let survey = Rc::new(survey.with_tags(tags.as_ref()));
        self.survey = Some(Rc::clone(&survey));
        survey
    }

    /// Steps to the end. The report is also told as [`Event::StageEnded`].
    pub fn run(&mut self, clock: &dyn Clock, sink: &mut dyn Sink) {
        self.run_reading(clock, sink, &mut |_| Err("nothing here reads it".to_owned()));
    }

    /// As [`Self::run`], with `read` for the pages whose pixels are to be read.
    pub fn run_reading(&mut self, clock: &dyn Clock, sink: &mut dyn Sink, read: &mut ReadText<'_>) {
        loop {
            match self.step(clock, sink) {
                Step::More => {}
                Step::Read => {
                    while let Some((number, bitmap)) = self.take_pixels() {
                        self.have_read(number, read(&bitmap));
                    }
                }
                Step::Ended => return,
            }
        }
    }

    /// Does the next piece of work and tells what came of it. A page that fails is told as a picture or
    /// without blocks, with a warning; the others go on.
    pub fn step(&mut self, clock: &dyn Clock, sink: &mut dyn Sink) -> Step {
        let began = *self.began.get_or_insert_with(|| clock.now_ms());
        let count = self.page_count();
        if sink.stopped() && !matches!(self.phase, Phase::Ended) {
            self.end(Outcome::Stopped, clock.now_ms() - began, sink);
        }
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Opening => {
                sink.event(self.opened(), Vec::new());
                if self.pages.first <= count {
                    let pages = self.pages_to_survey();
                    self.phase = Phase::Surveying { pages, at: 0, survey: SurveyBuilder::default() };
                }
            }
            Phase::Surveying { pages, at, mut survey } => match pages.get(at).copied() {
                Some(number) => {
                    tell_progress("looking through", at_most_u32(at), at_most_u32(pages.len()), number, sink);
                    self.look_through(number, &mut survey);
                    self.phase = Phase::Surveying { pages, at: at + 1, survey };
                }
                None => {
                    let count = at_most_u32(pages.len());
                    tell_progress("looking through", count.saturating_sub(1), count, 0, sink);
                    let survey = self.finish_survey(survey);
                    self.phase = Phase::Extracting { number: self.pages.first.max(1), survey };
                }
            },
            Phase::Extracting { number, survey } => return self.go_on(number, survey, began, clock, sink),
            Phase::Ended => {}
        }
        if matches!(self.phase, Phase::Ended) { Step::Ended } else { Step::More }
    }

    /// Tells the first begun page, if it waits for nothing; otherwise begins the next.
    fn go_on(
        &mut self,
        number: u32,
        survey: Rc<Survey>,
        began: f64,
        clock: &dyn Clock,
        sink: &mut dyn Sink,
    ) -> Step {
        let count = self.page_count();
        let mut next = number;
        let mut step = Step::More;
        let done = (number - 1).saturating_sub(at_most_u32(self.begun.len()));
        if let Some(begun) = self.begun.pop_finished() {
            if self.at_page != begun.number {
                self.tell_page_at_work("page", done, begun.number, sink);
            }
            match self.maker.finish(begun, &survey) {
                Ok(finished) => self.tell_page(finished, sink),
                Err(anew) => self.begun.push_first(*anew),
            }
        } else if number <= count && self.begun.len() < self.ahead {
            if self.pages.trouble(number).is_none_or(|trouble| trouble.detour != Detour::Nothing) {
                self.tell_page_at_work("page", done, number, sink);
                let begun = self.begin(number);
                self.begun.push(begun);
            }
            next += 1;
        } else if let Some(first) = self.begun.first() {
            self.tell_page_at_work("reading the scan", done, first, sink);
            step = Step::Read;
        } else {
            let outcome = outcome_of_pages(&self.broken, self.told_any, count);
            self.end(outcome, clock.now_ms() - began, sink);
            return Step::Ended;
        }
        self.phase = Phase::Extracting { number: next, survey };
        step
    }

    fn page_count(&self) -> u32 {
        at_most_u32(self.document.page_count())
    }

    fn opened(&self) -> Event {
        let structure = &self.document.structure;
        let warnings =
            self.document.warnings.iter().map(|message| Warning { page: None, message: message.clone() });
        Event::Opened {
            source: self.source.clone(),
            metadata: structure.metadata.clone(),
            outline: structure.outline.clone(),
            attachments: structure.attachments.clone(),
            page_sizes: self.document.page_sizes(),
            warnings: warnings.collect(),
        }
    }

    /// Looks at a page in the light first pass.
    fn look_through(&mut self, number: u32, survey: &mut SurveyBuilder) {
        if let Some(content) = self.maker.look_through(number, survey)
            && number >= self.pages.first
        {
            let items = content.glyphs.len() + content.paths.len() + content.images.len();
            if self.kept_items.saturating_add(items) <= KEPT_ITEMS {
                self.kept_items += items;
                self.kept.insert(number, content);
            }
        }
    }

    fn tell_page_at_work(&mut self, activity: &str, done: u32, number: u32, sink: &mut dyn Sink) {
        self.at_page = number;
        tell_progress(activity, done, self.page_count(), number, sink);
    }

    fn begin(&mut self, number: u32) -> Begun {
        let trouble = self.pages.trouble(number);
        match trouble.map(|trouble| (trouble.detour, trouble.why.clone())) {
            Some((Detour::Picture, why)) => self.maker.stand_in(number, why),
            Some((Detour::TextAlone, why)) => self.maker.begin_unpainted(number, why),
            Some((Detour::Nothing, _)) | None => self.maker.begin(number, self.kept.remove(&number)),
        }
    }

    fn tell_page(&mut self, finished: Finished, sink: &mut dyn Sink) {
        let Finished { mut page, figures, images, warnings } = finished;
        let number = page.number;
        let index = (number as usize).saturating_sub(1);
        page.label = self.document.structure.labels.get(index).cloned().flatten();
        let characters = page.blocks.iter().map(|block| block.plain_text().chars().count() as u64);
        self.counts.characters = characters.fold(self.counts.characters, u64::saturating_add);
        self.counts.images = self.counts.images.saturating_add(at_most_u32(images.len()));
        self.told_any |= !page.broken || !page.blocks.is_empty();
        if page.broken {
            self.broken.push(number);
        } else {
            self.counts.pages += 1;
        }
        let warnings = warnings.into_iter().map(|message| Warning { page: Some(number), message }).collect();
        sink.event(Event::Page { page, figures, warnings }, images);
    }

    fn end(&mut self, outcome: Outcome, millis: f64, sink: &mut dyn Sink) {
        self.phase = Phase::Ended;
        self.begun.clear();
        let counts = self.counts;
        let report = StageReport {
            stage: Stage::Extraction,
            outcome,
            millis,
            counts,
            models: Vec::new(),
            load_millis: None,
        };
        sink.event(Event::StageEnded(report), Vec::new());
    }
}

fn tell_progress(activity: &str, done: u32, total: u32, page: u32, sink: &mut dyn Sink) {
    let progress = Progress::new(Stage::Extraction, activity, done, total);
    sink.event(Event::Progress(Progress { page: Some(page), ..progress }), Vec::new());
}

fn at_most_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::open;
    use crate::pipeline::{Assembler, Recording, TickingClock, describe_source};

    const PAPER: &[u8] = include_bytes!("../../tests/browser/fixtures/paper.pdf");

    fn run(pages: Pages, stop_after: Option<usize>) -> Recording {
        let document = open(PAPER.to_vec(), None).unwrap();
        let mut sink = Recording { stop_after, ..Recording::default() };
        let source = describe_source("folder/paper.pdf", PAPER);
        Extraction::new(&document, source, pages).run(&TickingClock::default(), &mut sink);
        sink
    }

    fn pages_of(sink: &Recording) -> Vec<u32> {
        let pages = sink.events.iter().filter_map(|(event, images)| match event {
            Event::Page { page, figures, .. } => {
                assert!(figures.iter().map(|figure| &figure.id).eq(images.iter().map(|image| &image.id)));
                Some(page.number)
            }
            _ => None,
        });
        pages.collect()
    }

    fn assemble(sinks: impl IntoIterator<Item = Recording>) -> Assembler {
        let mut assembler = Assembler::new();
        for (event, images) in sinks.into_iter().flat_map(|sink| sink.events) {
            assembler.apply(event, images);
        }
        assembler
    }

    #[test]
    fn it_opens_looks_through_tells_pages_and_ends() {
        let sink = run(Pages::default(), None);
        let count = open(PAPER.to_vec(), None).unwrap().page_count();
        assert!(
            matches!(sink.events.first(), Some((Event::Opened { source, .. }, _)) if source.name == "paper.pdf")
        );
        assert_eq!(pages_of(&sink).len(), count);
        let Some((Event::StageEnded(report), _)) = sink.events.last() else { panic!() };
        assert_eq!((&report.outcome, report.counts.pages as usize), (&Outcome::Done, count));
        assert!(report.counts.characters > 1000 && report.millis > 0.0);
    }

    #[test]
    fn in_two_parts_it_is_the_same_document() {
        let whole = assemble([run(Pages::default(), None)]);
        // Stopped after a page or so, then gone on with, as after a worker died.
        let stop_after = 2 + open(PAPER.to_vec(), None).unwrap().page_count() + 3;
        let begun = run(Pages::default(), Some(stop_after));
        let told = pages_of(&begun).len();
        assert!(told > 0);
        let first = u32::try_from(told).unwrap() + 1;
        let rest = run(Pages { first, ..Pages::default() }, None);
        let pieced = assemble([begun, rest]);
        assert_eq!(whole.document(), pieced.document());
        let counts = |assembler: &Assembler| assembler.report().stage(Stage::Extraction).unwrap().counts;
        assert_eq!(counts(&whole), counts(&pieced));
    }

    #[test]
    fn stopped_it_ends_at_once_and_past_the_end_it_only_opens() {
        let sink = run(Pages::default(), Some(1));
        assert!(pages_of(&sink).is_empty());
        let Some((Event::StageEnded(report), _)) = sink.events.last() else { panic!() };
        assert_eq!(report.outcome, Outcome::Stopped);
        let sink = run(Pages { first: u32::MAX, ..Pages::default() }, None);
        assert_eq!(sink.events.len(), 1);
    }

    #[test]
    fn a_page_that_is_skipped_is_given_up() {
        let trouble = Trouble { page: 1, detour: Detour::Nothing, why: "a worker died on it".to_owned() };
        let sink = run(Pages { troubled: vec![trouble], ..Pages::default() }, None);
        assert!(!pages_of(&sink).contains(&1));
        let mut assembler = assemble([sink]);
        assembler.give_up_page(1, "a worker died on it");
        assert_eq!(assembler.document().pages[0].number, 1);
        assert!(assembler.document().pages[0].width > 0.0);
    }

    #[test]
    fn pages_whose_pixels_are_read_out_of_order_are_told_in_order() {
        let document = open(PAPER.to_vec(), None).unwrap();
        let mut sink = Recording::default();
        let source = describe_source("paper.pdf", PAPER);
        let extraction = Extraction::new(&document, source, Pages::default());
        let mut extraction = extraction.reading(ReadScans::Always).ahead(2);
        let mut most = 0;
        loop {
            match extraction.step(&TickingClock::default(), &mut sink) {
                Step::More => {}
                Step::Read => {
                    let mut taken: Vec<u32> = Vec::new();
                    while let Some((number, _)) = extraction.take_pixels() {
                        taken.push(number);
                    }
                    most = most.max(taken.len());
                    // The later first; nobody has read page 999.
                    for number in taken.into_iter().rev().chain([999]) {
                        extraction.have_read(number, Err("nobody looked".to_owned()));
                    }
                }
                Step::Ended => break,
            }
        }
        assert_eq!(most, 2);
        let count = u32::try_from(document.page_count()).unwrap();
        assert_eq!(pages_of(&sink), (1..=count).collect::<Vec<_>>());
        assert!(extraction.take_pixels().is_none());
    }

    #[test]
    fn an_overlay_is_the_same_before_and_after_the_pages_are_extracted() {
        let document = open(PAPER.to_vec(), None).unwrap();
        let mut extraction =
            Extraction::new(&document, describe_source("paper.pdf", PAPER), Pages::default());
        let before = extraction.overlay(1, 300).unwrap();
        extraction.run(&TickingClock::default(), &mut Recording::default());
        assert_eq!(extraction.overlay(1, 300).unwrap(), before);
        assert_ne!(extraction.reader().render(1, 300).unwrap(), before);
        assert!(extraction.overlay(999, 300).is_err());
    }
}
