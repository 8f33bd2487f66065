//! Models: which there are, which are stored, which to use.

use super::memory::ASSUMED_MEMORY;
use super::message::{Attachment, Command, Role};
use super::settings::ModelChoice;
use super::wants::Wants;
use super::workers::Life;
use super::{Job, Phase, STAGES, Session};
use crate::pipeline::event::Stage;
use crate::protocol::{DownloadState, JobId, Request};
use crate::registry::{ModelEntry, ModelKind, Registry, StoredModel, affordable_memory};
use std::collections::BTreeMap;

/// Models: known, stored, being downloaded.
#[derive(Clone, Debug)]
pub struct Models {
    /// The registry, once fetched.
    pub registry: Option<Registry>,
    /// The registry is being fetched.
    pub awaited: bool,
    /// Why there is no registry.
    pub registry_error: Option<String>,
    /// What is stored; none until the store has told.
    pub stored: Option<Vec<StoredModel>>,
    /// Bytes this site uses, as the browser estimates.
    pub used: u64,
    /// Bytes this site may use, as the browser estimates.
    pub quota: u64,
    /// The browser promised not to evict.
    pub persisted: bool,
    /// Downloads of this visit by registry id.
    pub downloads: BTreeMap<String, DownloadState>,
    memory: u64,
}

/// The model that a choice comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// Stored: use it.
    Stored(ModelEntry),
    /// It would have to be downloaded.
    Missing(ModelEntry),
    /// None is wanted, or none is known.
    Without,
}

/// Where a model stands.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelStatus {
    /// Not on this machine.
    Absent,
    /// Partly there, in bytes.
    Part(u64),
    /// Being downloaded.
    Downloading(DownloadState),
    /// Ready, taking so many bytes.
    Stored(u64),
    /// The last download failed.
    Failed(String),
}

impl Models {
    pub(super) fn new(memory: Option<u64>) -> Self {
        Self {
            registry: None,
            awaited: false,
            registry_error: None,
            stored: None,
            used: 0,
            quota: 0,
            persisted: false,
            downloads: BTreeMap::new(),
            memory: memory.unwrap_or(ASSUMED_MEMORY),
        }
    }

    /// Models of a kind, from best to smallest.
    pub fn of_kind(&self, kind: ModelKind) -> impl Iterator<Item = &ModelEntry> {
        self.registry.iter().flat_map(|registry| &registry.models).filter(move |model| model.kind == kind)
    }

    /// The model called `id`.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&ModelEntry> {
        self.registry.as_ref()?.model(id)
    }

    /// Whether the model is stored whole.
    #[must_use]
    pub fn is_stored(&self, id: &str) -> bool {
        self.stored.iter().flatten().any(|model| model.id == id && model.complete)
    }

    /// Where a model stands.
    #[must_use]
    pub fn status(&self, id: &str) -> ModelStatus {
        match self.downloads.get(id) {
            Some(state @ (DownloadState::Running { .. } | DownloadState::Waiting { .. })) => {
                return ModelStatus::Downloading(state.clone());
            }
            Some(DownloadState::Failed { reason }) => return ModelStatus::Failed(reason.clone()),
            Some(DownloadState::Done | DownloadState::Stopped) | None => {}
        }
        match self.stored.iter().flatten().find(|model| model.id == id) {
            Some(model) if model.complete => ModelStatus::Stored(model.bytes),
            Some(model) if model.bytes > 0 => ModelStatus::Part(model.bytes),
            _ => ModelStatus::Absent,
        }
    }

    /// Models that are being downloaded, by registry id.
    pub(super) fn downloading(&self) -> Vec<String> {
        let running = |id: &&String| matches!(self.status(id), ModelStatus::Downloading(_));
        self.downloads.keys().filter(running).cloned().collect()
    }

    /// The best model that fits this machine, or else the smallest one there is.
    #[must_use]
    pub fn suggested(&self, kind: ModelKind) -> Option<&ModelEntry> {
        let registry = self.registry.as_ref()?;
        let fitting = registry.candidates(kind, None, affordable_memory(self.memory));
        let smallest = || registry.candidates(kind, None, u64::MAX).last().copied();
        fitting.first().copied().or_else(smallest)
    }

    /// What a choice comes to.
    #[must_use]
    pub fn resolve(&self, kind: ModelKind, choice: &ModelChoice) -> Resolved {
        let entry = match choice {
            ModelChoice::Without => None,
            ModelChoice::Model(id) => self.entry(id).filter(|model| model.kind == kind),
            ModelChoice::Automatic => {
                self.of_kind(kind).find(|model| self.is_stored(&model.id)).or_else(|| self.suggested(kind))
            }
        };
        match entry {
            None => Resolved::Without,
            Some(model) if self.is_stored(&model.id) => Resolved::Stored(model.clone()),
            Some(model) => Resolved::Missing(model.clone()),
        }
    }
}

