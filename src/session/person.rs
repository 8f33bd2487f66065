//! What the person does.

use super::job::{Exchange, Job, JobState, OPENING, Phase, Reply};
use super::kept::Entry;
use super::message::{Attachment, Command, Event, NewFile, Pane, Role, Tab};
use super::watch::Question;
use super::{Selection, Session};
use crate::document::{BlockId, Content, FigureId};
use crate::pipeline::event::Stage;
use crate::protocol::{JobId, Request};

/// Questions longer than this are cut: a model reads 512 tokens, and the passages need them too.
const MAX_QUESTION_CHARS: usize = 400;

impl Session {
    #[allow(clippy::too_many_lines, reason = "one arm for each thing a person can do")]
    pub(super) fn person(&mut self, event: Event, out: &mut Vec<Command>) {
        let Some(event) = self.postpone(event) else { return };
        match event {
            Event::FilesAdded(files) => self.add_files(files),
            Event::Submitted { file, password, wants } => _ = self.submit(file, password, wants),
            Event::EndIdle => self.end_idle(out),
            Event::Start(id) => self.start(id),
            Event::Stop(id) => self.stop(id, out),
            Event::StopAll => {
                let waiting = self.jobs.iter_mut().filter(|job| job.state == JobState::Waiting);
                for job in waiting {
                    job.state = JobState::Stopped;
                }
                if let Some(active) = self.active {
                    self.stop(active, out);
                }
            }
            Event::Remove(id) => self.remove(id, out),
            Event::Select(id) => self.select(id),
            Event::SelectBlock(id) => self.select_block(&id, out),
            Event::SelectFigure(id) => self.select_figure(&id, out),
            Event::PointAt { page, x, y } => self.point_at(page, x, y, out),
            Event::GoToPage(page) => {
                self.view.pane = Pane::Pages;
                out.push(Command::ScrollToPage { page, area: None });
            }
            Event::SelectTab(tab) => {
                self.view.tab = tab;
                self.view.pane = Pane::Text;
            }
            Event::SelectPane(pane) => self.view.pane = pane,
            Event::ShowSettings(shown) => {
                self.view.settings = shown;
                if shown {
                    self.list_models(out);
                }
            }
            Event::SettingsChanged(settings) => {
                if settings != self.settings {
                    if self.settings.keep && !settings.keep {
                        self.unkeep_all(out);
                    }
                    self.settings = settings.clone();
                    out.push(Command::Persist(settings));
                }
            }
            Event::AskPassword(id) => {
                let asked =
                    self.job(id).is_some_and(|job| matches!(job.state, JobState::NeedsPassword { .. }));
                self.view.password = asked.then_some(id);
            }
            Event::PasswordGiven { job, password } => self.password_given(job, password),
            Event::PasswordRefused => self.view.password = None,
            Event::DescriptionEdited { job: id, figure, text } => {
                if let Some(job) = self.job_mut(id) {
                    job.result.edit_description(&figure, &text);
                    job.figures_changed();
                    self.keep(id, Entry::Wrote { figure, text }, &[]);
                }
            }
            Event::EarlierFound(found) => self.earlier = found,
            Event::OpenEarlier(key) => {
                self.earlier.retain(|earlier| earlier.key != key);
                out.push(Command::Recall(key));
            }
            Event::DeleteEarlier(key) => {
                self.earlier.retain(|earlier| earlier.key != key);
                out.push(Command::DeleteKept(key));
            }
            Event::ForgetAll => self.forget_all(out),
            Event::ForgetHistory => self.forget_history(out),
            Event::Recalled { file, entries } => self.recalled(file, entries),
            Event::KeptWhole(file) => self.is_kept_whole(file),
            Event::NotKept(file) => self.is_not_kept(file),
            Event::BroughtBack { file, entries, whole } => self.brought_back(file, entries, whole, out),
            Event::ShowDoubts(shown) => self.show_doubts(shown, out),
            Event::StepDoubt { forward } => self.step_doubt(forward, out),
            Event::WordChecked { job, doubt, text } => self.check_word(job, doubt, &text, out),
            Event::TakeBackWord(job) => self.take_back_word(job, out),
            Event::Asked { job, question } => self.ask(job, &question, out),
            Event::RunStage { job, stage } => self.run_again(job, stage),
            Event::Download(id) => self.start_download(&id, out),
            Event::StopDownload(id) => self.stop_download(&id, out),
            Event::Benchmark => self.start_benchmark(out),
            Event::SelfCheck(file) => self.start_self_check(file, out),
            Event::DeleteModel(id) => {
                self.models.downloads.remove(&id);
                if let Some(stored) = &mut self.models.stored {
                    stored.retain(|model| model.id != id);
                }
                let request = Request::DeleteModel { id };
                self.workers.send(Role::Store, request, Attachment::Nothing, self.now, out);
            }
            Event::PageShown { job, page, width_px } => self.page_shown(job, page, width_px),
            Event::ShowOverlay(shown) => self.show_overlay(shown),
            Event::PageHidden { job, page } => self.page_hidden(job, page),
            Event::PageDropped { job, page } => self.page_dropped(job, page),
            Event::Export { job, kind } => {
                if self.job(job).is_some_and(Job::has_pages) {
                    out.push(Command::Export { job, kind });
                }
            }
            Event::UpdateReady => {
                self.view.update = true;
                self.announce("A new version of Recto is ready.");
            }
            Event::ApplyUpdate => out.push(Command::ApplyUpdate),
            Event::OtherTabsOpen(others) => {
                let tabs =
                    if others == 1 { "another tab".to_owned() } else { format!("{others} other tabs") };
                self.notify(format!(
                    "Recto is open in {tabs}. Close what you do not need there, then update."
                ));
            }
            // Only while nothing would be lost; a later visit is isolated from the start.
            Event::WouldIsolate => {
                if self.jobs.is_empty() {
                    out.push(Command::Reload);
                }
            }
            Event::Notice(text) => self.notify(text),
            Event::RegistryLoaded(loaded) => {
                self.models.awaited = false;
                match loaded {
                    Ok(registry) => self.models.registry = Some(registry),
                    Err(message) => self.models.registry_error = Some(message),
                }
                self.list_models(out);
            }
            Event::FileUnreadable { file, message } => self.file_unreadable(file, &message),
            Event::PageMemory(bytes) => self.page_memory(bytes),
            Event::MemoryMeasured(bytes) => self.memory_measured(bytes),
            Event::InFront(in_front) => self.clock_in_front(in_front),
            Event::Worker { .. } | Event::WorkerFailed { .. } | Event::Tick => {}
        }
    }

