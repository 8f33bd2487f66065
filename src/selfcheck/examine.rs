//! What came out of the stages in, a list of checks out.

use super::exports;
use super::pages::{Places, first_page};
use super::picture;
use super::words::{
    PICTURE_CAPTION, RECTANGLE_CAPTION, SECTIONS, TABLE, TERMS, TITLE, paragraph, scan_words,
};
use super::{Check, CheckOutcome};
use crate::document::{
    Content, Document, Figure, FigureImage, FigureSource, Method, Page, Rect, TextQuality, plain_text,
};
use crate::pipeline::event::{Outcome, Stage, StageReport};
use crate::pipeline::{Assembler, RunReport};
use std::collections::BTreeMap;

/// Of the scan's words at least this share must be read, letter by letter. Its pixels are clean, and what reads them
/// natively misses none; a browser's arithmetic may differ in a letter or two.
const SCAN_SHARE: f32 = 0.9;
/// What two boxes have in common, over what they cover together, if they are the same figure.
const SAME_BOX: f32 = 0.75;
/// A summary is no shorter than this, in characters.
const SHORTEST_SUMMARY: usize = 40;
/// How a PNG file begins, and how a JPEG file does.
const IMAGE_STARTS: [&[u8]; 2] = [b"\x89PNG\r\n\x1a\n", &[0xFF, 0xD8, 0xFF]];

/// Everything that came out of the stages.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The document.
    pub document: Document,
    /// What the stages did.
    pub report: RunReport,
    /// The image files of its figures.
    pub images: Vec<FigureImage>,
    /// What else happened on the way, in sentences.
    pub notes: Vec<String>,
}

/// What a check comes to: its outcome and a few words.
type Found = (CheckOutcome, String);

impl Findings {
    /// What `result` holds, and what its owner noted.
    #[must_use]
    pub fn of(result: &Assembler, notes: &[String]) -> Self {
        let image =
            |(figure, bytes): (&Figure, &[u8])| FigureImage { id: figure.id.clone(), bytes: bytes.to_vec() };
        Self {
            document: result.document().clone(),
            report: result.report(),
            images: result.images().map(image).collect(),
            notes: notes.to_vec(),
        }
    }

    fn page(&self, number: u32) -> Option<&Page> {
        self.document.pages.iter().find(|page| page.number == number)
    }

    /// What the first page's blocks of a kind say, each with its runs of white space as one blank.
    fn said<'a>(&'a self, wanted: impl Fn(&Content) -> bool + 'a) -> impl Iterator<Item = String> + 'a {
        let blocks = self.page(1).into_iter().flat_map(|page| &page.blocks);
        blocks.filter(move |block| wanted(&block.content)).map(|block| in_one_line(&block.plain_text()))
    }

    /// The figure of that kind at that place of the first page.
    fn figure_at(&self, place: &Rect, source: FigureSource) -> Option<&Figure> {
        let figures = self.document.figures.iter();
        figures.into_iter().find(|figure| {
            figure.page == 1 && figure.source == source && likeness(&figure.bbox, place) >= SAME_BOX
        })
    }

    fn has_image(&self, figure: &Figure) -> bool {
        let image = self.images.iter().find(|image| image.id == figure.id);
        image.is_some_and(|image| IMAGE_STARTS.iter().any(|start| image.bytes.starts_with(start)))
    }

    fn millis(&self, stage: Stage) -> Option<f64> {
        let report = self.report.stage(stage)?;
        (!matches!(report.outcome, Outcome::Skipped(_))).then_some(report.millis)
    }
}

/// Looks at everything that the document of the self-check has, in the order of the stages.
#[must_use]
pub fn examine(findings: &Findings) -> Vec<Check> {
    let (_, places) = first_page();
    let check = |name, (outcome, detail): Found, millis| Check { name, outcome, detail, millis };
    let mut checks = vec![
        check("File", file(findings), findings.millis(Stage::Extraction)),
        check("Text and terms", text(findings), None),
        check("Headings", headings(findings), None),
        check("Table", table(findings), None),
        check("Rectangle", rectangle(findings, &places), None),
        check("Picture", picture(findings, &places), None),
        check("Scanned page", scan(findings), None),
        check("Descriptions", descriptions(findings, &places), findings.millis(Stage::Vision)),
        check("Summary", summary(findings), findings.millis(Stage::Text)),
    ];
    let exports = exports::examine(findings);
    checks.extend(exports.into_iter().map(|(name, found)| check(name, found, None)));
    checks
}

