//! The flow of a document through its stages, and what workers say of it.

use super::job::{Exchange, Job, JobState, OPENING, Phase, Reply};
use super::kept::Entry;
use super::message::{Attachment, Command, Role};
use super::models::{Resolved, kind_of};
use super::parts::Parts;
use super::watch::Work;
use super::{ModelStatus, Session};
use crate::document::FigureImage;
use crate::pipeline::event::{Counts, Event as Told, Options, Outcome, Stage, StageReport};
use crate::protocol::{JobId, PROTOCOL, Request, Response};

/// From this size on a file that cannot be opened most likely lacks memory.
const LARGE_FILE_BYTES: u64 = 256 << 20;

impl Session {
    /// Goes on with the active document, or takes the next one.
    pub(super) fn advance(&mut self, out: &mut Vec<Command>) {
        while self.broken.is_none() {
            let Some(active) = self.active else {
                let next = self.jobs.iter().find(|job| job.state == JobState::Waiting).map(|job| job.id);
                let Some(id) = next else {
                    self.writing.awaited = None;
                    return;
                };
                if self.waits_for_writing() {
                    return;
                }
                self.begin(id);
                continue;
            };
            let Some(job) = self.job_mut(active) else {
                self.active = None;
                continue;
            };
            if job.running_stage().is_some() {
                return;
            }
            let Some(stage) = job.todo.first().copied() else {
                self.finish(active, JobState::Done);
                continue;
            };
            if self.awaits_models(active, stage) {
                return;
            }
            let Some(job) = self.job_mut(active) else { continue };
            job.todo.remove(0);
            job.stage_mut(stage).parts = Parts::default();
            let asked = job.may_download;
            let may_download = asked || self.job(active).is_some_and(|job| self.wants(job).download);
            self.run_stage(active, stage, may_download, out);
        }
    }

    /// Whether a stage waits for the list of stored models: one that is there is not to be missed.
    fn awaits_models(&self, id: JobId, stage: Stage) -> bool {
        stage != Stage::Extraction
            && self.models_on_their_way()
            && self.job(id).is_some_and(|job| self.is_wanted(job, stage))
    }

    fn begin(&mut self, id: JobId) {
        let (now, program) = (self.now, self.program);
        self.active = Some(id);
        let Some(job) = self.job_mut(id) else { return };
        job.state = JobState::Working;
        job.began = now;
        job.program = program;
        let text = format!("Working on {}.", job.name);
        if self.view.job.is_none() && !self.is_self_check(id) {
            self.view.job = Some(id);
        }
        self.announce(text);
    }

    /// Ends the work on a document.
    pub(super) fn finish(&mut self, id: JobId, state: JobState) {
        let now = self.now;
        if self.active == Some(id) {
            self.active = None;
        }
        let Some(job) = self.job_mut(id) else { return };
        job.worked = job.elapsed(now);
        job.may_download = false;
        let text = match &state {
            JobState::Done => format!("{} is finished.", job.name),
            JobState::Stopped => format!("{} was stopped. What was finished is kept.", job.name),
            JobState::NeedsPassword { .. } => format!("{} needs a password.", job.name),
            JobState::Failed { message, .. } => format!("{} failed: {message}", job.name),
            JobState::Waiting | JobState::Working => String::new(),
        };
        let finished = state == JobState::Done;
        let ended = finished || matches!(state, JobState::Stopped | JobState::Failed { .. });
        job.state = state;
        if finished {
            self.keep(id, Entry::Finished, &[]);
            self.touch(id);
            if let Some(job) = self.job_mut(id) {
                job.unwritten = job.has_diary;
            }
        }
        if ended {
            self.remember(id);
        }
        self.announce(text);
    }