    fn add_files(&mut self, files: Vec<NewFile>) {
        let count = files.len();
        for new in files {
            let file = new.file;
            let id = self.new_job(new);
            if self.settings.keep {
                self.keeping.push(Command::KeepFile(file));
                if let Some(job) = self.job_mut(id) {
                    job.has_diary = true;
                }
            }
            // A new file is shown, unless the person is looking at one that is there.
            if self.view.job.is_none() {
                self.view.job = Some(id);
            }
        }
        match count {
            0 => {}
            1 => self.announce("One file was added."),
            _ => self.announce(format!("{count} files were added.")),
        }
    }

    /// Puts a file at the end of the queue.
    pub(super) fn new_job(&mut self, NewFile { file, name, bytes }: NewFile) -> JobId {
        let id = JobId(self.next_job);
        self.next_job += 1;
        self.jobs.push(Job::new(id, file, name, bytes));
        id
    }

    /// Deletes all that is kept of documents; those that are open stay open.
    fn forget_all(&mut self, out: &mut Vec<Command>) {
        out.extend(self.earlier.drain(..).map(|earlier| Command::DeleteKept(earlier.key)));
        self.unkeep_all(out);
        self.forget_history(out);
        self.notify("No document is kept any more. Those that are open stay until the page is closed.");
    }

    fn start(&mut self, id: JobId) {
        if let Some(job) = self.job_mut(id)
            && matches!(job.state, JobState::Stopped | JobState::Failed { .. })
        {
            job.deaths.remove(&OPENING);
            job.state = JobState::Waiting;
        }
    }

    fn remove(&mut self, id: JobId, out: &mut Vec<Command>) {
        if let Some(job) = self.take_out(id, out) {
            self.announce(format!("{} was removed.", job.name));
        }
    }

    /// Ends the work on a document and lets go of it.
    pub(super) fn take_out(&mut self, id: JobId, out: &mut Vec<Command>) -> Option<Job> {
        let at = self.jobs.iter().position(|job| job.id == id)?;
        if self.active == Some(id) {
            match self.job(id).and_then(Job::running_stage) {
                Some(Stage::Extraction) => self.end_worker(Role::Document, out),
                Some(stage) => {
                    let phase = self.job(id).map(|job| job.stage(stage).phase.clone());
                    if let Some(Phase::Downloading(model)) = phase {
                        self.active = None;
                        self.stop_download(&model, out);
                    } else {
                        self.end_worker(Role::Model, out);
                    }
                }
                None => {}
            }
            self.active = None;
            self.clock.stop = None;
        }
        self.close_document(id, out);
        let job = self.jobs.remove(at);
        self.pages.forget(id);
        self.forget_memory(id);
        out.push(Command::Unkeep(job.file));
        out.push(Command::ForgetFile(job.file));
        out.push(Command::ForgetFigures(id));
        if self.view.password == Some(id) {
            self.view.password = None;
        }
        if self.view.job == Some(id) {
            let later = self.jobs.iter().skip(at).find(|job| !self.is_self_check(job.id));
            self.view.job = later.or_else(|| self.documents().last()).map(|job| job.id);
            self.view.selection = None;
            self.view.checking = false;
            self.view.doubt = None;
        }
        Some(job)
    }

