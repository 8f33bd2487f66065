//! What is told of the work on one document: in the report's tab, and as JSON for the person to take away. Of the
//! document itself there is its name and nothing else.

use super::history::{History, Rating, Run};
use super::job::Job;
use crate::document::Warning;
use crate::pipeline::event::StageReport;
use serde::Serialize;

/// The record of one document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// Version of Recto.
    pub recto: &'static str,
    /// File name.
    pub name: String,
    /// Size, times, speeds and how it ended, as they are remembered of each document.
    pub run: Run,
    /// Pages a second until their text was there.
    pub pages_per_second: Option<f64>,
    /// Tokens a second of the stages that write some.
    pub tokens_per_second: Option<f64>,
    /// Bytes of memory that were meant to suffice.
    pub memory_budget: Option<u64>,
    /// Each stage that ended.
    pub stages: Vec<StageReport>,
    /// What happened on the way.
    pub notes: Vec<String>,
    /// Faults that were lived with.
    pub warnings: Vec<Warning>,
    /// What was aimed at for such a document, and whether it was met.
    pub aims: Vec<Aim>,
}

/// An aim and whether a document met it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aim {
    /// The aim.
    pub aim: &'static str,
    /// It was met.
    pub met: bool,
}

impl Aim {
    fn of(rating: &Rating) -> Self {
        Self { aim: rating.aim, met: rating.met == rating.of }
    }
}

impl Record {
    /// Of a document, as far as it is.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        let report = job.result.report();
        let run = Run::of(job, job.program);
        let alone = History { runs: vec![run.clone()] };
        let aims = alone.ratings().iter().filter(|rating| rating.of > 0).map(Aim::of).collect();
        Self {
            recto: env!("CARGO_PKG_VERSION"),
            name: job.name.clone(),
            pages_per_second: run.pages_per_second(),
            tokens_per_second: run.tokens_per_second(),
            memory_budget: (job.memory_budget > 0).then_some(job.memory_budget),
            stages: report.stages,
            notes: job.notes.clone(),
            warnings: report.warnings,
            aims,
            run,
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// If it cannot be written; in words for the person.
    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|error| error.to_string())
    }
}
