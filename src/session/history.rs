//! How the last documents went: their sizes, times and outcomes, without a name or a word of them. It is kept by the
//! browser beside the settings, so that a person sees how this machine fares with Recto.

use super::Session;
use super::job::{Job, JobState};
use super::message::Command;
use crate::pipeline::RunReport;
use crate::pipeline::event::{Outcome, Stage};
use crate::protocol::JobId;
use serde::{Deserialize, Serialize};

/// Documents that are remembered.
const MOST_RUNS: usize = 100;

/// One document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Pages finished.
    pub pages: u32,
    /// Pages that were read from their pixels.
    pub scanned: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// How it ended.
    pub ending: Ending,
    /// Milliseconds of each stage that was run: pages and text, figures, summary.
    pub millis: [Option<f64>; 3],
    /// Figures described.
    pub descriptions: u32,
    /// Tokens generated.
    pub tokens: u32,
    /// Models used, by registry id.
    pub models: Vec<String>,
    /// Faults that were lived with.
    pub warnings: u32,
    /// The build of the models' program.
    pub program: String,
    /// The most memory in use while it was worked on, in bytes, where that is known.
    pub peak_memory: Option<u64>,
    /// Milliseconds until the slowest of its models was in memory; none where none had to be loaded.
    pub load_millis: Option<f64>,
}

/// How a document ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All that was asked for is there.
    #[default]
    Done,
    /// A stage failed or was left out in part; the rest is there.
    Partial,
    /// The person stopped it.
    Stopped,
    /// Nothing could be made of it.
    Failed,
}

/// The last documents, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// At most [`MOST_RUNS`].
    pub runs: Vec<Run>,
}

/// What was aimed at when Recto was planned, and how often it was met.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rating {
    /// The aim.
    pub aim: &'static str,
    /// Documents that met it.
    pub met: usize,
    /// Documents that it applies to.
    pub of: usize,
    /// Of a thousand of those, how many have to meet it.
    #[serde(skip)]
    needed: usize,
}

impl Rating {
    /// Whether the aim was met by enough of them; none where it applied to none.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        (self.of > 0).then(|| self.met * 1000 >= self.of * self.needed)
    }
}

/// Pages, from and to, and the milliseconds that they may take with everything that is asked for.
const AIMS: [(u32, u32, f64, &str); 3] = [
    (1, 5, 90_000.0, "1 to 5 pages within 90 seconds"),
    (6, 20, 300_000.0, "6 to 20 pages within 5 minutes"),
    (21, 50, 900_000.0, "21 to 50 pages within 15 minutes"),
];

/// Milliseconds that a model may take to load.
const LOAD_AIM: f64 = 60_000.0;

impl Run {
    /// Of a document whose work has ended.
    #[must_use]
    pub fn of(job: &Job, program: &str) -> Self {
        let report = job.result.report();
        let document = job.document();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let stages = [Stage::Extraction, Stage::Vision, Stage::Text].map(|stage| report.stage(stage));
        let recognised = document
            .pages
            .iter()
            .filter(|page| page.text == crate::document::TextQuality::Recognised)
            .count();
        Self {
            pages: count(document.pages.len()),
            scanned: count(recognised),
            bytes: job.bytes,
            ending: Ending::of(&job.state, &report),
            millis: stages.map(|stage| {
                stage.filter(|stage| !matches!(stage.outcome, Outcome::Skipped(_))).map(|stage| stage.millis)
            }),
            descriptions: stages[1].map_or(0, |stage| stage.counts.images),
            tokens: stages.iter().flatten().map(|stage| stage.counts.tokens).sum(),
            models: report.models().into_iter().map(str::to_owned).collect(),
            warnings: count(report.warnings.len()),
            program: program.to_owned(),
            peak_memory: (job.peak_memory > 0).then_some(job.peak_memory),
            load_millis: stages.iter().flatten().filter_map(|stage| stage.load_millis).reduce(f64::max),
        }
    }

    /// Milliseconds of all stages.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.millis.iter().flatten().sum()
    }

    /// Pages a second until their text was there.
    #[must_use]
    pub fn pages_per_second(&self) -> Option<f64> {
        let millis = self.millis[0].filter(|millis| *millis > 0.0 && self.pages > 0)?;
        Some(f64::from(self.pages) * 1000.0 / millis)
    }

    /// Tokens a second of the stages that write some.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let millis: f64 = self.millis.iter().skip(1).flatten().sum();
        (self.tokens > 0 && millis > 0.0).then(|| f64::from(self.tokens) * 1000.0 / millis)
    }
}

impl Ending {
    fn of(state: &JobState, report: &RunReport) -> Self {
        match state {
            JobState::Failed { .. } => Self::Failed,
            JobState::Stopped => Self::Stopped,
            _ if report.is_complete() => Self::Done,
            _ => Self::Partial,
        }
    }
}

