//! What whoever ordered is told: how far it is, and what came of it.

use super::order::{Order, StageName};
use super::outcome::{ErrorCode, Outcome};
use crate::pipeline::event::Stage;
use crate::protocol::{DownloadState, JobId};
use crate::session::{Job, JobState, Phase, Session};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is told of a document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
#[allow(clippy::large_enum_variant, reason = "told and let go")]
pub enum Told {
    /// How far it is.
    Progress(Progress),
    /// It is finished. Buffers travel beside it, see [`Outcome`].
    Result {
        /// What was made.
        result: Outcome,
    },
    /// There will be no result, or not the whole.
    Error {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for the person.
        message: String,
        /// What the person can do; empty if nothing.
        advice: String,
        /// What is finished; its buffers travel beside it.
        partial: Option<Outcome>,
    },
}

/// How far a document is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The stage that runs; none while others are worked on first.
    pub stage: Option<StageName>,
    /// What is being done: `waiting`, `opening`, `page`, `image`, `downloading FLAN-T5 small`.
    pub activity: String,
    /// Units finished: pages, images, texts, or bytes of a download.
    pub done: f64,
    /// Units in all; 0 if unknown. While it waits: documents before it.
    pub total: f64,
    /// Tokens that a model has written of the present unit.
    pub tokens: u32,
}

/// Documents that were ordered, and what has been told of them.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    orders: BTreeMap<JobId, (Order, Option<Progress>)>,
}

impl Watch {
    /// From now on there is something to tell of `job`.
    pub fn follow(&mut self, job: JobId, order: Order) {
        self.orders.insert(job, (order, None));
    }

    /// Whether anything is still to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// What is new since the last look. A document of which a result or an error is told is followed no more.
    pub fn look(&mut self, session: &Session) -> Vec<(JobId, Told, Vec<Vec<u8>>)> {
        let mut news = Vec::new();
        self.orders.retain(|id, (order, last)| {
            let Some(job) = session.job(*id) else { return false };
            if let Some((told, buffers)) = ending(session, job, order) {
                news.push((*id, told, buffers));
                return false;
            }
            let progress = progress(session, job);
            if last.as_ref() != Some(&progress) {
                news.push((*id, Told::Progress(progress.clone()), Vec::new()));
                *last = Some(progress);
            }
            true
        });
        news
    }
}

/// How it ended, if it has.
fn ending(session: &Session, job: &Job, order: &Order) -> Option<(Told, Vec<Vec<u8>>)> {
    let error = |code, message: String, advice: &str, partial: Option<(Outcome, Vec<Vec<u8>>)>| {
        let (partial, buffers) = partial.map_or((None, Vec::new()), |(made, buffers)| (Some(made), buffers));
        Some((Told::Error { code, message, advice: advice.to_owned(), partial }, buffers))
    };
    let finished = || job.has_pages().then(|| Outcome::of(job, order));
    match &job.state {
        JobState::Done => {
            let (result, buffers) = Outcome::of(job, order);
            Some((Told::Result { result }, buffers))
        }
        JobState::Stopped => error(ErrorCode::Stopped, format!("{} was stopped.", job.name), "", finished()),
        JobState::NeedsPassword { wrong: false } => error(
            ErrorCode::Password,
            format!("{} needs a password.", job.name),
            "Give it and try again.",
            None,
        ),
        JobState::NeedsPassword { wrong: true } => error(
            ErrorCode::WrongPassword,
            format!("The password of {} is wrong.", job.name),
            "Give another one and try again.",
            None,
        ),
        JobState::Failed { message, advice } => {
            let code = if session.broken.is_some() { ErrorCode::NotStarted } else { ErrorCode::Unreadable };
            error(code, message.clone(), advice, finished())
        }
        JobState::Waiting | JobState::Working => {
            let broken = session.broken.clone()?;
            error(ErrorCode::NotStarted, broken, "", finished())
        }
    }
}

fn progress(session: &Session, job: &Job) -> Progress {
    let Some(stage) = job.running_stage() else {
        let before = session.jobs.iter().take_while(|other| other.id != job.id);
        let before = before.filter(|other| matches!(other.state, JobState::Waiting | JobState::Working));
        let total = f64::from(u32::try_from(before.count()).unwrap_or(u32::MAX));
        return Progress { stage: None, activity: "waiting".to_owned(), done: 0.0, total, tokens: 0 };
    };
    let state = job.stage(stage);
    let mut told =
        Progress { stage: Some(stage.into()), activity: String::new(), done: 0.0, total: 0.0, tokens: 0 };
    if let Phase::Downloading(id) = &state.phase {
        let name = session.models.entry(id).map_or(id.as_str(), |entry| entry.name.as_str());
        told.activity = format!("downloading {name}");
        if let Some(DownloadState::Running { received, total, .. }) = session.models.downloads.get(id) {
            #[allow(clippy::cast_precision_loss, reason = "bytes of a file are below 2^53")]
            let amounts = (*received as f64, *total as f64);
            (told.done, told.total) = amounts;
        }
        return told;
    }
    if let Some(progress) = &state.progress {
        told.activity.clone_from(&progress.activity);
        (told.done, told.total, told.tokens) =
            (f64::from(progress.done), f64::from(progress.total), progress.tokens);
    }
    if stage == Stage::Extraction {
        if job.page_count() == 0 {
            "opening".clone_into(&mut told.activity);
        }
        told.done = f64::from(u32::try_from(job.document().pages.len()).unwrap_or(u32::MAX));
        told.total = f64::from(job.page_count());
    }
    told
}
