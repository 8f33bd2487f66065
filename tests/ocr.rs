//! Scans to Markdown through the real models of `public/models/ocr`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use recto::document::{Document, FigureImage, TextQuality};
use recto::export::{MarkdownOptions, markdown};
use recto::ocr::{Alphabet, Bitmap, Network, QuickNetwork, ReadLine, Reader, RtenNetwork};
use recto::pipeline::event::{Detour, Event, ReadScans, Trouble};
use recto::pipeline::{Assembler, Extraction, Pages, Sink, Step, TickingClock, describe_source};
use std::path::Path;

#[derive(Default)]
struct Collector(Assembler);

impl Sink for Collector {
    fn event(&mut self, event: Event, images: Vec<FigureImage>) {
        self.0.apply(event, images);
    }
}

fn file(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn reader() -> Reader {
    let [detector, recogniser] =
        ["det", "rec"].map(|name| file(&format!("public/models/ocr/ppocrv6_{name}.onnx")));
    Reader::load(&detector, &recogniser).unwrap()
}

/// A document and its Markdown.
fn convert(name: &str, pages: Pages) -> (Document, String) {
    let bytes = file(&format!("tests/ocr/{name}"));
    let source = describe_source(name, &bytes);
    let pdf = recto::pdf::open(bytes, None).unwrap();
    let (mut collector, reader) = (Collector::default(), reader());
    let mut extraction = Extraction::new(&pdf, source, pages).reading(ReadScans::Auto);
    extraction.run_reading(&TickingClock::default(), &mut collector, &mut |bitmap| {
        reader.read(bitmap).map_err(|error| error.to_string())
    });
    let options = MarkdownOptions { front_matter: false, synopsis: false, ..MarkdownOptions::default() };
    let text = markdown(collector.0.document(), &options);
    (collector.0.document().clone(), text)
}

fn read(name: &str) -> (Document, String) {
    convert(name, Pages::default())
}

#[test]
fn a_scan_becomes_text() {
    let (document, text) = read("phototest.pdf");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "This is a lot of 12 point text to test the ocr code and see if it works on all types of file \
                    format. The quick brown dog jumped over the lazy fox. The quick brown dog jumped over the lazy \
                    fox. The quick brown dog jumped over the lazy fox. The quick brown dog jumped over the lazy fox.";
    assert_eq!(text, expected);
    let page = &document.pages[0];
    assert_eq!(page.text, TextQuality::Recognised);
    assert!(page.blocks.iter().all(|block| block.provenance.stage == "ocr" && block.confidence > 0.5));
    assert!(document.figures.is_empty() && document.warnings.is_empty(), "{:?}", document.warnings);
}

#[test]
fn a_page_that_cannot_be_read_is_a_picture_and_the_text_in_it() {
    let trouble = Trouble { page: 1, detour: Detour::Picture, why: "a worker died on it".to_owned() };
    let (document, text) = convert("phototest.pdf", Pages { troubled: vec![trouble], ..Pages::default() });
    let start = "![Page 1 as a picture](images/p1-page.png)\n\nThis is a lot of 12 point text to test";
    assert!(text.starts_with(start) && text.contains("quick brown dog jumped over the lazy"), "{text}");
    let page = &document.pages[0];
    assert!(page.broken && page.text == TextQuality::Recognised);
    assert!(matches!(&document.figures[..], [figure] if figure.is_page()), "{:?}", document.figures);
    assert_eq!(document.warnings.len(), 1);
}

#[test]
fn a_turned_page_is_read_as_it_is_turned() {
    let (document, text) = read("turned.pdf");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected =
        "Docling bundles PDF document conversion to JSON and Markdown in an easy self contained package";
    assert_eq!(text, expected);
    assert_eq!(document.pages[0].text, TextQuality::Recognised);
}

#[test]
fn bytes_read_what_floats_read() {
    let models = ["det", "rec"].map(|name| file(&format!("public/models/ocr/ppocrv6_{name}.onnx")));
    let list = QuickNetwork::load(&models[1]).unwrap().metadata("character").unwrap().to_owned();
    let [detector, recogniser] =
        models.map(|bytes| -> Box<dyn Network + Send> { Box::new(RtenNetwork::load(bytes).unwrap()) });
    let (quick, exact) = (reader(), Reader::new(detector, recogniser, Alphabet::of_list(&list)));
    for name in ["phototest.pdf", "turned.pdf"] {
        let bytes = file(&format!("tests/ocr/{name}"));
        let pdf = recto::pdf::open(bytes.clone(), None).unwrap();
        let source = describe_source(name, &bytes);
        let mut extraction = Extraction::new(&pdf, source, Pages::default()).reading(ReadScans::Auto);
        let mut lines = 0;
        extraction.run_reading(&TickingClock::default(), &mut Collector::default(), &mut |bitmap| {
            let (mut quick, mut exact) = (quick.read(bitmap).unwrap(), exact.read(bitmap).unwrap());
            for page in [&mut quick, &mut exact] {
                page.lines.sort_by_key(|line| line.words[0].text.clone());
            }
            lines += exact.lines.len();
            assert_eq!((quick.lines.len(), quick.quarter_turns), (exact.lines.len(), exact.quarter_turns));
            for (quick, exact) in quick.lines.iter().zip(&exact.lines) {
                let words =
                    |line: &ReadLine| line.words.iter().map(|word| word.text.clone()).collect::<Vec<_>>();
                assert_eq!(words(quick), words(exact));
                assert!((quick.confidence - exact.confidence).abs() < 0.05, "{quick:?} {exact:?}");
                assert!((quick.size - exact.size).abs() < 0.1 * exact.size, "{quick:?} {exact:?}");
            }
            Err("seen enough".to_owned())
        });
        assert!(lines > 0, "{name}");
    }
}

#[test]
fn a_page_that_is_not_read_or_cannot_be_stays_a_picture() {
    let bytes = file("tests/ocr/phototest.pdf");
    let pdf = recto::pdf::open(bytes.clone(), None).unwrap();
    for (answer, words) in [
        (None, "needs OCR"),
        (Some(Ok(recto::ocr::ReadPage::default())), "no text could be read"),
        (Some(Err("no models".to_owned())), "no models"),
    ] {
        let choice = if answer.is_some() { ReadScans::Auto } else { ReadScans::Never };
        let mut collector = Collector::default();
        let source = describe_source("phototest.pdf", &bytes);
        let mut extraction = Extraction::new(&pdf, source, Pages::default()).reading(choice);
        let mut asked = 0;
        loop {
            match extraction.step(&TickingClock::default(), &mut collector) {
                Step::More => {}
                Step::Read => {
                    asked += 1;
                    let (number, bitmap) = extraction.take_pixels().unwrap();
                    assert_eq!(
                        (number, bitmap.width(), bitmap.height()),
                        (1, 640, 480),
                        "its own resolution"
                    );
                    extraction.have_read(number, answer.clone().unwrap());
                }
                Step::Ended => break,
            }
        }
        let document = collector.0.document();
        assert_eq!((asked, document.figures.len()), (u32::from(answer.is_some()), 1));
        assert!(
            document.warnings.iter().any(|warning| warning.message.contains(words)),
            "{:?}",
            document.warnings
        );
    }
}

#[test]
fn noise_and_blank_paper_give_nothing() {
    let reader = reader();
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let noise = Bitmap::from_rgb(300, 200, (0..3 * 300 * 200).map(|_| noise()).collect()).unwrap();
    assert!(reader.read(&noise).unwrap().lines.len() < 3);
    let blank = Bitmap::from_rgb(1, 1, vec![255; 3]).unwrap();
    assert!(reader.read(&blank).unwrap().lines.is_empty());
}

/// A page with a line of text above a picture, which shows `grey` (`[height, width]`, one byte each).
fn page_with_picture(grey: &[u8], width: usize) -> Vec<u8> {
    let height = grey.len() / width;
    let content = format!(
        "BT /F1 11 Tf 1 0 0 1 50 540 Tm (The harbour was built in three stages, and the ships were few.) Tj ET \
         q 320 0 0 {} 50 300 cm /I1 Do Q",
        320 * height / width
    );
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>";
    let image = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray /BitsPerComponent 8"
    );
    let stream = |entries: &str, data: &[u8]| {
        [format!("<< /Length {} {entries} >> stream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
    };
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R \
             /Resources << /Font << /F1 {font} >> /XObject << /I1 5 0 R >> >> >>"
        )
        .into_bytes(),
        stream("", content.as_bytes()),
        stream(&image, grey),
    ];
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    let trailer = format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF", objects.len() + 1);
    file.extend_from_slice(table.as_bytes());
    file.extend_from_slice(trailer.as_bytes());
    file
}

