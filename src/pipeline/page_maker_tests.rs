//! Pages that break the program: what is told of them, and that the others go on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use super::page_maker::Fault;
use super::{Assembler, Extraction, Pages, Recording, TickingClock, describe_source};
use crate::document::{Content, Document, FigureId, TextQuality};
use crate::ocr::{Bitmap, LineBox, ReadLine, ReadPage, Word};
use crate::pdf::open;
use crate::pipeline::event::{Detour, Outcome, ReadScans, Stage, Trouble};

const PAPER: &[u8] = include_bytes!("../../tests/browser/fixtures/paper.pdf");
const FIGURES: &[u8] = include_bytes!("../../tests/browser/fixtures/figures.pdf");
const WHY: &str = "internal fault: made to break";

/// One line of text in the upper left of a page.
fn line(text: &str) -> ReadPage {
    let mut pen = 200.0;
    let words = text.split(' ').map(|text| {
        let width = 15.0 * text.len() as f32;
        let word =
            Word { text: text.to_owned(), confidence: 0.9, start: (pen, 300.0), end: (pen + width, 300.0) };
        pen += width + 10.0;
        word
    });
    let words = words.collect();
    let line = LineBox {
        center: (0.5 * (200.0 + pen), 300.0),
        along: (1.0, 0.0),
        width: pen - 200.0,
        height: 30.0,
        score: 1.0,
    };
    let line = ReadLine { words, size: 30.0, weight: 0.1, line, confidence: 0.9 };
    ReadPage { lines: vec![line], ..ReadPage::default() }
}

/// The paper with `faults`, its pixels read by `read`.
fn convert(
    faults: &[(u32, Fault)],
    pages: Pages,
    scans: ReadScans,
    read: &mut dyn FnMut(&Bitmap) -> Result<ReadPage, String>,
) -> Assembler {
    convert_file(PAPER, faults, pages, scans, read)
}

fn convert_file(
    file: &[u8],
    faults: &[(u32, Fault)],
    pages: Pages,
    scans: ReadScans,
    read: &mut dyn FnMut(&Bitmap) -> Result<ReadPage, String>,
) -> Assembler {
    let pdf = open(file.to_vec(), None).unwrap();
    let source = describe_source("paper.pdf", file);
    let mut extraction = Extraction::new(&pdf, source, pages).reading(scans).breaking(faults).ahead(2);
    let mut sink = Recording::default();
    extraction.run_reading(&TickingClock::default(), &mut sink, read);
    let mut assembler = Assembler::new();
    for (event, images) in sink.events {
        assembler.apply(event, images);
    }
    assembler
}

/// The same, where nothing reads pixels.
fn unread(faults: &[(u32, Fault)]) -> Assembler {
    convert(faults, Pages::default(), ReadScans::Never, &mut |_| panic!("nothing is to be read"))
}

fn outcome(assembler: &Assembler) -> Outcome {
    assembler.report().stage(Stage::Extraction).unwrap().outcome.clone()
}

fn warnings_of(document: &Document, page: u32) -> Vec<&str> {
    let of_page = document.warnings.iter().filter(|warning| warning.page == Some(page));
    of_page.map(|warning| warning.message.as_str()).collect()
}

fn only_page_2_is_broken(document: &Document) {
    let broken: Vec<(u32, bool)> = document.pages.iter().map(|page| (page.number, page.broken)).collect();
    assert_eq!(broken, [(1, false), (2, true), (3, false), (4, false)]);
    assert!(document.pages.iter().filter(|page| !page.broken).all(|page| page.blocks.len() > 3));
}

