//! Runs the stages and tells what happens, natively and in a worker alike.
//!
//! ```text
//! PDF bytes ── Extraction::step… ──▶ Event::{Opened, Page, …} ─┐
//! figures' images ── describe ─────▶ Event::Described ─────────┼──▶ Assembler ──▶ Document, RunReport
//! Document ────── summarise ───────▶ Event::Synopsis ──────────┘
//! Document, question ── ask ───────▶ Answer
//! ```
//!
//! Each stage takes a [`Sink`], which hears every [`event::Event`] and says when to stop, and a [`Clock`].
//! Each returns its own [`event::StageReport`] (also told as [`event::Event::StageEnded`]), whatever went
//! wrong in it, so that the next stage goes on with what there is.

pub mod event;

mod assembler;
#[cfg(feature = "read")]
mod begun;
mod choose;
mod clock;
#[cfg(feature = "models")]
mod describe;
#[cfg(feature = "read")]
mod extraction;
#[cfg(feature = "read")]
mod figures;
#[cfg(feature = "read")]
mod guard;
mod language;
#[cfg(feature = "read")]
mod page_maker;
#[cfg(all(test, feature = "read"))]
mod page_maker_tests;
mod parts;
#[cfg(feature = "read")]
mod pictures;
mod report;
#[cfg(feature = "read")]
mod scan;
mod sink;
#[cfg(feature = "read")]
mod source;
#[cfg(feature = "read")]
mod stand_in;
#[cfg(feature = "models")]
mod summarise;
#[cfg(feature = "read")]
mod survey;

pub use assembler::Assembler;
#[cfg(not(target_family = "wasm"))]
pub use clock::SystemClock;
pub use clock::{Clock, TickingClock};
#[cfg(feature = "models")]
pub use describe::describe;
#[cfg(feature = "read")]
pub use extraction::{Extraction, Pages, ReadText, Step};
#[cfg(feature = "cli")]
pub(crate) use guard::guarded;
#[cfg(feature = "read")]
pub use guard::is_guarded;
pub use report::RunReport;
pub use sink::{Recording, Sink};
#[cfg(feature = "read")]
pub use source::{FileDigest, describe_source};
#[cfg(feature = "models")]
pub use summarise::{NamedModel, ask, summarise};