    /// Starts a stage, or ends it at once with the reason why it is not run.
    pub(super) fn run_stage(&mut self, id: JobId, stage: Stage, may_download: bool, out: &mut Vec<Command>) {
        let now = self.now;
        let known = self.job(id).map(|job| (self.is_wanted(job, stage), self.resolve_for(job, stage)));
        let Some((wanted, resolved)) = known else { return };
        let Some(job) = self.job_mut(id) else { return };
        let state = job.stage_mut(stage);
        if state.parts.requests == 0 {
            state.began = now;
        }
        state.partial.clear();
        let last = state.progress.take();
        state.parts.cut(last.as_ref());
        state.phase = Phase::Running;
        if !wanted {
            self.skip_stage(id, stage, "not asked for");
            return;
        }
        if let (Resolved::Missing(model), true) = (&resolved, may_download) {
            let needed =
                stage == Stage::Text || job.undescribed().iter().any(|id| job.result.image(id).is_some());
            if needed && !job.no_download.contains(&model.id) {
                job.stage_mut(stage).phase = Phase::Downloading(model.id.clone());
                self.start_download(&model.id, out);
                return;
            }
        }
        match stage {
            Stage::Extraction => self.run_extraction(id, out),
            Stage::Vision => self.run_vision(id, &resolved, out),
            Stage::Text => self.run_text(id, &resolved, out),
        }
    }

    fn run_extraction(&mut self, id: JobId, out: &mut Vec<Command>) {
        let Some(job) = self.job(id) else { return };
        let (first_page, page_count) = (job.result.next_page(), job.page_count());
        if page_count > 0 && first_page > page_count {
            let report = report(job, Stage::Extraction, Outcome::Done, self.now);
            self.end_stage(id, report);
            return;
        }
        let wants = self.wants(job);
        let options = Options {
            captions: wants.captions,
            summary: wants.summary,
            caption_model: stored_id(&self.resolve_for(job, Stage::Vision)),
            text_model: stored_id(&self.resolve_for(job, Stage::Text)),
            scans: wants.scans,
        };
        if let Some(job) = self.job_mut(id) {
            job.at_page = Some(OPENING);
        }
        self.open_document(id, first_page, options, out);
        self.workers.get_mut(Role::Document).heard = self.now;
    }

    fn run_vision(&mut self, id: JobId, resolved: &Resolved, out: &mut Vec<Command>) {
        let Some(job) = self.job(id) else { return };
        let (figures, brief) = job.next_figures(self.figures_at_once());
        if figures.is_empty() && job.stage(Stage::Vision).parts.requests > 0 {
            self.end_parts(id, Stage::Vision, "they were left out");
            return;
        }
        if figures.is_empty() {
            self.skip_stage(id, Stage::Vision, "no figure needs a description");
            return;
        }
        let model = match resolved {
            Resolved::Stored(model) => model.clone(),
            other => {
                let reason = self.why_without(Stage::Vision, other);
                self.skip_stage(id, Stage::Vision, &reason);
                return;
            }
        };
        let Some(job) = self.job_mut(id) else { return };
        let buffers =
            figures.iter().filter_map(|figure| job.result.image(figure).map(<[u8]>::to_vec)).collect();
        let parts = &mut job.stage_mut(Stage::Vision).parts;
        parts.requests += 1;
        parts.batch.clone_from(&figures);
        parts.model = Some(model.clone());
        let work = Work::Stage(id, Stage::Vision, Some(model.clone()));
        let request = Request::Describe { job: id, model, figures, brief };
        self.ask_models(work, request, Attachment::Buffers(buffers), out);
    }

    fn run_text(&mut self, id: JobId, resolved: &Resolved, out: &mut Vec<Command>) {
        let reason = self.why_without(Stage::Text, resolved);
        let one_by_one = self.is_memory_short();
        let Some(job) = self.job_mut(id) else { return };
        let model = match resolved {
            Resolved::Stored(model) if !job.broken_models.contains(&model.id) => Some(model.clone()),
            Resolved::Stored(_) => None,
            Resolved::Missing(_) => {
                job.note(format!("Summary: {reason}, so sentences were picked from the document."));
                None
            }
            Resolved::Without => None,
        };
        let document = Box::new(job.document().clone());
        let parts = &mut job.stage_mut(Stage::Text).parts;
        parts.requests += 1;
        parts.model.clone_from(&model);
        let work = Work::Stage(id, Stage::Text, model.clone());
        let request = Request::Summarise { job: id, model, document, brief: parts.brief_text, one_by_one };
        self.ask_models(work, request, Attachment::Nothing, out);
    }