#[test]
fn a_page_whose_content_breaks_is_a_picture_and_the_text_read_from_it() {
    let mut sizes = Vec::new();
    let assembler = convert(&[(2, Fault::Content)], Pages::default(), ReadScans::Auto, &mut |pixels| {
        sizes.push((pixels.width(), pixels.height()));
        Ok(line("What is on this page"))
    });
    let document = assembler.document();
    only_page_2_is_broken(document);
    // 200 pixels per inch of A4, and no other page had to be read.
    assert_eq!(sizes, [(1654, 2339)]);
    let page = &document.pages[1];
    let [picture, text] = &page.blocks[..] else { panic!("{:?}", page.blocks) };
    let id = FigureId::of_page(2);
    assert_eq!((picture.id.0.as_str(), &picture.content), ("p2-b0", &Content::Figure { figure: id.clone() }));
    assert_eq!((text.id.0.as_str(), text.plain_text().as_str()), ("p2-b1", "What is on this page"));
    assert_eq!((page.text, page.words.len()), (TextQuality::Recognised, 5));
    let figure = document.figure(&id).unwrap();
    assert!(figure.is_page());
    assert_eq!((figure.file.as_str(), figure.width_px, figure.height_px), ("images/p2-page.png", 1654, 2339));
    assert_eq!(figure.not_described.as_deref(), Some("the picture of a whole page"));
    let decoded = image::load_from_memory(assembler.image(&id).unwrap()).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (1654, 2339));
    let told = format!(
        "paper.pdf: page 2 could not be read: {WHY}; a picture of it and the text read from that stand in its place"
    );
    assert_eq!(warnings_of(document, 2), [told]);
    assert_eq!(outcome(&assembler), Outcome::Partial("page 2 could not be read".to_owned()));
    assert_eq!(assembler.report().stage(Stage::Extraction).unwrap().counts.pages, 3);
}

#[test]
fn without_a_reader_of_pixels_it_is_a_picture_alone() {
    let assembler = unread(&[(2, Fault::Content)]);
    let document = assembler.document();
    only_page_2_is_broken(document);
    let page = &document.pages[1];
    assert_eq!((page.blocks.len(), page.text), (1, TextQuality::Scanned));
    let told = format!("paper.pdf: page 2 could not be read: {WHY}; a picture of it stands in its place");
    assert_eq!(warnings_of(document, 2), [told]);

    let mut fails = |_: &Bitmap| Err("no model reads scans".to_owned());
    let assembler = convert(&[(2, Fault::Content)], Pages::default(), ReadScans::Auto, &mut fails);
    let document = assembler.document();
    assert_eq!(document.pages[1].blocks.len(), 1);
    let [_, why] = warnings_of(document, 2)[..] else { panic!("{:?}", document.warnings) };
    assert_eq!(why, "the page's text could not be read: no model reads scans");
}

