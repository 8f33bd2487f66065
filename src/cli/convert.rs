//! `recto convert`: PDF files in; Markdown, images, `document.json` and a report out.

use super::models::{self, ModelFolderError};
use super::output::{self, FileError, Format, Wanted};
use super::{DONE, FAILED, INCOMPLETE};
use crate::caption::Captioner;
use crate::document::FigureImage;
use crate::export::{Contents, MarkdownOptions};
use crate::models::TextModel;
use crate::ocr::Reader;
use crate::pdf::{OpenDocument, OpenError, open};
use crate::pipeline::event::{Event, Outcome, Progress, ReadScans, Stage, StageReport};
use crate::pipeline::{
    Assembler, Extraction, NamedModel, Pages, RunReport, Sink, SystemClock, describe, describe_source,
    guarded, is_guarded, summarise,
};
use clap::{Args, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Stack of the thread that reads a file, in bytes: objects of a hostile PDF nest deeply. Only what is
/// touched takes memory.
const STACK_BYTES: usize = 256 << 20;

#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes: 0 done; 1 a file could not be converted at all; 2 wrong arguments; \
    3 all files were converted, but something of one is missing.")]
pub(super) struct ConvertArguments {
    /// PDF files.
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Folder to write to. One input writes its files into it; each of several inputs has a folder NAME/ in it.
    /// Without --format: NAME.md, images/ and document.json.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Folder that holds models: DIR/ID/ with model.gguf (or another .gguf), config.json, tokenizer.json.
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Model that describes figures; without it the best that is there.
    #[arg(long, value_name = "ID", requires = "models")]
    caption_model: Option<String>,
    /// Model that summarises; without it the best that is there.
    #[arg(long, value_name = "ID", requires = "models")]
    text_model: Option<String>,
    /// Describe no figures.
    #[arg(long)]
    no_captions: bool,
    /// Make no summary, title or keywords.
    #[arg(long)]
    no_summary: bool,
    /// Which pages to read from their pixels: those without text that can be trusted, these and the pictures on
    /// other pages, all, or none.
    #[arg(long, value_name = "CHOICE", value_enum, default_value_t = OcrChoice::Auto)]
    ocr: OcrChoice,
    /// Folder of the OCR models. Without it: models/ocr or public/models/ocr beside the program or above it.
    #[arg(long, value_name = "DIR")]
    ocr_models: Option<PathBuf>,
    /// Password for encrypted files.
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Forms to write, parted by commas. Images are written with Markdown and HTML.
    #[arg(long, value_name = "FORM", value_enum, value_delimiter = ',', conflicts_with = "markdown_only")]
    format: Vec<Format>,
    /// What becomes of a printed table of contents in Markdown and HTML: a list of links, or nothing.
    #[arg(long, value_name = "CHOICE", value_enum, default_value_t = ContentsChoice::Keep)]
    contents: ContentsChoice,
    /// Largest chunk, in tokens: words and marks, long words counting several times.
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(16..))]
    chunk_tokens: u32,
    /// Begin the Markdown with YAML front matter: title, authors, dates, pages, language.
    #[arg(long)]
    front_matter: bool,
    /// No front matter, which is the default: undoes an earlier --front-matter.
    #[arg(long, overrides_with = "front_matter")]
    no_front_matter: bool,
    /// Write only Markdown: DIR/NAME.md for each input.
    #[arg(long)]
    markdown_only: bool,
    /// Print each file's report to standard output as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(short, long)]
    quiet: bool,
}

/// What becomes of a printed table of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ContentsChoice {
    Keep,
    Drop,
}

/// Which pages are read from their pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OcrChoice {
    Auto,
    Pictures,
    Always,
    Never,
}

