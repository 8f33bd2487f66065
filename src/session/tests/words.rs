use super::*;
use crate::document::ReadWord;
use crate::session::{Doubt, ExportKind, export};

/// A scan of one page: a paragraph with the words given, the doubtful ones below the floor.
fn scan(script: &mut Script, words: &[(&str, f32)]) -> JobId {
    let job = script.add("scan.pdf");
    script.ready(Role::Document);
    script.opened(job, 1);
    let mut page = page(1);
    let text: Vec<&str> = words.iter().map(|(text, _)| *text).collect();
    let spans = vec![Span { text: text.join(" "), ..Span::default() }];
    page.text = TextQuality::Recognised;
    page.blocks = vec![block(1, 1, Rect::new(0.0, 0.0, 600.0, 200.0), Content::Paragraph { spans })];
    let words = words.iter().zip(0_u8..).map(|((text, confidence), at)| {
        let left = 30.0 * f32::from(at);
        ReadWord::new((*text).to_owned(), *confidence, Rect::new(left, 10.0, left + 25.0, 20.0))
    });
    page.words = words.collect();
    script.told(Role::Document, job, Told::Page { page, figures: Vec::new(), warnings: Vec::new() });
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    script.ready(Role::Model);
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    job
}

const WORDS: [(&str, f32); 5] = [("The", 0.99), ("qnick", 0.6), ("brown", 0.98), ("f0x", 0.5), ("ran", 0.99)];

fn doubts(script: &Script, job: JobId) -> Vec<usize> {
    script.job(job).doubts().map(|doubt| doubt.word).collect()
}

fn checked(script: &mut Script, job: JobId, word: usize, text: &str) -> Vec<Command> {
    script.event(Event::WordChecked { job, doubt: Doubt { page: 1, word }, text: text.to_owned() })
}

#[test]
fn a_correction_reaches_every_form_and_the_models() {
    let mut script = Script::new();
    let job = scan(&mut script, &WORDS);
    assert_eq!(doubts(&script, job), [1, 3]);
    let before = script.job(job).revisions.clone();
    checked(&mut script, job, 3, "fox");
    assert_ne!(script.job(job).revisions, before, "the page is drawn anew");
    assert_eq!(doubts(&script, job), [1]);
    let settings = Settings::default();
    for kind in [
        ExportKind::Markdown,
        ExportKind::Clipboard,
        ExportKind::Text,
        ExportKind::Html,
        ExportKind::Chunks,
        ExportKind::Json,
    ] {
        let file = export::file(script.job(job), kind, &settings).unwrap();
        let text = String::from_utf8(file.bytes).unwrap();
        assert!(text.contains("brown fox ran") && !text.contains("f0x"), "{kind:?}: {text}");
    }
    // The zip holds the same Markdown and JSON, and is made of the same document.
    assert!(export::file(script.job(job), ExportKind::Zip, &settings).is_ok());
    let asked = script.event(Event::Asked { job, question: "Who ran?".to_owned() });
    let documents = requests(&asked).into_iter().filter_map(|request| match request {
        Request::Ask { document, .. } => Some(document.pages[0].blocks[0].plain_text()),
        _ => None,
    });
    assert_eq!(documents.collect::<Vec<_>>(), ["The qnick brown fox ran"]);
}

#[test]
fn the_panel_goes_from_word_to_word() {
    let mut script = Script::new();
    let job = scan(&mut script, &WORDS);
    let opened = script.event(Event::ShowDoubts(true));
    let at = |script: &Script| script.session.view.doubt.map(|doubt| doubt.word);
    assert_eq!(at(&script), Some(1));
    assert!(opened.iter().any(|command| matches!(command, Command::ScrollToPage { page: 1, area: Some(_) })));
    assert!(requests(&opened).iter().any(|request| matches!(request, Request::Render { page: 1, .. })));
    assert_eq!(script.session.view.selection.as_ref().unwrap().block, Some(BlockId::new(1, 1)));
    let step = |script: &mut Script, forward| {
        script.event(Event::StepDoubt { forward });
        at(script)
    };
    assert_eq!(step(&mut script, true), Some(3));
    assert_eq!(step(&mut script, true), Some(1), "past the last comes the first");
    assert_eq!(step(&mut script, false), Some(3));
    checked(&mut script, job, 3, "f0x");
    assert_eq!(at(&script), Some(1), "one that is kept leaves the list too");
    checked(&mut script, job, 1, "quick");
    assert_eq!((at(&script), doubts(&script, job).len()), (None, 0));
    assert!(script.session.announcement.text.contains("No doubtful words"));
}

#[test]
fn the_last_one_is_taken_back_first() {
    let mut script = Script::new();
    let job = scan(&mut script, &WORDS);
    let whole = script.job(job).document().clone();
    script.event(Event::ShowDoubts(true));
    checked(&mut script, job, 1, "quick");
    checked(&mut script, job, 3, "fox");
    assert_eq!(script.job(job).checked_words(), 2);
    script.event(Event::TakeBackWord(job));
    assert_eq!((doubts(&script, job), script.session.view.doubt.map(|doubt| doubt.word)), (vec![3], Some(3)));
    script.event(Event::TakeBackWord(job));
    script.event(Event::TakeBackWord(job));
    assert_eq!(*script.job(job).document(), whole);
}

#[test]
fn another_document_closes_the_panel() {
    let mut script = Script::new();
    let job = scan(&mut script, &WORDS);
    let other = script.add("other.pdf");
    script.event(Event::ShowDoubts(true));
    script.event(Event::Select(other));
    assert!(!script.session.view.checking && script.session.view.doubt.is_none());
    script.event(Event::Remove(job));
    assert!(
        checked(&mut script, job, 1, "quick")
            .iter()
            .all(|command| !matches!(command, Command::ScrollToPage { .. }))
    );
}
