//! A [`crate::document::Document`] in; Markdown, HTML, plain text, JSON or a zip archive out.
//!
//! [`flow`] joins what pages and columns cut apart; every text form reads the document through it. Text of
//! a PDF is hostile: no export lets it become markup, a link scheme other than the three in
//! [`address`], or an image address.

mod address;
mod archive;
mod escape;
mod flow;
mod html;
mod inline;
mod json;
mod markdown;
mod table;
mod text;

pub use address::safe_address;
pub use archive::{ArchiveError, file_stem, zip};
pub use flow::{Passage, flow};
pub use html::html;
pub use json::{JsonError, document_from_json, json};
pub use markdown::{MarkdownOptions, block_markdown, markdown, page_markdown};
pub use text::text;
