//! `recto self-check`: all stages on a document of which everything is known, and what came of each.

use super::convert::on_large_stack;
use super::models::{self, ModelFolderError};
use super::output::FileError;
use crate::document::FigureImage;
use crate::pdf::{OpenError, open};
use crate::pipeline::event::{Event, ReadScans, Stage, StageReport};
use crate::pipeline::{
    Assembler, Extraction, NamedModel, Pages, Sink, SystemClock, describe, describe_source, guarded,
    summarise,
};
use crate::selfcheck::{self, Check, Findings};
use crate::session::duration;
use std::io::{self, Write};
use std::path::PathBuf;

/// Run all stages on a document made for that, and say what came of each.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing failed; 1 something failed; 2 wrong arguments.")]
pub(super) struct SelfCheckArgs {
    /// Folder of the OCR models. Without it: models/ocr or public/models/ocr beside the program or above it.
    #[arg(long, value_name = "DIR")]
    ocr_models: Option<PathBuf>,
    /// Folder that holds models: DIR/ID/ with model.gguf (or another .gguf), config.json, tokenizer.json.
    /// Without it figures stay without a description, and the summary is picked from the document.
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Also write the document here.
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
}

/// Why the self-check did not end, or ended badly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum SelfCheckError {
    #[error("{0}")]
    File(#[from] FileError),
    #[error("{0}")]
    Models(#[from] ModelFolderError),
    #[error("the document of the self-check cannot be opened: {0}")]
    Open(#[from] OpenError),
    #[error("the stages broke down: {0}")]
    Broken(String),
    #[error("writing failed: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Failed(String),
}

/// Runs the command.
///
/// # Errors
///
/// When a check failed, or what it needs cannot be read.
pub(super) fn self_check(args: &SelfCheckArgs) -> Result<(), SelfCheckError> {
    let bytes = selfcheck::pdf();
    if let Some(path) = &args.pdf {
        std::fs::write(path, &bytes).map_err(FileError::at(path))?;
    }
    let findings = on_large_stack(|| {
        guarded(|| run(args, bytes)).unwrap_or_else(|cause| Err(SelfCheckError::Broken(cause)))
    });
    let findings = findings.unwrap_or_else(|cause| Err(SelfCheckError::Broken(cause)))?;
    let checks = selfcheck::examine(&findings);
    let mut out = io::stdout().lock();
    for check in &checks {
        writeln!(out, "{}", line(check))?;
    }
    let verdict = selfcheck::verdict(&checks);
    if selfcheck::is_sound(&checks) {
        writeln!(out, "{verdict}")?;
        Ok(())
    } else {
        Err(SelfCheckError::Failed(verdict))
    }
}

fn line(check: &Check) -> String {
    let time = check.millis.map_or_else(String::new, |millis| format!(", {}", duration(millis)));
    format!("{}: {} ({}{time})", check.outcome.name(), check.name, check.detail)
}

/// Assembles the document.
#[derive(Default)]
struct Collector(Assembler);

impl Sink for Collector {
    fn event(&mut self, event: Event, images: Vec<FigureImage>) {
        self.0.apply(event, images);
    }
}

/// All stages.
fn run(args: &SelfCheckArgs, bytes: Vec<u8>) -> Result<Findings, SelfCheckError> {
    let source = describe_source(selfcheck::FILE_NAME, &bytes);
    let document = open(bytes, None)?;
    let (clock, mut collector) = (SystemClock::new(), Collector::default());
    let mut reader = None;
    let mut read = |bitmap: &crate::ocr::Bitmap| {
        let reader = reader.get_or_insert_with(|| models::page_reader(args.ocr_models.as_deref()));
        reader.as_ref().map_err(Clone::clone)?.read(bitmap).map_err(|error| error.to_string())
    };
    let mut extraction = Extraction::new(&document, source, Pages::default()).reading(ReadScans::Auto);
    extraction.run_reading(&clock, &mut collector, &mut read);

    let folder = args.models.as_deref();
    match folder.map(|folder| models::captioner(folder, None)).transpose()?.flatten() {
        Some((id, mut captioner)) => {
            let figures = collector.0.figures_to_describe();
            describe(&figures, captioner.as_mut(), &id, &clock, &mut collector);
        }
        None => {
            let report = StageReport::skipped(Stage::Vision, "there is no caption model");
            collector.event(Event::StageEnded(report), Vec::new());
        }
    }
    let mut text = folder.map(|folder| models::text_model(folder, None)).transpose()?.flatten();
    let model = text.as_mut().map(|(id, model)| NamedModel { id, model: model.as_mut() });
    let extracted = collector.0.document().clone();
    summarise(&extracted, model, &clock, &mut collector);
    Ok(Findings::of(&collector.0, &[]))
}
