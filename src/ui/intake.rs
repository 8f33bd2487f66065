//! How files come in: dropped anywhere on the page, picked, or pasted.

use super::store::{Ui, ui};
use crate::session::Event;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{ClipboardEvent, DragEvent, File, FileList, HtmlInputElement};

/// What is shown before the first file.
#[component]
pub(super) fn Welcome() -> impl IntoView {
    view! {
        <section class="welcome" aria-labelledby="welcome-title">
            <div class="drop" data-testid="drop-zone">
                <svg class="drop-art" viewBox="0 0 96 72" aria-hidden="true">
                    <path d="M14 6h26l12 12v48H14z" class="art-page" />
                    <path d="M40 6v12h12" class="art-line" />
                    <path d="M21 28h22M21 36h22M21 44h14" class="art-line" />
                    <path d="M60 36h22m-8-8 8 8-8 8" class="art-arrow" />
                </svg>
                <h2 id="welcome-title">"Drop PDFs here"</h2>
                <p class="hint">"or choose them, or paste one with the keyboard. Several make a queue."</p>
                <PickButton label="Choose PDFs" primary=true />
            </div>
            <ol class="steps">
                <li><strong>"Markdown"</strong>" with headings, lists, tables and links in reading order, \
                    beside the pages it came from."</li>
                <li><strong>"Figures"</strong>" cut out in their own resolution, each with a description \
                    by a model that runs on this computer."</li>
                <li><strong>"Summary"</strong>" with title and keywords, and answers to your questions \
                    with the pages named."</li>
            </ol>
            <super::earlier::EarlierDocuments />
            <p class="privacy">"Your files are never uploaded: parsing and models run in this page, and what it keeps is in this browser. \
                Models are downloaded only when you ask for them."</p>
        </section>
    }
}

/// A button that opens the file picker.
#[component]
pub(super) fn PickButton(label: &'static str, #[prop(optional)] primary: bool) -> impl IntoView {
    let ui = ui();
    let input = NodeRef::<leptos::html::Input>::new();
    let picked = move |event: leptos::ev::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
            return;
        };
        if let Some(list) = input.files() {
            add(ui, &list);
        }
        // The same file can be picked again.
        input.set_value("");
    };
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <button type="button" class:primary=primary on:click=open data-testid="pick">{label}</button>
        <input type="file" class="visually-hidden" accept="application/pdf,.pdf" multiple tabindex="-1"
            aria-label="PDF files" node_ref=input on:change=picked data-testid="file-input" />
    }
}

/// Takes files that are dropped or pasted anywhere on the page.
pub(super) fn listen_for_files(ui: Ui) {
    let Some(document) = super::store::document() else { return };
    let listen = |name: &str, react: Box<dyn FnMut(web_sys::Event)>| {
        let closure = Closure::wrap(react);
        // Only fails for an event target that is gone.
        let _ = document.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        closure.forget();
    };
    let over = |on: bool| {
        if let Some(root) = super::store::document().and_then(|document| document.document_element()) {
            // The frame is an ornament.
            let _ = if on { root.set_attribute("data-drop", "") } else { root.remove_attribute("data-drop") };
        }
    };
    listen(
        "dragover",
        Box::new(move |event| {
            event.prevent_default();
            over(true);
        }),
    );
    listen(
        "dragleave",
        Box::new(move |event| {
            let leaves = event.dyn_ref::<DragEvent>().is_none_or(|event| event.related_target().is_none());
            if leaves {
                over(false);
            }
        }),
    );
    listen(
        "drop",
        Box::new(move |event| {
            event.prevent_default();
            over(false);
            let data = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer);
            if let Some(list) = data.and_then(|data| data.files()) {
                add(ui, &list);
            }
        }),
    );
    listen(
        "paste",
        Box::new(move |event| {
            let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
            if let Some(list) = data.and_then(|data| data.files())
                && list.length() > 0
            {
                event.prevent_default();
                add(ui, &list);
            }
        }),
    );
}

fn add(ui: Ui, list: &FileList) {
    add_files(ui, (0..list.length()).filter_map(|index| list.get(index)));
}

/// Adds the PDFs among `files` and says which files are none.
pub(super) fn add_files(ui: Ui, files: impl IntoIterator<Item = File>) {
    let (pdfs, others): (Vec<File>, Vec<File>) = files.into_iter().partition(|file| {
        file.type_() == "application/pdf" || file.name().to_ascii_lowercase().ends_with(".pdf")
    });
    if !pdfs.is_empty() {
        let new = ui.edge().keep_files(pdfs);
        ui.send(Event::FilesAdded(new));
    }
    if let Some(other) = others.first() {
        let more = if others.len() > 1 { format!(" and {} more", others.len() - 1) } else { String::new() };
        ui.send(Event::Notice(format!("{}{more} is not a PDF and was left out.", other.name())));
    }
}
