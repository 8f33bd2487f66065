//! Small PDF files for tests.

use super::content::PageContent;
use super::{OpenDocument, PageReader, open};

/// A PDF file in the making: objects are numbered from 1 in the order in which they are added.
pub(crate) struct Fixture {
    objects: Vec<Vec<u8>>,
}

impl Fixture {
    /// Object 1 is the catalog with `catalog` entries, object 2 the page tree, object 3 one page with `page`
    /// entries, object 4 its content.
    pub(crate) fn page(catalog: &str, page: &str, content: &str) -> Self {
        let mut fixture = Self { objects: Vec::new() };
        fixture.add(&format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"));
        fixture.add("<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>");
        fixture.add(&format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R {page} >>"));
        fixture.stream("", content.as_bytes());
        fixture
    }

    /// A page with Helvetica as `/F1`.
    pub(crate) fn text(page: &str, content: &str) -> Self {
        let font = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
        Self::page("", &format!("/Resources << {font} >> {page}"), content)
    }

    /// Adds an object and gives its number.
    pub(crate) fn add(&mut self, body: &str) -> usize {
        self.objects.push(body.as_bytes().to_vec());
        self.objects.len()
    }

    /// Adds a stream and gives its number.
    pub(crate) fn stream(&mut self, dict: &str, data: &[u8]) -> usize {
        let head = format!("<< /Length {} {dict} >>\nstream\n", data.len());
        self.objects.push([head.as_bytes(), data, b"\nendstream"].concat());
        self.objects.len()
    }

    /// The finished file; `trailer` entries are added to the trailer.
    pub(crate) fn bytes(&self, trailer: &str) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut offsets = Vec::new();
        for (index, object) in self.objects.iter().enumerate() {
            offsets.push(file.len());
            file.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
            file.extend_from_slice(object);
            file.extend_from_slice(b"\nendobj\n");
        }
        let start = file.len();
        let size = self.objects.len() + 1;
        file.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
        for offset in offsets {
            file.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
        let tail = format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n");
        file.extend_from_slice(tail.as_bytes());
        file
    }

    /// The file, opened.
    pub(crate) fn open(&self) -> OpenDocument {
        open(self.bytes(""), None).expect("a sound file")
    }

    /// What is on its first page.
    pub(crate) fn content(&self) -> PageContent {
        PageReader::new(&self.open()).content(1).expect("a page")
    }
}

/// The text of a page's glyphs, one after the other.
pub(crate) fn text_of(content: &PageContent) -> String {
    content.glyphs.iter().map(|glyph| glyph.text.as_str()).collect()
}
