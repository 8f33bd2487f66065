//! Stopping, and going on after a worker died.
//!
//! A dead worker is started again and the document goes on from the last finished page. A page on which it dies twice is
//! painted instead of being read, then read without being painted, then left out; a figure or summary on which it dies
//! twice is left out at once. The report says so.

use super::Session;
use super::flow::report;
use super::job::{JobState, OPENING, Phase, Reply};
use super::kept::Entry;
use super::message::{Attachment, Command, Role};
use super::watch::Loading;
use super::workers::{Life, MAX_FAILED_STARTS};
use crate::pipeline::event::{Detour, Outcome, Stage, StageReport, Trouble};
use crate::protocol::{DownloadState, JobId, Request};
use crate::registry::ModelEntry;

/// Times a worker may die on the same page or figure before that is taken otherwise or left out.
const MAX_DEATHS: u32 = 2;
/// Figures of a document on which workers may die before the rest goes without a description.
const MAX_DEAD_FIGURES: u32 = 3;
/// Times the store worker may die before its downloads are given up.
const MAX_STORE_DEATHS: u32 = 4;
/// Times workers may die on one document before what is finished has to do.
const MAX_DEATHS_IN_ALL: u32 = 60;
/// Times it may die on a file as a whole whose pages are known.
const MAX_DEATHS_ON_FILE: u32 = 4;

impl Session {
    /// Stops a document: within [`super::time::STOP_GRACE_MS`] if it is being worked on.
    pub(super) fn stop(&mut self, id: JobId, out: &mut Vec<Command>) {
        let now = self.now;
        let active = self.active == Some(id);
        let Some(job) = self.job_mut(id) else { return };
        if !active {
            if job.state == JobState::Waiting {
                job.state = JobState::Stopped;
            }
            return;
        }
        match job.running_stage().map(|stage| (stage, job.stage(stage).phase.clone())) {
            Some((Stage::Extraction, _)) => {
                if self.clock.stop.is_some() {
                    return;
                }
                if self.workers.get(Role::Document).life == Life::Ready {
                    let request = Request::Stop { job: id };
                    self.workers.send(Role::Document, request, Attachment::Nothing, now, out);
                    self.clock.stop = Some((id, now + super::time::STOP_GRACE_MS));
                    return;
                }
                self.end_worker(Role::Document, out);
            }
            Some((_, Phase::Downloading(model))) => self.stop_download(&model, out),
            Some(_) => self.end_worker(Role::Model, out),
            None => {}
        }
        // A stopped download may have moved the stage on by itself.
        if self.active == Some(id) {
            self.end_worker_if_busy(id, out);
            self.finish_stopped(id);
        }
    }

    fn end_worker_if_busy(&mut self, id: JobId, out: &mut Vec<Command>) {
        let running = self.job(id).and_then(super::Job::running_stage);
        if matches!(running, Some(Stage::Vision | Stage::Text)) {
            self.end_worker(Role::Model, out);
        }
    }

    /// Whether a stop was asked for and not yet answered.
    #[must_use]
    pub fn is_stopping(&self, id: JobId) -> bool {
        self.clock.stop.is_some_and(|(job, _)| job == id)
    }

    /// Records that a document was stopped; the stage it was in can be taken up again.
    pub(super) fn finish_stopped(&mut self, id: JobId) {
        let now = self.now;
        let Some(job) = self.job(id) else { return };
        if let Some(stage) = job.running_stage() {
            let report = report(job, stage, Outcome::Stopped, now);
            self.end_stage(id, report);
            if let Some(job) = self.job_mut(id) {
                job.todo.insert(0, stage);
                job.resumed |= stage == Stage::Extraction;
            }
        }
        self.finish(id, JobState::Stopped);
    }

    /// Ends a worker on purpose.
    pub(super) fn end_worker(&mut self, role: Role, out: &mut Vec<Command>) {
        self.workers.end(role, out);
        match role {
            Role::Document => self.pages.worker_ended(),
            Role::Model => {
                self.watch.end();
                self.lose_questions("The question was dropped when the work was stopped.");
                self.lose_benchmark("it was stopped");
            }
            Role::Store => {}
            Role::Scan | Role::SecondScan => self.scan_worker_died(role, "it was stopped", out),
        }
    }

