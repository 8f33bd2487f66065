//! PDF bytes in; the file's structure and each page's content out.
//!
//! Two readers share the work. hayro finds, repairs and decrypts objects and gives what is drawn: glyphs with
//! their Unicode text, paths, images, and whole pages as pixels. The `pdf` crate gives what is structural its
//! types: outline, page labels, name trees, actions, attachments, structure types. `pdf` could read the file
//! by itself, but it rejects damaged files and panics on some, and a panic ends a wasm worker; so hayro
//! resolves the objects for it, bounded in number and depth (`objects.rs`), and a damaged file has as much
//! structure as its objects hold.

mod complexity;
mod destinations;
mod encryption;
mod labels;
mod links;
mod objects;
mod outline;
mod structure;
mod tags;
mod trees;
pub mod content;
mod device;
mod digest;
mod fonts;
mod glyph_text;
mod open;
mod paint_state;
mod paths;
mod placement;
mod picture;
mod raster;
mod reader;
mod space;
mod text_string;

pub use open::{MAX_FILE_BYTES, OpenDocument, OpenError, open};
pub use picture::{ExtractedImage, MAX_IMAGE_PIXELS};
pub use raster::{MAX_RASTER_PIXELS, Raster};
pub use reader::{PageError, PageReader};
pub use structure::Structure;
pub use tags::{StructureElement, StructureTree};

#[cfg(test)]
mod content_tests;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod picture_tests;