pub(super) fn passed(detail: impl Into<String>) -> Found {
    (CheckOutcome::Passed, detail.into())
}

pub(super) fn failed(detail: impl Into<String>) -> Found {
    (CheckOutcome::Failed, detail.into())
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What two boxes have in common over what they cover together, 0 to 1.
fn likeness(a: &Rect, b: &Rect) -> f32 {
    let common = a.intersection(b).map_or(0.0, |both| both.area());
    common / (a.area() + b.area() - common).max(f32::EPSILON)
}

/// Why a stage made less than it should; none if it made all.
fn trouble(report: Option<&StageReport>) -> Option<String> {
    match report.map(|report| &report.outcome) {
        None => Some("it was not run".to_owned()),
        Some(Outcome::Done) => None,
        Some(Outcome::Stopped) => Some("it was stopped".to_owned()),
        Some(Outcome::Partial(why) | Outcome::Failed(why) | Outcome::Skipped(why)) => Some(why.clone()),
    }
}

fn file(findings: &Findings) -> Found {
    let pages: Vec<u32> = findings.document.pages.iter().map(|page| page.number).collect();
    match trouble(findings.report.stage(Stage::Extraction)) {
        Some(why) => {
            let notes: String = findings.notes.iter().map(|note| format!("; {note}")).collect();
            failed(format!("it was not read to its end: {why}{notes}"))
        }
        None if pages != [1, 2] => failed(format!("of 2 pages these came out: {pages:?}")),
        None => passed(format!("opened, and its {} pages read", pages.len())),
    }
}

fn text(findings: &Findings) -> Found {
    let paragraphs: Vec<String> =
        findings.said(|content| matches!(content, Content::Paragraph { .. })).collect();
    let all = paragraphs.join(" ");
    let missing: Vec<&str> = TERMS.into_iter().filter(|term| !all.contains(term)).collect();
    if !missing.is_empty() {
        return failed(format!("these terms are missing: {}", missing.join(", ")));
    }
    let wanted: Vec<String> = SECTIONS.iter().map(paragraph).collect();
    match wanted.iter().find(|paragraph| !paragraphs.contains(paragraph)) {
        Some(missing) => {
            let start: String = missing.chars().take(40).collect();
            failed(format!(
                "the paragraph \u{201c}{start}\u{2026}\u{201d} did not come out as it was written"
            ))
        }
        None => passed(format!("{} paragraphs word for word, {} terms", wanted.len(), TERMS.len())),
    }
}

fn headings(findings: &Findings) -> Found {
    let blocks = findings.page(1).into_iter().flat_map(|page| &page.blocks);
    let found: Vec<(u8, String)> = blocks
        .filter_map(|block| match &block.content {
            Content::Heading { level, spans } => Some((*level, in_one_line(&plain_text(spans)))),
            _ => None,
        })
        .collect();
    let wanted: Vec<&str> =
        std::iter::once(TITLE).chain(SECTIONS.iter().filter_map(|section| section.heading)).collect();
    let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
    if texts != wanted {
        return failed(format!("of {wanted:?} came out {texts:?}"));
    }
    match found.split_first() {
        Some(((top, _), rest)) if rest.iter().all(|(level, _)| level > top) => {
            passed(format!("a title and {} headings below it", rest.len()))
        }
        _ => failed("the title is no higher than the headings below it"),
    }
}

fn table(findings: &Findings) -> Found {
    let blocks = findings.page(1).into_iter().flat_map(|page| &page.blocks);
    let tables: Vec<Vec<Vec<String>>> = blocks
        .filter_map(|block| match &block.content {
            Content::Table { table } => Some(table),
            _ => None,
        })
        .map(|table| {
            let cells = table.rows.iter().map(|row| &row.cells);
            cells.map(|row| row.iter().map(|cell| in_one_line(&plain_text(&cell.spans))).collect()).collect()
        })
        .collect();
    match tables.as_slice() {
        [] => failed("no table was found"),
        [found] if *found == TABLE => passed(format!("{} rows of {} cells, all exact", TABLE.len(), COLUMNS)),
        [found] => failed(format!("its cells came out as {found:?}")),
        several => failed(format!("{} tables came out of one", several.len())),
    }
}

/// Columns of the table.
const COLUMNS: usize = TABLE[0].len();

fn has_caption(figure: &Figure, wanted: &str) -> bool {
    // The number may be kept apart from the words.
    let words = wanted.split_once(": ").map_or(wanted, |(_, words)| words);
    figure.caption.as_ref().is_some_and(|caption| caption.contains(words))
}

fn rectangle(findings: &Findings, places: &Places) -> Found {
    match findings.figure_at(&places.rectangle, FigureSource::Rendered) {
        None => failed("the drawing was not found at its place"),
        Some(figure) if !findings.has_image(figure) => failed("the drawing has no image file"),
        Some(figure) if !has_caption(figure, RECTANGLE_CAPTION) => failed("it lost its caption"),
        Some(figure) => passed(format!(
            "found at its place, with its caption, as {} by {} pixels",
            figure.width_px, figure.height_px
        )),
    }
}

fn picture(findings: &Findings, places: &Places) -> Found {
    let own = [picture::WIDTH, picture::HEIGHT];
    match findings.figure_at(&places.picture, FigureSource::Embedded) {
        None => failed("the picture was not found at its place"),
        Some(figure) if [figure.width_px, figure.height_px] != own => failed(format!(
            "it came out as {} by {} pixels and not as {} by {}",
            figure.width_px, figure.height_px, own[0], own[1]
        )),
        Some(figure) if !findings.has_image(figure) => failed("it has no image file"),
        Some(figure) if !has_caption(figure, PICTURE_CAPTION) => failed("it lost its caption"),
        Some(_) => passed(format!("extracted in its own {} by {} pixels, with its caption", own[0], own[1])),
    }
}

/// Letters and digits of a word, in lower case: marks at its ends are no part of it.
fn bare(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn scan(findings: &Findings) -> Found {
    let Some(page) = findings.page(2) else { return failed("its page is missing") };
    if page.text != TextQuality::Recognised {
        let warnings = findings.document.warnings.iter().filter(|warning| warning.page == Some(2));
        let why: Vec<&str> = warnings.map(|warning| warning.message.as_str()).collect();
        let why = if why.is_empty() { "nobody said why".to_owned() } else { why.join("; ") };
        return failed(format!("its pixels were not read: {why}"));
    }
    let mut read: BTreeMap<String, usize> = BTreeMap::new();
    for block in &page.blocks {
        for word in block.plain_text().split_whitespace() {
            *read.entry(bare(word)).or_default() += 1;
        }
    }
    let (mut all, mut missing) = (0_u16, Vec::new());
    for word in scan_words() {
        all += 1;
        match read.get_mut(&bare(word)).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => missing.push(word),
        }
    }
    let lost = u16::try_from(missing.len()).unwrap_or(all);
    let share = f32::from(all - lost) / f32::from(all.max(1));
    let percent = SCAN_SHARE * 100.0;
    let told = format!("{} of {all} words read; {percent:.0}% are needed", all - lost);
    if share >= SCAN_SHARE { passed(told) } else { failed(format!("{told}; missing: {}", missing.join(" "))) }
}

fn descriptions(findings: &Findings, places: &Places) -> Found {
    let Some(figure) = findings.figure_at(&places.picture, FigureSource::Embedded) else {
        return failed("there is no picture to describe");
    };
    if let Some(why) = &figure.not_described {
        return failed(format!("the picture was thought not worth it: {why}"));
    }
    let report = findings.report.stage(Stage::Vision);
    match (report.map(|report| &report.outcome), &figure.description) {
        (Some(Outcome::Skipped(why)), None) => (CheckOutcome::Skipped, format!("no model is at hand: {why}")),
        (Some(Outcome::Done), Some(description)) => {
            let model = description.model.as_deref().unwrap_or("nobody");
            passed(format!("{model} sees: {}", description.text.trim_end_matches('.')))
        }
        (Some(Outcome::Done), None) => failed("the picture has none"),
        _ => failed(trouble(report).unwrap_or_default()),
    }
}

fn summary(findings: &Findings) -> Found {
    if let Some(why) = trouble(findings.report.stage(Stage::Text)) {
        return failed(why);
    }
    let synopsis = findings.document.synopsis.as_ref();
    let Some(summary) = synopsis.and_then(|synopsis| synopsis.summary.as_ref()) else {
        return failed("there is none");
    };
    let keywords = synopsis.map_or(0, |synopsis| synopsis.keywords.len());
    if summary.text.chars().count() < SHORTEST_SUMMARY || keywords == 0 {
        return failed(format!("it says only \u{201c}{}\u{201d}, with {keywords} keywords", summary.text));
    }
    match &summary.method {
        Method::Model(model) => passed(format!("written by {model}, with {keywords} keywords")),
        Method::Extractive(rule) => passed(format!(
            "sentences picked from the document ({rule}), with {keywords} keywords; no text model was at hand"
        )),
    }
}
