//! Documents of earlier visits: to be opened again, or forgotten.

use super::store::ui;
use crate::platform::documents::day;
use crate::session::{Earlier, Event, count, file_size};
use leptos::prelude::*;

/// The list; nothing where there are none.
#[component]
pub(super) fn EarlierDocuments() -> impl IntoView {
    let ui = ui();
    let any = ui.memo(|session| !session.earlier.is_empty());
    let earlier = ui.memo(|session| session.earlier.clone());
    move || {
        any.get().then(|| {
            view! {
                <section class="earlier" aria-labelledby="earlier-title" data-testid="earlier">
                    <h3 id="earlier-title">"Earlier documents"</h3>
                    <p class="hint">"Kept in this browser and nowhere else."</p>
                    <ul>
                        <For each=move || earlier.get() key=|known| known.key.clone() let:known>
                            <Row known />
                        </For>
                    </ul>
                    <button type="button" class="quiet" data-testid="forget-all"
                        on:click=move |_| ui.send(Event::ForgetAll)>"Forget all documents"</button>
                </section>
            }
        })
    }
}

#[component]
fn Row(known: Earlier) -> impl IntoView {
    let ui = ui();
    let Earlier { key, name, bytes, at, pages, finished } = known;
    let pages = count(pages as usize, "page", "pages");
    let state = if finished { pages } else { format!("{pages}, not finished") };
    let (label, action) = if finished { ("Open", "Open") } else { ("Go on", "Go on with") };
    let (opened, deleted) = (key.clone(), key);
    view! {
        <li data-testid="earlier-item">
            <span class="item-name">{name.clone()}</span>
            <span class="item-status">{format!("{state}, {}, {}", file_size(bytes), day(at))}</span>
            <button type="button" data-testid="open-earlier" aria-label=format!("{action} {name}")
                on:click=move |_| ui.send(Event::OpenEarlier(opened.clone()))>{label}</button>
            <button type="button" class="icon" title="Forget" data-testid="delete-earlier"
                aria-label=format!("Forget {name}")
                on:click=move |_| ui.send(Event::DeleteEarlier(deleted.clone()))>"\u{00d7}"</button>
        </li>
    }
}
