//! The work on the current document: stages, bars, time, and Stop.

use super::store::ui;
use crate::pipeline::event::{Outcome, Progress, READING_FILE, Stage};
use crate::protocol::{DownloadState, JobId};
use crate::session::{Event, Job, JobState, Phase, STAGES, Session, duration, file_size};
use leptos::prelude::*;

/// What is shown of a stage.
#[derive(Clone, PartialEq)]
struct Bar {
    stage: Stage,
    /// `pending`, `running`, `done`, `partial`, `failed`, `skipped`.
    kind: &'static str,
    text: String,
    /// Done and total, if known.
    amount: Option<(f64, f64)>,
    partial: String,
}

/// The card of the document being worked on.
#[component]
pub(super) fn Working() -> impl IntoView {
    let ui = ui();
    let head = ui.memo(|session| {
        let waiting = session.jobs.iter().any(|job| job.state == JobState::Waiting);
        session.active().map(|job| (job.id, job.name.clone(), session.is_stopping(job.id), waiting))
    });
    let elapsed = ui.memo(|session| session.active().map(|job| duration(job.elapsed(session.now))));
    move || {
        head.get().map(|(id, name, stopping, waiting)| {
            view! {
                <section class="working" aria-labelledby="working-title" data-testid="working">
                    <h2 id="working-title">"Working on "<span class="working-name">{name}</span></h2>
                    <ul class="stages">
                        {STAGES.map(|stage| view! { <StageRow id stage /> }).into_iter().collect_view()}
                    </ul>
                    <div class="working-foot">
                        <span class="elapsed" data-testid="elapsed">{move || elapsed.get()}</span>
                        <span class="grow"></span>
                        {waiting.then(|| view! {
                            <button type="button" on:click=move |_| ui.send(Event::StopAll) data-testid="stop-all">
                                "Stop all"
                            </button>
                        })}
                        <button type="button" class="stop" disabled=stopping data-testid="stop"
                            on:click=move |_| ui.send(Event::Stop(id))>
                            {if stopping { "Stopping\u{2026}" } else { "Stop" }}
                        </button>
                    </div>
                </section>
            }
        })
    }
}

#[component]
fn StageRow(id: JobId, stage: Stage) -> impl IntoView {
    let ui = ui();
    let bar = ui.memo(move |session| session.job(id).map(|job| Bar::of(session, job, stage)));
    let name = stage_name(stage);
    move || {
        bar.get().map(|bar| {
            let test = match bar.stage {
                Stage::Extraction => "stage-extraction",
                Stage::Vision => "stage-vision",
                Stage::Text => "stage-text",
            };
            let progress = (bar.kind == "running").then(|| match bar.amount {
                Some((done, total)) => {
                    view! { <progress max=total prop:value=done aria-label=name></progress> }.into_any()
                }
                None => view! { <progress aria-label=name></progress> }.into_any(),
            });
            view! {
                <li class="stage" data-phase=bar.kind data-testid=test>
                    <span class="stage-name">{name}</span>
                    <span class="stage-text">{bar.text}</span>
                    {progress}
                    {(!bar.partial.is_empty()).then(|| view! { <q class="partial">{bar.partial}</q> })}
                </li>
            }
        })
    }
}

impl Bar {
    fn of(session: &Session, job: &Job, stage: Stage) -> Self {
        let state = job.stage(stage);
        let mut amount = None;
        let (kind, text) = match &state.phase {
            Phase::Pending => ("pending", "waits".to_owned()),
            Phase::Downloading(model) => {
                let (text, part) = download_text(session, model);
                amount = part;
                ("running", text)
            }
            Phase::Running => {
                let (text, part) = running_text(job, stage);
                amount = part;
                ("running", text)
            }
            Phase::Ended(Outcome::Done) => ("done", "done".to_owned()),
            Phase::Ended(Outcome::Partial(reason)) => ("partial", format!("in part: {reason}")),
            Phase::Ended(Outcome::Failed(reason)) => ("failed", format!("failed: {reason}")),
            Phase::Ended(Outcome::Stopped) => ("partial", "stopped".to_owned()),
            Phase::Ended(Outcome::Skipped(reason)) => ("skipped", reason.clone()),
        };
        // The end of a text being written is what changes.
        let from = state.partial.char_indices().rev().nth(119).map_or(0, |(at, _)| at);
        let partial = state.partial.get(from..).unwrap_or_default().to_owned();
        Self { stage, kind, text, amount, partial }
    }
}

fn running_text(job: &Job, stage: Stage) -> (String, Option<(f64, f64)>) {
    let progress = job.stage(stage).progress.as_ref();
    if stage == Stage::Extraction {
        let (done, total) = (job.document().pages.len(), job.page_count());
        if total == 0 {
            return match progress {
                Some(progress) if progress.activity == READING_FILE => {
                    let Progress { activity, done, total, .. } = progress;
                    let text = format!("{activity}, {done} of {total} MB");
                    (text, Some((f64::from(*done), f64::from(*total))))
                }
                _ => ("opening".to_owned(), None),
            };
        }
        let now = (done + 1).min(total as usize);
        #[allow(clippy::cast_precision_loss, reason = "page numbers")]
        let amount = (done as f64, f64::from(total));
        let text = match progress {
            // While a page waits for what reads it.
            Some(progress) if progress.activity != "page" && progress.activity != "looking through" => {
                format!("page {now} of {total}, {}", progress.activity)
            }
            _ => format!("page {now} of {total}"),
        };
        return (text, Some(amount));
    }
    let Some(progress) = progress else { return ("starting".to_owned(), None) };
    let tokens = if progress.tokens > 0 { format!(", {} tokens", progress.tokens) } else { String::new() };
    if progress.total == 0 {
        return (format!("{}{tokens}", progress.activity), None);
    }
    let now = (progress.done + 1).min(progress.total);
    let text = format!("{} {now} of {}{tokens}", progress.activity, progress.total);
    (text, Some((f64::from(progress.done), f64::from(progress.total))))
}

fn download_text(session: &Session, model: &str) -> (String, Option<(f64, f64)>) {
    let name = session.models.entry(model).map_or(model, |entry| entry.name.as_str());
    match session.models.downloads.get(model) {
        Some(DownloadState::Running { received, total, .. }) => {
            #[allow(clippy::cast_precision_loss, reason = "shown as a bar")]
            let amount = (*total > 0).then_some((*received as f64, *total as f64));
            (format!("downloading {name}: {} of {}", file_size(*received), file_size(*total)), amount)
        }
        _ => (format!("downloading {name}"), None),
    }
}

/// A stage's name for the person.
pub(super) fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Extraction => "Pages and text",
        Stage::Vision => "Figures",
        Stage::Text => "Summary",
    }
}
