//! Opening a file: bytes and perhaps a password in, a document whose pages can be read out.

use super::destinations::Destinations;
use super::encryption;
use super::objects::Objects;
use super::space::PageSpace;
use super::structure::{self, Structure};
use super::tags::{self, StructureTree};
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
    pub(super) destinations: Destinations,
    /// What the file says of itself.
    pub structure: Structure,
    /// Faults in the file that could be lived with, in words for the person.
    pub warnings: Vec<String>,
}

/// Opens a PDF file; `password` may be the user's or the owner's, and is ignored when none is needed.
///
/// Passwords with letters outside ASCII open files of encryption revision 5 and 6 only.
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
    let (pdf, encrypted) = load(&bytes, password)?;
    if pdf.pages().is_empty() {
        return Err(OpenError::Damaged { reason: "it has no pages".to_owned() });
    }
    let mut warnings = Vec::new();
    if !is_intact(&bytes) {
        warnings.push(
            "the file's table of contents is damaged; what could be found by looking through the whole file \
             was used, and pages may be missing or out of order"
                .to_owned(),
        );
    }
    let destinations = Destinations::read(&Objects::new(pdf.xref()), pdf.pages());
    let structure = structure::read(&pdf, &destinations, encrypted);
    Ok(OpenDocument { pdf, destinations, structure, warnings })
}

/// Loads with hayro, which repairs what it can; tells also whether the file is encrypted.
fn load(bytes: &Arc<Vec<u8>>, password: Option<&str>) -> Result<(Pdf, bool), OpenError> {
    let attempt = |password: &str| {
        let data: PdfData = Arc::clone(bytes).into();
        Pdf::new_with_password(data, password)
    };
    let locked = |result: &Result<Pdf, LoadPdfError>| {
        matches!(result, Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected)))
    };
    // Files that anyone may read are encrypted with an empty password.
    let mut opened = attempt("");
    let mut encrypted = locked(&opened);
    if let Some(password) = password.filter(|password| !password.is_empty())
        && encrypted
    {
        opened = attempt(password);
        if locked(&opened) {
            let passwords = encryption::user_passwords(bytes, password);
            opened = passwords.into_iter().map(|user| attempt(&user)).find(Result::is_ok).unwrap_or(opened);
        }
        if locked(&opened) {
            return Err(OpenError::PasswordWrong);
        }
    }
    match opened {
        Ok(pdf) => {
            // Readable by anyone, and perhaps encrypted all the same: then a wrong password is refused.
            if !encrypted && encryption::mentions_encryption(bytes) {
                encrypted = locked(&attempt("\u{1}not the password"));
            }
            Ok((pdf, encrypted))
        }
        Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected)) => Err(OpenError::PasswordNeeded),
        Err(LoadPdfError::Decryption(_)) => {
            Err(OpenError::Damaged { reason: "its encryption is of an unknown kind or damaged".to_owned() })
        }
        Err(LoadPdfError::Invalid) if has_header(bytes) => {
            Err(OpenError::Damaged { reason: "no page can be found in it".to_owned() })
        }
        Err(LoadPdfError::Invalid) => Err(OpenError::NotAPdf),
    }
}

/// Whether `startxref` leads to a cross-reference table or stream. The offset may be off by what stands
/// before the header, and by a few spaces.
fn is_intact(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(2048)..).unwrap_or_default();
    let Some(at) = tail.windows(9).rposition(|window| window == b"startxref") else { return false };
    let number = tail.get(at + 9..).unwrap_or_default();
    let digits = number.iter().skip_while(|b| b.is_ascii_whitespace()).take_while(|b| b.is_ascii_digit());
    let offset = digits.take(12).fold(0_u64, |offset, digit| 10 * offset + u64::from(digit - b'0'));
    let Ok(offset) = usize::try_from(offset) else { return false };
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let header = head.windows(5).position(|five| five == b"%PDF-").unwrap_or(0);
    [offset, offset.saturating_add(header)].into_iter().any(|start| {
        let there = bytes.get(start..).unwrap_or_default();
        let there = there.get(..there.len().min(64)).unwrap_or_default().trim_ascii_start();
        there.starts_with(b"xref")
            || (there.first().is_some_and(u8::is_ascii_digit) && there.windows(3).any(|w| w == b"obj"))
    })
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

    /// Width and height of each page in points, after rotation.
    #[must_use]
    pub fn page_sizes(&self) -> Vec<[f32; 2]> {
        let spaces = self.pdf.pages().iter().map(PageSpace::of);
        spaces.map(|space| [space.width, space.height]).collect()
    }

    /// The structure tree of a tagged file; read anew at each call.
    #[must_use]
    pub fn structure_tree(&self) -> Option<StructureTree> {
        tags::read(&self.pdf)
    }
}
