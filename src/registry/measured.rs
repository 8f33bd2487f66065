//! How fast a model is on a machine.

use serde::{Deserialize, Serialize};

/// What a benchmark of one model found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Which model.
    pub model: String,
    /// Threads that computed.
    pub threads: u32,
    /// Bytes of the GGUF file.
    pub file_bytes: u64,
    /// From the file's bytes to a model, without the making of the bytes, in milliseconds.
    pub load: f64,
    /// One picture, or one text of 512 tokens, in milliseconds: the quickest of three.
    pub encode: f64,
    /// Keys and values of that input for the decoder, in milliseconds.
    pub prepare: f64,
    /// The median token, in milliseconds.
    pub token: f64,
    /// Multiplications and additions of the encoder, in thousands of millions.
    pub encode_operations: f64,
    /// Multiplications and additions of a token, in thousands of millions.
    pub token_operations: f64,
    /// The most memory that the program had while it ran, in bytes, where that is known.
    pub memory: Option<u64>,
}
