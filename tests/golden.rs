//! Whole files to Markdown: each folder of `tests/golden` holds `input.pdf`, the `expected.md` that a person
//! has looked at beside the page, and where the file comes from. `UPDATE=1` rewrites what is expected.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use recto::document::FigureImage;
use recto::export::{MarkdownOptions, json, markdown};
use recto::pipeline::event::Event;
use recto::pipeline::{Assembler, Extraction, Pages, Sink, TickingClock, describe_source};
use std::path::{Path, PathBuf};

#[derive(Default)]
struct Collector(Assembler);

impl Sink for Collector {
    fn event(&mut self, event: Event, images: Vec<FigureImage>) {
        self.0.apply(event, images);
    }
}

/// The document that extraction makes of a file.
fn convert(input: &Path) -> Assembler {
    let bytes = std::fs::read(input).unwrap();
    let source = describe_source("input.pdf", &bytes);
    let document = recto::pdf::open(bytes, None).unwrap();
    let mut collector = Collector::default();
    Extraction::new(&document, source, Pages::default()).run(&TickingClock::default(), &mut collector);
    collector.0
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

#[test]
fn markdown_is_as_expected() {
    let update = std::env::var_os("UPDATE").is_some();
    let options = MarkdownOptions {
        front_matter: false,
        synopsis: false,
        descriptions: true,
        ..MarkdownOptions::default()
    };
    let mut different = Vec::new();
    for case in cases() {
        let assembler = convert(&case.join("input.pdf"));
        let written = markdown(assembler.document(), &options);
        let expected = case.join("expected.md");
        if update {
            std::fs::write(&expected, &written).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if written != expected {
            let line = written.lines().zip(expected.lines()).position(|(a, b)| a != b);
            let line = line.unwrap_or_else(|| written.lines().count().min(expected.lines().count()));
            different.push(format!(
                "{}, line {}:\n  expected {:?}\n  written  {:?}",
                case.display(),
                line + 1,
                expected.lines().nth(line),
                written.lines().nth(line)
            ));
        }
    }
    assert!(!cases().is_empty());
    assert!(different.is_empty(), "{}\nUPDATE=1 rewrites them, once looked at", different.join("\n"));
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    for case in cases() {
        let input = case.join("input.pdf");
        let (first, second) = (convert(&input), convert(&input));
        assert_eq!(json(first.document()).unwrap(), json(second.document()).unwrap(), "{}", case.display());
        assert!(first.images().eq(second.images()), "{}", case.display());
    }
}

#[test]
fn every_figure_in_the_text_has_its_image() {
    for case in cases() {
        let assembler = convert(&case.join("input.pdf"));
        for figure in &assembler.document().figures {
            assert!(assembler.image(&figure.id).is_some(), "{}: {}", case.display(), figure.id.0);
        }
    }
}
