//! `recto bench-models`: how fast the models are on this machine.

use crate::models::LoadError;
use crate::models::benchmark::{self, BenchmarkModel};
use crate::models::gguf::{self, ElementType};
use crate::registry::Measured;
use std::io::Write;
use std::time::Instant;

/// Measure models of the real sizes, with random weights, on this machine.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BenchModelsArgs {
    /// Only this one (t5-small, t5-base, blip-base, blip-large); may be repeated.
    #[arg(long)]
    model: Vec<String>,
    /// Type of the matrices.
    #[arg(long, default_value = "q4k")]
    to: String,
    /// Threads to compute on; all processors without.
    #[arg(long)]
    threads: Option<usize>,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum BenchModelsError {
    /// No such type.
    #[error("{0} is no type; there are {known}", known = gguf::names().join(", "))]
    ElementType(String),
    /// No such model.
    #[error("{0} is no model; there are t5-small, t5-base, blip-base, blip-large")]
    Model(String),
    /// A model could not be made or run.
    #[error(transparent)]
    Run(#[from] LoadError),
    /// The threads could not be started.
    #[error("threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The output is closed.
    #[error("writing failed: {0}")]
    Output(#[from] std::io::Error),
    /// The output is no JSON.
    #[error("writing failed: {0}")]
    Json(#[from] serde_json::Error),
}

/// Runs the command.
///
/// # Errors
///
/// When a name is wrong or memory is short.
pub(super) fn bench_models(args: &BenchModelsArgs) -> Result<(), BenchModelsError> {
    let element: ElementType =
        gguf::from_name(&args.to).ok_or_else(|| BenchModelsError::ElementType(args.to.clone()))?;
    let known = |name: &String| {
        let found = BenchmarkModel::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| BenchModelsError::Model(name.clone()))
    };
    let models: Vec<BenchmarkModel> = match args.model.as_slice() {
        [] => BenchmarkModel::ALL.to_vec(),
        names => names.iter().map(known).collect::<Result<_, _>>()?,
    };
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).use_current_thread().build_global()?;
    }
    let mut out = std::io::stdout().lock();
    if !args.json {
        writeln!(out, "| model | file | load | encode | | prepare | token | |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
    }
    let start = Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e3;
    for model in models {
        let measured = benchmark::run(model, element, &clock)?;
        match args.json {
            true => writeln!(out, "{}", serde_json::to_string(&measured)?)?,
            false => writeln!(out, "{}", row(&measured))?,
        }
    }
    Ok(())
}

fn row(measured: &Measured) -> String {
    let Measured { model, load, encode, prepare, token, encode_operations, token_operations, .. } = measured;
    format!(
        "| {model} | {:.0} MB | {load:.0} ms | {encode:.0} ms | {:.0} GOP/s | {prepare:.0} ms | {token:.1} ms | {:.0} GOP/s |",
        measured.file_bytes as f64 / 1e6,
        encode_operations / encode * 1e3,
        token_operations / token * 1e3,
    )
}
