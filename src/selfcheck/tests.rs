//! The document through the native stages; and each check, once its thing is taken away.

use super::*;
use crate::document::{Content, FigureSource, Generated, Method, TextQuality};
use crate::document::{Description, Synopsis};
use crate::ocr::{LineBox, ReadLine, ReadPage, Word};
use crate::pipeline::event::{Counts, Outcome, ReadScans, Stage, StageReport};
use crate::pipeline::{Assembler, Extraction, Pages, Recording, TickingClock, describe_source, summarise};
use words::{SCAN_LINES, SCAN_TITLE};

/// What a reader of scans would say of the second page.
fn read_scan() -> ReadPage {
    let line = |(number, text): (u16, &str)| {
        let (y, size) = (150.0 + 60.0 * f32::from(number), 29.0);
        let mut pen = 125.0;
        let words = text.split(' ').map(|text| {
            let end = pen + 0.45 * size * f32::from(u16::try_from(text.len()).unwrap());
            let word = Word { text: text.to_owned(), confidence: 0.99, start: (pen, y), end: (end, y) };
            pen = end + 0.3 * size;
            word
        });
        let words: Vec<Word> = words.collect();
        let line = LineBox { center: (600.0, y), along: (1.0, 0.0), width: pen, height: size, score: 1.0 };
        ReadLine { words, size, weight: 0.1, line, confidence: 0.99 }
    };
    let lines = (0..).zip(std::iter::once(SCAN_TITLE).chain(SCAN_LINES)).map(line).collect();
    ReadPage { lines, ..ReadPage::default() }
}

/// What comes out of the native stages, with a summary by rule and a description.
fn findings() -> Findings {
    let bytes = pdf();
    let source = describe_source(FILE_NAME, &bytes);
    let document = crate::pdf::open(bytes, None).unwrap();
    let (clock, mut told) = (TickingClock::default(), Recording::default());
    let mut extraction = Extraction::new(&document, source, Pages::default()).reading(ReadScans::Auto);
    extraction.run_reading(&clock, &mut told, &mut |_| Ok(read_scan()));
    let mut assembler = Assembler::new();
    for (event, images) in told.events {
        assembler.apply(event, images);
    }
    let mut told = Recording::default();
    summarise(&assembler.document().clone(), None, &clock, &mut told);
    for (event, images) in told.events {
        assembler.apply(event, images);
    }
    let mut findings = Findings::of(&assembler, &[]);
    for figure in &mut findings.document.figures {
        let text = "A house.".to_owned();
        figure.description = Some(Description { text, model: Some("blip".to_owned()), edited: false });
    }
    let (outcome, models) = (Outcome::Done, vec!["blip".to_owned()]);
    let report = StageReport {
        stage: Stage::Vision,
        outcome,
        millis: 7.0,
        counts: Counts::default(),
        models,
        load_millis: None,
    };
    findings.report.record(report);
    findings
}

fn named<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).unwrap()
}

/// What the check called `name` says once `change` was made; the others may follow it.
#[track_caller]
fn after(name: &str, change: impl FnOnce(&mut Findings)) -> Check {
    let mut findings = findings();
    change(&mut findings);
    named(&examine(&findings), name).clone()
}

#[track_caller]
fn fails(name: &str, words: &str, change: impl FnOnce(&mut Findings)) {
    let check = after(name, change);
    assert_eq!(check.outcome, CheckOutcome::Failed, "{check:?}");
    assert!(check.detail.contains(words), "{check:?}");
}

/// Changes what the spans of the first page's blocks say.
fn rewrite(findings: &mut Findings, from: &str, to: &str) {
    for block in findings.document.pages[0].blocks.iter_mut() {
        for span in block.content.spans_mut().into_iter().flatten() {
            span.text = span.text.replace(from, to);
        }
    }
}

fn set_outcome(findings: &mut Findings, stage: Stage, outcome: Outcome) {
    let report = findings.report.stages.iter_mut().find(|report| report.stage == stage).unwrap();
    report.outcome = outcome;
}

