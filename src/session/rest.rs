//! Results that leave memory: finished documents that nobody looks at, once their diaries are written. They come back
//! from there when they are shown, or when something is asked of them.
//!
//! What stays of a resting document is what the queue shows: its name, where it stands, its pages, times, notes,
//! questions and answers. Documents that are not kept (by choice, for their password, or for want of storage) never
//! rest.

use super::job::{Job, JobState, Reply};
use super::kept::Kept;
use super::message::{Command, Event, FileId};
use super::{Revisions, Session};
use crate::pipeline::Assembler;
use crate::pipeline::event::{READING_FILE, Stage};
use crate::protocol::JobId;

/// Finished documents whose results stay in memory beside the one that is shown: those a person goes back to.
pub(super) const MOST_AWAKE: usize = 4;

/// Finished documents whose diaries may still have to be written when the next is begun: where writing is slower than
/// the work, results would pile up.
const MOST_UNWRITTEN: usize = 4;
/// The next document waits for them no longer than this, in milliseconds.
const LONGEST_WAIT_MS: f64 = 5_000.0;

/// How the writing of diaries goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Writing {
    /// Diaries are written here: one has been.
    works: bool,
    /// Since when the next document waits for them, in milliseconds.
    pub(super) awaited: Option<f64>,
}

/// What is known of a document whose result is not in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rest {
    /// Pages of the file.
    pub(super) pages: u32,
    /// Its diary is being read.
    coming: bool,
    /// What was asked of it meanwhile.
    wishes: Vec<Event>,
}

impl Job {
    /// Whether the result is not in memory, but on this machine.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.rest.is_some()
    }

    /// Nothing is kept of it, or nothing more.
    pub(super) fn has_no_diary(&mut self) {
        self.has_diary = false;
        self.kept_whole = false;
        self.unwritten = false;
    }

    /// Lets go of the result.
    fn lie_down(&mut self) {
        self.rest = Some(Rest { pages: self.page_count(), ..Rest::default() });
        self.result = Assembler::new();
        self.revisions = Revisions::default();
        self.doubtful.clear();
        self.corrections.clear();
        for stage in &mut self.stages {
            stage.progress = None;
            stage.partial.clear();
        }
    }

    /// Takes the result from `again`, which was made of the diary. False if some of it is missing: then that is still
    /// to be done.
    fn rise(&mut self, again: Self, whole: bool) -> bool {
        let complete = whole && again.todo.is_empty();
        if !complete {
            self.state = if again.todo.is_empty() { JobState::Done } else { JobState::Waiting };
            self.resumed = again.has_pages();
            self.kept_whole = false;
            self.worked = again.worked;
            self.todo = again.todo;
            self.stages = again.stages;
        }
        self.result = again.result;
        self.revisions = again.revisions;
        self.doubtful = again.doubtful;
        self.corrections = again.corrections;
        complete
    }
}

impl Session {
    /// Has all finished documents but the one shown and the `most` last finished or looked at leave memory, as far as
    /// they are kept whole.
    pub fn rest_documents(&mut self, most: usize, out: &mut Vec<Command>) {
        if let Some(shown) = self.view.job {
            self.touch(shown);
        }
        if !self.settings.keep {
            return;
        }
        let shown = self.view.job;
        let finished = self.jobs.iter().filter(|job| job.state == JobState::Done && !job.is_resting());
        let mut held: Vec<(u64, JobId)> =
            finished.filter(|job| Some(job.id) != shown).map(|job| (job.touched, job.id)).collect();
        if held.len() <= most {
            return;
        }
        held.sort_unstable_by(|one, other| other.cmp(one));
        for (_, id) in held.into_iter().skip(most) {
            self.rest(id, out);
        }
    }

    /// Has one document leave memory, if that is safe now.
    fn rest(&mut self, id: JobId, out: &mut Vec<Command>) {
        let may = self.job(id).is_some_and(|job| {
            let asked = job.exchanges.iter().any(|exchange| exchange.reply == Reply::Waiting);
            job.kept_whole && job.password.is_none() && !asked
        });
        let leaves = out.iter().any(|command| matches!(command, Command::Export { job, .. } if *job == id));
        if !may || leaves || self.active == Some(id) || self.pages.is_rendering_of(id) {
            return;
        }
        self.close_document(id, out);
        self.pages.forget(id);
        if let Some(job) = self.job_mut(id) {
            job.lie_down();
        }
        out.push(Command::ForgetFigures(id));
    }

