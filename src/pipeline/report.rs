//! What a run did: the "report" tab, and what `recto convert` prints. Times live here and not in the
//! document, whose bytes depend on the file and the settings alone.

use super::event::{Counts, Outcome, Stage, StageReport};
use crate::document::{Source, Warning};
use serde::{Deserialize, Serialize};

/// The report of one document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The file.
    pub source: Source,
    /// Stages that ended, in the order of the pipeline; a stage that ran again is there once, with its
    /// last run.
    pub stages: Vec<StageReport>,
    /// Faults that were lived with.
    pub warnings: Vec<Warning>,
}

/// How the extraction of `count` pages ended of which those in `broken` could not be read; `any` says that there is
/// something of at least one.
pub(super) fn outcome_of_pages(broken: &[u32], any: bool, count: u32) -> Outcome {
    match broken {
        [] => Outcome::Done,
        _ if !any => Outcome::Failed("no page could be read".to_owned()),
        [page] => Outcome::Partial(format!("page {page} could not be read")),
        [first, ..] => {
            let failed = broken.len();
            Outcome::Partial(format!("{failed} of {count} pages could not be read, the first is {first}"))
        }
    }
}

impl RunReport {
    /// Takes in how a stage ended, in place of its last run.
    pub fn record(&mut self, report: StageReport) {
        match self.stages.iter_mut().find(|known| known.stage == report.stage) {
            Some(known) => *known = report,
            None => {
                self.stages.push(report);
                self.stages.sort_by_key(|known| known.stage as u8);
            }
        }
    }

    /// How `stage` ended, if it has.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> Option<&StageReport> {
        self.stages.iter().find(|report| report.stage == stage)
    }

    /// Wall time of all stages together, in milliseconds.
    #[must_use]
    pub fn millis(&self) -> f64 {
        self.stages.iter().map(|report| report.millis).sum()
    }

    /// Models used, by registry id, each once, in the order of the stages.
    #[must_use]
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = Vec::new();
        for model in self.stages.iter().flat_map(|report| &report.models) {
            if !models.contains(&model.as_str()) {
                models.push(model);
            }
        }
        models
    }

    /// Whether every stage that was asked for made all it should.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(|report| matches!(report.outcome, Outcome::Done | Outcome::Skipped(_)))
    }
}

impl Stage {
    /// Its name for the person.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Extraction => "extraction",
            Self::Vision => "figures",
            Self::Text => "summary",
        }
    }
}

impl StageReport {
    /// The report of a stage that was not run.
    #[must_use]
    pub fn skipped(stage: Stage, reason: &str) -> Self {
        Self {
            stage,
            outcome: Outcome::Skipped(reason.to_owned()),
            millis: 0.0,
            counts: Counts::default(),
            models: Vec::new(),
            load_millis: None,
        }
    }

    /// The report of a stage that could not begin.
    #[must_use]
    pub fn failed(stage: Stage, reason: impl Into<String>, millis: f64) -> Self {
        Self {
            stage,
            outcome: Outcome::Failed(reason.into()),
            millis,
            counts: Counts::default(),
            models: Vec::new(),
            load_millis: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_replaces_the_first_and_order_is_the_pipelines() {
        let mut report = RunReport::default();
        report.record(StageReport::skipped(Stage::Text, "not asked for"));
        report.record(StageReport::failed(Stage::Extraction, "broken", 5.0));
        report.record(StageReport::skipped(Stage::Extraction, "again"));
        let stages: Vec<Stage> = report.stages.iter().map(|known| known.stage).collect();
        assert_eq!(stages, [Stage::Extraction, Stage::Text]);
        assert!(report.is_complete());
        assert!((report.millis() - 0.0).abs() < f64::EPSILON);
    }

    #[test]
    fn models_are_named_once() {
        let mut report = RunReport::default();
        for stage in [Stage::Vision, Stage::Text] {
            let mut one = StageReport::skipped(stage, "");
            one.models = vec!["flan-t5-base".to_owned()];
            report.record(one);
        }
        assert_eq!(report.models(), ["flan-t5-base"]);
    }
}
