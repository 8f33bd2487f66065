//! A [`crate::document::Document`] in; Markdown, HTML, plain text, JSON or a zip archive out.
//!
//! [`flow`] joins what pages and columns cut apart; every text form reads the document through it. Text of
//! a PDF is hostile: no export lets it become markup, a link scheme other than the three in
//! [`address`], or an image address.

mod address;
mod archive;
mod chunks;
mod contents;
mod escape;
mod flow;
mod front_matter;
mod html;
mod inline;
mod json;
mod markdown;
mod notes;
mod table;
mod text;
mod wording;

pub use address::safe_address;
pub use archive::{ArchiveError, file_stem, zip};
pub use chunks::{CHUNK_SCHEMA, Chunk, ChunkBlock, chunks, chunks_json_lines, count_tokens};
pub use flow::{Passage, flow};
pub use html::{HtmlOptions, html};
pub use json::{JsonError, document_from_json, json};
pub use markdown::{Contents, MarkdownOptions, block_markdown, markdown, page_markdown};
pub use text::text;
