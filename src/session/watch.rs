//! An eye on the model worker: what it was asked for, in the order in which it serves, and how long it is at one unit.
//!
//! A model that does not load in time, and one that takes too long over one picture or one piece of text, has its
//! worker ended: while it computes it hears nothing. Time in which the machine slept or the page was behind others
//! does not count, because a browser may hold workers back then.

use super::Session;
use super::job::Reply;
use super::message::{Attachment, Command, Role};
use super::workers::Life;
use crate::pipeline::event::{Event as Told, Progress, Stage};
use crate::protocol::{JobId, Request};
use crate::registry::ModelEntry;
use std::collections::VecDeque;

/// How long a model may take until it is in memory, in milliseconds.
pub(super) const LOAD_MS: f64 = 120_000.0;
/// How long a model may be at one picture or one piece of text, in milliseconds. Tokens are no excuse.
pub(super) const UNIT_MS: f64 = 60_000.0;

/// What the model worker was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    tasks: VecDeque<Task>,
}

#[derive(Clone, Debug)]
struct Task {
    work: Work,
    at: At,
    /// Milliseconds at that.
    spent: f64,
}

/// What a task is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Work {
    /// A request of a stage, with a model or without.
    Stage(JobId, Stage, Option<ModelEntry>),
    /// A question.
    Question(Question),
    /// A measurement, which takes what it takes.
    Trial,
}

/// A question that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) job: JobId,
    pub(super) text: String,
    pub(super) model: Option<ModelEntry>,
    /// It took too long before.
    pub(super) brief: bool,
    /// What went wrong with models before this one.
    pub(super) trouble: Option<String>,
}

/// Where the worker is with a task.
#[derive(Clone, Debug, PartialEq)]
enum At {
    /// It has not begun to compute; `told` once it said that it reads a model.
    Loading { told: bool },
    /// At a unit, or several together.
    Unit { activity: String, done: u32, at_once: u32 },
}

/// How far a worker was with loading a model when it died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loading {
    /// It computed, or had nothing to do.
    No,
    /// It had said nothing yet.
    Unknown,
    /// It was reading a model.
    Yes,
}

impl Task {
    fn has_model(&self) -> bool {
        match &self.work {
            Work::Stage(_, _, model) | Work::Question(Question { model, .. }) => model.is_some(),
            Work::Trial => false,
        }
    }
}

impl Watch {
    /// The worker has nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The worker listens from now on.
    pub(super) fn ready(&mut self) {
        if let Some(task) = self.tasks.front_mut() {
            task.spent = 0.0;
        }
    }

    /// The worker is gone, and with it all that it was asked for: how far it was.
    pub(super) fn end(&mut self) -> Loading {
        let loading = match self.tasks.front().map(|task| &task.at) {
            None | Some(At::Unit { .. }) => Loading::No,
            Some(At::Loading { told: false }) => Loading::Unknown,
            Some(At::Loading { told: true }) => Loading::Yes,
        };
        self.tasks.clear();
        loading
    }

    /// The worker told how far it is. Another unit has a clock of its own.
    pub(super) fn progressed(&mut self, progress: &Progress) {
        let Some(task) = self.tasks.front_mut() else { return };
        if progress.is_loading() {
            task.at = At::Loading { told: true };
            return;
        }
        let Progress { activity, done, at_once, .. } = progress;
        let same =
            matches!(&task.at, At::Unit { activity: of, done: at, .. } if of == activity && at == done);
        if !same {
            task.at = At::Unit { activity: activity.clone(), done: *done, at_once: *at_once };
            task.spent = 0.0;
        }
    }

    /// The first task of this kind is served.
    pub(super) fn served(&mut self, is: impl Fn(&Work) -> bool) -> Option<Work> {
        let at = self.tasks.iter().position(|task| is(&task.work))?;
        self.tasks.remove(at).map(|task| task.work)
    }

    /// The worker computes with a model, for which there is a limit.
    pub(super) fn is_limited(&self) -> bool {
        self.tasks.front().is_some_and(|task| task.has_model() && matches!(task.at, At::Unit { .. }))
    }

    /// Adds `elapsed` milliseconds to the clock of what the worker is at; true if that is over its time.
    fn is_late(&mut self, elapsed: f64) -> bool {
        let Some(task) = self.tasks.front_mut() else { return false };
        task.spent += elapsed;
        let limit = match task.at {
            At::Loading { .. } => LOAD_MS,
            At::Unit { at_once, .. } => UNIT_MS * f64::from(at_once.max(1)),
        };
        task.has_model() && task.spent > limit
    }
}