    /// A document was finished or looked at.
    pub(super) fn touch(&mut self, id: JobId) {
        self.touches += 1;
        let touches = self.touches;
        if let Some(job) = self.job_mut(id) {
            job.touched = touches;
        }
    }

    /// What needs a result that is not in memory waits for it.
    pub(super) fn postpone(&mut self, event: Event) -> Option<Event> {
        let (Event::Export { job, .. }
        | Event::Asked { job, .. }
        | Event::RunStage { job, .. }
        | Event::DescriptionEdited { job, .. }
        | Event::WordChecked { job, .. }
        | Event::TakeBackWord(job)) = &event
        else {
            return Some(event);
        };
        match self.job_mut(*job).and_then(|job| job.rest.as_mut()) {
            Some(rest) => {
                rest.wishes.push(event);
                None
            }
            None => Some(event),
        }
    }

    /// Asks for the diaries of resting documents that are shown or asked something.
    pub(super) fn bring_back(&mut self, out: &mut Vec<Command>) {
        for job in &mut self.jobs {
            let shown = self.view.job == Some(job.id);
            if let Some(rest) = &mut job.rest
                && !rest.coming
                && (shown || !rest.wishes.is_empty())
            {
                rest.coming = true;
                out.push(Command::BringBack(job.file));
            }
        }
    }

    /// All that was to be kept of a document is written.
    pub(super) fn is_kept_whole(&mut self, file: FileId) {
        let keeps = self.settings.keep;
        self.writing = Writing { works: keeps, awaited: None };
        if let Some(job) = self.job_of(file) {
            job.kept_whole = keeps;
            job.unwritten = false;
        }
    }

    /// A document cannot be kept.
    pub(super) fn is_not_kept(&mut self, file: FileId) {
        if let Some(job) = self.job_of(file) {
            job.has_no_diary();
        }
    }

    /// Whether the next document has to wait until more diaries are written.
    pub(super) fn waits_for_writing(&mut self) -> bool {
        let unwritten = self.jobs.iter().filter(|job| job.unwritten && job.state == JobState::Done).count();
        if !self.writing.works || unwritten < MOST_UNWRITTEN {
            self.writing.awaited = None;
            return false;
        }
        let since = *self.writing.awaited.get_or_insert(self.now);
        if self.now - since < LONGEST_WAIT_MS {
            return true;
        }
        self.writing = Writing::default();
        false
    }

    /// Deletes what is kept of all open documents. Those that rest come back first: they stay until the page is closed.
    pub(super) fn unkeep_all(&mut self, out: &mut Vec<Command>) {
        for job in &mut self.jobs {
            job.has_no_diary();
            if let Some(rest) = &mut job.rest
                && !rest.coming
            {
                rest.coming = true;
                out.push(Command::BringBack(job.file));
            }
            out.push(Command::Unkeep(job.file));
        }
    }

    /// A document's diary was read. What is missing of the result is made again from the file.
    pub(super) fn brought_back(
        &mut self,
        file: FileId,
        entries: Vec<Kept>,
        whole: bool,
        out: &mut Vec<Command>,
    ) {
        let Some(job) = self.job_of(file) else { return };
        let Some(rest) = job.rest.take() else { return };
        let mut again = Job::new(job.id, file, job.name.clone(), job.bytes);
        entries.into_iter().for_each(|kept| again.relive(kept));
        let (id, complete) = (job.id, job.rise(again, whole));
        if complete {
            self.announce(format!("{} is here.", self.job(id).map_or("", |job| job.name.as_str())));
        } else {
            let what = if job.state == JobState::Done {
                "so the last changes are missing"
            } else {
                "so it is converted anew"
            };
            job.note(format!("What was kept of the document could not be read any more, {what}."));
            let text = format!("What was kept of {} cannot be read any more, {what}.", job.name);
            // What is said last is what is seen.
            self.advance(out);
            self.notify(text);
        }
        self.touch(id);
        if self.job(id).is_some_and(|job| job.state == JobState::Done) {
            rest.wishes.into_iter().for_each(|wish| self.person(wish, out));
        }
    }

    /// A document whose reading was stopped before its file was all there is not open in the worker.
    pub(super) fn close_unread(&mut self, id: JobId) {
        let progress = self.job(id).and_then(|job| job.stage(Stage::Extraction).progress.as_ref());
        if progress.is_some_and(|progress| progress.activity == READING_FILE) {
            self.pages.close(id);
        }
    }
}
