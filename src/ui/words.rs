//! Doubtful words of scans, one at a time: its picture, what was read, and what it is.

use super::store::ui;
use crate::document::Rect;
use crate::protocol::JobId;
use crate::session::{Doubt, Event, Job, PageImage, count};
use leptos::html;
use leptos::prelude::*;

/// How much of the page is shown around a word, in heights of the word.
const BESIDE: f32 = 4.0;
const ABOVE: f32 = 0.7;

/// What is shown of a word.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    doubt: Doubt,
    text: String,
    bbox: Rect,
    page_size: [f32; 2],
    /// Its number among those left, from 1.
    number: usize,
}

fn shown_word(job: &Job, doubt: Option<Doubt>) -> Option<Shown> {
    let doubt = doubt?;
    let word = job.read_word(doubt)?;
    let page = job.document().pages.iter().find(|page| page.number == doubt.page)?;
    let number = job.doubts().take_while(|other| *other <= doubt).count();
    let page_size = [page.width, page.height];
    Some(Shown { doubt, text: word.text.clone(), bbox: word.bbox, page_size, number })
}

/// How many words are doubtful, and the way to them. Nothing for a document without any.
#[component]
pub(super) fn DoubtfulWords(id: JobId) -> impl IntoView {
    let ui = ui();
    let left = ui.memo(move |session| session.job(id).map_or(0, |job| job.doubts().count()));
    let checked = ui.memo(move |session| session.job(id).map_or(0, Job::checked_words));
    let open = ui.memo(|session| session.view.checking);
    let any = Memo::new(move |_| left.get() > 0 || checked.get() > 0);
    let title = move || match left.get() {
        0 => "No doubtful words are left".to_owned(),
        some => count(some, "doubtful word", "doubtful words"),
    };
    move || {
        any.get().then(|| {
            view! {
                <section class="doubts" aria-labelledby="doubts-title" data-testid="doubts">
                    <div class="doubts-head">
                        <h3 id="doubts-title" data-testid="doubts-count">{title}</h3>
                        {move || (checked.get() > 0).then(|| view! {
                            <button type="button" class="quiet" data-testid="doubt-undo"
                                on:click=move |_| ui.send(Event::TakeBackWord(id))>"Undo"</button>
                        })}
                        <button type="button" data-testid="doubts-toggle" aria-controls="doubt"
                            aria-expanded=move || open.get().to_string()
                            on:click=move |_| ui.send(Event::ShowDoubts(!open.get_untracked()))>
                            {move || if open.get() { "Close" } else { "Check them" }}
                        </button>
                    </div>
                    {move || open.get().then(|| view! { <Card id left /> })}
                </section>
            }
        })
    }
}

/// The word that is looked at.
#[component]
fn Card(id: JobId, left: Memo<usize>) -> impl IntoView {
    let ui = ui();
    let word = ui.memo(move |session| shown_word(session.job(id)?, session.view.doubt));
    let field = NodeRef::<html::Input>::new();
    let picture = NodeRef::<html::Canvas>::new();
    // Another word: its text into the field, to be typed over. Not when only its number among those left changes.
    let read =
        Memo::new(move |_| word.with(|word| word.as_ref().map(|word| (word.doubt, word.text.clone()))));
    Effect::new(move || {
        if let (Some((_, text)), Some(field)) = (read.get(), field.get()) {
            field.set_value(&text);
            // Focus is a courtesy: without it the field can be chosen all the same.
            let _ = field.focus();
            field.select();
        }
    });
    let drawn = ui.memo(move |session| {
        let doubt = session.view.doubt?;
        Some(session.page_image(id, doubt.page) == PageImage::Drawn)
    });
    Effect::new(move || {
        // Both are followed: the page may be drawn after the word was chosen.
        let ready = drawn.get() == Some(true);
        if let (true, Some(word), Some(canvas)) = (ready, word.get(), picture.get()) {
            let around = Rect::new(
                word.bbox.x0 - BESIDE * word.bbox.height().min(40.0),
                word.bbox.y0 - ABOVE * word.bbox.height(),
                word.bbox.x1 + BESIDE * word.bbox.height().min(40.0),
                word.bbox.y1 + ABOVE * word.bbox.height(),
            );
            ui.edge().draw_part(id, word.doubt.page, word.page_size, around, word.bbox, &canvas);
        }
    });
    let say = move |text: String| {
        if let Some(word) = word.get_untracked() {
            ui.send(Event::WordChecked { job: id, doubt: word.doubt, text });
        }
    };
    let keep = move |_| {
        if let Some(word) = word.get_untracked() {
            say(word.text);
        }
    };
    let change = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            say(field.value());
        }
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => ui.send(Event::StepDoubt { forward: true }),
            "ArrowUp" => ui.send(Event::StepDoubt { forward: false }),
            "Escape" => ui.send(Event::ShowDoubts(false)),
            _ => return,
        }
        event.prevent_default();
    };
    let has_word = Memo::new(move |_| word.with(Option::is_some));
    let place = move || {
        word.get().map(|word| format!("Word {} of {}, page {}", word.number, left.get(), word.doubt.page))
    };
    let label = move || word.get().map(|word| format!("Picture of the word read as {}", word.text));
    move || {
        if !has_word.get() {
            return view! { <p class="hint" id="doubt">"All words are confirmed or corrected."</p> }
                .into_any();
        }
        view! {
            <form class="doubt" id="doubt" on:submit=change on:keydown=key data-testid="doubt">
                <canvas class="doubt-picture" node_ref=picture width="0" height="0" role="img" aria-label=label
                    data-testid="doubt-picture"></canvas>
                <label for="doubt-text">{place}</label>
                <input type="text" id="doubt-text" node_ref=field autocomplete="off" autocapitalize="off"
                    spellcheck="false" aria-describedby="doubt-keys" data-testid="doubt-text" />
                <div class="doubt-actions">
                    <button type="submit" class="primary" data-testid="doubt-change">"Change"</button>
                    <button type="button" data-testid="doubt-keep" on:click=keep>"Keep as read"</button>
                    <span class="grow"></span>
                    <button type="button" class="icon" aria-label="Previous word" title="Previous word (arrow up)"
                        data-testid="doubt-previous"
                        on:click=move |_| ui.send(Event::StepDoubt { forward: false })>"\u{2191}"</button>
                    <button type="button" class="icon" aria-label="Next word" title="Next word (arrow down)"
                        data-testid="doubt-next"
                        on:click=move |_| ui.send(Event::StepDoubt { forward: true })>"\u{2193}"</button>
                </div>
                <p class="hint" id="doubt-keys">
                    "Enter takes what is in the field; arrow keys go to the next word and back."
                </p>
            </form>
        }
        .into_any()
    }
}