impl Session {
    /// Sends work to the model worker.
    pub(super) fn ask_models(
        &mut self,
        work: Work,
        request: Request,
        attachment: Attachment,
        out: &mut Vec<Command>,
    ) {
        self.watch.tasks.push_back(Task { work, at: At::Loading { told: false }, spent: 0.0 });
        self.workers.send(Role::Model, request, attachment, self.now, out);
    }

    /// Sends a question to the model worker.
    pub(super) fn send_question(&mut self, question: Question, out: &mut Vec<Command>) {
        let Some(job) = self.job(question.job) else { return };
        let request = Request::Ask {
            job: question.job,
            model: question.model.clone(),
            document: Box::new(job.document().clone()),
            question: question.text.clone(),
            brief: question.brief,
        };
        self.ask_models(Work::Question(question), request, Attachment::Nothing, out);
    }

    /// The model worker told something of a document's stage or question.
    pub(super) fn watch_told(&mut self, job: JobId, told: &Told) {
        match told {
            Told::Progress(progress) => self.watch.progressed(progress),
            Told::StageEnded(report) => {
                let is = |work: &Work| matches!(work, Work::Stage(of, stage, _) if *of == job && *stage == report.stage);
                self.watch.served(is);
            }
            _ => {}
        }
    }

    /// Looks at the clock of what the model worker is at; `elapsed` milliseconds of it count.
    pub(super) fn watch_models(&mut self, elapsed: f64, out: &mut Vec<Command>) {
        if self.workers.get(Role::Model).life != Life::Ready || !self.watch.is_late(elapsed) {
            return;
        }
        let loading = self.watch.tasks.front().is_some_and(|task| matches!(task.at, At::Loading { .. }));
        let mut tasks = std::mem::take(&mut self.watch.tasks);
        self.workers.end(Role::Model, out);
        match tasks.pop_front().map(|task| task.work) {
            Some(Work::Stage(id, stage, _)) => self.stage_late(id, stage, loading, out),
            Some(Work::Question(question)) => self.question_late(question, loading, out),
            Some(Work::Trial) | None => {}
        }
        // The others are not to blame.
        for task in tasks {
            match task.work {
                Work::Question(question) => self.send_question(question, out),
                Work::Stage(id, stage, _) if self.active_model_stage() == Some((id, stage)) => {
                    self.run_stage(id, stage, false, out);
                }
                Work::Stage(..) => {}
                Work::Trial => self.lose_benchmark("the worker had to be started again"),
            }
        }
    }

    /// An answer takes too long: once more in brief, then with a smaller model, then the passages have to do.
    fn question_late(&mut self, mut question: Question, loading: bool, out: &mut Vec<Command>) {
        let Some(model) = question.model.take() else { return };
        if !loading && !question.brief {
            self.notify("The answer takes longer than a minute. It is tried once more in brief.");
            self.send_question(Question { model: Some(model), brief: true, ..question }, out);
            return;
        }
        let Some(job) = self.job_mut(question.job) else { return };
        job.broken_models.insert(model.id.clone());
        let smaller = self.stored_for(question.job, Stage::Text);
        let what =
            if loading { "did not load within two minutes" } else { "took longer than a minute, twice" };
        let instead = match &smaller {
            Some(smaller) => format!("{} is asked, which is smaller", smaller.name),
            None => "here are the passages alone".to_owned(),
        };
        let trouble = format!("{} {what}, so {instead}", model.name);
        self.notify(format!("{trouble}."));
        self.send_question(
            Question { model: smaller, brief: false, trouble: Some(trouble), ..question },
            out,
        );
    }

    /// An answer came: what went wrong on the way to it stands beside it where no model gave one.
    pub(super) fn question_served(&mut self, reply: Reply, job: JobId, text: &str) -> Reply {
        let is = |work: &Work| matches!(work, Work::Question(of) if of.job == job && of.text == text);
        let Some(Work::Question(question)) = self.watch.served(is) else { return reply };
        match reply {
            Reply::Given { answer: None, passages, error } => {
                Reply::Given { answer: None, passages, error: error.or(question.trouble) }
            }
            reply => reply,
        }
    }
}
