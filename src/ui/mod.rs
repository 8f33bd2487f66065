//! The page: Leptos components that render [`crate::session::Session`] and dispatch its events. They hold
//! no state of their own beyond what an open input field holds.

#![allow(unreachable_pub, reason = "the component macro makes public what belongs to private components")]

mod benchmark;
mod dialogs;
mod edge;
mod figures;
mod earlier;
mod history;
mod intake;
mod keeper;
mod markdown;
mod model_list;
mod pages;
mod progress;
mod queue;
mod report;
mod result;
mod self_check;
mod settings;
mod source;
mod store;
mod summary;
mod words;

use crate::platform::offline::{self, OfflineEvent};
use crate::platform::{abilities, address, device_memory, fetch, presence};
use crate::session::{Event, Session, Settings, Theme};
use edge::Edge;
use leptos::prelude::*;
use std::rc::Rc;
use store::Ui;

/// Name under which the settings are remembered.
const SETTINGS_KEY: &str = "recto.settings";
/// Name under which it is remembered how the last documents went.
const HISTORY_KEY: &str = "recto.history";

/// Shows the page in the document's body.
pub fn mount() {
    if let Some(note) = store::by_id("boot") {
        note.remove();
    }
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let abilities = abilities();
    let mut session = Session::new(first_settings(), device_memory()).with_processors(abilities.processors);
    session.history = crate::platform::settings::load(HISTORY_KEY).unwrap_or_default();
    session.program = abilities.choose().variant.stem();
    session.models.awaited = true;
    let ui = Ui::new(session, Rc::new(Edge::default()));
    provide_context(ui);
    intake::listen_for_files(ui);
    listen_to_offline(ui);
    presence::listen(move |in_front| ui.send(Event::InFront(in_front)));
    if address::parameter("settings").is_some() {
        ui.send(Event::ShowSettings(true));
    }
    leptos::task::spawn_local(async move {
        ui.send(Event::RegistryLoaded(fetch::registry().await));
    });
    leptos::task::spawn_local(keeper::find_earlier(ui));
    let theme = ui.memo(|session| session.settings.theme);
    Effect::new(move || set_theme(theme.get()));
    let empty = ui.memo(|session| session.documents().next().is_none());
    let broken = ui.memo(|session| session.broken.clone());
    let announcement = ui.memo(|session| session.announcement.clone());

    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <Header />
        <UpdateBanner />
        {move || broken.get().map(|text| view! { <p class="banner bad" role="alert">{text}</p> })}
        <main id="main" tabindex="-1" class:empty=move || empty.get()>
            {move || if empty.get() {
                view! { <intake::Welcome /> }.into_any()
            } else {
                view! {
                    <queue::Sidebar />
                    <result::Result />
                }.into_any()
            }}
        </main>
        <dialogs::PasswordDialog />
        <settings::SettingsDialog />
        <div id="live" class="visually-hidden" role="status" aria-live="polite" data-testid="live">
            {move || announcement.get().text}
        </div>
        <Toast />
    }
}

fn listen_to_offline(ui: Ui) {
    offline::listen(move |event| match event {
        OfflineEvent::Kept => {}
        OfflineEvent::Update => ui.send(Event::UpdateReady),
        OfflineEvent::OthersOpen(others) => ui.send(Event::OtherTabsOpen(others)),
        OfflineEvent::WouldIsolate => ui.send(Event::WouldIsolate),
        OfflineEvent::Files(files) => intake::add_files(ui, files),
    });
}

/// Offers a newer version. It is applied when the person says so, and not before.
#[component]
fn UpdateBanner() -> impl IntoView {
    let ui = store::ui();
    let ready = ui.memo(|session| session.view.update);
    let has_documents = ui.memo(|session| session.documents().next().is_some());
    move || {
        ready.get().then(|| {
            view! {
                <p class="banner update" data-testid="update">
                    <span>"A new version of Recto is ready. "{move || has_documents.get().then_some(
                        "Updating reloads the page: save what you need first.",
                    )}</span>
                    <button type="button" data-testid="apply-update"
                        on:click=move |_| ui.send(Event::ApplyUpdate)>"Update now"</button>
                </p>
            }
        })
    }
}

#[component]
fn Header() -> impl IntoView {
    let ui = store::ui();
    let theme = ui.memo(|session| session.settings.theme);
    let label = move || match theme.get() {
        Theme::System => "Colours: as the system",
        Theme::Light => "Colours: light",
        Theme::Dark => "Colours: dark",
    };
    let turn = move |_| {
        let mut settings = ui.peek(|session| session.settings.clone());
        settings.theme = match settings.theme {
            Theme::System => Theme::Dark,
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::System,
        };
        ui.send(Event::SettingsChanged(settings));
    };
    view! {
        <header class="top">
            <div class="brand">
                <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
                    <rect width="32" height="32" rx="7" class="logo-ground" />
                    <path d="M9 6h10l5 5v15H9z" class="logo-page" />
                    <path d="M12 15h9M12 18.5h9M12 22h6" class="logo-lines" />
                </svg>
                <h1>"Recto"</h1>
                <p>"Turns a PDF into Markdown, with its figures described and its text summarised. \
                    Nothing leaves this computer."</p>
            </div>
            <nav class="tools" aria-label="Page">
                <button type="button" class="quiet" on:click=turn data-testid="theme" title=label aria-label=label>
                    {move || match theme.get() {
                        Theme::System => "\u{25d0}",
                        Theme::Light => "\u{2600}\u{fe0e}",
                        Theme::Dark => "\u{263e}\u{fe0e}",
                    }}
                </button>
                <button type="button" class="quiet" on:click=move |_| ui.send(Event::ShowSettings(true))
                    data-testid="open-settings">"Settings"</button>
            </nav>
        </header>
    }
}

/// A notice that goes by itself.
#[component]
fn Toast() -> impl IntoView {
    const SHOWN_MS: f64 = 6_000.0;
    let ui = store::ui();
    let announcement = ui.memo(|session| session.announcement.clone());
    let shown = RwSignal::new(None::<(u32, String)>);
    Effect::new(move || {
        let said = announcement.get();
        if !said.visible {
            return;
        }
        shown.set(Some((said.number, said.text)));
        leptos::task::spawn_local(async move {
            crate::platform::clock::sleep(SHOWN_MS).await;
            let late =
                shown.with_untracked(|now| now.as_ref().is_some_and(|(number, _)| *number == said.number));
            if late {
                shown.set(None);
            }
        });
    });
    move || {
        shown
            .get()
            .map(|(_, text)| view! { <p class="toast" data-testid="toast" aria-hidden="true">{text}</p> })
    }
}

/// What is remembered, changed by the address (`?models=URL`) or, where neither says anything, by the build.
fn first_settings() -> Settings {
    let mut settings: Settings = crate::platform::settings::load(SETTINGS_KEY).unwrap_or_default();
    if let Some(base) = address::parameter("models") {
        settings.base_url = base;
    } else if settings.base_url.is_empty()
        && let Some(base) = option_env!("RECTO_MODELS_BASE")
    {
        settings.base_url = base.to_owned();
    }
    settings
}

fn set_theme(theme: Theme) {
    let Some(root) = store::document().and_then(|document| document.document_element()) else { return };
    let result = match theme {
        Theme::System => root.remove_attribute("data-theme"),
        Theme::Light => root.set_attribute("data-theme", "light"),
        Theme::Dark => root.set_attribute("data-theme", "dark"),
    };
    // The page is readable in any colours.
    let _ = result;
}