impl History {
    /// Adds a document in place of the oldest where there are as many as are remembered.
    pub fn add(&mut self, run: Run) {
        self.runs.push(run);
        let over = self.runs.len().saturating_sub(MOST_RUNS);
        self.runs.drain(..over);
    }

    /// The aims, beside what became of them. Documents that the person stopped count for none.
    #[must_use]
    pub fn ratings(&self) -> Vec<Rating> {
        let ended = || self.runs.iter().filter(|run| run.ending != Ending::Stopped);
        let mut ratings: Vec<Rating> = AIMS
            .iter()
            .map(|(from, to, millis, aim)| {
                let of_size = || {
                    ended().filter(|run| run.ending != Ending::Failed && (*from..=*to).contains(&run.pages))
                };
                let met = of_size().filter(|run| run.total() <= *millis).count();
                Rating { aim, met, of: of_size().count(), needed: 1000 }
            })
            .collect();
        let loads = || ended().filter_map(|run| run.load_millis);
        ratings.push(Rating {
            aim: "models load within a minute",
            met: loads().filter(|millis| *millis <= LOAD_AIM).count(),
            of: loads().count(),
            needed: 1000,
        });
        let failed = ended().filter(|run| run.ending == Ending::Failed).count();
        let of = ended().count();
        ratings.push(Rating {
            aim: "fewer than one document in 200 fails",
            met: of - failed,
            of,
            needed: 995,
        });
        ratings
    }

    /// Everything as JSON, for the person to take away.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Told<'a> {
            documents: &'a [Run],
            aims: Vec<Rating>,
        }
        serde_json::to_string_pretty(&Told { documents: &self.runs, aims: self.ratings() })
            .unwrap_or_default()
    }
}

impl Session {
    /// Remembers how a document went, once: what is added to it later is of another time.
    pub(super) fn remember(&mut self, id: JobId) {
        let program = self.program;
        // One that was handed in for a purpose of its own, as a self-check is, is none of the person's.
        let Some(job) = self.job_mut(id).filter(|job| !job.remembered && job.wants.is_none()) else { return };
        job.remembered = true;
        let run = Run::of(job, program);
        self.history.add(run.clone());
        self.keeping.push(Command::RememberRun(run));
    }

    /// Forgets how documents went.
    pub(super) fn forget_history(&mut self, out: &mut Vec<Command>) {
        self.history = History::default();
        out.push(Command::ForgetRuns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pages: u32, millis: f64, ending: Ending) -> Run {
        Run { pages, millis: [Some(millis), None, Some(1000.0)], ending, tokens: 50, ..Run::default() }
    }

    #[test]
    fn aims_are_counted_over_the_documents_that_they_are_for() {
        let mut history = History::default();
        for one in [
            Run { load_millis: Some(59_000.0), ..run(3, 20_000.0, Ending::Done) },
            Run { load_millis: Some(61_000.0), ..run(5, 90_000.0, Ending::Partial) },
            run(6, 90_000.0, Ending::Done),
            run(30, 1e6, Ending::Stopped),
            run(0, 10.0, Ending::Failed),
        ] {
            history.add(one);
        }
        let found: Vec<(usize, usize, Option<bool>)> =
            history.ratings().iter().map(|rating| (rating.met, rating.of, rating.is_met())).collect();
        assert_eq!(
            found,
            [(1, 2, Some(false)), (1, 1, Some(true)), (0, 0, None), (1, 2, Some(false)), (3, 4, Some(false)),]
        );
        let one_in_200 = |failed: usize| {
            let mut history = History::default();
            (0..MOST_RUNS).for_each(|index| {
                history.add(run(1, 1.0, if index < failed { Ending::Failed } else { Ending::Done }));
            });
            history.ratings().last().and_then(Rating::is_met)
        };
        assert_eq!((one_in_200(0), one_in_200(1)), (Some(true), Some(false)));
    }

    #[test]
    fn a_hundred_are_remembered() {
        let mut history = History::default();
        (0..130).for_each(|pages| history.add(run(pages, 1.0, Ending::Done)));
        assert_eq!((history.runs.len(), history.runs[0].pages), (MOST_RUNS, 30));
    }

    #[test]
    fn speeds_are_those_of_their_stages() {
        let run = run(10, 2_000.0, Ending::Done);
        assert_eq!((run.pages_per_second(), run.tokens_per_second()), (Some(5.0), Some(50.0)));
        assert_eq!((Run::default().pages_per_second(), Run::default().tokens_per_second()), (None, None));
    }

    #[test]
    fn what_is_stored_comes_back_and_tells_no_name() {
        let mut history = History::default();
        history.add(run(3, 20.0, Ending::Done));
        let stored = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<History>(&stored).unwrap(), history);
        assert!(!stored.contains("name") && history.to_json().contains("\"aims\""));
        assert_eq!(serde_json::from_str::<History>("{\"later\": 1}").unwrap(), History::default());
    }
}