    /// Why a stage runs without a model.
    fn why_without(&self, stage: Stage, resolved: &Resolved) -> String {
        match resolved {
            Resolved::Missing(model) => match self.models.status(&model.id) {
                ModelStatus::Failed(reason) => format!("{} could not be downloaded: {reason}", model.name),
                _ => format!("{} is not on this machine", model.name),
            },
            _ if kind_of(stage).is_some() && self.models.registry.is_none() => {
                "the list of models could not be read".to_owned()
            }
            _ => "no model is chosen".to_owned(),
        }
    }

    fn skip_stage(&mut self, id: JobId, stage: Stage, reason: &str) {
        self.end_stage(id, StageReport::skipped(stage, reason));
    }

    /// Records how a stage ended.
    pub(super) fn end_stage(&mut self, id: JobId, report: StageReport) {
        let Some(job) = self.job_mut(id) else { return };
        let stage = report.stage;
        job.result.apply(Told::StageEnded(report.clone()), Vec::new());
        // Of the pages of workers before this one the result alone knows.
        let report = job.result.stage_report(stage).cloned().unwrap_or(report);
        let text = match &report.outcome {
            Outcome::Done => format!("{}: done.", stage_name(stage)),
            Outcome::Partial(reason) => format!("{}: done in part, {reason}.", stage_name(stage)),
            Outcome::Failed(reason) => format!("{} failed: {reason}.", stage_name(stage)),
            Outcome::Stopped | Outcome::Skipped(_) => String::new(),
        };
        let state = job.stage_mut(stage);
        state.phase = Phase::Ended(report.outcome.clone());
        state.partial.clear();
        job.revisions.document += 1;
        self.keep_told(id, &Told::StageEnded(report), &[]);
        if !text.is_empty() {
            self.announce(text);
        }
    }

    /// Takes in what a worker says.
    pub(super) fn hear(
        &mut self,
        role: Role,
        generation: u32,
        response: Response,
        images: Vec<FigureImage>,
        out: &mut Vec<Command>,
    ) {
        if !self.is_current(role, generation) {
            return;
        }
        self.workers.get_mut(role).heard = self.now;
        match response {
            Response::Ready { protocol } if protocol == PROTOCOL => {
                if role == Role::Model {
                    self.watch.ready();
                }
                self.workers.ready(role, out);
            }
            Response::Memory { bytes } => self.worker_memory(role, bytes),
            Response::Ready { .. } => {
                self.workers.end(role, out);
                self.broken = Some(
                    "The page and its worker are of different versions. Reload the page to get both anew."
                        .to_owned(),
                );
            }
            Response::Event { job, event } => {
                if role == Role::Model {
                    self.watch_told(job, &event);
                }
                self.told(role, job, event, images, out);
            }
            Response::PasswordNeeded { job, wrong } => {
                if self.is_extracting(job) {
                    self.password_needed(job, wrong);
                } else {
                    self.reopening_failed(job, "The file cannot be opened again.");
                }
            }
            Response::OpenFailed { job, message } => {
                if self.is_extracting(job) {
                    self.open_failed(job, message);
                } else {
                    self.reopening_failed(job, &message);
                }
            }
            Response::Rendered { job, page, width_px, height_px, overlay } => {
                self.rendered(job, page, [width_px, height_px], overlay, out);
            }
            Response::Pixels { job, page, width_px, height_px } => {
                self.have_pixels(job, page, [width_px, height_px], out);
            }
            Response::PixelsRead { job, page, error } => self.pixels_read(role, job, page, error, out),
            Response::RenderFailed { job, page, message } => self.render_failed(job, page, message),
            Response::Stopped { job } => {
                if self.clock.stop.is_some_and(|(stopping, _)| stopping == job) {
                    self.clock.stop = None;
                    self.close_unread(job);
                    self.finish_stopped(job);
                }
            }
            Response::Answer { job, question, answer, passages, error } => {
                let reply = Reply::Given { answer: answer.map(|answer| answer.text), passages, error };
                let reply = self.question_served(reply, job, &question);
                self.answered(job, &question, reply);
            }
            Response::Measured { found } => self.measured(found, out),
            // Asked for by tests only.
            Response::Compared { .. } => {}
            Response::Stored { models, used, quota, persisted } => {
                self.models.stored = Some(models);
                self.models.used = used;
                self.models.quota = quota;
                self.models.persisted = persisted;
            }
            Response::Download { id, state } => self.download_changed(&id, state, out),
            Response::Died { message } => self.worker_died(role, &message, out),
        }
    }