/// The kind of model that a stage uses.
#[must_use]
pub(super) fn kind_of(stage: Stage) -> Option<ModelKind> {
    match stage {
        Stage::Extraction => None,
        Stage::Vision => Some(ModelKind::Caption),
        Stage::Text => Some(ModelKind::Text),
    }
}

impl Session {
    /// The model that a stage would use now.
    #[must_use]
    pub fn resolve(&self, stage: Stage) -> Resolved {
        self.resolve_wanted(&Wants::of(&self.settings), stage)
    }

    fn resolve_wanted(&self, wants: &Wants, stage: Stage) -> Resolved {
        match kind_of(stage) {
            None => Resolved::Without,
            Some(kind @ ModelKind::Caption) => self.models.resolve(kind, &wants.caption_model),
            Some(kind @ ModelKind::Text) => self.models.resolve(kind, &wants.text_model),
            Some(ModelKind::Scan) => Resolved::Without,
        }
    }

    /// The same for a document: not one that failed on it, but the next smaller one that is stored; instead of one that
    /// could not be downloaded also one that could be.
    pub(super) fn resolve_for(&self, job: &Job, stage: Stage) -> Resolved {
        let resolved = self.resolve_wanted(&self.wants(job), stage);
        let (Resolved::Stored(model) | Resolved::Missing(model), Some(kind)) = (&resolved, kind_of(stage))
        else {
            return resolved;
        };
        let usable = |model: &ModelEntry| {
            !job.broken_models.contains(&model.id) && !job.no_download.contains(&model.id)
        };
        if usable(model) {
            return resolved;
        }
        let smaller =
            || self.models.of_kind(kind).filter(|other| other.memory < model.memory && usable(other));
        if let Some(stored) = smaller().find(|other| self.models.is_stored(&other.id)) {
            return Resolved::Stored(stored.clone());
        }
        if matches!(resolved, Resolved::Stored(_)) {
            return Resolved::Without;
        }
        // Without an address of the person's own only what is served somewhere can be downloaded.
        let own_address = !self.settings.base_url.trim().is_empty();
        let served = smaller().find(|other| own_address || other.unavailable.is_none());
        served.cloned().map_or(resolved, Resolved::Missing)
    }

    /// Whether it will soon be known which models there are and which are stored.
    pub(super) fn models_on_their_way(&self) -> bool {
        self.models.awaited
            || (self.models.stored.is_none() && self.workers.get(Role::Store).life != Life::Off)
    }

    /// The same where it is stored.
    pub(super) fn stored_for(&self, id: JobId, stage: Stage) -> Option<ModelEntry> {
        match self.resolve_for(self.job(id)?, stage) {
            Resolved::Stored(model) => Some(model),
            Resolved::Missing(_) | Resolved::Without => None,
        }
    }

    pub(super) fn list_models(&mut self, out: &mut Vec<Command>) {
        self.workers.send(Role::Store, Request::ListModels, Attachment::Nothing, self.now, out);
    }

