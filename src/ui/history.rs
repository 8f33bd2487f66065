//! How the last documents went on this machine.

use super::store::ui;
use crate::platform::files;
use crate::session::{Ending, Event, Rating, Run, count, duration, file_size};
use leptos::prelude::*;

/// Documents that are listed one by one.
const LISTED: usize = 10;

/// What was aimed at and what came of it, the last documents, and buttons to take that away and to forget it.
#[component]
pub(super) fn LastDocuments() -> impl IntoView {
    let ui = ui();
    let history = ui.memo(|session| session.history.clone());
    let save = move |_| {
        let json = history.with_untracked(crate::session::History::to_json);
        if let Err(error) = files::save("recto-report.json", "application/json", json.as_bytes()) {
            ui.send(Event::Notice(error.to_string()));
        }
    };
    view! {
        <fieldset>
            <legend>"The last documents"</legend>
            <p class="hint">"Their sizes and times, without a name or a word of them. They stay in this browser."</p>
            {move || history.with(|history| if history.runs.is_empty() {
                view! { <p data-testid="history-empty">"None yet."</p> }.into_any()
            } else {
                view! {
                    <ul class="abilities" data-testid="ratings">
                        {history.ratings().iter().map(rating_row).collect_view()}
                    </ul>
                    <table class="plain" data-testid="history">
                        <thead><tr><th scope="col">"Pages"</th><th scope="col">"Outcome"</th><th scope="col">"Time"</th>
                            <th scope="col">"Speed"</th><th scope="col">"Memory"</th>
                            <th scope="col">"Models"</th></tr></thead>
                        <tbody>{history.runs.iter().rev().take(LISTED).map(run_row).collect_view()}</tbody>
                    </table>
                    <p>{(history.runs.len() > LISTED).then(|| format!("and {} before them. ", history.runs.len() - LISTED))}
                        <button type="button" data-testid="history-save" on:click=save>"Save as JSON"</button>" "
                        <button type="button" data-testid="history-forget"
                            on:click=move |_| ui.send(Event::ForgetHistory)>"Forget"</button></p>
                }.into_any()
            })}
        </fieldset>
    }
}

fn rating_row(rating: &Rating) -> impl IntoView + use<> {
    let (there, mark, text) = match rating.is_met() {
        None => ("none", "\u{2013} ", "no such document yet".to_owned()),
        Some(met) => {
            let text = format!("{} of {}", rating.met, count(rating.of, "document", "documents"));
            if met { ("yes", "\u{2713} ", text) } else { ("no", "\u{2717} ", text) }
        }
    };
    view! { <li data-there=there><strong>{mark}{rating.aim}</strong>": "{text}"."</li> }
}

fn run_row(run: &Run) -> impl IntoView + use<> {
    let outcome = match run.ending {
        Ending::Done => "done",
        Ending::Partial => "in part",
        Ending::Stopped => "stopped",
        Ending::Failed => "failed",
    };
    let pages = run.pages_per_second().map(|speed| format!("{speed:.1} pages a second"));
    let tokens = run.tokens_per_second().map(|speed| format!("{speed:.1} tokens a second"));
    let speeds: Vec<String> = pages.into_iter().chain(tokens).collect();
    let mut models = run.models.join(", ");
    if let Some(millis) = run.load_millis {
        models.push_str(&format!(" (loaded in {})", duration(millis)));
    }
    let pages = match run.scanned {
        0 => run.pages.to_string(),
        scanned => format!("{}, {scanned} of them scans", run.pages),
    };
    view! {
        <tr><td>{pages}</td><td>{outcome}</td><td>{duration(run.total())}</td>
            <td>{speeds.join(", ")}</td><td>{run.peak_memory.map(file_size)}</td><td>{models}</td></tr>
    }
}
