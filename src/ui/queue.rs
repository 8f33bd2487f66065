//! The list of documents.

use super::intake::PickButton;
use super::progress::Working;
use super::store::ui;
use crate::protocol::JobId;
use crate::session::{Event, Job, JobState, count, file_size};
use leptos::prelude::*;

/// From so many documents on the list says how many are finished: fewer are seen at a glance.
const COUNTED_FROM: usize = 6;

/// Documents and the work on the current one.
#[component]
pub(super) fn Sidebar() -> impl IntoView {
    let ui = ui();
    let ids = ui.memo(|session| session.documents().map(|job| job.id).collect::<Vec<_>>());
    let done = ui.memo(|session| {
        let done = session.documents().filter(|job| job.state == JobState::Done).count();
        (done, session.documents().count())
    });
    view! {
        <aside class="sidebar" aria-label="Documents">
            <div class="sidebar-head">
                <h2>"Documents"</h2>
                <PickButton label="Add PDFs" />
            </div>
            {move || Some(done.get()).filter(|(_, all)| *all >= COUNTED_FROM).map(|(done, all)| view! {
                <p class="hint" data-testid="queue-count">
                    {format!("{done} of {all} finished{}.", if done < all { ", worked on one by one" } else { "" })}
                </p>
            })}
            <ul class="queue" data-testid="queue">
                <For each=move || ids.get() key=|id| *id let:id>
                    <Item id />
                </For>
            </ul>
            <Working />
            <super::earlier::EarlierDocuments />
        </aside>
    }
}

/// What a row shows of a document.
#[derive(Clone, PartialEq)]
struct Row {
    name: String,
    state: JobState,
    status: String,
    shown: bool,
    can_resume: bool,
}

impl Row {
    fn of(job: &Job, shown: bool) -> Self {
        let pages = job.page_count();
        let status = match &job.state {
            JobState::Waiting => format!("waiting, {}", file_size(job.bytes)),
            JobState::Working => "working".to_owned(),
            JobState::NeedsPassword { .. } => "needs a password".to_owned(),
            JobState::Done => format!("done, {}", count(pages as usize, "page", "pages")),
            JobState::Stopped if pages > 0 => {
                format!("stopped, {} of {pages} pages", job.document().pages.len())
            }
            JobState::Stopped => "stopped".to_owned(),
            JobState::Failed { .. } => "failed".to_owned(),
        };
        Self {
            name: job.name.clone(),
            state: job.state.clone(),
            status,
            shown,
            can_resume: matches!(job.state, JobState::Stopped | JobState::Failed { .. }),
        }
    }
}

#[component]
fn Item(id: JobId) -> impl IntoView {
    let ui = ui();
    let row = ui.memo(move |session| session.job(id).map(|job| Row::of(job, session.view.job == Some(id))));
    move || {
        row.get().map(|row| {
            let kind = match row.state {
                JobState::Waiting => "waiting",
                JobState::Working => "working",
                JobState::NeedsPassword { .. } => "locked",
                JobState::Done => "done",
                JobState::Stopped => "stopped",
                JobState::Failed { .. } => "failed",
            };
            let remove = format!("Remove {} from the list", row.name);
            let resume = format!("Go on with {}", row.name);
            let unlock = format!("Enter the password of {}", row.name);
            view! {
                <li class="item" class:shown=row.shown data-state=kind data-testid="queue-item">
                    <button type="button" class="item-main" on:click=move |_| ui.send(Event::Select(id))
                        aria-current=if row.shown { "true" } else { "false" }>
                        <span class="dot" aria-hidden="true"></span>
                        <span class="item-name">{row.name.clone()}</span>
                        <span class="item-status" data-testid="queue-status">{row.status}</span>
                    </button>
                    {matches!(row.state, JobState::NeedsPassword { .. }).then(|| view! {
                        <button type="button" class="icon" title="Enter the password" aria-label=unlock
                            on:click=move |_| ui.send(Event::AskPassword(id))>"\u{2026}"</button>
                    })}
                    {row.can_resume.then(|| view! {
                        <button type="button" class="icon" title="Go on" aria-label=resume data-testid="resume"
                            on:click=move |_| ui.send(Event::Start(id))>"\u{21bb}"</button>
                    })}
                    <button type="button" class="icon" title="Remove" aria-label=remove data-testid="remove"
                        on:click=move |_| ui.send(Event::Remove(id))>"\u{00d7}"</button>
                </li>
            }
        })
    }
}
