//! Objects in, a PDF file out (ISO 32000-2, 7.5: header, objects, cross-reference table, trailer).

use std::fmt::Write as _;

/// A file in the making.
pub(super) struct PdfWriter {
    bytes: Vec<u8>,
    /// Where each object begins, in bytes; 0 for one that is not written yet, since no object begins there.
    offsets: Vec<usize>,
}

impl PdfWriter {
    /// A file without objects. The second line tells programs that it is not text.
    pub(super) fn new() -> Self {
        Self { bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), offsets: Vec::new() }
    }

    /// A number for an object that is written later.
    pub(super) fn reserve(&mut self) -> usize {
        self.offsets.push(0);
        self.offsets.len()
    }

    /// Writes the object called `number`.
    pub(super) fn object(&mut self, number: usize, body: &str) {
        self.write(number, &[body.as_bytes()]);
    }

    /// Writes a stream as the object called `number`; `entries` stand in its dictionary beside the length.
    pub(super) fn stream(&mut self, number: usize, entries: &str, data: &[u8]) {
        let head = format!("<< /Length {} {entries} >>\nstream\n", data.len());
        self.write(number, &[head.as_bytes(), data, b"\nendstream"]);
    }

    fn write(&mut self, number: usize, parts: &[&[u8]]) {
        if let Some(offset) = number.checked_sub(1).and_then(|index| self.offsets.get_mut(index)) {
            *offset = self.bytes.len();
        }
        self.bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    /// The finished file, whose trailer has `entries`.
    pub(super) fn finish(mut self, entries: &str) -> Vec<u8> {
        let start = self.bytes.len();
        let size = self.offsets.len() + 1;
        let mut tail = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            // Writing to a string cannot fail.
            let _ = writeln!(tail, "{offset:010} 00000 n ");
        }
        let _ = write!(tail, "trailer\n<< /Size {size} {entries} >>\nstartxref\n{start}\n%%EOF\n");
        self.bytes.extend_from_slice(tail.as_bytes());
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_where_objects_begin() {
        let mut writer = PdfWriter::new();
        let (first, second) = (writer.reserve(), writer.reserve());
        writer.stream(second, "/Kind /Any", b"data");
        writer.object(first, "<< >>");
        let file = writer.finish("/Root 1 0 R");
        let at = |needle: &[u8]| file.windows(needle.len()).position(|window| window == needle).unwrap();
        let text = String::from_utf8_lossy(&file[at(b"xref\n")..]).into_owned();
        let row = |offset: usize| format!("{offset:010} 00000 n \n");
        assert!(text.contains(&format!("{}{}", row(at(b"1 0 obj")), row(at(b"2 0 obj")))), "{text}");
        assert!(text.contains("/Size 3 /Root 1 0 R"));
        assert!(text.ends_with(&format!("startxref\n{}\n%%EOF\n", at(b"xref\n"))));
        assert!(file.windows(9).any(|window| window == b"/Length 4"));
    }
}