/// Why a file could not be converted at all.
#[derive(Debug, thiserror::Error)]
enum ConvertError {
    #[error("{0}")]
    File(#[from] FileError),
    #[error("{}: {cause}", path.display())]
    Open { path: PathBuf, cause: OpenError },
    #[error("{}: the reader broke down: {cause}", path.display())]
    Broken { path: PathBuf, cause: String },
}

/// The models of a run: loaded once, used for every file.
struct Models {
    captioner: Option<(String, Box<dyn Captioner + Send>)>,
    text: Option<(String, Box<dyn TextModel + Send>)>,
    /// Loaded when the first page needs it.
    reader: Option<Result<Reader, String>>,
}

/// Converts all inputs; returns the exit code.
pub(super) fn run(arguments: &ConvertArguments) -> u8 {
    quiet_guarded_panics();
    let mut models = match load(arguments) {
        Ok(models) => models,
        Err(error) => {
            tell_error(&error.to_string());
            return FAILED;
        }
    };
    let mut code = DONE;
    for (input, stem) in arguments.inputs.iter().zip(output::stems(&arguments.inputs)) {
        match convert_on_thread(arguments, &mut models, input, &stem) {
            Ok(report) => {
                print_report(arguments, input, &report);
                if !report.is_complete() && code == DONE {
                    code = INCOMPLETE;
                }
            }
            Err(error) => {
                tell_error(&error.to_string());
                code = FAILED;
            }
        }
    }
    code
}

/// A panic that becomes a warning is not printed as well.
fn quiet_guarded_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !is_guarded() {
            print(info);
        }
    }));
}

/// Loads what is wanted and there. A model that was asked for by name must be.
fn load(arguments: &ConvertArguments) -> Result<Models, ModelFolderError> {
    let Some(folder) = &arguments.models else {
        return Ok(Models { captioner: None, text: None, reader: None });
    };
    let captioner = if arguments.no_captions {
        None
    } else {
        models::captioner(folder, arguments.caption_model.as_deref())?
    };
    let text = if arguments.no_summary {
        None
    } else {
        models::text_model(folder, arguments.text_model.as_deref())?
    };
    Ok(Models { captioner, text, reader: None })
}

fn convert_on_thread(
    arguments: &ConvertArguments,
    models: &mut Models,
    input: &Path,
    stem: &str,
) -> Result<RunReport, ConvertError> {
    let converted = on_large_stack(|| convert(arguments, models, input, stem));
    converted.unwrap_or_else(|cause| Err(ConvertError::Broken { path: input.to_owned(), cause }))
}

/// Runs `work` on a thread of its own with room for deep recursion, or says why that failed.
pub(super) fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let handle = thread.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
        handle.join().map_err(|_| "a fault that was not caught".to_owned())
    })
}

fn convert(
    arguments: &ConvertArguments,
    models: &mut Models,
    input: &Path,
    stem: &str,
) -> Result<RunReport, ConvertError> {
    let bytes = std::fs::read(input).map_err(FileError::at(input))?;
    let name = input.file_name().unwrap_or_default().to_string_lossy();
    let source = describe_source(&name, &bytes);
    let document = open_guarded(arguments, input, bytes)?;

    let clock = SystemClock::new();
    let mut collector = Collector::new(!arguments.quiet && !arguments.json);
    let scans = match arguments.ocr {
        OcrChoice::Auto => ReadScans::Auto,
        OcrChoice::Pictures => ReadScans::Pictures,
        OcrChoice::Always => ReadScans::Always,
        OcrChoice::Never => ReadScans::Never,
    };
    let reader = &mut models.reader;
    let mut read = |bitmap: &crate::ocr::Bitmap| {
        let reader = reader.get_or_insert_with(|| models::page_reader(arguments.ocr_models.as_deref()));
        reader.as_ref().map_err(Clone::clone)?.read(bitmap).map_err(|error| error.to_string())
    };
    let mut extraction = Extraction::new(&document, source, Pages::default()).reading(scans);
    extraction.run_reading(&clock, &mut collector, &mut read);
    drop(extraction);
    drop(document);

    let skipped = |stage, reason| Event::StageEnded(StageReport::skipped(stage, reason));
    match &mut models.captioner {
        _ if arguments.no_captions => collector.event(skipped(Stage::Vision, "not asked for"), Vec::new()),
        None => collector.event(skipped(Stage::Vision, "there is no caption model"), Vec::new()),
        Some((id, captioner)) => {
            let figures = collector.assembler.figures_to_describe();
            describe(&figures, captioner.as_mut(), id, &clock, &mut collector);
        }
    }
    if arguments.no_summary {
        collector.event(skipped(Stage::Text, "not asked for"), Vec::new());
    } else {
        let extracted = collector.assembler.document().clone();
        let model = models.text.as_mut().map(|(id, model)| NamedModel { id, model: model.as_mut() });
        summarise(&extracted, model, &clock, &mut collector);
    }

    let folder = if arguments.inputs.len() > 1 && !arguments.markdown_only {
        arguments.output.join(stem)
    } else {
        arguments.output.clone()
    };
    output::write(&collector.assembler, &folder, stem, &wanted(arguments))?;
    Ok(collector.assembler.report())
}

