//! Recto turns a PDF into Markdown with every figure extracted and described and the text summarised.
//!
//! Data flows through the modules in the order in which they are declared:
//!
//! ```text
//! PDF bytes ── pdf ──▶ Structure (metadata, outline, labels, links, attachments)
//!               └────▶ PageContent (glyphs, paths, images) ── layout ──▶ Page (blocks, figures)
//!                                                                         │
//!                     Document (pages, figures, synopsis) ◀───────────────┘
//!                        │ figures ── caption (models::blip) ──▶ Description
//!                        │ blocks ─── enhance (models::t5) ────▶ Synopsis, answers
//!                        ▼
//!                     export ──▶ Markdown, HTML, text, JSON, zip
//! ```
//!
//! `pipeline` runs the stages and reports [`pipeline::Event`]s; it runs natively and in a worker with the
//! same output. `protocol` is what the page and its workers say to each other, `session` the page's state, `api` what
//! other pages that embed Recto say to it.
//! The feature `read` brings what reads PDFs, `models` what runs models: the command line has both, each worker
//! program one, the page none. Everything so far is pure: no module above this line names a browser type. `platform`, `worker` and
//! `ui` are the browser's edges, compiled only with the features `web`, `worker` and `app`.

pub mod document;
#[cfg(any(feature = "models", feature = "ocr"))]
#[cfg_attr(
    not(all(feature = "models", feature = "ocr")),
    allow(dead_code, unreachable_pub, unused_imports, reason = "each has kernels of its own")
)]
mod kernels;
#[cfg(feature = "read")]
pub mod pdf;
#[cfg(any(feature = "read", feature = "ocr"))]
pub mod ocr;
#[cfg(feature = "read")]
pub mod layout;
pub mod export;
#[cfg(feature = "models")]
pub mod models;
#[cfg(feature = "models")]
pub mod caption;
#[cfg(feature = "models")]
pub mod enhance;
pub mod registry;
pub mod pipeline;
pub mod selfcheck;
pub mod protocol;
pub mod session;
pub mod api;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "web")]
pub mod platform;
#[cfg(feature = "embed")]
pub mod embed;
#[cfg(feature = "app")]
pub mod ui;
#[cfg(feature = "worker")]
pub mod worker;
