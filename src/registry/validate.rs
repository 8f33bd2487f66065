//! The registry file's text to a [`Registry`] that can be trusted, and its addresses.

use super::entry::{FileRole, ModelEntry, ModelFile, ModelKind, Registry};
use std::collections::BTreeSet;

/// The version of the registry's form that this build reads.
const VERSION: u32 = 1;
/// Where addresses start when nothing else is said: the public hub.
pub const HUB: &str = "https://huggingface.co/";
/// A registry longer than this, in bytes, is not one.
const MAX_REGISTRY_BYTES: usize = 1 << 20;

/// Why a registry cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Not JSON, or not of the registry's form.
    #[error("the list of models cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// Too long.
    #[error("the list of models has {0} bytes, which is too long")]
    TooLong(usize),
    /// Written for another version of the program.
    #[error("the list of models is of version {0}, this program reads version 1")]
    Version(u32),
    /// A model's name cannot be a folder's.
    #[error("`{0}` cannot be a model's id: use lower-case letters, digits, dots and hyphens")]
    Id(String),
    /// Two models with one name.
    #[error("two models are called `{0}`")]
    Duplicate(String),
    /// A model needs one file of each role.
    #[error("model `{id}` must have exactly one {role} file")]
    Files {
        /// The model.
        id: String,
        /// Which role.
        role: &'static str,
    },
    /// An address that is neither http(s) nor relative, or that climbs out of its base.
    #[error("`{0}` cannot be used as an address: it must be http, https or a plain relative path")]
    Address(String),
    /// Not a SHA-256 in lower-case hexadecimal.
    #[error("model `{id}`: `{sha256}` is not a SHA-256 in lower-case hexadecimal")]
    Hash {
        /// The model.
        id: String,
        /// What stands there.
        sha256: String,
    },
}

/// One file to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlan {
    /// What it is for.
    pub role: FileRole,
    /// Its name in the model's folder.
    pub name: String,
    /// Where to fetch it: absolute, or relative to the page when it starts with `./`.
    pub url: String,
    /// Its size in bytes, if known to the byte.
    pub size: Option<u64>,
    /// About its size in bytes; for progress.
    pub approximate_size: Option<u64>,
    /// Its SHA-256, lower-case hexadecimal, if known.
    pub sha256: Option<String>,
}

impl Registry {
    /// Reads and checks a registry file.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub fn parse(json: &str) -> Result<Self, RegistryError> {
        if json.len() > MAX_REGISTRY_BYTES {
            return Err(RegistryError::TooLong(json.len()));
        }
        let registry: Self = serde_json::from_str(json)?;
        if registry.version != VERSION {
            return Err(RegistryError::Version(registry.version));
        }
        base_address(&registry.base_url)?;
        let mut ids = BTreeSet::new();
        for model in &registry.models {
            check_model(model)?;
            if !ids.insert(&model.id) {
                return Err(RegistryError::Duplicate(model.id.clone()));
            }
        }
        Ok(registry)
    }

    /// The files of `model` with the addresses to fetch them from. `base` replaces the registry's own
    /// address (for a mirror, or weights beside the page); addresses that are absolute or start with `./`
    /// stay as they are.
    ///
    /// # Errors
    /// When `base` or an address is neither http(s) nor relative.
    pub fn plan(&self, model: &ModelEntry, base: Option<&str>) -> Result<Vec<FilePlan>, RegistryError> {
        model.plan(base.filter(|base| !base.trim().is_empty()).unwrap_or(&self.base_url))
    }
}

impl ModelEntry {
    /// The files of this model, fetched from under `base`.
    ///
    /// # Errors
    /// When `base` or an address is neither http(s) nor relative.
    pub fn plan(&self, base: &str) -> Result<Vec<FilePlan>, RegistryError> {
        let base = base_address(base)?;
        let plan = |file: &ModelFile| -> Result<FilePlan, RegistryError> {
            check_address(&file.url)?;
            let own = file.url.starts_with("./") || is_http(&file.url);
            Ok(FilePlan {
                role: file.role,
                name: file.role.stored_name().to_owned(),
                url: if own { file.url.clone() } else { format!("{base}{}", file.url) },
                size: file.size,
                approximate_size: file.approximate_size,
                sha256: file.sha256.clone(),
            })
        };
        self.files.iter().map(plan).collect()
    }