    /// Takes in an event of the pipeline, unless it comes too late to matter.
    fn told(&mut self, role: Role, id: JobId, event: Told, images: Vec<FigureImage>, out: &mut Vec<Command>) {
        if self.active != Some(id) {
            return;
        }
        let stopping = self.clock.stop.is_some();
        let now = self.now;
        let Some(job) = self.job_mut(id) else { return };
        let Some(stage) = job.running_stage() else { return };
        let helps = Role::SCANS.contains(&role) && matches!(event, Told::Progress(_));
        if role_of(stage) != role && !helps {
            return;
        }
        match event {
            Told::Progress(progress) => {
                if progress.stage == stage {
                    if progress.page.is_some() {
                        job.at_page = progress.page;
                    }
                    let state = job.stage_mut(stage);
                    if let Some(last) = state.progress.take_if(|last| last.done != progress.done) {
                        state.parts.unit_ended(&last);
                    }
                    state.progress = Some(progress);
                }
            }
            Told::Partial { stage: of, text } => {
                if of == stage {
                    job.stage_mut(stage).partial = text;
                }
            }
            Told::StageEnded(mut report) => {
                if report.stage != stage {
                    return;
                }
                if stopping {
                    self.clock.stop = None;
                    self.finish_stopped(id);
                    return;
                }
                if self.part_ended(id, &mut report, out) {
                    return;
                }
                if let Some(job) = self.job(id)
                    && stage == Stage::Extraction
                    && (job.resumed || job.lost_worker())
                {
                    let whole = self::report(job, stage, report.outcome.clone(), now);
                    report = StageReport { outcome: report.outcome, ..whole };
                }
                self.end_stage(id, report);
            }
            Told::Page { page, figures, warnings } => {
                let number = page.number;
                let told = Told::Page { page, figures, warnings };
                self.keep_told(id, &told, &images);
                let Some(job) = self.job_mut(id) else { return };
                job.result.apply(told, images);
                job.page_changed(number);
                self.pages.release();
                self.announce_pages(id);
            }
            Told::Described { figure, description } => {
                let known = job.document().figure(&figure).and_then(|known| known.description.as_ref());
                let edited = known.is_some_and(|known| known.edited);
                job.model_deaths = 0;
                job.stage_mut(stage).partial.clear();
                job.stage_mut(stage).parts.described();
                if !edited {
                    let told = Told::Described { figure, description };
                    self.keep_told(id, &told, &[]);
                    let Some(job) = self.job_mut(id) else { return };
                    job.result.apply(told, Vec::new());
                    job.figures_changed();
                }
            }
            Told::Synopsis(synopsis) => {
                let told = Told::Synopsis(synopsis);
                self.keep_told(id, &told, &[]);
                let Some(job) = self.job_mut(id) else { return };
                job.result.apply(told, Vec::new());
                job.synopsis_changed();
            }
            Told::Opened { .. } | Told::Warning(_) => {
                self.keep_told(id, &event, &[]);
                let Some(job) = self.job_mut(id) else { return };
                job.at_page = job.at_page.filter(|page| *page != OPENING);
                job.result.apply(event, Vec::new());
                job.revisions.document += 1;
            }
        }
    }

    /// The first page, and then every tenth of the document, is worth a word.
    fn announce_pages(&mut self, id: JobId) {
        let Some(job) = self.job(id) else { return };
        let done = job.document().pages.len();
        let total = job.page_count() as usize;
        let step = total.div_ceil(10).max(1);
        if done == 1 || done % step == 0 {
            self.announce(format!("Page {done} of {total}."));
        }
    }

