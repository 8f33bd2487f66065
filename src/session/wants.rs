//! What is wanted of a document: what the settings say, or what whoever handed it in asked for.

use super::job::Job;
use super::message::NewFile;
use super::settings::{ModelChoice, Settings};
use super::{JobId, Session};
use crate::pipeline::event::{ReadScans, Stage};

/// What is wanted of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Describe figures.
    pub captions: bool,
    /// Summarise.
    pub summary: bool,
    /// Which model describes figures.
    pub caption_model: ModelChoice,
    /// Which model summarises.
    pub text_model: ModelChoice,
    /// Which pages are read from their pixels.
    pub scans: ReadScans,
    /// A missing model may be downloaded.
    pub download: bool,
}

impl Wants {
    /// What the settings say of every document.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            captions: settings.captions,
            summary: settings.summary,
            caption_model: settings.caption_model.clone(),
            text_model: settings.text_model.clone(),
            scans: settings.scans,
            download: settings.always_download,
        }
    }
}

impl Session {
    /// What is wanted of a document.
    pub(super) fn wants(&self, job: &Job) -> Wants {
        job.wants.clone().unwrap_or_else(|| Wants::of(&self.settings))
    }

    /// Whether a stage is to be run.
    pub(super) fn is_wanted(&self, job: &Job, stage: Stage) -> bool {
        let wants = self.wants(job);
        let wanted = match stage {
            Stage::Extraction => true,
            Stage::Vision => wants.captions,
            Stage::Text => wants.summary,
        };
        // The person asks for it by hand.
        wanted || job.may_download
    }

    /// Puts a document at the end of the queue of which something of its own is wanted. It is not kept.
    pub(super) fn submit(&mut self, file: NewFile, password: Option<String>, wants: Wants) -> JobId {
        let id = self.new_job(file);
        if let Some(job) = self.job_mut(id) {
            job.password = password;
            job.wants = Some(wants);
        }
        id
    }
}
