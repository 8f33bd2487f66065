//! What is stored of a model: written beside its files once they are verified.

use super::entry::{FileRole, ModelEntry};
use serde::{Deserialize, Serialize};

/// The record of a stored model, `manifest.json` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelManifest {
    /// Version of this form, 1.
    pub version: u32,
    /// Registry id.
    pub id: String,
    /// Its files.
    pub files: Vec<FileRecord>,
}

/// One stored file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    /// What it is for.
    pub role: FileRole,
    /// Its name in the model's folder.
    pub name: String,
    /// Where it came from.
    pub url: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 as computed while it came in, lower-case hexadecimal.
    pub sha256: String,
    /// The hash was known beforehand, from the registry or the host, and is the same. Without, the file is
    /// what the host sent, no more.
    pub verified: bool,
    /// The host's validator, if it could be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was stored, in milliseconds since 1970, if the edge told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<u64>,
}

impl ModelManifest {
    /// The name of the manifest in a model's folder.
    pub const NAME: &'static str = "manifest.json";

    /// A manifest without files yet.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { version: 1, id: id.to_owned(), files: Vec::new() }
    }

    /// Takes in a stored file, in place of an older one of the same name.
    pub fn record(&mut self, file: FileRecord) {
        self.files.retain(|known| known.name != file.name);
        self.files.push(file);
    }

    /// The record of the file stored as `name`.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&FileRecord> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Whether every file of `entry` is stored and still the one that the registry asks for.
    #[must_use]
    pub fn is_complete_for(&self, entry: &ModelEntry) -> bool {
        self.id == entry.id
            && entry.files.iter().all(|wanted| {
                self.file(wanted.role.stored_name()).is_some_and(|file| {
                    wanted.size.is_none_or(|size| size == file.size)
                        && wanted.sha256.as_ref().is_none_or(|sha256| *sha256 == file.sha256)
                })
            })
    }

    /// Bytes of all files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn complete_when_every_file_is_the_one_asked_for() {
        let registry = Registry::parse(include_str!("../../public/models.json")).unwrap();
        let mut entry = registry.model("t5-small").unwrap().clone();
        let mut manifest = ModelManifest::new("t5-small");
        assert!(!manifest.is_complete_for(&entry));
        for file in &entry.files {
            let name = file.role.stored_name().to_owned();
            manifest.record(FileRecord {
                role: file.role,
                name,
                url: file.url.clone(),
                size: 5,
                sha256: "a".repeat(64),
                verified: false,
                etag: None,
                stored_at: None,
            });
        }
        assert!(manifest.is_complete_for(&entry));
        assert_eq!(manifest.bytes(), 15);
        entry.files[0].sha256 = Some("b".repeat(64));
        assert!(!manifest.is_complete_for(&entry), "the registry has a new file");
        let json = serde_json::to_string(&manifest).unwrap();
        assert_eq!(serde_json::from_str::<ModelManifest>(&json).unwrap(), manifest);
    }
}
