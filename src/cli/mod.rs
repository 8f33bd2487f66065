//! The native command line: arguments in, files and an exit code out.
//!
//! Exit codes: 0 all is done; 1 at least one file could not be converted at all; 2 the arguments are wrong;
//! 3 every file was converted, but something of at least one is missing (the report says what).

mod bench_models;
mod convert;
mod debug_layout;
mod inspect;
mod models;
mod output;
mod parity;
mod quantize;
mod self_check;

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;

/// All is done.
const DONE: u8 = 0;
/// Something could not be done at all.
const FAILED: u8 = 1;
/// Something is missing.
const INCOMPLETE: u8 = 3;

/// PDF to Markdown, with described figures and a summary.
#[derive(Debug, Parser)]
#[command(name = "recto", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Convert PDF files to Markdown, images and document.json.
    Convert(convert::ConvertArguments),
    /// Draw what each step of the layout saw over the picture of a page.
    DebugLayout(debug_layout::DebugLayoutArgs),
    /// Turn a .safetensors checkpoint into a GGUF file.
    Quantize(quantize::QuantizeArgs),
    /// Show the metadata and tensors of a GGUF file.
    Inspect(inspect::InspectArgs),
    /// Compare the models with reference outputs in a folder.
    Parity(parity::ParityArgs),
    /// Run all stages on a document made for that, and say what came of each.
    SelfCheck(self_check::SelfCheckArgs),
    /// Measure models of the real sizes, with random weights, on this machine.
    BenchModels(bench_models::BenchModelsArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let code = match Arguments::parse().command {
        Command::Convert(arguments) => convert::run(&arguments),
        Command::DebugLayout(arguments) => finish(debug_layout::run(&arguments)),
        Command::Quantize(arguments) => finish(quantize::quantize(&arguments)),
        Command::Inspect(arguments) => finish(inspect::inspect(&arguments)),
        Command::Parity(arguments) => finish(parity::parity(&arguments)),
        Command::SelfCheck(arguments) => finish(self_check::self_check(&arguments)),
        Command::BenchModels(arguments) => finish(bench_models::bench_models(&arguments)),
    };
    ExitCode::from(code)
}

/// The exit code of a command that either works or fails, saying why.
fn finish<E: std::error::Error>(result: Result<(), E>) -> u8 {
    match result {
        Ok(()) => DONE,
        Err(error) => {
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "recto: {error}");
            FAILED
        }
    }
}
