//! The document as it reads, built from the document model with text nodes only: nothing that a file says
//! becomes markup, and only addresses that [`safe_address`] lets through become links.

use super::store::{Ui, by_id, document, ui};
use crate::document::{Block, BlockId, Content, Figure, FigureId, LinkTarget, Page, Script, Span, Table};
use crate::export::safe_address;
use crate::protocol::JobId;
use crate::session::Event;
use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// A table cell spans at most this many columns or rows: a browser takes no more.
const MAX_SPAN: u32 = 1_000;

/// All pages that are there.
#[component]
pub(super) fn Rendered(id: JobId) -> impl IntoView {
    let ui = ui();
    let pages = ui.memo(move |session| {
        let revisions = session.job(id).map(|job| &job.revisions.pages);
        revisions.into_iter().flatten().map(|(page, revision)| (*page, *revision)).collect::<Vec<_>>()
    });
    let missing = ui.memo(move |session| {
        session.job(id).map_or(0, |job| {
            job.page_count() as usize - job.document().pages.len().min(job.page_count() as usize)
        })
    });
    follow_selection(ui);
    let empty = ui.memo(move |session| {
        session.job(id).is_some_and(|job| {
            let document = job.document();
            !document.pages.is_empty() && document.pages.iter().all(|page| page.blocks.is_empty())
        })
    });
    view! {
        <article class="reading" tabindex="0" data-testid="markdown" on:click=move |event| clicked(ui, &event)
            on:keydown=move |event| key(ui, &event)
            aria-label="The document's text. Arrow keys go from block to block, Enter shows the block's place on its page.">
            {move || empty.get().then(|| view! {
                <p class="hint">"No text was found: these pages are pictures or scans."</p>
            })}
            <For each=move || pages.get() key=|key| *key let((number, _))>
                <PageText id number />
            </For>
            {move || (missing.get() > 0).then(|| view! {
                <p class="hint more">{move || format!("{} more to come or left out.", crate::session::count(missing.get(), "page", "pages"))}</p>
            })}
        </article>
    }
}

#[component]
fn PageText(id: JobId, number: u32) -> impl IntoView {
    let ui = ui();
    let page = ui.peek(|session| {
        let pages = &session.job(id)?.document().pages;
        pages.iter().find(|page| page.number == number).cloned()
    });
    page.map(|page: Page| {
        let label = page.label.clone().unwrap_or_else(|| number.to_string());
        let blocks = page.blocks.iter().filter(|block| !matches!(block.content, Content::Furniture { .. }));
        let blocks = blocks.map(|block| block_view(id, block)).collect_view();
        view! {
            <section class="page-text" data-page=number data-testid="page-text" aria-label=format!("Page {label}")>
                <div class="page-number" aria-hidden="true">{label.clone()}</div>
                {blocks}
            </section>
        }
    })
}

