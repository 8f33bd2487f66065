//! How fast the models are on the visitor's machine.

use super::store::ui;
use crate::platform::{abilities, offers};
use crate::registry::Measured;
use crate::session::{Browser, Event, Level, MemoryUse, Session, Settings, file_size};
use leptos::prelude::*;

/// Bytes of a gigabyte, as all sizes are shown.
const GIGABYTE: u64 = 1_000_000_000;

/// What this browser can do, and what to do about each lack.
#[component]
pub(super) fn ThisBrowser() -> impl IntoView {
    let ui = ui();
    let quota = ui.memo(|session| session.models.quota);
    let memory = ui.memo(Session::memory_use);
    let chosen = ui.memo(|session| session.settings.memory_limit);
    let limit = move |size: &str| {
        let memory_limit = size.parse::<u64>().ok().map(|size| size.saturating_mul(GIGABYTE));
        let settings = ui.peek(|session| session.settings.clone());
        ui.send(Event::SettingsChanged(Settings { memory_limit, ..settings }));
    };
    // Looked at anew each time that it is shown: what the browser refuses is known only once it was asked.
    let shown = ui.memo(|session| session.view.settings);
    let abilities = move || {
        shown.get();
        let (storage, offline, webgpu) = offers();
        let memory = ui.peek(Session::memory);
        Browser { abilities: abilities(), memory, storage, quota: quota.get(), offline, webgpu }.in_words()
    };
    view! {
        <fieldset>
            <legend>"This browser"</legend>
            <ul class="abilities" data-testid="abilities">
                {move || abilities().into_iter().map(|ability| view! {
                    <li data-there=if ability.there { "yes" } else { "no" }>
                        <strong>{if ability.there { "\u{2713} " } else { "\u{2013} " }}{ability.name}</strong>": "{ability.text}"."
                    </li>
                }).collect_view()}
            </ul>
            <p data-testid="memory-use">{move || in_words(memory.get())}</p>
            <label for="memory-limit">"Get by with"</label>
            <select id="memory-limit" data-testid="set-memory" on:change=move |event| limit(&event_target_value(&event))
                prop:value=move || limit_value(chosen.get())>
                <option value="">"what a tab usually gets"</option>
                {[1_u64, 2, 4, 8].map(|size| view! {
                    <option value=size.to_string()>{format!("{size} GB of memory")}</option>
                }).collect_view()}
            </select>
        </fieldset>
    }
}

fn limit_value(limit: Option<u64>) -> String {
    limit.map(|bytes| (bytes / GIGABYTE).to_string()).unwrap_or_default()
}

fn in_words(memory: MemoryUse) -> String {
    let MemoryUse { now, peak, budget, level } = memory;
    let [now, peak, budget] = [now, peak, budget].map(file_size);
    let short = match level {
        Level::Fine => "",
        Level::Tight | Level::Critical => " It is short: Recto does less at a time.",
    };
    format!(
        "Recto uses {now} of memory now, {peak} at most so far, and means to get by with {budget}.{short}"
    )
}

/// Which build runs the models and why, a button that measures them, and what came of it.
#[component]
pub(super) fn Benchmark() -> impl IntoView {
    let ui = ui();
    let benchmark = ui.memo(|session| session.benchmark.clone());
    let running = move || benchmark.with(|benchmark| benchmark.running);
    view! {
        <fieldset>
            <legend>"Speed"</legend>
            <p class="hint" data-testid="model-program">{abilities().choose().in_words()}</p>
            <p><button type="button" data-testid="benchmark" disabled=move || running().is_some()
                on:click=move |_| ui.send(Event::Benchmark)>"Benchmark"</button>
                " "<small role="status">{move || match running() {
                    Some(model) => format!("measuring {model}; this takes up to a minute"),
                    None => "measures models with random weights; nothing is downloaded".to_owned(),
                }}</small></p>
            {move || benchmark.with(|benchmark| benchmark.error.clone()).map(|why| view! {
                <p class="bad-text">"The benchmark ended early: "{why}"."</p>
            })}
            {move || {
                let found = benchmark.with(|benchmark| benchmark.found.clone());
                (!found.is_empty()).then(|| view! {
                    <table class="plain" data-testid="benchmark-results">
                        <thead><tr><th scope="col">"Model"</th><th scope="col">"Loaded in"</th>
                            <th scope="col">"Image or 512 tokens read in"</th><th scope="col">"Tokens a second"</th>
                            <th scope="col">"Memory"</th></tr></thead>
                        <tbody>{found.iter().map(row).collect_view()}</tbody>
                    </table>
                })
            }}
        </fieldset>
    }
}

fn row(measured: &Measured) -> impl IntoView + use<> {
    let seconds = |millis: f64| format!("{:.2} s", millis / 1e3);
    view! {
        <tr><th scope="row">{measured.model.clone()}</th>
            <td>{seconds(measured.load)}</td><td>{seconds(measured.encode)}</td>
            <td>{format!("{:.0}", 1e3 / measured.token.max(0.001))}</td>
            <td>{measured.memory.map(file_size)}</td></tr>
    }
}
