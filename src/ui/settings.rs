//! The settings.

use super::benchmark::{Benchmark, ThisBrowser};
use super::dialogs::follow;
use super::history::LastDocuments;
use super::model_list::ModelList;
use super::self_check::SelfCheck;
use super::store::ui;
use crate::pipeline::event::ReadScans;
use crate::registry::ModelKind;
use crate::session::{Event, Settings, file_size};
use leptos::prelude::*;

/// Stages, models, downloads.
#[component]
pub(super) fn SettingsDialog() -> impl IntoView {
    let ui = ui();
    let node = NodeRef::<leptos::html::Dialog>::new();
    let open = ui.memo(|session| session.view.settings);
    follow(node, open);
    let settings = ui.memo(|session| session.settings.clone());
    let change = move |edit: &dyn Fn(&mut Settings)| {
        let mut settings = ui.peek(|session| session.settings.clone());
        edit(&mut settings);
        ui.send(Event::SettingsChanged(settings));
    };
    let closed = move |_| {
        if open.get_untracked() {
            ui.send(Event::ShowSettings(false));
        }
    };
    let scan_models = ui.memo(|session| {
        let models = session.models.of_kind(ModelKind::Scan);
        models.map(|model| (model.id.clone(), model.name.clone())).collect::<Vec<_>>()
    });
    let error = ui.memo(|session| session.models.registry_error.clone());
    let room = ui.memo(|session| (session.models.used, session.models.quota, session.models.persisted));
    view! {
        <dialog class="settings" node_ref=node on:close=closed aria-labelledby="settings-title" data-testid="settings">
            <div class="dialog-head">
                <h2 id="settings-title">"Settings"</h2>
                <button type="button" class="icon" aria-label="Close the settings" data-testid="close-settings"
                    on:click=move |_| ui.send(Event::ShowSettings(false))>"\u{00d7}"</button>
            </div>
            <fieldset>
                <legend>"What to do with a PDF"</legend>
                <p class="choice"><input type="checkbox" id="stage-1" checked disabled />
                    <label for="stage-1"><strong>"Markdown"</strong><small>"text, tables and figures"</small></label></p>
                <p class="choice"><input type="checkbox" id="stage-2" data-testid="set-captions"
                    prop:checked=move || settings.with(|settings| settings.captions)
                    on:change=move |event| change(&|settings| settings.captions = event_target_checked(&event)) />
                    <label for="stage-2"><strong>"Describe figures"</strong><small>"with a caption model"</small></label></p>
                <p class="choice"><input type="checkbox" id="stage-3" data-testid="set-summary"
                    prop:checked=move || settings.with(|settings| settings.summary)
                    on:change=move |event| change(&|settings| settings.summary = event_target_checked(&event)) />
                    <label for="stage-3"><strong>"Summarise"</strong><small>"with a text model, or by picking sentences"</small></label></p>
            </fieldset>
            <fieldset>
                <legend>"Scans"</legend>
                <label for="scans">"Read text from the pixels of"</label>
                <select id="scans" data-testid="set-scans"
                    on:change=move |event| {
                        let scans = match event_target_value(&event).as_str() {
                            "pictures" => ReadScans::Pictures,
                            "always" => ReadScans::Always,
                            "never" => ReadScans::Never,
                            _ => ReadScans::Auto,
                        };
                        change(&|settings| settings.scans = scans);
                    }
                    prop:value=move || settings.with(|settings| match settings.scans {
                        ReadScans::Auto => "auto",
                        ReadScans::Pictures => "pictures",
                        ReadScans::Always => "always",
                        ReadScans::Never => "never",
                    })>
                    <option value="auto">"pages without text that can be trusted"</option>
                    <option value="pictures">"these, and pictures on other pages (takes seconds a page)"</option>
                    <option value="always">"all pages, whatever text they have"</option>
                    <option value="never">"no page"</option>
                </select>
                {move || {
                    let models = scan_models.get();
                    (models.len() > 1).then(|| view! {
                        <label for="scan-model">"with"</label>
                        <select id="scan-model" data-testid="set-scan-model"
                            on:change=move |event| {
                                let id = event_target_value(&event);
                                change(&|settings| settings.scan_model = Some(id.clone()));
                            }
                            prop:value=move || settings.with(|settings| settings.scan_model.clone())>
                            {models.into_iter().map(|(id, name)| view! { <option value=id>{name}</option> }).collect_view()}
                        </select>
                    })
                }}
            </fieldset>
            <fieldset>
                <legend>"Documents"</legend>
                <p class="choice"><input type="checkbox" id="keep" data-testid="set-keep"
                    prop:checked=move || settings.with(|settings| settings.keep)
                    on:change=move |event| change(&|settings| settings.keep = event_target_checked(&event)) />
                    <label for="keep"><strong>"Keep documents in this browser"</strong>
                        <small>"so that work survives a reload or a crash, until you remove them"</small></label></p>
                <button type="button" data-testid="settings-forget-all"
                    on:click=move |_| ui.send(Event::ForgetAll)>"Forget all documents"</button>
            </fieldset>
            <fieldset>
                <legend>"Markdown"</legend>
                <p class="choice"><input type="checkbox" id="front-matter" data-testid="set-front-matter"
                    prop:checked=move || settings.with(|settings| settings.front_matter)
                    on:change=move |event| change(&|settings| settings.front_matter = event_target_checked(&event)) />
                    <label for="front-matter"><strong>"Front matter"</strong>
                        <small>"title, authors, date, pages and language as YAML"</small></label></p>
                <p class="choice"><input type="checkbox" id="drop-contents" data-testid="set-drop-contents"
                    prop:checked=move || settings.with(|settings| settings.drop_contents)
                    on:change=move |event| change(&|settings| settings.drop_contents = event_target_checked(&event)) />
                    <label for="drop-contents"><strong>"Leave out a printed table of contents"</strong>
                        <small>"otherwise its entries become links"</small></label></p>
            </fieldset>
            {move || error.get().map(|why| view! {
                <p class="bad-text">"The list of models could not be read: "{why}". Markdown works without models."</p>
            })}
            <ModelList kind=ModelKind::Caption legend="Model for figures" without="figures stay without a description" />
            <ModelList kind=ModelKind::Text legend="Model for summary and answers"
                without="sentences are picked from the document, and questions find passages" />
            <Benchmark />
            <SelfCheck />
            <ThisBrowser />
            <LastDocuments />
            <fieldset>
                <legend>"Downloads"</legend>
                <p class="choice"><input type="checkbox" id="always" data-testid="set-always"
                    prop:checked=move || settings.with(|settings| settings.always_download)
                    on:change=move |event| change(&|settings| settings.always_download = event_target_checked(&event)) />
                    <label for="always"><strong>"Download a missing model without asking"</strong>
                        <small>"otherwise each download waits for your click"</small></label></p>
                <label for="base-url">"Take models from another address"</label>
                <input id="base-url" type="url" spellcheck="false" placeholder="https://huggingface.co/" data-testid="base-url"
                    prop:value=move || settings.with(|settings| settings.base_url.clone())
                    on:change=move |event| {
                        let url = event_target_value(&event);
                        change(&|settings| settings.base_url = url.trim().to_owned());
                    } />
                <p class="hint">"A mirror with the same paths. The page's security policy allows the public hub, \
                    this site, and this computer."</p>
                <p class="hint" data-testid="room">{move || {
                    let (used, quota, persisted) = room.get();
                    let kept = if persisted { "The browser keeps it until you delete it." } else {
                        "The browser may clear it when the disk runs short."
                    };
                    (quota > 0).then(|| format!("{} of {} used on this computer. {kept}", file_size(used), file_size(quota)))
                }}</p>
            </fieldset>
            <div class="actions">
                <button type="button" class="primary" on:click=move |_| ui.send(Event::ShowSettings(false))>"Done"</button>
            </div>
        </dialog>
    }
}
