//! Opening a file: bytes and perhaps a password in, a document whose pages can be read out.

use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, PdfData};
use std::sync::Arc;

/// Files above this size are refused: with the pages' pixels beside them they do not fit into a browser
/// tab's memory (wasm32 addresses 4 GiB at most).
pub const MAX_FILE_BYTES: usize = 1 << 30;

/// Why a file cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Nothing in it says that it is a PDF.
    #[error("this is not a PDF file")]
    NotAPdf,
    /// It is larger than [`MAX_FILE_BYTES`].
    #[error("the file is too large: {bytes} bytes, at most {limit} can be opened")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It is encrypted and no password was given.
    #[error("the file needs a password")]
    PasswordNeeded,
    /// It is encrypted and the password does not open it.
    #[error("the password does not open the file")]
    PasswordWrong,
    /// It says that it is a PDF, but no page can be found in it, even by looking through the whole file.
    #[error("the file is damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
}

/// An open PDF file.
pub struct OpenDocument {
    pub(super) pdf: Pdf,
    /// Faults in the file that could be lived with, in words for the person.
    pub warnings: Vec<String>,
}

/// Opens a PDF file; `password` may be the user's or the owner's, and is ignored when none is needed.
///
/// # Errors
/// See [`OpenError`].
pub fn open(bytes: Vec<u8>, password: Option<&str>) -> Result<OpenDocument, OpenError> {
    if bytes.is_empty() {
        return Err(OpenError::Empty);
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(OpenError::TooLarge { bytes: bytes.len(), limit: MAX_FILE_BYTES });
    }
    let bytes = Arc::new(bytes);
    let pdf = load(&bytes, password)?;
    if pdf.pages().is_empty() {
        return Err(OpenError::Damaged { reason: "it has no pages".to_owned() });
    }
    Ok(OpenDocument { pdf, warnings: Vec::new() })
}

/// Loads with hayro, which repairs what it can.
fn load(bytes: &Arc<Vec<u8>>, password: Option<&str>) -> Result<Pdf, OpenError> {
    let data: PdfData = Arc::clone(bytes).into();
    match Pdf::new_with_password(data, password.unwrap_or_default()) {
        Ok(pdf) => Ok(pdf),
        Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected)) => {
            Err(if password.is_some_and(|password| !password.is_empty()) {
                OpenError::PasswordWrong
            } else {
                OpenError::PasswordNeeded
            })
        }
        Err(LoadPdfError::Decryption(_)) => {
            Err(OpenError::Damaged { reason: "its encryption is of an unknown kind or damaged".to_owned() })
        }
        Err(LoadPdfError::Invalid) if has_header(bytes) => {
            Err(OpenError::Damaged { reason: "no page can be found in it".to_owned() })
        }
        Err(LoadPdfError::Invalid) => Err(OpenError::NotAPdf),
    }
}

/// Whether `%PDF-` stands in the first kilobyte, as readers ask for in practice.
fn has_header(bytes: &[u8]) -> bool {
    bytes.get(..bytes.len().min(1024)).is_some_and(|head| head.windows(5).any(|five| five == b"%PDF-"))
}

impl OpenDocument {
    /// Number of pages, at least 1.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.pdf.pages().len()
    }
}
