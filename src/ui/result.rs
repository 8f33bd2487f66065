//! A document's result: what can be done with it, its pages, and its tabs.

use super::figures::Figures;
use super::markdown::Rendered;
use super::pages::Pages;
use super::report::Report;
use super::source::Source;
use super::store::{by_id, ui};
use super::summary::Summary;
use super::words::DoubtfulWords;
use crate::protocol::JobId;
use crate::session::{Event, ExportKind, Job, JobState, Pane, Tab, count};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The document that is shown.
#[component]
pub(super) fn Result() -> impl IntoView {
    let ui = ui();
    let shown = ui.memo(|session| session.view.job);
    let title = ui.memo(|session| session.shown().map(|job| job.name.clone()).unwrap_or_default());
    let has_pages = ui.memo(|session| session.shown().is_some_and(Job::has_pages));
    let pane = ui.memo(|session| session.view.pane);
    let pane_name = move || match pane.get() {
        Pane::Text => "text",
        Pane::Pages => "pages",
    };
    view! {
        <section class="result" aria-labelledby="result-title" data-pane=pane_name data-testid="result">
            <div class="result-head">
                <h2 id="result-title">{move || title.get()}</h2>
                {move || has_pages.get().then(|| shown.get()).flatten().map(|id| view! { <Actions id /> })}
            </div>
            {move || shown.get().map(|id| view! { <Trouble id /> })}
            {move || has_pages.get().then(|| shown.get()).flatten().map(|id| view! {
                <PaneSwitch />
                <div class="panes">
                    <Pages id />
                    <Tabs id />
                </div>
            })}
        </section>
    }
}

#[component]
fn Actions(id: JobId) -> impl IntoView {
    let ui = ui();
    let button = move |label: &'static str, name: &'static str, kind: ExportKind, test: &'static str| {
        view! {
            <button type="button" title=name aria-label=name data-testid=test
                on:click=move |_| ui.send(Event::Export { job: id, kind })>{label}</button>
        }
    };
    view! {
        <div class="downloads" role="group" aria-label="Save the result">
            {button("Copy", "Copy the Markdown", ExportKind::Clipboard, "copy")}
            {button(".md", "Save as .md, Markdown", ExportKind::Markdown, "save-md")}
            {button(".zip", "Save Markdown, images and JSON as a zip", ExportKind::Zip, "save-zip")}
            {button(".json", "Save as JSON", ExportKind::Json, "save-json")}
            <details class="more" data-testid="more-forms">
                <summary title="More forms to save as" aria-label="More forms to save as">"More"</summary>
                <div class="more-list">
                    {button("HTML", "Save as an HTML page; images are in the zip", ExportKind::Html, "save-html")}
                    {button("Plain text", "Save as plain text", ExportKind::Text, "save-text")}
                    {button("Chunks", "Save chunks for retrieval as JSON lines", ExportKind::Chunks, "save-chunks")}
                </div>
            </details>
        </div>
    }
}

/// What keeps the result from being there, and what to do about it.
#[component]
fn Trouble(id: JobId) -> impl IntoView {
    let ui = ui();
    let state = ui.memo(move |session| {
        session.job(id).map(|job| (job.state.clone(), job.has_pages(), job.is_resting()))
    });
    let before = ui.memo(move |session| session.waiting_before(id));
    move || {
        let (state, has_pages, resting) = state.get()?;
        let card = match state {
            _ if resting => view! {
                <div class="card" data-testid="loading"><p>"Loading from this machine\u{2026}"</p></div>
            }
            .into_any(),
            JobState::Failed { message, advice } => view! {
                <div class="card bad" role="alert" data-testid="error">
                    <h3>"This file could not be read"</h3>
                    <p>{message}</p>
                    <p>{advice}</p>
                    <div class="actions">
                        <button type="button" on:click=move |_| ui.send(Event::Start(id))>"Try again"</button>
                        <button type="button" on:click=move |_| ui.send(Event::Remove(id))>"Remove"</button>
                    </div>
                </div>
            }
            .into_any(),
            JobState::NeedsPassword { .. } => view! {
                <div class="card">
                    <h3>"This file is locked"</h3>
                    <p>"It opens with its password, which is used here only and kept nowhere."</p>
                    <div class="actions">
                        <button type="button" class="primary" on:click=move |_| ui.send(Event::AskPassword(id))>
                            "Enter the password"
                        </button>
                    </div>
                </div>
            }
            .into_any(),
            JobState::Stopped => view! {
                <div class="note" data-testid="stopped">
                    <span>"Stopped. What was finished is kept."</span>
                    <button type="button" on:click=move |_| ui.send(Event::Start(id))>"Go on"</button>
                </div>
            }
            .into_any(),
            JobState::Waiting if !has_pages => view! {
                <div class="card"><p>{move || format!("Waits for {} before it.",
                    count(before.get(), "document", "documents"))}</p></div>
            }
            .into_any(),
            JobState::Working if !has_pages => {
                view! { <div class="card"><p>"Opening the file\u{2026}"</p></div> }.into_any()
            }
            JobState::Done if !has_pages => view! {
                <div class="card bad" role="alert" data-testid="error">
                    <h3>"This file has no pages"</h3>
                    <p>"Nothing in it could be shown or read. If a PDF reader shows pages, save it from there under a \
                        new name and drop the new file here."</p>
                </div>
            }
            .into_any(),
            JobState::Waiting | JobState::Working | JobState::Done => return None,
        };
        Some(card)
    }
}

