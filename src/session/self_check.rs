//! The self-check: a document of which everything is known goes through the same workers and stages as any other,
//! and what comes out is examined. It is nobody's document: it is not listed, not kept, not remembered, and goes when
//! it is done.

use super::message::{Command, NewFile};
use super::{Job, JobState, Session, Wants};
use crate::pipeline::event::{ReadScans, Stage};
use crate::protocol::JobId;
use crate::selfcheck::{Check, Findings, examine, verdict};

/// A self-check and what it found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelfCheck {
    /// The document that is being worked on.
    pub job: Option<JobId>,
    /// What was found, once it is done.
    pub checks: Vec<Check>,
    /// Why there is no result, in a sentence.
    pub error: Option<String>,
}

impl Session {
    /// Documents of the person's, in the order in which they came.
    pub fn documents(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| !self.is_self_check(job.id))
    }

    /// Whether a document is that of the self-check.
    #[must_use]
    pub fn is_self_check(&self, id: JobId) -> bool {
        self.self_check.job == Some(id)
    }

    /// The stage that the self-check is in.
    #[must_use]
    pub fn self_check_stage(&self) -> Option<Stage> {
        self.job(self.self_check.job?)?.running_stage()
    }

    /// Begins a self-check with its document, unless something else is at work: both would wait for each other.
    pub(super) fn start_self_check(&mut self, file: NewFile, out: &mut Vec<Command>) {
        let hindrance = if self.self_check.job.is_some() {
            Some("The self-check is running already.".to_owned())
        } else if let Some(broken) = &self.broken {
            Some(broken.clone())
        } else if self.active.is_some() {
            Some("A document is being worked on; try again when it is done.".to_owned())
        } else if self.benchmark.running.is_some() {
            Some("Models are being measured; try again when that is done.".to_owned())
        } else {
            None
        };
        if let Some(hindrance) = hindrance {
            out.push(Command::ForgetFile(file.file));
            if self.self_check.job.is_none() {
                self.self_check = SelfCheck { error: Some(hindrance), ..SelfCheck::default() };
            }
            return;
        }
        // All stages, with the models that are stored.
        let wants = Wants {
            captions: true,
            summary: true,
            scans: ReadScans::Auto,
            download: false,
            ..Wants::of(&self.settings)
        };
        let id = self.submit(file, None, wants);
        self.self_check = SelfCheck { job: Some(id), ..SelfCheck::default() };
    }

    /// Once the document has gone through all stages, or cannot go on: examines it and lets go of it.
    pub(super) fn end_self_check(&mut self, out: &mut Vec<Command>) {
        let Some(id) = self.self_check.job else { return };
        let Some(job) = self.job(id) else {
            self.end_with(Vec::new(), Some("The self-check was stopped.".to_owned()));
            return;
        };
        let (checks, error) = match (&job.state, &self.broken) {
            (JobState::Done, _) => (examine(&Findings::of(&job.result, &job.notes)), None),
            (JobState::Stopped, _) => (Vec::new(), Some("The self-check was stopped.".to_owned())),
            (JobState::Failed { message, .. }, _) => {
                (Vec::new(), Some(format!("The self-check failed: {message}")))
            }
            (JobState::NeedsPassword { .. }, _) => (
                Vec::new(),
                Some("The self-check failed: its document was taken for an encrypted one.".to_owned()),
            ),
            (JobState::Waiting | JobState::Working, Some(broken)) => {
                (Vec::new(), Some(format!("The self-check failed: {broken}")))
            }
            (JobState::Waiting | JobState::Working, None) => return,
        };
        self.take_out(id, out);
        self.end_with(checks, error);
    }

    fn end_with(&mut self, checks: Vec<Check>, error: Option<String>) {
        let told = error.clone().unwrap_or_else(|| verdict(&checks));
        self.self_check = SelfCheck { job: None, checks, error };
        self.announce(told);
    }
}
