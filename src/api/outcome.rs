//! What came of an order.

use super::order::{Format, Order, StageName};
use crate::document::{Document, Generated, Method, Warning};
use crate::pipeline::event::{Outcome as Ending, StageReport};
use crate::session::export::file;
use crate::session::{ExportKind, Job, Settings};
use serde::Serialize;

/// What was made of a document. The files of figures travel beside it, in their order; a zip comes after them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// File name.
    pub name: String,
    /// Title: what the file says, or what was made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Pages of the file.
    pub page_count: u32,
    /// Pages that are finished; fewer if it was stopped.
    pub pages: u32,
    /// Markdown, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    /// HTML, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Plain text, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `document.json`, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// Chunks as JSON lines, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunks: Option<String>,
    /// A zip was asked for: the last buffer is it.
    pub zip: bool,
    /// The summary, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Most telling first; if the summary was asked for.
    pub keywords: Vec<String>,
    /// Summaries of sections, if they were asked for.
    pub sections: Vec<Section>,
    /// The figures, in reading order.
    pub figures: Vec<Figure>,
    /// Faults that were lived with.
    pub warnings: Vec<Warning>,
    /// What happened on the way, in sentences.
    pub notes: Vec<String>,
    /// How each stage ended.
    pub stages: Vec<Stage>,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// Which one.
    pub stage: StageName,
    /// `done`, `partial`, `failed`, `stopped` or `skipped`.
    pub outcome: &'static str,
    /// Why not all of it was made.
    pub reason: Option<String>,
    /// Wall time in milliseconds.
    pub millis: f64,
    /// Tokens that a model wrote.
    pub tokens: u32,
    /// Models used, by registry id.
    pub models: Vec<String>,
}

/// A text that the document does not contain as such.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The text.
    pub text: String,
    /// Registry id of the model that wrote it; none if its sentences were picked from the document.
    pub model: Option<String>,
}

/// The summary of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// Its heading; empty for what stands before the first.
    pub heading: String,
    /// From 1.
    pub first_page: u32,
    /// From 1.
    pub last_page: u32,
    /// Of the section.
    pub summary: Summary,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// Its name in the document.
    pub id: String,
    /// From 1.
    pub page: u32,
    /// The path under which Markdown and HTML name it: `images/p3-f1.png`.
    pub file: String,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Its number as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The caption printed in the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Words in it.
    pub text: String,
    /// What a model said it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Registry id of that model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Why there is no result, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The file needs a password.
    Password,
    /// The password given is wrong.
    WrongPassword,
    /// The file cannot be read as a PDF.
    Unreadable,
    /// A part of Recto could not be started.
    NotStarted,
    /// The work was stopped.
    Stopped,
}

impl Outcome {
    /// What is finished of a document, in the forms that were asked for, and the buffers that travel beside it.
    #[must_use]
    pub fn of(job: &Job, order: &Order) -> (Self, Vec<Vec<u8>>) {
        let document = job.document();
        let settings = Settings {
            front_matter: order.front_matter,
            drop_contents: order.drop_contents,
            ..Settings::default()
        };
        let made = |format: Format| {
            let asked = order.formats.contains(&format);
            asked.then(|| file(job, kind(format), &settings).ok()).flatten().map(|file| file.bytes)
        };
        let text = |format| made(format).and_then(|bytes| String::from_utf8(bytes).ok());
        let images = document.figures.iter().map(|figure| job.result.image(&figure.id));
        let mut buffers: Vec<Vec<u8>> =
            images.map(|image| image.map(<[u8]>::to_vec).unwrap_or_default()).collect();
        let zip = made(Format::Zip);
        let has_zip = zip.is_some();
        buffers.extend(zip);
        let report = job.result.report();
        let synopsis = document.synopsis.as_ref().filter(|_| order.wants().summary);
        let outcome = Self {
            name: job.name.clone(),
            title: title(document),
            page_count: job.page_count(),
            pages: u32::try_from(document.pages.len()).unwrap_or(u32::MAX),
            markdown: text(Format::Markdown),
            html: text(Format::Html),
            text: text(Format::Text),
            json: text(Format::Json),
            chunks: text(Format::Chunks),
            zip: has_zip,
            summary: synopsis.and_then(|synopsis| synopsis.summary.as_ref()).map(Summary::of),
            keywords: synopsis.map(|synopsis| synopsis.keywords.clone()).unwrap_or_default(),
            sections: synopsis.map(sections).unwrap_or_default(),
            figures: document.figures.iter().map(Figure::of).collect(),
            warnings: report.warnings,
            notes: job.notes.clone(),
            stages: report.stages.iter().map(Stage::of).collect(),
        };
        (outcome, buffers)
    }
}

fn title(document: &Document) -> Option<String> {
    let made = || document.synopsis.as_ref()?.title.as_ref().map(|title| title.text.clone());
    document.metadata.title.clone().filter(|title| !title.trim().is_empty()).or_else(made)
}

fn sections(synopsis: &crate::document::Synopsis) -> Vec<Section> {
    let section = |section: &crate::document::SectionSummary| Section {
        heading: section.heading.clone(),
        first_page: section.first_page,
        last_page: section.last_page,
        summary: Summary::of(&section.summary),
    };
    synopsis.sections.iter().map(section).collect()
}

fn kind(format: Format) -> ExportKind {
    match format {
        Format::Markdown => ExportKind::Markdown,
        Format::Html => ExportKind::Html,
        Format::Text => ExportKind::Text,
        Format::Json => ExportKind::Json,
        Format::Chunks => ExportKind::Chunks,
        Format::Zip => ExportKind::Zip,
    }
}

impl Stage {
    fn of(report: &StageReport) -> Self {
        let (outcome, reason) = match &report.outcome {
            Ending::Done => ("done", None),
            Ending::Partial(reason) => ("partial", Some(reason.clone())),
            Ending::Failed(reason) => ("failed", Some(reason.clone())),
            Ending::Stopped => ("stopped", None),
            Ending::Skipped(reason) => ("skipped", Some(reason.clone())),
        };
        Self {
            stage: report.stage.into(),
            outcome,
            reason,
            millis: report.millis,
            tokens: report.counts.tokens,
            models: report.models.clone(),
        }
    }
}

impl Summary {
    fn of(made: &Generated) -> Self {
        let model = match &made.method {
            Method::Model(id) => Some(id.clone()),
            Method::Extractive(_) => None,
        };
        Self { text: made.text.clone(), model }
    }
}

impl Figure {
    fn of(figure: &crate::document::Figure) -> Self {
        let description = figure.description.as_ref();
        Self {
            id: figure.id.0.clone(),
            page: figure.page,
            file: figure.file.clone(),
            media_type: figure.media_type.clone(),
            width: figure.width_px,
            height: figure.height_px,
            label: figure.label.clone(),
            caption: figure.caption.clone(),
            text: figure.text.clone(),
            description: description.map(|description| description.text.clone()),
            model: description.and_then(|description| description.model.clone()),
        }
    }
}