    fn select(&mut self, id: JobId) {
        if self.job(id).is_some() && self.view.job != Some(id) {
            self.view.job = Some(id);
            self.view.selection = None;
            self.view.checking = false;
            self.view.doubt = None;
        }
    }

    fn select_block(&mut self, id: &BlockId, out: &mut Vec<Command>) {
        let Some((page, area)) = self.shown().and_then(|job| job.block_place(id)) else { return };
        self.view.selection = Some(Selection { block: Some(id.clone()), page, area });
        out.push(Command::ScrollToPage { page, area: Some(area) });
    }

    fn select_figure(&mut self, id: &FigureId, out: &mut Vec<Command>) {
        let Some(document) = self.shown().map(Job::document) else { return };
        let Some(figure) = document.figure(id) else { return };
        let (page, area) = (figure.page, figure.bbox);
        let mut blocks = document.pages.iter().flat_map(|page| &page.blocks);
        let block = blocks.find(|block| matches!(&block.content, Content::Figure { figure } if figure == id));
        let block = block.map(|block| block.id.clone());
        self.view.selection = Some(Selection { block, page, area });
        out.push(Command::ScrollToPage { page, area: Some(area) });
    }

    /// Selects the smallest block at a point of a page; running headers only where there is nothing else.
    fn point_at(&mut self, page: u32, x: f32, y: f32, out: &mut Vec<Command>) {
        let Some(document) = self.shown().map(Job::document) else { return };
        let Some(found) = document.pages.iter().find(|known| known.number == page) else { return };
        let at_point = found.blocks.iter().filter(|block| block.bbox.contains(x, y));
        let smallest = at_point.min_by(|a, b| {
            let furniture = |content: &Content| matches!(content, Content::Furniture { .. });
            let key = |block: &crate::document::Block| (furniture(&block.content), block.bbox.area());
            let ((a_last, a_area), (b_last, b_area)) = (key(a), key(b));
            a_last.cmp(&b_last).then(a_area.total_cmp(&b_area))
        });
        let Some(block) = smallest else {
            self.view.selection = None;
            return;
        };
        let (id, area) = (block.id.clone(), block.bbox);
        let is_figure = matches!(block.content, Content::Figure { .. });
        if !(self.view.tab == Tab::Figures && is_figure) {
            self.view.tab = Tab::Markdown;
        }
        self.view.selection = Some(Selection { block: Some(id.clone()), page, area });
        out.push(Command::ScrollToBlock(id));
    }

    fn password_given(&mut self, id: JobId, password: String) {
        self.view.password = None;
        let Some(at) = self.jobs.iter().position(|job| job.id == id) else { return };
        if let Some(job) = self.jobs.get_mut(at)
            && matches!(job.state, JobState::NeedsPassword { .. })
        {
            job.password = Some(password);
            job.has_no_diary();
            job.state = JobState::Waiting;
            // Its text is not for everyone who has this browser.
            self.keeping.push(Command::Unkeep(job.file));
        }
    }

    fn ask(&mut self, id: JobId, question: &str, out: &mut Vec<Command>) {
        let question: String = question.trim().chars().take(MAX_QUESTION_CHARS).collect();
        let model = self.stored_for(id, Stage::Text);
        let Some(job) = self.job_mut(id) else { return };
        if question.is_empty() || job.document().pages.is_empty() {
            return;
        }
        let exchange = Exchange { question: question.clone(), reply: Reply::Waiting };
        job.exchanges.push(exchange);
        let question = Question { job: id, text: question, model, brief: false, trouble: None };
        self.send_question(question, out);
    }

    /// Runs a stage of a document that is not being worked on, with its model or what replaces it.
    fn run_again(&mut self, id: JobId, stage: Stage) {
        if self.active == Some(id) {
            return;
        }
        let Some(job) = self.job_mut(id) else { return };
        if matches!(job.state, JobState::Done | JobState::Stopped) && job.has_pages() {
            job.todo.retain(|todo| *todo != stage);
            job.todo.push(stage);
            job.todo.sort_by_key(|stage| *stage as u8);
            job.broken_models.clear();
            job.no_download.clear();
            job.skip_figures.clear();
            job.dead_figures = 0;
            job.model_deaths = 0;
            job.may_download = true;
            job.stage_mut(stage).phase = Phase::Pending;
            job.state = JobState::Waiting;
        }
    }

    fn file_unreadable(&mut self, file: super::FileId, why: &str) {
        let Some(job) = self.job_of(file) else { return };
        let (id, name) = (job.id, job.name.clone());
        if self.is_extracting(id) {
            self.take_back_stage(id);
            let message = format!("{name} can no longer be read ({why}).");
            let advice =
                "It may have been moved or changed. Remove it from the list and drop it again.".to_owned();
            self.finish(id, JobState::Failed { message, advice });
        } else {
            self.reopening_failed(id, "The file can no longer be read.");
        }
    }
}
