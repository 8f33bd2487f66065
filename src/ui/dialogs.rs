//! The password dialog, and what dialogs share.

use super::store::ui;
use crate::session::{Event, JobState};
use leptos::prelude::*;

/// Opens and closes a `<dialog>` as `open` says.
pub(super) fn follow(node: NodeRef<leptos::html::Dialog>, open: Memo<bool>) {
    Effect::new(move || {
        let open = open.get();
        let Some(dialog) = node.get() else { return };
        if open && !dialog.open() {
            // Fails only for a dialog that is open or not on the page.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
}

/// Asks for the password of a locked file.
#[component]
pub(super) fn PasswordDialog() -> impl IntoView {
    let ui = ui();
    let node = NodeRef::<leptos::html::Dialog>::new();
    let input = NodeRef::<leptos::html::Input>::new();
    let asked = ui.memo(|session| {
        let job = session.job(session.view.password?)?;
        let wrong = matches!(job.state, JobState::NeedsPassword { wrong: true });
        Some((job.id, job.name.clone(), wrong))
    });
    let open = Memo::new(move |_| asked.with(Option::is_some));
    follow(node, open);
    let give = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let password = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        if let Some(input) = input.get_untracked() {
            input.set_value("");
        }
        if let Some((job, _, _)) = asked.get_untracked() {
            ui.send(Event::PasswordGiven { job, password });
        }
    };
    let closed = move |_| {
        if asked.with_untracked(Option::is_some) {
            ui.send(Event::PasswordRefused);
        }
    };
    let name = move || asked.get().map(|(_, name, _)| name).unwrap_or_default();
    let wrong = Memo::new(move |_| asked.get().is_some_and(|(_, _, wrong)| wrong));
    view! {
        <dialog class="small" node_ref=node on:close=closed aria-labelledby="password-title" data-testid="password">
            <form on:submit=give>
                <h2 id="password-title">"This file is locked"</h2>
                <p>{name}" needs a password. It is used here only and kept nowhere."</p>
                {move || wrong.get().then(|| view! {
                    <p class="bad-text" role="alert" data-testid="password-wrong">
                        "That password does not open the file. Check capitals and try again."
                    </p>
                })}
                <label for="password-input">"Password"</label>
                <input id="password-input" type="password" autocomplete="off" node_ref=input
                    data-testid="password-input" />
                <div class="actions">
                    <button type="button" on:click=move |_| ui.send(Event::PasswordRefused)>"Not now"</button>
                    <button type="submit" class="primary" data-testid="password-ok">"Open"</button>
                </div>
            </form>
        </dialog>
    }
}
