//! Pages that are begun and not yet told: while the pixels of one are read elsewhere, the next is begun, and all
//! are told in their order.

use super::stand_in::StandIn;
use crate::document::Rect;
use crate::ocr::{Bitmap, ReadPage};
use crate::pdf::content::PageContent;
use std::collections::VecDeque;

/// A page that is begun.
pub(super) struct Begun {
    /// From 1.
    pub(super) number: u32,
    pub(super) state: State,
    pub(super) making: Making,
}

/// What is made of a page.
pub(super) enum Making {
    /// All that it is.
    Whole,
    /// A picture of it, and what is read from that.
    StandIn(StandIn),
    /// What can be had without painting: why.
    TextAlone(String),
}

/// How far a begun page is.
pub(super) enum State {
    /// Nothing is missing.
    Ready(Box<PageContent>),
    /// Its pixels are to be read.
    Unread { content: Box<PageContent>, pixels: Bitmap, part: Part },
    /// They are being read.
    Away { content: Box<PageContent>, size: (u32, u32), part: Part },
    /// They have been read.
    Read { content: Box<PageContent>, size: (u32, u32), part: Part, result: Result<ReadPage, String> },
    /// It cannot be read at all: why.
    Failed(String),
}

/// What the pixels are of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// The whole page, whose text they are to give.
    Page,
    /// The pictures in this part of a page with text of its own.
    Pictures(Rect),
}

/// The begun pages in their order.
#[derive(Default)]
pub(super) struct BegunPages(VecDeque<Begun>);

impl BegunPages {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Number of the first.
    pub(super) fn first(&self) -> Option<u32> {
        self.0.front().map(|begun| begun.number)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn push(&mut self, begun: Begun) {
        self.0.push_back(begun);
    }

    /// Puts back the page that was the first, begun anew.
    pub(super) fn push_first(&mut self, begun: Begun) {
        self.0.push_front(begun);
    }

    /// The first, if it waits for nothing.
    pub(super) fn pop_finished(&mut self) -> Option<Begun> {
        let waits = |begun: &Begun| matches!(begun.state, State::Unread { .. } | State::Away { .. });
        self.0.pop_front_if(|begun| !waits(begun))
    }

    /// The first pixels that nobody has taken, and the page's number.
    pub(super) fn take_pixels(&mut self) -> Option<(u32, Bitmap)> {
        let begun = self.0.iter_mut().find(|begun| matches!(begun.state, State::Unread { .. }))?;
        let State::Unread { content, pixels, part } =
            std::mem::replace(&mut begun.state, State::Failed(String::new()))
        else {
            return None;
        };
        begun.state = State::Away { content, size: (pixels.width(), pixels.height()), part };
        Some((begun.number, pixels))
    }

    /// What pixels say that were taken; anything else is let go.
    pub(super) fn have_read(&mut self, number: u32, result: Result<ReadPage, String>) {
        let Some(begun) = self.0.iter_mut().find(|begun| begun.number == number) else { return };
        let before = std::mem::replace(&mut begun.state, State::Failed(String::new()));
        begun.state = match before {
            State::Away { content, size, part } => State::Read { content, size, part, result },
            other => other,
        };
    }
}