    pub(super) fn start_download(&mut self, id: &str, out: &mut Vec<Command>) {
        let Some(model) = self.models.entry(id).cloned() else { return };
        if let Some(DownloadState::Running { .. } | DownloadState::Waiting { .. }) =
            self.models.downloads.get(id)
        {
            return;
        }
        let total = model.approximate_bytes();
        let started = DownloadState::Running { received: 0, total, speed: 0.0, seconds_left: 0.0 };
        self.models.downloads.insert(id.to_owned(), started);
        self.announce(format!("Downloading {}.", model.name));
        let base_url = Some(self.settings.base_url.trim().to_owned()).filter(|url| !url.is_empty());
        let request = Request::Download { model, base_url };
        self.workers.send(Role::Store, request, Attachment::Nothing, self.now, out);
    }

    pub(super) fn stop_download(&mut self, id: &str, out: &mut Vec<Command>) {
        if !matches!(self.models.status(id), ModelStatus::Downloading(_)) {
            return;
        }
        let request = Request::StopDownload { id: id.to_owned() };
        self.workers.send(Role::Store, request, Attachment::Nothing, self.now, out);
        self.download_changed(id, DownloadState::Stopped, out);
    }

    pub(super) fn download_changed(&mut self, id: &str, state: DownloadState, out: &mut Vec<Command>) {
        let running = matches!(self.models.status(id), ModelStatus::Downloading(_));
        if !running {
            // An echo of a download that was stopped here already.
            return;
        }
        self.models.downloads.insert(id.to_owned(), state.clone());
        let name = self.models.entry(id).map_or_else(|| id.to_owned(), |model| model.name.clone());
        let mut failed = None;
        match state {
            DownloadState::Running { .. } | DownloadState::Waiting { .. } => return,
            DownloadState::Done => {
                self.store_deaths = 0;
                self.mark_stored(id);
                self.announce(format!("{name} is stored on this machine."));
            }
            DownloadState::Stopped => self.announce(format!("The download of {name} was stopped.")),
            DownloadState::Failed { reason } => {
                self.notify(format!("{name} could not be downloaded: {reason}"));
                failed = Some(reason);
            }
        }
        self.list_models(out);
        self.go_on_after_download(id, failed.as_deref(), out);
    }

    /// The store lists what it has only after a while; a finished download counts at once.
    fn mark_stored(&mut self, id: &str) {
        let bytes = self.models.entry(id).map_or(0, ModelEntry::approximate_bytes);
        let stored = self.models.stored.get_or_insert_with(Vec::new);
        match stored.iter_mut().find(|model| model.id == id) {
            Some(model) => model.complete = true,
            None => stored.push(StoredModel { id: id.to_owned(), bytes, complete: true }),
        }
    }

    /// A stage that waited for this download runs now, with the model; if it failed, with the next smaller one.
    fn go_on_after_download(&mut self, id: &str, failed: Option<&str>, out: &mut Vec<Command>) {
        let Some(job) = self.active.and_then(|active| self.job_mut(active)) else { return };
        let waiting = STAGES.into_iter().find(
            |stage| matches!(&job.stage(*stage).phase, Phase::Downloading(model) if model.as_str() == id),
        );
        let Some(stage) = waiting else { return };
        let job = job.id;
        if let Some(why) = failed {
            self.do_without_download(job, stage, id, why);
        }
        // It waited because the person allowed downloads.
        self.run_stage(job, stage, failed.is_some(), out);
    }

    /// Notes that a model could not be downloaded, and what is done instead.
    fn do_without_download(&mut self, id: JobId, stage: Stage, model: &str, why: &str) {
        let Some(job) = self.job_mut(id) else { return };
        job.no_download.insert(model.to_owned());
        let Some(job) = self.job(id) else { return };
        let instead = match self.resolve_for(job, stage) {
            Resolved::Stored(other) => format!("{}, which is smaller and here already, is used", other.name),
            Resolved::Missing(other) if !job.no_download.contains(&other.id) => {
                format!("{}, which is smaller, is downloaded", other.name)
            }
            _ if stage == Stage::Vision => "figures stay without a description".to_owned(),
            _ => "the summary is made of sentences from the document".to_owned(),
        };
        let name = self.models.entry(model).map_or(model, |model| model.name.as_str());
        let note = format!("{name} could not be downloaded ({}), so {instead}.", why.trim_end_matches('.'));
        if let Some(job) = self.job_mut(id) {
            job.note(note);
        }
    }
}
