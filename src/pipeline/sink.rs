//! Where events go, and where the wish to stop comes from.

use super::event::Event;
use crate::document::FigureImage;

/// Takes what the pipeline tells.
pub trait Sink {
    /// Something happened. `images` holds the figures' image files for [`Event::Page`], in the order of
    /// its figures, and is empty for every other event.
    fn event(&mut self, event: Event, images: Vec<FigureImage>);

    /// Whether the person wants the work to end. Looked at between two units of work and between two
    /// tokens; what is finished by then has been told and stays.
    fn stopped(&self) -> bool {
        false
    }
}

/// A sink that keeps everything, for tests and for callers who want the whole at the end.
#[derive(Debug, Default)]
pub struct Recording {
    /// What happened, in order.
    pub events: Vec<(Event, Vec<FigureImage>)>,
    /// Stop once so many events have come in; none to go on to the end.
    pub stop_after: Option<usize>,
}

impl Sink for Recording {
    fn event(&mut self, event: Event, images: Vec<FigureImage>) {
        self.events.push((event, images));
    }

    fn stopped(&self) -> bool {
        self.stop_after.is_some_and(|limit| self.events.len() >= limit)
    }
}