#[test]
fn what_is_sound_passes_every_check() {
    let checks = examine(&findings());
    let wrong: Vec<&Check> = checks.iter().filter(|check| check.outcome != CheckOutcome::Passed).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(checks.len(), 13);
    assert!(is_sound(&checks));
    assert_eq!(verdict(&checks), "All 13 checks passed: every stage works here.");
    let timed: Vec<&str> =
        checks.iter().filter(|check| check.millis.is_some()).map(|check| check.name).collect();
    assert_eq!(timed, ["File", "Descriptions", "Summary"]);
}

#[test]
fn nothing_passes_without_a_document() {
    let checks = examine(&Findings::of(&Assembler::new(), &["The worker failed.".to_owned()]));
    let passed: Vec<&Check> = checks.iter().filter(|check| check.outcome != CheckOutcome::Failed).collect();
    // An empty document is sound JSON, but none that can be looked at.
    assert!(passed.is_empty(), "{passed:#?}");
    assert!(!is_sound(&checks) && !is_sound(&[]));
    assert!(named(&checks, "File").detail.contains("The worker failed."));
    assert!(verdict(&checks).starts_with("13 of 13 checks failed: File, "));
}

#[test]
fn the_file_must_have_been_read_to_its_end() {
    fails("File", "[2]", |all| drop(all.document.pages.remove(0)));
    let why = Outcome::Partial("page 2 could not be read".to_owned());
    fails("File", "page 2 could not", |all| set_outcome(all, Stage::Extraction, why));
    fails("File", "not run", |all| all.report.stages.clear());
}

#[test]
fn the_text_must_be_there_word_for_word() {
    fails("Text and terms", "quantization", |all| rewrite(all, "quantization", "quantisation"));
    fails("Text and terms", "A filled rectangle", |all| rewrite(all, "vector path", "vectorpath"));
    fails("Text and terms", "WebAssembly", |all| all.document.pages[0].blocks.clear());
}

#[test]
fn headings_must_stand_in_order_and_below_the_title() {
    fails("Headings", "Figures", |all| {
        all.document.pages[0].blocks.retain(|block| block.plain_text() != "3 Figures");
    });
    fails("Headings", "no higher", |all| {
        for block in &mut all.document.pages[0].blocks {
            if let Content::Heading { level, .. } = &mut block.content {
                *level = 1;
            }
        }
    });
}

#[test]
fn the_table_must_be_exact() {
    let table = |all: &mut Findings, change: &dyn Fn(&mut crate::document::Table)| {
        for block in &mut all.document.pages[0].blocks {
            if let Content::Table { table } = &mut block.content {
                change(table);
            }
        }
    };
    fails("Table", "43,20", |all| {
        table(all, &|table| table.rows[2].cells[1].spans[0].text = "43,20 pixels".to_owned());
    });
    fails("Table", "Extraction", |all| table(all, &|table| drop(table.rows.pop())));
    fails("Table", "no table", |all| {
        all.document.pages[0].blocks.retain(|block| !matches!(block.content, Content::Table { .. }));
    });
}

#[test]
fn figures_must_be_there_with_their_files_and_captions() {
    let of = |source: FigureSource| move |figure: &&mut crate::document::Figure| figure.source == source;
    for (name, source) in [("Rectangle", FigureSource::Rendered), ("Picture", FigureSource::Embedded)] {
        fails(name, "not found", |all| all.document.figures.retain(|figure| figure.source != source));
        fails(name, "not found", |all| {
            let figure = all.document.figures.iter_mut().find(of(source)).unwrap();
            figure.bbox.x1 += 120.0;
            figure.bbox.y1 += 60.0;
        });
        fails(name, "caption", |all| {
            all.document.figures.iter_mut().find(of(source)).unwrap().caption = None;
        });
        fails(name, "no image file", |all| all.images.clear());
        fails(name, "no image file", |all| all.images.iter_mut().for_each(|image| image.bytes.clear()));
    }
    fails("Picture", "120 by 180", |all| {
        all.document.figures.iter_mut().find(of(FigureSource::Embedded)).unwrap().width_px = 120;
    });
}