    /// Ends the workers that have no work.
    pub(super) fn end_idle(&mut self, out: &mut Vec<Command>) {
        if self.active.is_some() {
            return;
        }
        for role in Role::ALL {
            let busy = match role {
                Role::Document => self.pages.is_rendering(),
                Role::Model => !self.watch.is_idle(),
                Role::Store => !self.models.downloading().is_empty() || self.models.stored.is_none(),
                Role::Scan | Role::SecondScan => false,
            };
            if !busy {
                self.end_worker(role, out);
            }
        }
    }

    fn lose_questions(&mut self, why: &str) {
        let exchanges = self.jobs.iter_mut().flat_map(|job| &mut job.exchanges);
        for exchange in exchanges.filter(|exchange| exchange.reply == Reply::Waiting) {
            exchange.reply = Reply::Lost(why.to_owned());
        }
    }

    /// A worker is dead, or as good as dead.
    pub(super) fn worker_died(&mut self, role: Role, why: &str, out: &mut Vec<Command>) {
        let never_spoke = self.workers.get(role).life == Life::Starting;
        self.workers.end(role, out);
        let mut loading = Loading::No;
        if role == Role::Model {
            loading = self.watch.end();
            self.lose_benchmark(why);
        }
        if never_spoke {
            let worker = self.workers.get_mut(role);
            worker.failed_starts += 1;
            if worker.failed_starts >= MAX_FAILED_STARTS {
                worker.failed_starts = 0;
                self.give_up_worker(role, why, out);
                return;
            }
        }
        match role {
            Role::Document => self.document_worker_died(why, never_spoke, out),
            Role::Model => self.model_worker_died(why, never_spoke, loading, out),
            Role::Store => self.store_worker_died(out),
            Role::Scan | Role::SecondScan => self.scan_worker_died(role, why, out),
        }
    }

    fn give_up_worker(&mut self, role: Role, why: &str, out: &mut Vec<Command>) {
        let message = format!("The part of Recto that does the work could not be started ({why}).");
        match role {
            Role::Document => {
                self.pages.worker_died();
                self.clock.stop = None;
                if let Some(id) = self.active {
                    self.take_back_stage(id);
                    let advice = "Reload the page. If that does not help, try a newer browser.".to_owned();
                    self.finish(id, JobState::Failed { message: message.clone(), advice });
                }
                self.broken =
                    Some(format!("{message} Reload the page; if that does not help, try a newer browser."));
            }
            Role::Model => {
                self.lose_questions(&message);
                if let Some((id, stage)) = self.active_model_stage() {
                    self.end_stage(id, StageReport::failed(stage, message, 0.0));
                }
            }
            Role::Store => {
                for id in self.models.downloading() {
                    let state = DownloadState::Failed { reason: message.clone() };
                    self.download_changed(&id, state, out);
                }
            }
            Role::Scan | Role::SecondScan => self.give_up_scans(role, &message, out),
        }
    }

    fn document_worker_died(&mut self, why: &str, never_spoke: bool, out: &mut Vec<Command>) {
        let drew = self.pages.worker_died();
        self.drop_scans(out);
        if let Some((id, _)) = self.clock.stop.take() {
            self.finish_stopped(id);
            return;
        }
        let Some(id) = self.active else { return };
        if self.job(id).and_then(super::Job::running_stage) != Some(Stage::Extraction) {
            return;
        }
        if !never_spoke {
            if !self.goes_on_after(id, why, drew) {
                return;
            }
            self.notify(
                "The worker failed and was started again. The work goes on from the last finished page.",
            );
        }
        let began = self.job(id).map_or(self.now, |job| job.stage(Stage::Extraction).began);
        self.run_stage(id, Stage::Extraction, false, out);
        if let Some(job) = self.job_mut(id) {
            job.stage_mut(Stage::Extraction).began = began;
        }
    }