/// Which files to write, and how.
fn wanted(arguments: &ConvertArguments) -> Wanted {
    let formats = match (arguments.markdown_only, arguments.format.is_empty()) {
        (true, _) => vec![Format::Md],
        (false, true) => vec![Format::Md, Format::Json],
        (false, false) => arguments.format.clone(),
    };
    let shown = formats.iter().any(|format| matches!(format, Format::Md | Format::Html));
    let contents = match arguments.contents {
        ContentsChoice::Keep => Contents::Keep,
        ContentsChoice::Drop => Contents::Drop,
    };
    let markdown =
        MarkdownOptions { front_matter: arguments.front_matter, contents, ..MarkdownOptions::default() };
    Wanted {
        images: shown && !arguments.markdown_only,
        formats,
        markdown,
        chunk_tokens: arguments.chunk_tokens as usize,
    }
}

/// Opens the file; a panic of the reader is an error like another.
fn open_guarded(
    arguments: &ConvertArguments,
    input: &Path,
    bytes: Vec<u8>,
) -> Result<OpenDocument, ConvertError> {
    match guarded(|| open(bytes, arguments.password.as_deref())) {
        Ok(Ok(document)) => Ok(document),
        Ok(Err(cause)) => Err(ConvertError::Open { path: input.to_owned(), cause }),
        Err(cause) => Err(ConvertError::Broken { path: input.to_owned(), cause }),
    }
}

/// Assembles the document and shows progress on a terminal.
struct Collector {
    assembler: Assembler,
    show_progress: bool,
}

impl Collector {
    fn new(show_progress: bool) -> Self {
        Self { assembler: Assembler::new(), show_progress: show_progress && std::io::stderr().is_terminal() }
    }
}

impl Sink for Collector {
    fn event(&mut self, event: Event, images: Vec<FigureImage>) {
        if self.show_progress {
            match &event {
                Event::Progress(progress) => print_progress(progress),
                Event::StageEnded(_) => eprint!("\r\x1b[K"),
                _ => {}
            }
        }
        self.assembler.apply(event, images);
    }
}

fn print_progress(progress: &Progress) {
    let Progress { stage, activity, done, total, tokens, .. } = progress;
    let mut line = format!("{}: {activity} {} of {total}", stage.name(), done.saturating_add(1));
    if *tokens > 0 {
        line.push_str(&format!(", {tokens} tokens"));
    }
    eprint!("\r\x1b[K{line}");
    // A progress line that cannot be shown is no fault.
    let _ = std::io::stderr().flush();
}

fn print_report(arguments: &ConvertArguments, input: &Path, report: &RunReport) {
    if arguments.json {
        let line = serde_json::to_string(report).unwrap_or_default();
        print_line(&line);
    }
    if arguments.quiet || arguments.json {
        return;
    }
    print_line(&format!("{}", input.display()));
    for stage in &report.stages {
        print_line(&format!("  {}", stage_line(stage)));
    }
    for warning in &report.warnings {
        print_line(&format!("  note: {}", warning.message));
    }
}

fn stage_line(report: &StageReport) -> String {
    let outcome = match &report.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Partial(reason) => format!("incomplete ({reason})"),
        Outcome::Failed(reason) => format!("failed ({reason})"),
        Outcome::Stopped => "stopped".to_owned(),
        Outcome::Skipped(reason) => format!("skipped ({reason})"),
    };
    let counts = &report.counts;
    let amounts = [
        (u64::from(counts.pages), "pages"),
        (counts.characters, "characters"),
        (u64::from(counts.images), "images"),
        (u64::from(counts.tokens), "tokens"),
    ];
    let amounts = amounts.iter().filter(|(amount, _)| *amount > 0);
    let amounts: String = amounts.map(|(amount, unit)| format!(", {amount} {unit}")).collect();
    format!("{}: {outcome}{amounts}, {:.2} s", report.stage.name(), report.millis / 1000.0)
}

/// Writes a line to standard output; a reader that has gone away is no fault.
fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn tell_error(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "recto: {message}");
}
