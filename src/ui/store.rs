//! How components reach the session: read it, remember a part of it, send it an event.

use super::edge::Edge;
use crate::platform::clock;
use crate::session::{Event, Session};
use leptos::prelude::*;
use std::rc::Rc;

/// The session and the page's edge.
#[derive(Clone, Copy)]
pub(super) struct Ui {
    session: RwSignal<Session>,
    edge: StoredValue<Rc<Edge>, LocalStorage>,
}

impl Ui {
    pub(super) fn new(session: Session, edge: Rc<Edge>) -> Self {
        Self { session: RwSignal::new(session), edge: StoredValue::new_local(edge) }
    }

    /// Sends an event and has its commands carried out.
    pub(super) fn send(self, event: Event) {
        let now = clock::now();
        let commands = self.session.try_update(|session| session.apply(now, event)).unwrap_or_default();
        let edge = self.edge();
        for command in commands {
            edge.run(self, command);
        }
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