#[test]
fn a_page_that_cannot_be_laid_out_is_begun_anew_as_a_picture_in_its_place() {
    for faults in [[(1, Fault::Layout)], [(2, Fault::Layout)], [(4, Fault::Layout)]] {
        let [(number, _)] = faults;
        let assembler = unread(&faults);
        let pages = &assembler.document().pages;
        assert_eq!(pages.iter().map(|page| page.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(pages.iter().all(|page| page.broken == (page.number == number)));
        assert!(assembler.image(&FigureId::of_page(number)).is_some());
    }
    // What was read from it breaks as well.
    let mut read = |_: &Bitmap| Ok(line("What is on this page"));
    let assembler = convert(&[(2, Fault::Layout)], Pages::default(), ReadScans::Auto, &mut read);
    let document = assembler.document();
    only_page_2_is_broken(document);
    assert_eq!(document.pages[1].blocks.len(), 1);
    let [_, why] = warnings_of(document, 2)[..] else { panic!("{:?}", document.warnings) };
    assert_eq!(why, format!("the text read from it could not be laid out: {WHY}"));
}

#[test]
fn a_page_that_can_be_neither_read_nor_painted_is_blank_and_says_so() {
    let assembler = unread(&[(2, Fault::Content), (2, Fault::Painting)]);
    let document = assembler.document();
    only_page_2_is_broken(document);
    let page = &document.pages[1];
    assert_eq!((page.blocks.len(), page.width, page.height), (0, 595.276, 841.89));
    // The same twice is said once.
    let told = format!("paper.pdf: page 2 could not be read: {WHY}");
    assert_eq!(warnings_of(document, 2), [told]);
    assert_eq!(outcome(&assembler), Outcome::Partial("page 2 could not be read".to_owned()));
}

/// The paper with a page on which workers died.
fn troubled(page: u32, detour: Detour, faults: &[(u32, Fault)]) -> Assembler {
    let trouble = Trouble { page, detour, why: WHY.to_owned() };
    let pages = Pages { troubled: vec![trouble], ..Pages::default() };
    convert(faults, pages, ReadScans::Auto, &mut |_| Ok(line("What is on this page")))
}

#[test]
fn pages_that_a_worker_died_on_are_as_those_that_broke_here() {
    let mut read = |_: &Bitmap| Ok(line("What is on this page"));
    let broke = convert(&[(2, Fault::Content)], Pages::default(), ReadScans::Auto, &mut read);
    let died = troubled(2, Detour::Picture, &[(2, Fault::Content)]);
    assert_eq!(broke.document(), died.document());
    assert_eq!(outcome(&broke), outcome(&died));
}

#[test]
fn a_page_that_cannot_be_painted_goes_without_its_figures() {
    let convert = |faults: &[(u32, Fault)], pages| {
        convert_file(FIGURES, faults, pages, ReadScans::Never, &mut |_| panic!("nothing is to be read"))
    };
    let whole = convert(&[], Pages::default());
    assert!(!whole.document().figures.is_empty());
    let here = convert(&[(1, Fault::Figures)], Pages::default());
    let trouble = Trouble { page: 1, detour: Detour::TextAlone, why: WHY.to_owned() };
    let pages = Pages { troubled: vec![trouble], ..Pages::default() };
    let there = convert(&[(1, Fault::Figures), (1, Fault::Painting)], pages);
    let text = |document: &Document| -> String {
        document.pages[0].blocks.iter().map(|block| block.plain_text() + "\n").collect()
    };
    for assembler in [here, there] {
        let document = assembler.document();
        assert!(document.figures.is_empty() && assembler.images().next().is_none());
        let told = format!("paper.pdf: page 1 could not be painted: {WHY}; its figures are missing");
        assert_eq!(warnings_of(document, 1), [told]);
        assert_eq!(outcome(&assembler), Outcome::Done);
        assert!(text(document).contains("Figure 1.7. Non-citizen population in Malaysia"));
        for block in &document.pages[0].blocks {
            assert!(!matches!(
                block.content,
                Content::Figure { .. } | Content::Caption { figure: Some(_), .. }
            ));
        }
    }
}

#[test]
fn a_scan_that_cannot_be_painted_is_no_page_that_was_read() {
    const SCAN: &[u8] = include_bytes!("../../tests/ocr/phototest.pdf");
    let painting = [(1, Fault::Figures), (1, Fault::Painting)];
    let trouble = Trouble { page: 1, detour: Detour::TextAlone, why: WHY.to_owned() };
    let pages = Pages { troubled: vec![trouble], ..Pages::default() };
    let mut nothing = |_: &Bitmap| panic!("nothing is to be read");
    let there = convert_file(SCAN, &painting, pages, ReadScans::Auto, &mut nothing);
    let here = convert_file(SCAN, &painting, Pages::default(), ReadScans::Auto, &mut nothing);
    for (assembler, told) in [
        (there, "could not be painted: {}, and nothing of it can be read otherwise"),
        (here, "could not be read: {}"),
    ] {
        let page = &assembler.document().pages[0];
        assert!(page.broken && page.blocks.is_empty());
        let told = format!("paper.pdf: page 1 {}", told.replace("{}", WHY));
        assert_eq!(warnings_of(assembler.document(), 1), [told]);
        assert_eq!(outcome(&assembler), Outcome::Failed("no page could be read".to_owned()));
    }
}

#[test]
fn pictures_that_cannot_be_painted_do_not_cost_a_page_its_text() {
    let faults = [(1, Fault::Painting), (1, Fault::Figures)];
    let mut nothing = |_: &Bitmap| panic!("nothing is to be read");
    let assembler = convert_file(FIGURES, &faults, Pages::default(), ReadScans::Pictures, &mut nothing);
    let page = &assembler.document().pages[0];
    assert!(!page.broken && page.blocks.len() > 3);
}

#[test]
fn a_page_that_breaks_on_its_detour_too_is_blank() {
    let assembler = troubled(2, Detour::TextAlone, &[(2, Fault::Content)]);
    only_page_2_is_broken(assembler.document());
    assert_eq!(assembler.document().pages[1].blocks.len(), 0);
    let assembler = troubled(2, Detour::Nothing, &[]);
    assert_eq!(assembler.document().pages.len(), 3, "whoever asked for that tells of it");
}

#[test]
fn a_document_of_pictures_is_done_in_part_and_one_of_nothing_failed() {
    let content: Vec<(u32, Fault)> = (1..=4).map(|number| (number, Fault::Content)).collect();
    let pictures = outcome(&unread(&content));
    assert_eq!(pictures, Outcome::Partial("4 of 4 pages could not be read, the first is 1".to_owned()));
    let painting = (1..=4).map(|number| (number, Fault::Painting));
    let nothing = outcome(&unread(&content.into_iter().chain(painting).collect::<Vec<_>>()));
    assert_eq!(nothing, Outcome::Failed("no page could be read".to_owned()));
}
