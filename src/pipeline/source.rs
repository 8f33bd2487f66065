//! What a file is called, how large it is, and its hash.

use crate::document::Source;
use sha2::{Digest, Sha256};

/// Name, size and hash of a file.
#[must_use]
pub fn describe_source(name: &str, bytes: &[u8]) -> Source {
    let mut digest = FileDigest::default();
    digest.update(bytes);
    digest.describe(name)
}

/// Size and hash of a file that is read in parts.
#[derive(Clone, Debug, Default)]
pub struct FileDigest {
    hash: Sha256,
    bytes: u64,
}

impl FileDigest {
    /// Takes in the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.hash.update(part);
        self.bytes += part.len() as u64;
    }

    /// What describes the file called `name`.
    #[must_use]
    pub fn describe(self, name: &str) -> Source {
        let digest = self.hash.finalize();
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let sha256 = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        // Folders are nobody's business, and differ between a browser and a command line.
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        Source { name, bytes: self.bytes, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_has_no_folder() {
        let source = describe_source("C:\\papers\\x.pdf", b"abc");
        assert_eq!((source.name.as_str(), source.bytes), ("x.pdf", 3));
        assert!(source.sha256.starts_with("ba7816bf"));
        let mut parts = FileDigest::default();
        [&b"a"[..], b"", b"bc"].into_iter().for_each(|part| parts.update(part));
        assert_eq!(parts.describe("x.pdf"), source);
    }
}
