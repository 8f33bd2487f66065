//! How components reach the session: read it, remember a part of it, send it an event.

use super::edge::Edge;
use crate::platform::clock;
use crate::session::{Event, Session};
use leptos::prelude::*;
use std::rc::Rc;

/// What workers tell is shown at most this often: a book's pages come faster than a page can be redrawn.
const SHOWN_EVERY_MS: f64 = 33.0;
/// Redrawing takes at most one part in this many of the time.
const SHARE: f64 = 4.0;

/// The session and the page's edge.
#[derive(Clone, Copy)]
pub(super) struct Ui {
    session: RwSignal<Session>,
    edge: StoredValue<Rc<Edge>, LocalStorage>,
    shown: StoredValue<Shown>,
}

/// When changes of the session were shown.
#[derive(Clone, Copy, Default)]
struct Shown {
    /// End of the last time, in milliseconds of [`clock::now`].
    at: f64,
    /// How long that took.
    took: f64,
    /// Whether the next time is set.
    due: bool,
}

impl Ui {
    pub(super) fn new(session: Session, edge: Rc<Edge>) -> Self {
        Self {
            session: RwSignal::new(session),
            edge: StoredValue::new_local(edge),
            shown: StoredValue::new(Shown::default()),
        }
    }

    /// Sends an event and has its commands carried out.
    pub(super) fn send(self, event: Event) {
        let now = clock::now();
        let told_by_worker = matches!(event, Event::Worker { .. });
        let applied = self.session.try_update_untracked(|session| session.apply(now, event));
        let commands = applied.unwrap_or_default();
        if told_by_worker {
            self.show_soon(now);
        } else {
            self.show();
        }
        let edge = self.edge();
        for command in commands {
            edge.run(self, command);
        }
    }

    /// Renews what depends on the session.
    fn show(self) {
        let begun = clock::now();
        self.session.notify();
        let at = clock::now();
        self.shown.update_value(|shown| {
            shown.at = at;
            shown.took = at - begun;
        });
    }

    /// The same, at once or a moment later.
    fn show_soon(self, now: f64) {
        let shown = self.shown.get_value();
        if shown.due {
            return;
        }
        let wait = shown.at + SHOWN_EVERY_MS.max(shown.took * SHARE) - now;
        if wait <= 0.0 {
            self.show();
            return;
        }
        self.shown.update_value(|shown| shown.due = true);
        leptos::task::spawn_local(async move {
            clock::sleep(wait).await;
            self.shown.update_value(|shown| shown.due = false);
            self.show();
        });
    }

    /// Looks at the session without following its changes.
    pub(super) fn peek<T>(self, look: impl FnOnce(&Session) -> T) -> T {
        self.session.with_untracked(look)
    }

    /// Follows a part of the session; what depends on it is renewed only when that part changes.
    pub(super) fn memo<T>(self, part: impl Fn(&Session) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.session.with(&part))
    }

    pub(super) fn edge(self) -> Rc<Edge> {
        self.edge.get_value()
    }
}

/// The page's [`Ui`], provided by the root component.
pub(super) fn ui() -> Ui {
    expect_context::<Ui>()
}

pub(super) fn document() -> Option<web_sys::Document> {
    web_sys::window()?.document()
}

pub(super) fn by_id(id: &str) -> Option<web_sys::Element> {
    document()?.get_element_by_id(id)
}