#[test]
fn words_in_a_picture_go_into_its_record_where_that_is_wanted() {
    // The picture: the shaded box of another page, painted.
    let boxed = recto::pdf::open(file("tests/golden/box/input.pdf"), None).unwrap();
    let source = describe_source("input.pdf", b"");
    let painted = Extraction::new(&boxed, source, Pages::default()).reader().render(1, 1260).unwrap();
    let (width, rows) = (painted.width as usize, 3 * 140..3 * 225);
    let columns = 3 * 50..3 * 370;
    let grey: Vec<u8> = rows
        .flat_map(|row| columns.clone().map(move |column| (row, column)))
        .map(|(row, column)| painted.rgba[4 * (row * width + column)])
        .collect();
    let bytes = page_with_picture(&grey, columns.len());
    let pdf = recto::pdf::open(bytes.clone(), None).unwrap();
    let models = reader();
    let read = |choice: ReadScans| {
        let mut collector = Collector::default();
        let source = describe_source("picture.pdf", &bytes);
        let mut extraction = Extraction::new(&pdf, source, Pages::default()).reading(choice);
        let mut pages = 0;
        extraction.run_reading(&TickingClock::default(), &mut collector, &mut |bitmap| {
            pages += 1;
            models.read(bitmap).map_err(|error| error.to_string())
        });
        (collector.0.document().clone(), pages)
    };
    let (document, pages) = read(ReadScans::Auto);
    assert_eq!((document.figures[0].text.as_str(), pages), ("", 0), "a page with text is left alone");
    let (document, pages) = read(ReadScans::Pictures);
    assert_eq!(pages, 1);
    let expected = "In short Forty boats went out in 1880, and six of them are still there. \
                    What they bring home is sold on the quay before noon.";
    assert_eq!(document.figures[0].text, expected);
    let text = markdown(&document, &MarkdownOptions::default());
    assert!(!text.contains("Forty"), "none of the running text:\n{text}");
    assert_eq!(document.pages[0].text, TextQuality::Digital);
}