#[test]
fn the_scan_must_be_read_nearly_in_whole() {
    fails("Scanned page", "page is missing", |all| drop(all.document.pages.pop()));
    fails("Scanned page", "no model", |all| {
        all.document.pages[1].text = TextQuality::Scanned;
        let message = "no model reads scans".to_owned();
        all.document.warnings.push(crate::document::Warning { page: Some(2), message });
    });
    let damage = |all: &mut Findings, share: usize| {
        for block in &mut all.document.pages[1].blocks {
            for span in block.content.spans_mut().into_iter().flatten() {
                let words = span.text.split(' ').enumerate();
                let changed = words.map(|(at, word)| if at % share == 1 { "x" } else { word });
                span.text = changed.collect::<Vec<_>>().join(" ");
            }
        }
    };
    fails("Scanned page", "missing: ", |all| damage(all, 5));
    assert_eq!(after("Scanned page", |all| damage(all, 15)).outcome, CheckOutcome::Passed);
}

#[test]
fn descriptions_are_missed_and_skipped_for_want_of_a_model() {
    let bare =
        |all: &mut Findings| all.document.figures.iter_mut().for_each(|figure| figure.description = None);
    fails("Descriptions", "has none", |all| bare(all));
    fails("Descriptions", "no picture", |all| all.document.figures.clear());
    fails("Descriptions", "not worth it", |all| {
        all.document.figures.iter_mut().for_each(|figure| figure.not_described = Some("small".to_owned()));
    });
    fails("Descriptions", "out of memory", |all| {
        set_outcome(all, Stage::Vision, Outcome::Failed("out of memory".to_owned()));
    });
    let check = after("Descriptions", |all| {
        bare(all);
        let why = Outcome::Skipped("BLIP is not on this machine".to_owned());
        set_outcome(all, Stage::Vision, why);
    });
    assert_eq!((check.outcome, check.millis), (CheckOutcome::Skipped, None));
    assert!(check.detail.contains("BLIP is not on this machine"));
    let checks =
        [check, Check { name: "File", outcome: CheckOutcome::Passed, detail: String::new(), millis: None }];
    assert!(is_sound(&checks));
    assert_eq!(verdict(&checks), "1 of 2 checks passed and none failed. Skipped: Descriptions.");
}

#[test]
fn the_summary_must_say_something_and_who_made_it() {
    fails("Summary", "there is none", |all| all.document.synopsis = None);
    fails("Summary", "Short", |all| {
        let summary = all.document.synopsis.as_mut().unwrap().summary.as_mut().unwrap();
        summary.text = "Short.".to_owned();
    });
    fails("Summary", "0 keywords", |all| all.document.synopsis.as_mut().unwrap().keywords.clear());
    let why = Outcome::Partial("2 of 3 texts are not the model's".to_owned());
    fails("Summary", "2 of 3", |all| set_outcome(all, Stage::Text, why));
    let check = after("Summary", |all| {
        let text = "A document that says how it was written and read again.".to_owned();
        let summary = Some(Generated { text, method: Method::Model("t5".to_owned()) });
        all.document.synopsis =
            Some(Synopsis { summary, keywords: vec!["a".to_owned()], ..Synopsis::default() });
    });
    assert!(check.outcome == CheckOutcome::Passed && check.detail.contains("written by t5"), "{check:?}");
}

#[test]
fn exports_must_hold_everything() {
    let no_title = |all: &mut Findings| {
        all.document.pages[0].blocks.retain(|block| !matches!(block.content, Content::Heading { .. }));
        all.document.metadata.title = None;
    };
    fails("Markdown", "title", no_title);
    fails("HTML", "title", no_title);
    fails("Markdown", "table", |all| {
        all.document.pages[0].blocks.retain(|block| !matches!(block.content, Content::Table { .. }));
    });
    fails("Markdown", "does not stand", |all| {
        all.document.pages[0].blocks.retain(|block| !matches!(block.content, Content::Figure { .. }));
    });
    fails("JSON", "form", |all| all.document.schema = "another/1".to_owned());
    fails("Zip archive", "holds", |all| drop(all.images.pop()));
    fails("Zip archive", "no images", |all| all.document.figures.clear());
}
