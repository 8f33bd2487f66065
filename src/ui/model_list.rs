//! Models: offers to use one, and the list with its downloads.

use super::store::ui;
use crate::export::safe_address;
use crate::pipeline::event::Stage;
use crate::protocol::{DownloadState, JobId};
use crate::registry::{ModelEntry, ModelKind};
use crate::session::{Event, JobState, ModelChoice, ModelStatus, Phase, Resolved, duration, file_size};
use leptos::prelude::*;

/// Says what a model would add to a finished document, and offers to run it, download included.
#[component]
pub(super) fn ModelOffer(id: JobId, stage: Stage, text: String, action: &'static str) -> impl IntoView {
    let ui = ui();
    let offer = ui.memo(move |session| {
        let job = session.job(id)?;
        let idle = matches!(job.state, JobState::Done | JobState::Stopped);
        let ended = matches!(job.stage(stage).phase, Phase::Ended(_));
        if !idle || !ended {
            return None;
        }
        Some(match session.resolve(stage) {
            Resolved::Stored(model) => format!("{action} with {}", model.name),
            Resolved::Missing(model) => {
                format!("Download {} ({}) and go", model.name, size_of(&model))
            }
            Resolved::Without => return None,
        })
    });
    move || {
        offer.get().map(|label| {
            view! {
                <div class="offer" data-testid="offer">
                    <p>{text.clone()}</p>
                    <button type="button" class="primary" data-testid="offer-run"
                        on:click=move |_| ui.send(Event::RunStage { job: id, stage })>{label}</button>
                    <button type="button" on:click=move |_| ui.send(Event::ShowSettings(true))>"Other models"</button>
                </div>
            }
        })
    }
}

fn size_of(model: &ModelEntry) -> String {
    let known = model.files.iter().all(|file| file.size.or(file.approximate_size).is_some());
    if known { file_size(model.approximate_bytes()) } else { "size unknown".to_owned() }
}

/// The choice of a model of one kind.
#[component]
pub(super) fn ModelList(kind: ModelKind, legend: &'static str, without: &'static str) -> impl IntoView {
    let ui = ui();
    let models = ui.memo(move |session| session.models.of_kind(kind).cloned().collect::<Vec<_>>());
    let choice = ui.memo(move |session| chosen(&session.settings, kind));
    let suggested = ui.memo(move |session| match session.models.resolve(kind, &ModelChoice::Automatic) {
        Resolved::Stored(model) | Resolved::Missing(model) => Some(model.name),
        Resolved::Without => None,
    });
    let choose = move |choice: ModelChoice| {
        let mut settings = ui.peek(|session| session.settings.clone());
        match kind {
            ModelKind::Caption => settings.caption_model = choice,
            ModelKind::Text => settings.text_model = choice,
            // They have no list: one is enough for most.
            ModelKind::Scan => {}
        }
        ui.send(Event::SettingsChanged(settings));
    };
    let group = match kind {
        ModelKind::Caption => "caption-model",
        ModelKind::Text => "text-model",
        ModelKind::Scan => "scan-model",
    };
    view! {
        <fieldset class="models" data-testid=group>
            <legend>{legend}</legend>
            <label class="choice">
                <input type="radio" name=group prop:checked=move || choice.get() == ModelChoice::Automatic
                    on:change=move |_| choose(ModelChoice::Automatic) />
                <span><strong>"Automatic"</strong>
                    <small>{move || suggested.get().map(|name| format!("now {name}"))}</small></span>
            </label>
            <For each=move || models.get() key=|model| model.id.clone() let:model>
                {
                    let id = model.id.clone();
                    let test = format!("model-{id}");
                    let own = ModelChoice::Model(id.clone());
                    let is_own = own.clone();
                    view! {
                        <div class="model" data-testid=test>
                            <label class="choice">
                                <input type="radio" name=group prop:checked=move || choice.get() == is_own
                                    on:change=move |_| choose(own.clone()) />
                                <ModelWords model=model.clone() />
                            </label>
                            <ModelState id />
                        </div>
                    }
                }
            </For>
            <label class="choice">
                <input type="radio" name=group prop:checked=move || choice.get() == ModelChoice::Without
                    on:change=move |_| choose(ModelChoice::Without) />
                <span><strong>"None"</strong><small>{without}</small></span>
            </label>
        </fieldset>
    }
}

