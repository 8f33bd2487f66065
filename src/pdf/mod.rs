//! PDF bytes in; the file's structure and each page's content out.
//!
//! Two readers share the work. The `pdf` crate gives typed access to what is structural: information
//! dictionary, outline, page labels, links, attachments, the structure tree, encryption. hayro gives what
//! is drawn: glyphs with their Unicode text, paths, images, and whole pages as pixels; it also repairs
//! files that `pdf` rejects, and then a warning says that the structure is missing.

pub mod content;
mod device;
mod digest;
mod fonts;
mod glyph_text;
mod open;
mod paths;
mod picture;
mod raster;
mod reader;
mod space;
mod text_string;

pub use open::{MAX_FILE_BYTES, OpenDocument, OpenError, open};
pub use picture::{ExtractedImage, MAX_IMAGE_PIXELS};
pub use raster::{MAX_RASTER_PIXELS, Raster};
pub use reader::{PageError, PageReader};
