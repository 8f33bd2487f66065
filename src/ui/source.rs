//! The Markdown source, in chunks so that a long document stays light.

use super::store::ui;
use crate::protocol::JobId;
use crate::session::export;
use leptos::prelude::*;

/// Lines in one chunk.
const CHUNK: usize = 120;

/// The source of what is there.
#[component]
pub(super) fn Source(id: JobId) -> impl IntoView {
    let ui = ui();
    let revision = ui.memo(move |session| {
        let document = session.job(id).map_or(0, |job| job.revisions.document);
        (document, session.settings.front_matter, session.settings.drop_contents)
    });
    let chunks = move || {
        // Read, not only tracked: a memo that nobody reads never notices a change.
        revision.get();
        let text = ui.peek(|session| {
            session.job(id).map(|job| export::markdown(job, &session.settings)).unwrap_or_default()
        });
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines.chunks(CHUNK).map(|chunk| view! { <code class="chunk">{chunk.concat()}</code> }).collect_view()
    };
    view! { <pre class="source" tabindex="0" aria-label="Markdown source" data-testid="source">{chunks}</pre> }
}