fn chosen(settings: &crate::session::Settings, kind: ModelKind) -> ModelChoice {
    match kind {
        ModelKind::Caption => settings.caption_model.clone(),
        ModelKind::Text => settings.text_model.clone(),
        ModelKind::Scan => ModelChoice::Automatic,
    }
}

#[component]
fn ModelWords(model: ModelEntry) -> impl IntoView {
    let facts = format!("download: {}, memory: {}", size_of(&model), file_size(model.memory));
    let licence = match safe_address(&model.homepage) {
        Some(address) => view! {
            <a href=address target="_blank" rel="noopener noreferrer">{model.licence.clone()}</a>
        }
        .into_any(),
        None => model.licence.clone().into_any(),
    };
    view! {
        <span>
            <strong>{model.name.clone()}</strong>
            <small>{facts}", licence: "{licence}</small>
            {model.unavailable.clone().map(|why| view! { <small class="warn">{why}</small> })}
            {(!model.verified && model.unavailable.is_none()).then(|| {
                view! { <small data-testid="unverified">"unverified: nobody has tried these files with Recto yet"</small> }
            })}
        </span>
    }
}

/// A model's place on this machine, and what can be done about it.
#[component]
fn ModelState(id: String) -> impl IntoView {
    let ui = ui();
    let known = id.clone();
    let status = ui.memo(move |session| session.models.status(&known));
    let known = id.clone();
    let served = ui.memo(move |session| {
        let unavailable = session.models.entry(&known).is_some_and(|model| model.unavailable.is_some());
        !unavailable || !session.settings.base_url.is_empty()
    });
    let name =
        ui.peek(|session| session.models.entry(&id).map_or_else(|| id.clone(), |model| model.name.clone()));
    move || {
        let (download, stop, delete) = (id.clone(), id.clone(), id.clone());
        let download_label = format!("Download {name}");
        let button = |text: &'static str| {
            let label = download_label.clone();
            view! {
                <button type="button" data-testid="download" aria-label=label
                    on:click=move |_| ui.send(Event::Download(download.clone()))>{text}</button>
            }
        };
        match status.get() {
            ModelStatus::Absent if !served.get() => ().into_any(),
            ModelStatus::Absent => view! { <div class="model-state">{button("Download")}</div> }.into_any(),
            ModelStatus::Part(bytes) => view! {
                <div class="model-state"><small>{file_size(bytes)}" here"</small>{button("Resume")}</div>
            }
            .into_any(),
            ModelStatus::Failed(reason) => view! {
                <div class="model-state">
                    <small class="bad-text" data-testid="download-error">{reason}</small>{button("Try again")}
                </div>
            }
            .into_any(),
            ModelStatus::Stored(bytes) => {
                let label = format!("Delete {name}");
                view! {
                    <div class="model-state">
                        <small class="good" data-testid="stored">"stored, "{file_size(bytes)}</small>
                        <button type="button" aria-label=label data-testid="delete"
                            on:click=move |_| ui.send(Event::DeleteModel(delete.clone()))>"Delete"</button>
                    </div>
                }
                .into_any()
            }
            ModelStatus::Downloading(state) => {
                let label = format!("Stop the download of {name}");
                view! {
                    <div class="model-state">
                        <DownloadBar state />
                        <button type="button" aria-label=label data-testid="stop-download"
                            on:click=move |_| ui.send(Event::StopDownload(stop.clone()))>"Stop"</button>
                    </div>
                }
                .into_any()
            }
        }
    }
}

#[component]
#[allow(clippy::cast_precision_loss, reason = "shown as a bar")]
fn DownloadBar(state: DownloadState) -> impl IntoView {
    match state {
        DownloadState::Running { received, total, speed, seconds_left } => {
            let mut text = format!("{} of {}", file_size(received), file_size(total));
            if speed > 0.0 {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "bytes per second"
                )]
                let speed = file_size(speed as u64);
                text = format!("{text}, {speed}/s, {} left", duration(seconds_left * 1_000.0));
            }
            view! {
                <span class="download" data-testid="download-progress">
                    <progress max=total as f64 prop:value=received as f64 aria-label="Download"></progress>
                    <small>{text}</small>
                </span>
            }
            .into_any()
        }
        DownloadState::Waiting { attempt, seconds, reason } => {
            let text = format!("{reason}. Try {} in {}.", attempt + 1, duration(seconds * 1_000.0));
            view! { <small class="warn" data-testid="download-progress">{text}</small> }.into_any()
        }
        DownloadState::Done | DownloadState::Stopped | DownloadState::Failed { .. } => ().into_any(),
    }
}