#[component]
fn PaneSwitch() -> impl IntoView {
    let ui = ui();
    let pane = ui.memo(|session| session.view.pane);
    let button = move |label: &'static str, of: Pane, test: &'static str| {
        view! {
            <button type="button" data-testid=test aria-pressed=move || (pane.get() == of).to_string()
                on:click=move |_| ui.send(Event::SelectPane(of))>{label}</button>
        }
    };
    view! {
        <div class="pane-switch" role="group" aria-label="What is shown">
            {button("Text", Pane::Text, "pane-text")}
            {button("Pages", Pane::Pages, "pane-pages")}
        </div>
    }
}

fn tab_name(tab: Tab) -> &'static str {
    match tab {
        Tab::Markdown => "Markdown",
        Tab::Source => "Source",
        Tab::Figures => "Figures",
        Tab::Summary => "Summary",
        Tab::Report => "Report",
    }
}

fn tab_id(tab: Tab) -> &'static str {
    match tab {
        Tab::Markdown => "tab-markdown",
        Tab::Source => "tab-source",
        Tab::Figures => "tab-figures",
        Tab::Summary => "tab-summary",
        Tab::Report => "tab-report",
    }
}

/// The tabs: one of them is in the tab order, arrow keys go to the others.
#[component]
fn Tabs(id: JobId) -> impl IntoView {
    let ui = ui();
    let tab = ui.memo(|session| session.view.tab);
    let figures = ui.memo(move |session| session.job(id).map_or(0, |job| job.document().figures.len()));
    let key = move |event: leptos::ev::KeyboardEvent| {
        let count = Tab::ALL.len();
        let at = Tab::ALL.iter().position(|of| *of == tab.get_untracked()).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowRight" => (at + 1) % count,
            "ArrowLeft" => (at + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return,
        };
        event.prevent_default();
        if let Some(to) = Tab::ALL.get(to) {
            ui.send(Event::SelectTab(*to));
            if let Some(element) =
                by_id(tab_id(*to)).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
            {
                // Focus is a courtesy: without it the tab is chosen all the same.
                let _ = element.focus();
            }
        }
    };
    let buttons = Tab::ALL.map(|of| {
        let count = move || match of {
            Tab::Figures if figures.get() > 0 => Some(view! { <span class="count">{figures.get()}</span> }),
            _ => None,
        };
        view! {
            <button type="button" role="tab" id=tab_id(of) data-testid=tab_id(of) aria-controls="tab-panel"
                aria-selected=move || (tab.get() == of).to_string()
                tabindex=move || if tab.get() == of { "0" } else { "-1" }
                on:click=move |_| ui.send(Event::SelectTab(of))>
                {tab_name(of)}{count}
            </button>
        }
    });
    view! {
        <section class="text-pane" aria-label="Text and figures">
            <div class="tabs" role="tablist" aria-label="Forms of the result" on:keydown=key>
                {buttons.into_iter().collect_view()}
            </div>
            <DoubtfulWords id />
            <div class="panel" role="tabpanel" id="tab-panel" data-testid="panel"
                aria-labelledby=move || tab_id(tab.get())>
                {move || match tab.get() {
                    Tab::Markdown => view! { <Rendered id /> }.into_any(),
                    Tab::Source => view! { <Source id /> }.into_any(),
                    Tab::Figures => view! { <Figures id /> }.into_any(),
                    Tab::Summary => view! { <Summary id /> }.into_any(),
                    Tab::Report => view! { <Report id /> }.into_any(),
                }}
            </div>
        </section>
    }
}