    /// About how many bytes all its files have together, as far as the registry says.
    #[must_use]
    pub fn approximate_bytes(&self) -> u64 {
        let sizes = self.files.iter().filter_map(|file| file.size.or(file.approximate_size));
        sizes.fold(0, u64::saturating_add)
    }
}

impl FileRole {
    /// The name under which a file of this role is stored, in the browser and natively.
    #[must_use]
    pub fn stored_name(self) -> &'static str {
        match self {
            Self::Weights => "model.gguf",
            Self::Config => "config.json",
            Self::Tokenizer => "tokenizer.json",
            Self::Detector => "detector.onnx",
            Self::Recogniser => "recogniser.onnx",
        }
    }
}

fn check_model(model: &ModelEntry) -> Result<(), RegistryError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    // A dot at the start would hide the folder, or be its parent.
    if model.id.is_empty()
        || model.id.len() > 64
        || model.id.starts_with('.')
        || !model.id.bytes().all(letter)
    {
        return Err(RegistryError::Id(model.id.clone()));
    }
    let roles: &[(FileRole, &'static str)] = match model.kind {
        ModelKind::Caption | ModelKind::Text => &[
            (FileRole::Weights, "weights"),
            (FileRole::Config, "config"),
            (FileRole::Tokenizer, "tokenizer"),
        ],
        ModelKind::Scan => &[(FileRole::Detector, "detector"), (FileRole::Recogniser, "recogniser")],
    };
    for (role, name) in roles.iter().copied() {
        if model.files.iter().filter(|file| file.role == role).count() != 1 {
            return Err(RegistryError::Files { id: model.id.clone(), role: name });
        }
    }
    for file in &model.files {
        check_address(&file.url)?;
        if let Some(sha256) = file.sha256.as_ref().filter(|sha256| !is_sha256(sha256)) {
            return Err(RegistryError::Hash { id: model.id.clone(), sha256: sha256.clone() });
        }
    }
    Ok(())
}

/// `base` with a slash at its end: an http(s) address, or one relative to the page (`./models`).
///
/// # Errors
/// When it is anything else.
pub fn base_address(base: &str) -> Result<String, RegistryError> {
    let base = base.trim();
    let relative = base == "." || base.starts_with("./");
    if !relative && !is_http(base) {
        return Err(RegistryError::Address(base.to_owned()));
    }
    check_address(base)?;
    let slash = if base.ends_with('/') { "" } else { "/" };
    Ok(format!("{base}{slash}"))
}

/// Whether `address` is http(s) with a host, or a path that stays below its base.
fn check_address(address: &str) -> Result<(), RegistryError> {
    let bad = || RegistryError::Address(address.to_owned());
    if address.is_empty() || address.len() > 2048 {
        return Err(bad());
    }
    // Browsers drop control characters and read `\` as `/`: either could hide another host.
    if address.chars().any(|c| c.is_control() || c.is_whitespace() || "\\?#".contains(c)) {
        return Err(bad());
    }
    let path = if is_http(address) {
        let (_, rest) = address.split_once("://").ok_or_else(bad)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() || host.contains('@') {
            return Err(bad());
        }
        path
    } else {
        // A colon before the first slash would be a scheme, a slash in front another root.
        if address.starts_with('/') || address.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err(bad());
        }
        address
    };
    if path.split('/').any(|part| part == ".." || part.to_ascii_lowercase().contains("%2e%2e")) {
        return Err(bad());
    }
    Ok(())
}