fn block_view(job: JobId, block: &Block) -> AnyView {
    let id = format!("block-{}", block.id.0);
    let name = block.id.0.clone();
    match &block.content {
        Content::Heading { level, spans } => heading(*level, id, name, spans),
        Content::Paragraph { spans } => {
            let class = if block.continues { "block continues" } else { "block" };
            view! { <p class=class id=id data-block=name tabindex="-1">{spans_view(spans)}</p> }.into_any()
        }
        Content::ListItem { depth, marker, spans, .. } => {
            let class = format!("block item-text depth-{}", (*depth).min(5));
            let marker = marker.clone();
            view! {
                <div class=class id=id data-block=name tabindex="-1">
                    <span class="marker">{marker}</span><span>{spans_view(spans)}</span>
                </div>
            }
            .into_any()
        }
        Content::Table { table } => view! {
            <div class="block table" id=id data-block=name tabindex="-1">{table_view(table)}</div>
        }
        .into_any(),
        Content::Figure { figure } => view! {
            <figure class="block" id=id data-block=name tabindex="-1"><FigureImage job id=figure.clone() /></figure>
        }
        .into_any(),
        Content::Caption { spans, .. } => {
            view! { <p class="block caption" id=id data-block=name tabindex="-1">{spans_view(spans)}</p> }.into_any()
        }
        Content::Code { text } => view! {
            <pre class="block code" id=id data-block=name tabindex="-1"><code>{text.clone()}</code></pre>
        }
        .into_any(),
        Content::Equation { text, .. } => {
            view! { <p class="block equation" id=id data-block=name tabindex="-1">{text.clone()}</p> }.into_any()
        }
        Content::ContentsEntry { depth, spans, page_label } => {
            let class = format!("block item-text depth-{}", (*depth).min(5));
            view! {
                <div class=class id=id data-block=name tabindex="-1">
                    <span>{spans_view(spans)}</span>" "<span class="marker">{page_label.clone()}</span>
                </div>
            }
            .into_any()
        }
        Content::Footnote { marker, spans } => view! {
            <p class="block footnote" id=id data-block=name tabindex="-1">
                <sup>{marker.clone()}</sup>" "{spans_view(spans)}
            </p>
        }
        .into_any(),
        Content::Furniture { .. } => ().into_any(),
    }
}

/// The page's own title is level 1 and the document's name level 2: the document's headings stand below.
fn heading(level: u8, id: String, name: String, spans: &[Span]) -> AnyView {
    let spans = spans_view(spans);
    let class = format!("block heading level-{}", level.clamp(1, 6));
    let level = (u32::from(level.clamp(1, 6)) + 2).min(6).to_string();
    let level = custom_attribute("aria-level", level);
    view! { <div class=class role="heading" id=id data-block=name tabindex="-1" {..level}>{spans}</div> }
        .into_any()
}

/// Styled text.
pub(super) fn spans_view(spans: &[Span]) -> AnyView {
    spans.iter().map(span_view).collect_view().into_any()
}

fn span_view(span: &Span) -> AnyView {
    let mut view = span.text.clone().into_any();
    if span.mono {
        view = view! { <code>{view}</code> }.into_any();
    }
    view = match span.script {
        Some(Script::Super) => view! { <sup>{view}</sup> }.into_any(),
        Some(Script::Sub) => view! { <sub>{view}</sub> }.into_any(),
        None => view,
    };
    if span.italic {
        view = view! { <em>{view}</em> }.into_any();
    }
    if span.bold {
        view = view! { <strong>{view}</strong> }.into_any();
    }
    match &span.link {
        Some(LinkTarget::Uri(address)) => match safe_address(address) {
            Some(address) => view! {
                <a href=address target="_blank" rel="noopener noreferrer nofollow">{view}</a>
            }
            .into_any(),
            None => view,
        },
        Some(LinkTarget::Page(page)) => {
            let page = *page;
            view! { <button type="button" class="page-link" data-goto=page>{view}</button> }.into_any()
        }
        None => view,
    }
}

