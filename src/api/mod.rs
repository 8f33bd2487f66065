//! What a page that Recto is a part of asks for, and what it is told: an [`Order`] and a file in, [`Told`] out.
//!
//! This is the wire format between `public/recto.js` and the program behind it, and what `public/frame.js` passes on
//! between windows. Its form is public: `tests/browser/surface` fails when it changes without [`API_VERSION`]. Nothing
//! here knows of a browser; `embed` is the edge.

mod order;
mod outcome;
mod watch;
#[cfg(test)]
mod watch_tests;

pub use order::{Format, ModelsOrder, Order, OrderError, StageName};
pub use outcome::{ErrorCode, Figure, Outcome, Section, Stage, Summary};
pub use watch::{Progress, Told, Watch};

/// Version of the interface for other pages. Fields may be added under one version; nothing is taken away or changes
/// its meaning.
pub const API_VERSION: u32 = 1;
