//! What the run did.

use super::progress::stage_name;
use super::store::ui;
use crate::pipeline::event::{Outcome, Stage, StageReport};
use crate::protocol::JobId;
use crate::session::{Event, duration, file_size};
use leptos::prelude::*;

/// Stages with their times and counts, what happened on the way, and what the file says of itself.
#[component]
pub(super) fn Report(id: JobId) -> impl IntoView {
    let ui = ui();
    let report = ui.memo(move |session| session.job(id).map(|job| job.result.report()));
    let notes = ui.memo(move |session| session.job(id).map(|job| job.notes.clone()).unwrap_or_default());
    let metadata = ui.memo(move |session| {
        session.job(id).map(|job| (job.document().metadata.clone(), job.document().source.clone()))
    });
    let attachments = ui.memo(move |session| {
        session.job(id).map(|job| job.document().attachments.clone()).unwrap_or_default()
    });
    view! {
        <div class="report" data-testid="report">
            {move || report.get().map(|report| view! {
                <h3>"Stages"</h3>
                <table class="plain">
                    <thead><tr><th scope="col">"Stage"</th><th scope="col">"Outcome"</th>
                        <th scope="col">"Time"</th><th scope="col">"Made"</th></tr></thead>
                    <tbody>{report.stages.iter().map(stage_row).collect_view()}</tbody>
                </table>
                {(!notes.get().is_empty()).then(|| view! {
                    <h3>"What happened on the way"</h3>
                    <ul data-testid="notes">{notes.get().into_iter().map(|note| view! { <li>{note}</li> }).collect_view()}</ul>
                })}
                {(!report.warnings.is_empty()).then(|| view! {
                    <h3>"Warnings"</h3>
                    <ul data-testid="warnings">{report.warnings.into_iter().map(|warning| {
                        let page = warning.page.map(|page| view! {
                            <button type="button" class="page-link" on:click=move |_| ui.send(Event::GoToPage(page))>
                                {format!("page {page}")}</button>": "
                        });
                        view! { <li>{page}{warning.message}</li> }
                    }).collect_view()}</ul>
                })}
            })}
            {move || metadata.get().map(|(metadata, source)| {
                let encrypted = metadata.encrypted.then(|| "yes".to_owned());
                let tagged = metadata.tagged.then(|| "yes".to_owned());
                let rows = [
                    ("File", Some(source.name)),
                    ("Size", (source.bytes > 0).then(|| file_size(source.bytes))),
                    ("SHA-256", Some(source.sha256)),
                    ("Pages", (metadata.page_count > 0).then(|| metadata.page_count.to_string())),
                    ("Title", metadata.title),
                    ("Author", metadata.author),
                    ("Subject", metadata.subject),
                    ("Keywords", metadata.keywords),
                    ("Language", metadata.language),
                    ("Made with", metadata.creator),
                    ("PDF by", metadata.producer),
                    ("Created", metadata.created),
                    ("Changed", metadata.modified),
                    ("Encrypted", encrypted),
                    ("Tagged", tagged),
                ];
                let rows = rows.into_iter().filter_map(|(name, value)| {
                    let value = value.filter(|value| !value.is_empty())?;
                    Some(view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                });
                view! { <h3>"The file"</h3><dl class="facts">{rows.collect_view()}</dl> }
            })}
            {move || (!attachments.get().is_empty()).then(|| view! {
                <h3>"Attached files"</h3>
                <ul>{attachments.get().into_iter().map(|file| view! { <li>{file.name}</li> }).collect_view()}</ul>
            })}
        </div>
    }
}

fn stage_row(report: &StageReport) -> AnyView {
    let (kind, outcome) = match &report.outcome {
        Outcome::Done => ("done", "done".to_owned()),
        Outcome::Partial(why) => ("partial", format!("in part: {why}")),
        Outcome::Failed(why) => ("failed", format!("failed: {why}")),
        Outcome::Stopped => ("partial", "stopped".to_owned()),
        Outcome::Skipped(why) => ("skipped", format!("not run: {why}")),
    };
    let counts = &report.counts;
    let mut made = Vec::new();
    let mut add = |number: u64, what: &str| {
        if number > 0 {
            made.push(format!("{number} {what}"));
        }
    };
    add(counts.pages.into(), "pages");
    add(counts.characters, "characters");
    add(counts.images.into(), if report.stage == Stage::Vision { "descriptions" } else { "images" });
    add(counts.tokens.into(), "tokens");
    if !report.models.is_empty() {
        made.push(format!("with {}", report.models.join(", ")));
    }
    view! {
        <tr data-phase=kind>
            <th scope="row">{stage_name(report.stage)}</th><td>{outcome}</td>
            <td>{duration(report.millis)}</td><td>{made.join(", ")}</td>
        </tr>
    }
    .into_any()
}
