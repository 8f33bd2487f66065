//! What the run did.

use super::progress::stage_name;
use super::store::ui;
use crate::pipeline::event::{Outcome, Stage, StageReport};
use crate::protocol::JobId;
use crate::session::{Event, ExportKind, Record, duration, file_size};
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
    let record = ui.memo(move |session| session.job(id).map(Record::of));
    view! {
        <div class="report" data-testid="report">
            <p><button type="button" data-testid="save-report"
                on:click=move |_| ui.send(Event::Export { job: id, kind: ExportKind::Report })>"Save this report as JSON"</button></p>
            {move || report.get().map(|report| view! {
                <h3>"Stages"</h3>
                <table class="plain">
                    <thead><tr><th scope="col">"Stage"</th><th scope="col">"Outcome"</th>
                        <th scope="col">"Time"</th><th scope="col">"Made"</th></tr></thead>
                    <tbody>{report.stages.iter().map(stage_row).collect_view()}</tbody>
                </table>
                {move || record.get().map(|record| view! { <Measures record /> })}
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

/// Speeds, memory, loading times, and the aims that such a document has.
#[component]
fn Measures(record: Record) -> impl IntoView {
    let per_second =
        |speed: Option<f64>, what: &str| speed.map(|speed| format!("{speed:.1} {what} a second"));
    let memory = record.run.peak_memory.map(|peak| match record.memory_budget {
        Some(budget) => format!("{} at most, of {} meant to suffice", file_size(peak), file_size(budget)),
        None => format!("{} at most", file_size(peak)),
    });
    let rows = [
        ("Pages", per_second(record.pages_per_second, "pages")),
        ("Tokens", per_second(record.tokens_per_second, "tokens")),
        ("Memory", memory),
        ("Models loaded in", record.run.load_millis.map(duration)),
        ("Program", Some(record.run.program.clone())),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
    });
    let aims = record.aims.iter().map(|aim| {
        let (there, mark) = if aim.met { ("yes", "\u{2713} ") } else { ("no", "\u{2717} ") };
        view! { <li data-there=there>{mark}{aim.aim}</li> }
    });
    view! {
        <h3>"How it went"</h3>
        <dl class="facts" data-testid="measures">{rows.collect_view()}</dl>
        <ul class="abilities" data-testid="aims">{aims.collect_view()}</ul>
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
    if let Some(millis) = report.load_millis {
        made.push(format!("its model loaded in {}", duration(millis)));
    }
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
