//! Events to document: pure, and the same on both sides of a worker, so that a document assembled in the
//! page has the same bytes as one converted on the command line.

use super::choose::{Decision, choose};
use super::event::{Event, Outcome, Stage, StageReport};
use super::language::detect_language;
use super::parts::mark_parts;
use super::report::{RunReport, outcome_of_pages};
use crate::document::{
    Correction, Description, Document, Figure, FigureId, FigureImage, Page, Source, Warning, correct,
    take_back,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A picture on at least so many pages,
const REPEATED_PAGES: usize = 4;
/// and on at least every third page, is a logo or an ornament.
const REPEATED_SHARE: usize = 3;

/// Takes events and keeps the document they describe.
#[derive(Clone, Debug)]
pub struct Assembler {
    document: Document,
    page_sizes: Vec<[f32; 2]>,
    images: BTreeMap<FigureId, FigureFile>,
    report: RunReport,
}

#[derive(Clone, Debug)]
struct FigureFile {
    bytes: Vec<u8>,
    sha256: [u8; 32],
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

impl Assembler {
    /// An empty document, named once [`Event::Opened`] comes in.
    #[must_use]
    pub fn new() -> Self {
        Self {
            document: Document::new(Source::default()),
            page_sizes: Vec::new(),
            images: BTreeMap::new(),
            report: RunReport::default(),
        }
    }

    /// Takes in one event. `images` are the files that travel beside [`Event::Page`].
    pub fn apply(&mut self, event: Event, images: Vec<FigureImage>) {
        match event {
            Event::Opened { source, metadata, outline, attachments, page_sizes, warnings } => {
                // A second `Opened` for the same file comes after a worker died: pages that are there stay.
                if self.document.source != source {
                    self.document = Document::new(source.clone());
                    self.images.clear();
                    self.report = RunReport { source, ..RunReport::default() };
                }
                self.document.metadata = metadata;
                self.document.outline = outline;
                self.document.attachments = attachments;
                self.page_sizes = page_sizes;
                for warning in warnings {
                    self.warn(warning);
                }
            }
            Event::Page { page, figures, warnings } => self.insert_page(page, figures, warnings, images),
            Event::Described { figure, description } => self.set_description(&figure, Some(description)),
            Event::Synopsis(synopsis) => self.document.synopsis = Some(synopsis),
            Event::Warning(warning) => self.warn(warning),
            Event::StageEnded(report) => {
                if report.stage == Stage::Extraction {
                    self.decide_descriptions();
                    self.detect_language();
                }
                self.report.record(self.with_counts(report));
            }
            Event::Progress(_) | Event::Partial { .. } => {}
        }
    }

    /// The document so far.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The report so far.
    #[must_use]
    pub fn report(&self) -> RunReport {
        RunReport { warnings: self.document.warnings.clone(), ..self.report.clone() }
    }

    /// How a stage ended, if it has: what its worker said, as far as that knew.
    #[must_use]
    pub fn stage_report(&self, stage: Stage) -> Option<&StageReport> {
        self.report.stage(stage)
    }

    /// Width and height of each page of the file in points, those not yet extracted too.
    #[must_use]
    pub fn page_sizes(&self) -> &[[f32; 2]] {
        &self.page_sizes
    }

    /// The image file of a figure: its own, or that of the one it repeats.
    #[must_use]
    pub fn image(&self, id: &FigureId) -> Option<&[u8]> {
        self.images.get(id).map(|file| file.bytes.as_slice())
    }

    /// All image files, by figure, in reading order.
    pub fn images(&self) -> impl Iterator<Item = (&Figure, &[u8])> {
        self.document.figures.iter().filter_map(|figure| Some((figure, self.image(&figure.id)?)))
    }

    /// Bytes of all image files.
    #[must_use]
    pub fn image_bytes(&self) -> u64 {
        self.images.values().map(|file| file.bytes.len() as u64).sum()
    }

    /// The image files of the figures that should have a description and have none, in reading order: what
    /// [`super::describe`] is given.
    #[must_use]
    pub fn figures_to_describe(&self) -> Vec<FigureImage> {
        let wanted = self.images().filter(|(figure, _)| {
            figure.not_described.is_none() && figure.duplicate_of.is_none() && figure.description.is_none()
        });
        wanted.map(|(figure, bytes)| FigureImage { id: figure.id.clone(), bytes: bytes.to_vec() }).collect()
    }

    /// The person's own words for a figure; empty text takes the description away. A figure that repeats
    /// another shares its description.
    pub fn edit_description(&mut self, id: &FigureId, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            self.set_description(id, None);
            return;
        }
        let before = self.document.figure(id).and_then(|figure| figure.description.clone());
        if before.as_ref().is_some_and(|description| description.text == text) {
            return;
        }
        let model = before.and_then(|description| description.model);
        self.set_description(id, Some(Description { text: text.to_owned(), model, edited: true }));
    }

    /// What a person says that a word read from pixels is; see [`correct`]. All forms of the document have it.
    pub fn correct_word(&mut self, page: u32, word: usize, text: &str) -> Option<Correction> {
        correct(&mut self.document, page, word, text)
    }

    /// Takes back a correction; see [`take_back`].
    pub fn take_back_word(&mut self, correction: &Correction) -> bool {
        take_back(&mut self.document, correction)
    }

    /// Gives a page that could not be read its place, without blocks and with a warning: for a page on which workers
    /// died.
    pub fn give_up_page(&mut self, number: u32, reason: &str) {
        let [width, height] = number
            .checked_sub(1)
            .and_then(|index| self.page_sizes.get(index as usize).copied())
            .unwrap_or([0.0, 0.0]);
        let warning = Warning { page: Some(number), message: reason.to_owned() };
        let page = Page { broken: true, ..Page::blank(number, width, height) };
        self.insert_page(page, Vec::new(), vec![warning], Vec::new());
    }

    /// The first page, from 1, that is not there yet; one past the last when all are.
    #[must_use]
    pub fn next_page(&self) -> u32 {
        let mut next = 1;
        for page in &self.document.pages {
            if page.number != next {
                break;
            }
            next += 1;
        }
        next
    }

    fn insert_page(
        &mut self,
        page: Page,
        figures: Vec<Figure>,
        warnings: Vec<Warning>,
        images: Vec<FigureImage>,
    ) {
        let number = page.number;
        // A page can come again after a worker died: the new one replaces all of the old.
        self.document.warnings.retain(|warning| warning.page != Some(number));
        let images_before = self.images.len();
        for figure in self.document.figures.extract_if(.., |figure| figure.page == number) {
            self.images.remove(&figure.id);
        }
        // Of what has no pictures there are no duplicates.
        let changes_images = self.images.len() != images_before || !images.is_empty();

        match self.document.pages.binary_search_by_key(&number, |known| known.number) {
            Ok(at) => {
                if let Some(known) = self.document.pages.get_mut(at) {
                    *known = page;
                }
            }
            Err(at) => self.document.pages.insert(at, page),
        }
        self.join_neighbours(number);
        let at = self.document.figures.partition_point(|figure| figure.page < number);
        self.document.figures.splice(at..at, figures);
        for image in images {
            let sha256 = Sha256::digest(&image.bytes).into();
            self.images.insert(image.id, FigureFile { bytes: image.bytes, sha256 });
        }
        for warning in warnings {
            self.warn(warning);
        }
        if changes_images {
            self.mark_duplicates();
        }
    }

    /// Tables and code that go on over the breaks before and behind a page, whichever side came last.
    fn join_neighbours(&mut self, number: u32) {
        for number in [Some(number), number.checked_add(1)].into_iter().flatten() {
            let Ok(at) = self.document.pages.binary_search_by_key(&number, |page| page.number) else {
                continue;
            };
            let (before, from) = self.document.pages.split_at_mut(at);
            if let Some(page) = from.first_mut() {
                mark_parts(before.last(), page);
            }
        }
    }

    /// Figures with the same image file as an earlier one in reading order point at it.
    fn mark_duplicates(&mut self) {
        let mut first: BTreeMap<[u8; 32], FigureId> = BTreeMap::new();
        for figure in &mut self.document.figures {
            figure.duplicate_of = match self.images.get(&figure.id) {
                None => None,
                Some(file) => match first.get(&file.sha256) {
                    Some(original) => Some(original.clone()),
                    None => {
                        first.insert(file.sha256, figure.id.clone());
                        None
                    }
                },
            };
        }
    }

    /// Marks the figures that are not worth a description, once all pages are there.
    fn decide_descriptions(&mut self) {
        let decisions = choose(&self.document.figures, |_| None);
        let mut pages: BTreeMap<FigureId, BTreeSet<u32>> = BTreeMap::new();
        for figure in &self.document.figures {
            let original = figure.duplicate_of.as_ref().unwrap_or(&figure.id);
            pages.entry(original.clone()).or_default().insert(figure.page);
        }
        let count = self.document.pages.len();
        for (figure, decision) in self.document.figures.iter_mut().zip(decisions) {
            let original = figure.duplicate_of.as_ref().unwrap_or(&figure.id);
            let on = pages.get(original).map_or(0, BTreeSet::len);
            if on >= REPEATED_PAGES && on * REPEATED_SHARE >= count {
                figure.not_described = Some(format!("repeated on {on} pages"));
            } else if let Decision::Skip(reason) = decision {
                figure.not_described = Some(reason);
            }
        }
    }

    /// Tells the language by the running text, once all pages are there.
    fn detect_language(&mut self) {
        let blocks = self.document.pages.iter().flat_map(|page| &page.blocks);
        let running = blocks.filter(|block| {
            use crate::document::Content;
            matches!(
                block.content,
                Content::Paragraph { .. } | Content::ListItem { .. } | Content::Heading { .. }
            )
        });
        let texts = running.flat_map(|block| block.content.spans()).map(|span| span.text.as_str());
        self.document.metadata.detected_language = detect_language(texts).map(str::to_owned);
    }

    /// An extraction that went on after a worker died knows only its own pages: the document has them all.
    fn with_counts(&self, mut report: StageReport) -> StageReport {
        if report.stage == Stage::Extraction {
            let pages = &self.document.pages;
            let blocks = pages.iter().flat_map(|page| &page.blocks);
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let broken: Vec<u32> = pages.iter().filter(|page| page.broken).map(|page| page.number).collect();
            report.counts.pages = count(pages.len() - broken.len());
            report.counts.characters = blocks.map(|block| block.plain_text().chars().count() as u64).sum();
            report.counts.images = count(self.images.len());
            let told_all = !pages.is_empty() && pages.len() >= self.page_sizes.len();
            if told_all && !broken.is_empty() && !matches!(report.outcome, Outcome::Stopped) {
                let any = pages.iter().any(|page| !page.broken || !page.blocks.is_empty());
                report.outcome = outcome_of_pages(&broken, any, count(pages.len()));
            }
        }
        report
    }

    fn set_description(&mut self, id: &FigureId, description: Option<Description>) {
        let Some(figure) = self.document.figure(id) else { return };
        let original = figure.duplicate_of.clone().unwrap_or_else(|| figure.id.clone());
        for figure in &mut self.document.figures {
            if figure.id == original || figure.duplicate_of.as_ref() == Some(&original) {
                figure.description.clone_from(&description);
            }
        }
    }

    /// Warnings stand in the order of pages, those of the whole file first; the same one is kept once.
    fn warn(&mut self, warning: Warning) {
        if self.document.warnings.contains(&warning) {
            return;
        }
        let at = self.document.warnings.partition_point(|known| known.page <= warning.page);
        self.document.warnings.insert(at, warning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{FigureSource, Metadata, Rect, Synopsis};

    fn figure(page: u32, index: usize) -> Figure {
        Figure {
            id: FigureId::new(page, index),
            page,
            bbox: Rect::new(0.0, 0.0, 10.0, 10.0),
            source: FigureSource::Embedded,
            file: format!("images/p{page}-f{index}.png"),
            media_type: "image/png".to_owned(),
            width_px: 10,
            height_px: 10,
            label: None,
            caption: None,
            text: String::new(),
            description: None,
            duplicate_of: None,
            not_described: None,
        }
    }

    fn page(number: u32, figures: &[(usize, &[u8])]) -> (Event, Vec<FigureImage>) {
        let images = figures
            .iter()
            .map(|(index, bytes)| FigureImage { id: FigureId::new(number, *index), bytes: bytes.to_vec() });
        let event = Event::Page {
            page: Page::blank(number, 612.0, 792.0),
            figures: figures.iter().map(|(index, _)| figure(number, *index)).collect(),
            warnings: vec![Warning { page: Some(number), message: format!("fault {number}") }],
        };
        (event, images.collect())
    }

    fn apply(assembler: &mut Assembler, (event, images): (Event, Vec<FigureImage>)) {
        assembler.apply(event, images);
    }

    fn opened(name: &str) -> Event {
        Event::Opened {
            source: Source { name: name.to_owned(), ..Source::default() },
            metadata: Metadata { page_count: 3, ..Metadata::default() },
            outline: Vec::new(),
            attachments: Vec::new(),
            page_sizes: vec![[612.0, 792.0], [300.0, 200.0], [612.0, 792.0]],
            warnings: vec![Warning { page: None, message: "repaired".to_owned() }],
        }
    }

    #[test]
    fn pages_in_any_order_give_the_same_document() {
        let pages = [page(1, &[(1, b"a")]), page(2, &[(1, b"b"), (2, b"a")]), page(3, &[])];
        let mut forward = Assembler::new();
        let mut backward = Assembler::new();
        forward.apply(opened("x.pdf"), Vec::new());
        backward.apply(opened("x.pdf"), Vec::new());
        for one in &pages {
            apply(&mut forward, one.clone());
        }
        for one in pages.iter().rev() {
            apply(&mut backward, one.clone());
        }
        assert_eq!(forward.document(), backward.document());
        assert_eq!(forward.document().figures.len(), 3);
        assert_eq!(forward.document().figures[2].duplicate_of, Some(FigureId::new(1, 1)));
        assert_eq!(forward.next_page(), 4);
    }

    #[test]
    fn a_page_that_comes_again_replaces_its_figures_and_warnings() {
        let mut assembler = Assembler::new();
        assembler.apply(opened("x.pdf"), Vec::new());
        apply(&mut assembler, page(1, &[(1, b"a"), (2, b"b")]));
        assembler.apply(opened("x.pdf"), Vec::new());
        apply(&mut assembler, page(1, &[(1, b"c")]));
        let document = assembler.document();
        assert_eq!(document.pages.len(), 1);
        assert_eq!(document.figures.len(), 1);
        assert_eq!(document.warnings.len(), 2, "{:?}", document.warnings);
        assert_eq!(assembler.image(&FigureId::new(1, 1)), Some(b"c".as_slice()));
        assert_eq!(assembler.image(&FigureId::new(1, 2)), None);
    }

    #[test]
    fn another_file_starts_anew() {
        let mut assembler = Assembler::new();
        assembler.apply(opened("x.pdf"), Vec::new());
        apply(&mut assembler, page(1, &[(1, b"a")]));
        assembler.apply(opened("y.pdf"), Vec::new());
        assert!(assembler.document().pages.is_empty());
        assert_eq!(assembler.images().count(), 0);
        assert_eq!(assembler.document().source.name, "y.pdf");
    }

    #[test]
    fn a_description_covers_repetitions_and_an_edit_keeps_the_model() {
        let mut assembler = Assembler::new();
        assembler.apply(opened("x.pdf"), Vec::new());
        apply(&mut assembler, page(1, &[(1, b"a")]));
        apply(&mut assembler, page(2, &[(1, b"a")]));
        let first = FigureId::new(1, 1);
        let repeated = FigureId::new(2, 1);
        let description = Description { text: "a cat".into(), model: Some("blip".into()), edited: false };
        assembler.apply(Event::Described { figure: first.clone(), description }, Vec::new());
        assembler.edit_description(&repeated, " a dog ");
        let words = |assembler: &Assembler, id| assembler.document().figure(id).unwrap().description.clone();
        let edited = Description { text: "a dog".into(), model: Some("blip".into()), edited: true };
        assert_eq!(words(&assembler, &first), Some(edited.clone()));
        assert_eq!(words(&assembler, &repeated), Some(edited));
        assembler.edit_description(&first, "  ");
        assert_eq!(words(&assembler, &repeated), None);
    }

    #[test]
    fn a_page_given_up_keeps_its_size_and_says_why() {
        let mut assembler = Assembler::new();
        assembler.apply(opened("x.pdf"), Vec::new());
        assembler.give_up_page(2, "it ran out of memory");
        let page = &assembler.document().pages[0];
        assert_eq!((page.number, page.width, page.height), (2, 300.0, 200.0));
        let last = assembler.document().warnings.last().unwrap();
        assert_eq!((last.page, last.message.as_str()), (Some(2), "it ran out of memory"));
        assert_eq!(assembler.next_page(), 1);
        assembler.give_up_page(u32::MAX, "no such page");
        assembler.give_up_page(0, "no such page");
    }

    #[test]
    fn a_synopsis_replaces_the_last() {
        let mut assembler = Assembler::new();
        assembler.apply(opened("x.pdf"), Vec::new());
        let synopsis = Synopsis { keywords: vec!["ice".into()], ..Synopsis::default() };
        assembler.apply(Event::Synopsis(synopsis.clone()), Vec::new());
        assert_eq!(assembler.document().synopsis, Some(synopsis));
    }
}