    /// A worker died while it extracted a document, and perhaps also `drew` one of its pages. False if that was once
    /// too often.
    fn goes_on_after(&mut self, id: JobId, why: &str, drew: bool) -> bool {
        let now = self.now;
        let Some(job) = self.job_mut(id) else { return false };
        let next = job.result.next_page();
        let page = job.at_page.take().unwrap_or(next);
        let place = if page == OPENING { "opening the file".to_owned() } else { format!("page {page}") };
        if drew {
            // Not known which of the two it was.
            job.drew_and_died = true;
            job.note(format!(
                "The worker failed on {place} or on a page that it drew ({why}) and was started again."
            ));
            self.pages.hold(id);
        } else {
            *job.deaths.entry(page).or_insert(0) += 1;
            job.note(format!("The worker failed on {place} ({why}) and was started again."));
        }
        let Some(job) = self.job_mut(id) else { return false };
        // What dies of drawing does not keep the document from being read.
        let (deaths, in_all) =
            (job.deaths.get(&page).copied().unwrap_or(0), job.deaths.values().sum::<u32>());
        if page == OPENING && deaths >= MAX_DEATHS && !job.has_pages() {
            let message = format!("The worker failed twice on opening the file ({why}).");
            let advice = "The file may need more memory than the browser gives, or be damaged. Close \
                          other tabs and try again, or save it from a PDF reader under a new name."
                .to_owned();
            self.take_back_stage(id);
            self.finish(id, JobState::Failed { message, advice });
            return false;
        }
        let reason = if page == OPENING && deaths >= MAX_DEATHS_ON_FILE {
            format!("the worker failed on it {deaths} times ({why}); pages from {next} on are missing")
        } else if in_all >= MAX_DEATHS_IN_ALL {
            format!("workers failed {in_all} times; pages from {next} on are missing")
        } else {
            if !drew && page != OPENING && deaths >= MAX_DEATHS {
                self.takes_detour(id, page, why);
            }
            return true;
        };
        let report = report(job, Stage::Extraction, Outcome::Partial(reason), now);
        self.end_stage(id, report);
        false
    }

    /// Workers died more than once on a page: the next one takes a detour.
    fn takes_detour(&mut self, id: JobId, page: u32, why: &str) {
        let Some(job) = self.job_mut(id) else { return };
        let deaths = job.deaths.get(&page).copied().unwrap_or(0);
        let before = job.troubled.get(&page).map(|trouble| trouble.detour);
        let (detour, why) = match before {
            None => (Detour::Picture, format!("the worker failed on it twice ({why})")),
            Some(Detour::Picture) => {
                (Detour::TextAlone, format!("the worker failed on it {deaths} times ({why})"))
            }
            Some(Detour::TextAlone | Detour::Nothing) => {
                let tried = "it was to be read, painted, and read without being painted";
                (Detour::Nothing, format!("The page was left out: the worker failed when {tried} ({why})."))
            }
        };
        if !job.has_page(page) {
            if let Some(before) = before {
                let outdated = detour_note(page, before);
                job.notes.retain(|note| *note != outdated);
            }
            job.note(detour_note(page, detour));
        }
        let trouble = Trouble { page, detour, why };
        job.detour(trouble.clone());
        self.keep(id, Entry::Detoured(trouble), &[]);
    }

    pub(super) fn active_model_stage(&self) -> Option<(JobId, Stage)> {
        let job = self.active()?;
        let stage = job.running_stage().filter(|stage| *stage != Stage::Extraction)?;
        (job.stage(stage).phase == Phase::Running).then_some((job.id, stage))
    }

