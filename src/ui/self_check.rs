//! Whether every stage does here what it should.

use super::progress::stage_name;
use super::store::{Ui, ui};
use crate::selfcheck::{self, Check, CheckOutcome};
use crate::session::{Event, duration};
use leptos::prelude::*;

/// A button that begins or stops the self-check, how far it is, and what came of it.
#[component]
pub(super) fn SelfCheck() -> impl IntoView {
    let ui = ui();
    let check = ui.memo(|session| session.self_check.clone());
    let stage = ui.memo(crate::session::Session::self_check_stage);
    let running = move || check.with(|check| check.job);
    let press = move |_| match check.with_untracked(|check| check.job) {
        Some(job) => ui.send(Event::Stop(job)),
        None => begin(ui),
    };
    view! {
        <fieldset data-testid="self-check">
            <legend>"Self-check"</legend>
            <p class="hint">"Runs all stages on a document of two pages, one of them a scan, of which everything is known, \
                and compares what comes out. It takes some seconds and asks for no download: figures are described, and \
                the summary is written, only by models that are on this computer."</p>
            <p><button type="button" data-testid="self-check-run" on:click=press>
                {move || if running().is_some() { "Stop the self-check" } else { "Run the self-check" }}</button>
                " "<small role="status" data-testid="self-check-status">{move || {
                    let (running, failed) = check.with(|check| (check.job.is_some(), check.error.clone()));
                    match (running, stage.get()) {
                        (true, Some(stage)) => format!("at work: {}", stage_name(stage)),
                        (true, None) => "at work".to_owned(),
                        (false, _) => failed.unwrap_or_else(|| check.with(|check| {
                            if check.checks.is_empty() { String::new() } else { selfcheck::verdict(&check.checks) }
                        })),
                    }
                }}</small></p>
            {move || {
                let checks = check.with(|check| check.checks.clone());
                (!checks.is_empty()).then(|| view! {
                    <ul class="abilities" data-testid="self-check-results">
                        {checks.into_iter().map(row).collect_view()}
                    </ul>
                })
            }}
        </fieldset>
    }
}

/// Makes the document, and has the session begin.
fn begin(ui: Ui) {
    match ui.edge().keep_made(selfcheck::FILE_NAME, &selfcheck::pdf()) {
        Ok(file) => ui.send(Event::SelfCheck(file)),
        Err(error) => ui.send(Event::Notice(error.to_string())),
    }
}

fn row(check: Check) -> impl IntoView + use<> {
    let (there, mark) = match check.outcome {
        CheckOutcome::Passed => ("yes", "\u{2713} "),
        CheckOutcome::Failed => ("no", "\u{2717} "),
        CheckOutcome::Skipped => ("none", "\u{2013} skipped: "),
    };
    let time = check.millis.map(|millis| format!(", in {}", duration(millis)));
    view! {
        <li data-outcome=check.outcome.name() data-there=there>
            <strong>{mark}{check.name}</strong>": "{check.detail}{time}"."
        </li>
    }
}
