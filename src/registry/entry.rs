//! The registry file's form.

use serde::{Deserialize, Serialize};

/// The registry file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// Version of this form, 1.
    pub version: u32,
    /// Where relative file addresses start: the hub's address.
    pub base_url: String,
    /// Models, ordered from best to smallest within a kind.
    pub models: Vec<ModelEntry>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Unique name, also the folder it is stored in: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it does.
    pub kind: ModelKind,
    /// For the person.
    pub name: String,
    /// SPDX name or the hub's.
    pub licence: String,
    /// Where it is described.
    pub homepage: String,
    /// What it takes in memory when loaded, in bytes.
    pub memory: u64,
    /// Somebody has fetched these files and run them.
    pub verified: bool,
    /// Why the registry's own addresses do not serve it (nobody publishes the file); none if they do. It can
    /// still be fetched from a base address of the person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Picture to caption (BLIP).
    Caption,
    /// Text to text (T5).
    Text,
    /// Text of scans (a detector and a recogniser in the forms of PP-OCR's).
    Scan,
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFile {
    /// What it is for.
    pub role: FileRole,
    /// Address relative to the base (`lmz/candle-blip/resolve/main/x.gguf`) or absolute. A path that starts
    /// with `./` is relative to the page: shipped with the app.
    pub url: String,
    /// Size in bytes, if known to the byte: a file of another size is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// About how many bytes it has, for the person and for progress only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_size: Option<u64>,
    /// SHA-256, lower-case hexadecimal, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// GGUF weights.
    Weights,
    /// `config.json` in the hub's form.
    Config,
    /// `tokenizer.json`.
    Tokenizer,
    /// ONNX file of the network that finds lines.
    Detector,
    /// ONNX file of the network that reads lines, with the characters that it knows in its metadata.
    Recogniser,
}

/// A model in this browser's storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredModel {
    /// Registry id.
    pub id: String,
    /// Bytes stored.
    pub bytes: u64,
    /// All files are there and verified.
    pub complete: bool,
}
