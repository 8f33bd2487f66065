//! What the hub says of a repository's files: their sizes, and the SHA-256 of the large ones.
//!
//! The hub answers a request for a large file with a redirect whose headers (`X-Linked-ETag`,
//! `X-Linked-Size`) tell its hash and size. A page never sees the headers of a redirect, so there the same
//! is read from the hub's listing of the folder, `api/models/<owner>/<name>/tree/<revision>/<folder>`.

use super::validate::{FilePlan, is_sha256};
use serde::Deserialize;

#[derive(Deserialize)]
struct ListedFile {
    path: String,
    size: u64,
    lfs: Option<LargeFile>,
}

/// A file kept outside git: its `oid` is its SHA-256.
#[derive(Deserialize)]
struct LargeFile {
    oid: String,
    size: u64,
}

impl FilePlan {
    /// The address of the listing that knows this file, if its address has the hub's form
    /// (`<base>/<owner>/<name>/resolve/<revision>/<path>`) and something is still unknown.
    #[must_use]
    pub fn listing_url(&self) -> Option<String> {
        if self.sha256.is_some() && self.size.is_some() {
            return None;
        }
        let (repository, base) = self.repository()?;
        let (revision, path) = self.revision_and_path()?;
        let folder = path.rsplit_once('/').map(|(folder, _)| format!("/{folder}")).unwrap_or_default();
        Some(format!("{base}/api/models/{repository}/tree/{revision}{folder}"))
    }

    /// Takes what `listing` (JSON) knows of this file, where the registry knows nothing. A listing that
    /// cannot be read, or of other files, changes nothing.
    pub fn learn(&mut self, listing: &str) {
        let Some((_, path)) = self.revision_and_path() else { return };
        let Ok(files) = serde_json::from_str::<Vec<ListedFile>>(listing) else { return };
        let Some(file) = files.into_iter().find(|file| file.path == path) else { return };
        let size = file.lfs.as_ref().map_or(file.size, |large| large.size);
        // A registry that knows the size knows better; a hash of a file of another size is no use then.
        if *self.size.get_or_insert(size) == size && self.sha256.is_none() {
            self.sha256 = file.lfs.map(|large| large.oid).filter(|oid| is_sha256(oid));
        }
    }

    /// `<owner>/<name>` and what stands before it.
    fn repository(&self) -> Option<(&str, &str)> {
        let (before, _) = self.url.split_once("/resolve/")?;
        let (rest, _) = before.rsplit_once('/')?;
        let (base, _) = rest.rsplit_once('/')?;
        if !base.contains("://") || base.ends_with(['/', ':']) {
            return None;
        }
        Some((before.get(base.len() + 1..)?, base))
    }

    fn revision_and_path(&self) -> Option<(&str, &str)> {
        self.url.split_once("/resolve/")?.1.split_once('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::FileRole;

    fn plan(url: &str) -> FilePlan {
        FilePlan {
            role: FileRole::Weights,
            name: "model.gguf".to_owned(),
            url: url.to_owned(),
            size: None,
            approximate_size: None,
            sha256: None,
        }
    }

    #[test]
    fn the_listing_is_that_of_the_files_folder() {
        let listing = |url: &str| plan(url).listing_url();
        let hub = "https://huggingface.co";
        assert_eq!(
            listing(&format!("{hub}/lmz/candle-blip/resolve/main/x.gguf")),
            Some(format!("{hub}/api/models/lmz/candle-blip/tree/main"))
        );
        assert_eq!(
            listing("http://localhost:8/m/a/b/resolve/v1/c/d/x.gguf"),
            Some("http://localhost:8/m/api/models/a/b/tree/v1/c/d".to_owned())
        );
        for other in ["./models/a/b/resolve/main/x", "https://host/x.gguf", "https://host/b/resolve/main/x"] {
            assert_eq!(listing(other), None, "{other}");
        }
        let known =
            FilePlan { size: Some(1), sha256: Some("a".repeat(64)), ..plan("https://h/a/b/resolve/m/x") };
        assert_eq!(known.listing_url(), None);
    }

    #[test]
    fn a_large_files_hash_and_size_are_learnt() {
        let hash = "ab".repeat(32);
        let listing = format!(
            r#"[{{"type":"directory","oid":"1","size":0,"path":"sub"}},
                {{"type":"file","oid":"2","size":700,"path":"config.json"}},
                {{"type":"file","oid":"3","size":133,"path":"x.gguf","lfs":{{"oid":"{hash}","size":9000,"pointerSize":133}}}}]"#
        );
        let mut weights = plan("https://h/a/b/resolve/main/x.gguf");
        weights.learn(&listing);
        assert_eq!((weights.size, weights.sha256), (Some(9000), Some(hash)));
        let mut config = plan("https://h/a/b/resolve/main/config.json");
        config.learn(&listing);
        assert_eq!((config.size, config.sha256), (Some(700), None));
    }

    #[test]
    fn a_listing_that_does_not_fit_changes_nothing() {
        let before = FilePlan { size: Some(5), ..plan("https://h/a/b/resolve/main/x.gguf") };
        let hash = "ab".repeat(32);
        let other_size = format!(r#"[{{"path":"x.gguf","size":1,"lfs":{{"oid":"{hash}","size":9000}}}}]"#);
        let bad_hash = r#"[{"path":"x.gguf","size":5,"lfs":{"oid":"../x","size":5}}]"#;
        for listing in ["", "{}", "[]", "null", &other_size, bad_hash, r#"[{"path":"y","size":5}]"#] {
            let mut after = before.clone();
            after.learn(listing);
            assert_eq!(after, before, "{listing}");
        }
    }
}