fn is_http(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// Whether `text` is a SHA-256 in lower-case hexadecimal.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../public/models.json");

    fn with_url(url: &str) -> String {
        format!(
            r#"{{"version":1,"base_url":"https://hub.example","models":[{{"id":"a-1","kind":"text","name":"A",
            "licence":"MIT","homepage":"https://hub.example/a","memory":1,"verified":false,"files":[
            {{"role":"weights","url":"{url}"}},{{"role":"config","url":"c.json"}},
            {{"role":"tokenizer","url":"t.json"}}]}}]}}"#
        )
    }

    #[test]
    fn the_shipped_registry_is_sound_and_ordered() {
        let registry = Registry::parse(SHIPPED).unwrap();
        let ids: Vec<&str> = registry.models.iter().map(|model| model.id.as_str()).collect();
        let expected = [
            "blip-large-q4k",
            "blip-base-q4k",
            "flan-t5-large",
            "flan-t5-base",
            "flan-t5-small",
            "t5-small",
            "ppocrv6-small",
        ];
        assert_eq!(ids, expected);
        for model in &registry.models {
            // What reads scans is shipped with the app.
            let start = if model.kind == ModelKind::Scan { "./" } else { "https://" };
            assert!(registry.plan(model, None).unwrap().iter().all(|file| file.url.starts_with(start)));
            assert!(model.approximate_bytes() < model.memory, "{} needs more than its files", model.id);
            assert!(!model.verified || model.files.iter().all(|file| file.size.is_some()));
        }
    }

    #[test]
    fn a_base_replaces_the_hub_but_not_what_is_absolute() {
        let registry = Registry::parse(&with_url("org/model/x.gguf")).unwrap();
        let model = &registry.models[0];
        let urls = |base| registry.plan(model, base).unwrap().into_iter().map(|file| file.url);
        assert_eq!(urls(None).next().unwrap(), "https://hub.example/org/model/x.gguf");
        assert_eq!(
            urls(Some("http://localhost:8/m")).next().unwrap(),
            "http://localhost:8/m/org/model/x.gguf"
        );
        assert_eq!(urls(Some("./models/")).next().unwrap(), "./models/org/model/x.gguf");
        assert_eq!(urls(Some("  ")).next().unwrap(), "https://hub.example/org/model/x.gguf");
        for bad in ["javascript:alert(1)", "//evil.example", "ftp://x", "data:,x", "https://", "https://a@b/"]
        {
            assert!(registry.plan(model, Some(bad)).is_err(), "{bad}");
        }
        let absolute = Registry::parse(&with_url("https://other.example/x.gguf")).unwrap();
        let plan = absolute.plan(&absolute.models[0], Some("http://mirror/")).unwrap();
        assert_eq!(plan[0].url, "https://other.example/x.gguf");
        assert_eq!(plan[1].url, "http://mirror/c.json");
    }

    #[test]
    fn hostile_addresses_are_refused() {
        let bad = [
            "javascript:alert(1)",
            "/etc/passwd",
            "//evil.example/x",
            "../x",
            "a/../../x",
            "a/%2E%2e/x",
            "a b",
            "a\\\\b",
            "",
            "x?y",
        ];
        for url in bad {
            assert!(Registry::parse(&with_url(url)).is_err(), "{url}");
        }
    }

    #[test]
    fn faults_are_named() {
        let good = with_url("x.gguf");
        let fault = |from: &str, to: &str| Registry::parse(&good.replace(from, to)).unwrap_err().to_string();
        assert!(fault("\"version\":1", "\"version\":2").contains("version 2"));
        assert!(fault("\"a-1\"", "\"../a\"").contains("../a"));
        assert!(fault("\"a-1\"", "\"..\"").contains(".."));
        assert!(fault("\"role\":\"config\"", "\"role\":\"weights\"").contains("weights"));
        assert!(fault("\"url\":\"c.json\"", "\"url\":\"c.json\",\"sha256\":\"AB\"").contains("AB"));
        assert!(matches!(Registry::parse("[]"), Err(RegistryError::Form(_))));
        assert!(matches!(Registry::parse(&" ".repeat(2 << 20)), Err(RegistryError::TooLong(_))));
    }
}