fn table_view(table: &Table) -> AnyView {
    let rows = table.rows.iter().zip(0_u32..).map(|(row, index)| {
        let header = index < table.header_rows;
        let cells = row.cells.iter().map(|cell| {
            let columns = cell.column_span.clamp(1, MAX_SPAN);
            let rows = cell.row_span.clamp(1, MAX_SPAN);
            let spans = spans_view(&cell.spans);
            if header {
                view! { <th scope="col" colspan=columns rowspan=rows>{spans}</th> }.into_any()
            } else {
                view! { <td colspan=columns rowspan=rows>{spans}</td> }.into_any()
            }
        });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    view! { <table><tbody>{rows.collect_view()}</tbody></table> }.into_any()
}

/// A figure's image and, below it, what a model or the person says it shows.
#[component]
pub(super) fn FigureImage(job: JobId, id: FigureId) -> impl IntoView {
    let ui = ui();
    let revision = ui.memo(move |session| session.job(job).map_or(0, |job| job.revisions.figures));
    let found = ui.peek(|session| session.job(job)?.document().figure(&id).cloned());
    let url = ui.edge().image_url(ui, job, &id);
    let description = Memo::new(move |_| {
        // Read, not only tracked: a memo that nobody reads never notices a change.
        revision.get();
        ui.peek(|session| session.job(job)?.document().figure(&id)?.description.clone())
    });
    let name = found.as_ref().map(Figure::name).unwrap_or_default();
    let alt = move || description.get().map_or_else(|| name.clone(), |description| description.text);
    let (width, height) = found.map_or((0, 0), |figure| (figure.width_px, figure.height_px));
    view! {
        {match url {
            Some(url) => view! { <img src=url alt=alt width=width height=height loading="lazy" decoding="async" /> }.into_any(),
            None => view! { <p class="hint">"The image is not there."</p> }.into_any(),
        }}
        {move || description.get().map(|description| {
            let by_person = description.edited || description.model.is_none();
            view! {
                <figcaption class="generated">
                    <span class="tag">{if by_person { "Your description" } else { "Generated description" }}</span>
                    {description.text}
                </figcaption>
            }
        })}
    }
}

/// The block's element that an event happened in.
fn block_of(event: &web_sys::Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest("[data-block]").ok()?
}

fn clicked(ui: Ui, event: &web_sys::MouseEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("[data-goto], a").ok().flatten());
    if let Some(link) = link {
        if let Some(page) = link.get_attribute("data-goto").and_then(|page| page.parse().ok()) {
            ui.send(Event::GoToPage(page));
        }
        return;
    }
    select(ui, block_of(event));
}

fn select(ui: Ui, element: Option<Element>) {
    if let Some(name) = element.and_then(|element| element.get_attribute("data-block")) {
        ui.send(Event::SelectBlock(BlockId(name)));
    }
}

/// Arrow keys go from block to block, Enter and Space choose the block.
fn key(ui: Ui, event: &web_sys::KeyboardEvent) {
    let current = block_of(event);
    let on_block = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|target| target.has_attribute("data-block"));
    match event.key().as_str() {
        "Enter" | " " if on_block => {
            event.prevent_default();
            select(ui, current);
        }
        direction @ ("ArrowDown" | "ArrowUp") => {
            if let Some(next) = neighbour(current.as_ref(), direction == "ArrowDown") {
                event.prevent_default();
                // Without focus the text scrolls as usual.
                let _ = next.focus();
            }
        }
        _ => {}
    }
}

/// The block after or before `current`, also on the next or last page, or the first one.
fn neighbour(current: Option<&Element>, forward: bool) -> Option<HtmlElement> {
    let step = |element: &Element| {
        if forward { element.next_element_sibling() } else { element.previous_element_sibling() }
    };
    let enter = |page: &Element| {
        if forward { page.first_element_child() } else { page.last_element_child() }
    };
    let (mut page, mut at) = match current {
        Some(current) => (current.closest(".page-text").ok()??, step(current)),
        None => {
            let page = document()?.query_selector(".reading .page-text").ok()??;
            let first = page.first_element_child();
            (page, first)
        }
    };
    loop {
        match at {
            Some(element) if element.has_attribute("data-block") => return element.dyn_into().ok(),
            Some(element) => at = step(&element),
            None => {
                page = step(&page)?;
                at = enter(&page);
            }
        }
    }
}

/// Marks the selected block's element.
fn follow_selection(ui: Ui) {
    let selected = ui.memo(|session| {
        let selection = session.view.selection.as_ref()?;
        selection.block.as_ref().map(|block| format!("block-{}", block.0))
    });
    Effect::new(move |before: Option<Option<String>>| {
        let now = selected.get();
        if let Some(element) = before.flatten().and_then(|id| by_id(&id)) {
            // Marks are an ornament: the box on the page says the same.
            let _ = element.class_list().remove_1("selected");
        }
        if let Some(element) = now.as_deref().and_then(by_id) {
            let _ = element.class_list().add_1("selected");
        }
        now
    });
}