    fn model_worker_died(&mut self, why: &str, never_spoke: bool, loading: Loading, out: &mut Vec<Command>) {
        self.lose_questions(&format!("The worker failed ({why}). Ask again."));
        let Some((id, stage)) = self.active_model_stage() else { return };
        let model = self.model_at_work(id, stage);
        if !never_spoke && is_memory_refused(why, loading) {
            let failed = format!("was refused the memory that it needs ({why})");
            self.model_gives_way(id, stage, &failed, out);
            return;
        }
        let now = self.now;
        let Some(job) = self.job_mut(id) else { return };
        if !never_spoke {
            job.model_deaths += 1;
        }
        if job.model_deaths < MAX_DEATHS {
            job.note(format!("The model worker failed ({why}) and was started again."));
            self.notify("The model worker failed and was started again.");
            self.run_stage(id, stage, false, out);
            return;
        }
        job.model_deaths = 0;
        let described_any = job.document().figures.iter().any(|figure| figure.description.is_some());
        if stage == Stage::Vision && (described_any || !job.skip_figures.is_empty()) {
            // The model works in principle: it is the figure.
            if job.dead_figures >= MAX_DEAD_FIGURES {
                let reason = format!("the model worker kept failing ({why})");
                let report = report(job, stage, Outcome::Partial(reason), now);
                self.end_stage(id, report);
                return;
            }
            if let Some(figure) = job.figure_at_work() {
                job.dead_figures += 1;
                job.note(format!(
                    "Figure {} was not described: the worker failed on it twice ({why}).",
                    figure.0
                ));
                job.skip_figures.insert(figure);
            }
            self.run_stage(id, stage, false, out);
            return;
        }
        if let Some(model) = &model
            && self.takes_another(id, stage, model, &format!("failed twice ({why})"))
        {
            self.run_stage(id, stage, false, out);
            return;
        }
        let Some(job) = self.job(id) else { return };
        let name = model.map_or_else(|| "The model worker".to_owned(), |model| model.name);
        let reason = format!("{name} failed twice ({why}); a smaller model may fit this machine");
        let report = report(job, stage, Outcome::Failed(reason), now);
        self.end_stage(id, report);
    }

    /// A stage that failed with a model is done with the next smaller one that is stored, a summary then without one.
    pub(super) fn falls_back(&mut self, id: JobId, report: &StageReport, out: &mut Vec<Command>) -> bool {
        let (stage @ (Stage::Text | Stage::Vision), Outcome::Failed(why)) = (report.stage, &report.outcome)
        else {
            return false;
        };
        let Some(model) = self.model_at_work(id, stage) else { return false };
        // The browser may have cleared it away.
        self.list_models(out);
        let goes_on = self.takes_another(id, stage, &model, &format!("failed ({why})"));
        if goes_on {
            self.run_stage(id, stage, false, out);
        }
        goes_on
    }

    /// Has no more of a model for a document, and notes what is done instead. False if nothing can be.
    pub(super) fn takes_another(
        &mut self,
        id: JobId,
        stage: Stage,
        model: &ModelEntry,
        failed: &str,
    ) -> bool {
        let Some(job) = self.job_mut(id) else { return false };
        if !job.broken_models.insert(model.id.clone()) {
            return false;
        }
        let instead = match (self.stored_for(id, stage), stage) {
            (Some(other), _) if other.memory < model.memory => {
                format!("{}, which is smaller, went on", other.name)
            }
            (Some(other), _) => format!("{} went on", other.name),
            (_, Stage::Text) => "the summary was made of sentences from the document".to_owned(),
            _ => return false,
        };
        if let Some(job) = self.job_mut(id) {
            job.note(format!("{} {failed}, so {instead}.", model.name));
        }
        true
    }

    fn store_worker_died(&mut self, out: &mut Vec<Command>) {
        self.store_deaths += 1;
        if self.store_deaths > MAX_STORE_DEATHS {
            self.store_deaths = 0;
            self.give_up_worker(Role::Store, "it kept failing", out);
            return;
        }
        let base_url = Some(self.settings.base_url.trim().to_owned()).filter(|url| !url.is_empty());
        for id in self.models.downloading() {
            if let Some(model) = self.models.entry(&id).cloned() {
                let request = Request::Download { model, base_url: base_url.clone() };
                self.workers.send(Role::Store, request, Attachment::Nothing, self.now, out);
            }
        }
    }
}

/// What the report says of a page with a detour.
fn detour_note(page: u32, detour: Detour) -> String {
    match detour {
        Detour::Picture => format!("Page {page} is kept as a picture: the worker failed on it twice."),
        Detour::TextAlone => {
            format!("Page {page} was read without being painted: the worker failed when it did that.")
        }
        Detour::Nothing => format!("Page {page} was left out: the worker failed whatever it did with it."),
    }
}

/// Whether a model worker died because the browser gave it no more memory while it loaded a model. A refused allocation
/// has no last words: the program ends in a trap, `unreachable`, which anything else seldom does there.
fn is_memory_refused(why: &str, loading: Loading) -> bool {
    let why = why.to_lowercase();
    let says_so = ["memory", "allocat"].iter().any(|word| why.contains(word));
    match loading {
        Loading::No => false,
        Loading::Unknown => says_so,
        Loading::Yes => says_so || why.contains("unreachable"),
    }
}
