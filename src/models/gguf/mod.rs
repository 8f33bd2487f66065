//! GGUF files: any `Read + Seek` in, tensors out, one at a time.
//!
//! The format is the public one (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>), versions 1 to
//! 3, little-endian. Every number of the header is checked against the file's length before anything is
//! allocated for it, because candle's own reader trusts some of them (a zero alignment, products of
//! dimensions, arrays that grow thirtyfold in memory). Tensors keep the names they have in the hub's
//! checkpoints.

mod element;
mod header;
mod reader;
mod writer;

pub use element::{ElementType, bytes_for};
#[cfg(feature = "cli")]
pub(crate) use element::{from_name, name_of, names};
pub use header::{Header, MetadataValue, TensorInfo};
pub use reader::GgufReader;
pub use writer::{GgufWriter, TensorSpec};

/// What is wrong with a GGUF file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The file could not be read or written.
    #[error("reading or writing failed: {0}")]
    Io(#[from] std::io::Error),
    /// It does not start with `GGUF`.
    #[error("not a GGUF file")]
    NotGguf,
    /// A version that this reader does not know, or a big-endian file.
    #[error("GGUF version {0} is not supported")]
    Version(u32),
    /// The header goes on past the end of the file.
    #[error("the header ends early: {what} at byte {offset}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where, from the start of the file.
        offset: u64,
    },
    /// More of something than a sane file has.
    #[error("{count} {what}, more than the {limit} that are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// What the file says.
        count: u64,
        /// What is accepted.
        limit: u64,
    },
    /// A metadata value of an unknown type.
    #[error("metadata `{key}` has the unknown type {code}")]
    ValueType {
        /// Its key.
        key: String,
        /// The type's number.
        code: u32,
    },
    /// An alignment that is not a power of two between 8 and 65536.
    #[error("alignment {0} is not usable")]
    Alignment(u64),
    /// An element type that is unknown or has no reader.
    #[error("tensor `{name}` has the unsupported element type {code}")]
    ElementType {
        /// The tensor.
        name: String,
        /// The type's number in GGML.
        code: u32,
    },
    /// A shape that cannot be.
    #[error("tensor `{name}`: {reason}")]
    Shape {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A tensor's bytes lie outside the file.
    #[error("tensor `{name}` needs bytes {start} to {end} of a file of {length}")]
    OutsideFile {
        /// The tensor.
        name: String,
        /// Its first byte.
        start: u64,
        /// The byte after its last.
        end: u64,
        /// The file's length.
        length: u64,
    },
    /// The same name twice.
    #[error("tensor `{name}` is there twice")]
    Duplicate {
        /// The tensor.
        name: String,
    },
    /// A tensor that is not in the file.
    #[error("tensor `{name}` is missing")]
    Missing {
        /// The tensor.
        name: String,
    },
    /// candle refused the bytes of a tensor.
    #[error("tensor `{name}`: {source}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What it said.
        source: Box<candle_core::Error>,
    },
}