    fn password_needed(&mut self, id: JobId, wrong: bool) {
        self.take_back_stage(id);
        self.finish(id, JobState::NeedsPassword { wrong });
        if self.view.password.is_none() {
            self.view.password = Some(id);
        }
    }

    fn open_failed(&mut self, id: JobId, message: String) {
        self.take_back_stage(id);
        let advice = if self.job(id).is_some_and(|job| job.bytes >= LARGE_FILE_BYTES) {
            "Close other documents and tabs and try again. If that does not help, split the file in a PDF \
             reader and drop its parts here."
        } else {
            "Open it in a PDF reader: if that works, save it from there under a new name and drop the new file \
             here."
        };
        self.finish(id, JobState::Failed { message, advice: advice.to_owned() });
    }

    /// The running stage is not over: it stands first among those still to be run.
    pub(super) fn take_back_stage(&mut self, id: JobId) {
        self.pages.close(id);
        let Some(job) = self.job_mut(id) else { return };
        if let Some(stage) = job.running_stage() {
            job.stage_mut(stage).phase = Phase::Pending;
            job.todo.insert(0, stage);
        }
    }

    pub(super) fn is_extracting(&self, id: JobId) -> bool {
        self.active == Some(id) && self.job(id).and_then(Job::running_stage) == Some(Stage::Extraction)
    }

    /// Whether silence of the document worker would be strange.
    pub(super) fn document_worker_busy(&self) -> bool {
        self.pages.is_rendering() || self.active.is_some_and(|id| self.is_extracting(id))
    }

    fn answered(&mut self, id: JobId, question: &str, reply: Reply) {
        let Some(job) = self.job_mut(id) else { return };
        let waiting =
            |exchange: &&mut Exchange| exchange.reply == Reply::Waiting && exchange.question == question;
        if let Some(exchange) = job.exchanges.iter_mut().find(waiting) {
            exchange.reply = reply;
            self.announce("The answer is here.");
        }
    }
}

/// A stage's report made by the page: for one that was begun by one worker and ended by another.
pub(super) fn report(job: &Job, stage: Stage, outcome: Outcome, now: f64) -> StageReport {
    let document = job.document();
    let parts = &job.stage(stage).parts;
    let mut models: Vec<String> = Vec::new();
    let counts = match stage {
        Stage::Extraction => Counts {
            pages: u32::try_from(document.pages.len()).unwrap_or(u32::MAX),
            characters: characters(job),
            images: u32::try_from(document.figures.len()).unwrap_or(u32::MAX),
            tokens: 0,
        },
        Stage::Vision => {
            let mut described = 0;
            for description in document.figures.iter().filter_map(|figure| figure.description.as_ref()) {
                described += 1;
                models.extend(description.model.clone().filter(|model| !models.contains(model)));
            }
            Counts { images: described, tokens: parts.tokens(), ..Counts::default() }
        }
        Stage::Text => Counts { tokens: parts.tokens(), ..Counts::default() },
    };
    let millis = (now - job.stage(stage).began).max(0.0);
    StageReport { stage, outcome, millis, counts, models, load_millis: parts.load_millis() }
}

fn characters(job: &Job) -> u64 {
    let blocks = job.document().pages.iter().flat_map(|page| &page.blocks);
    let running = blocks.filter(|block| !matches!(block.content, crate::document::Content::Furniture { .. }));
    running.map(|block| block.plain_text().chars().count() as u64).sum()
}

fn role_of(stage: Stage) -> Role {
    match stage {
        Stage::Extraction => Role::Document,
        Stage::Vision | Stage::Text => Role::Model,
    }
}

fn stored_id(resolved: &Resolved) -> Option<String> {
    match resolved {
        Resolved::Stored(model) => Some(model.id.clone()),
        Resolved::Missing(_) | Resolved::Without => None,
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Extraction => "Pages and text",
        Stage::Vision => "Figures",
        Stage::Text => "Summary",
    }
}
