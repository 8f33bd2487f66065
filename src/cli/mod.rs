//! The native command line: arguments in, files and an exit code out.
//!
//! Exit codes: 0 all is done; 1 at least one file could not be converted at all; 2 the arguments are wrong;
//! 3 every file was converted, but something of at least one is missing (the report says what).

mod convert;
mod output;

use clap::{Parser, Subcommand};
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
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let code = match Arguments::parse().command {
        Command::Convert(arguments) => convert::run(&arguments),
    };
    ExitCode::from(code)
}
