//! Text strings (ISO 32000-2, 7.9.2.2): UTF-16 or UTF-8 with a byte-order mark, else PDFDocEncoding.

/// Decodes a text string. Language escapes (U+001B ... U+001B) are taken out.
#[must_use]
pub(super) fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // Against the standard, but frequent: UTF-8 without a mark.
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_ascii() => text.to_owned(),
            _ => bytes.iter().map(|byte| pdf_doc(*byte)).collect(),
        },
    };
    if text.contains('\u{1B}') { without_escapes(&text) } else { text }
}

/// Decodes for showing on one line: control characters become spaces, runs of spaces one, ends trimmed, cut
/// at `limit` characters; none if nothing is left.
#[must_use]
pub(super) fn decode_line(bytes: &[u8], limit: usize) -> Option<String> {
    // No need to decode a book to cut a line from it; four bytes per character at most.
    let text = decode(bytes.get(..limit.saturating_mul(4).saturating_add(4)).unwrap_or(bytes));
    let mut line = String::new();
    let mut pending = false;
    let mut count = 0;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            pending = !line.is_empty();
            continue;
        }
        if count >= limit {
            break;
        }
        if std::mem::take(&mut pending) {
            line.push(' ');
        }
        line.push(c);
        count += 1;
    }
    (!line.is_empty()).then_some(line)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn without_escapes(text: &str) -> String {
    // Odd parts lie between two escapes; an unpaired escape is dropped by itself.
    let parts: Vec<&str> = text.split('\u{1B}').collect();
    let last = parts.len() - 1;
    parts.iter().enumerate().filter(|(i, _)| i % 2 == 0 || *i == last).map(|(_, part)| *part).collect()
}

/// PDFDocEncoding (ISO 32000-2, annex D.3).
fn pdf_doc(byte: u8) -> char {
    const LOW: [char; 8] =
        ['\u{2D8}', '\u{2C7}', '\u{2C6}', '\u{2D9}', '\u{2DD}', '\u{2DB}', '\u{2DA}', '\u{2DC}'];
    const HIGH: [char; 33] = [
        '\u{2022}', '\u{2020}', '\u{2021}', '\u{2026}', '\u{2014}', '\u{2013}', '\u{192}', '\u{2044}',
        '\u{2039}', '\u{203A}', '\u{2212}', '\u{2030}', '\u{201E}', '\u{201C}', '\u{201D}', '\u{2018}',
        '\u{2019}', '\u{201A}', '\u{2122}', '\u{FB01}', '\u{FB02}', '\u{141}', '\u{152}', '\u{160}',
        '\u{178}', '\u{17D}', '\u{131}', '\u{142}', '\u{153}', '\u{161}', '\u{17E}', '\u{FFFD}', '\u{20AC}',
    ];
    let from = |table: &[char], index: u8| table.get(usize::from(index)).copied().unwrap_or('\u{FFFD}');
    match byte {
        0x18..=0x1F => from(&LOW, byte - 0x18),
        0x80..=0xA0 => from(&HIGH, byte - 0x80),
        0x7F | 0xAD => '\u{FFFD}',
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_encodings() {
        assert_eq!(decode(b"\xFE\xFF\x00A\x20\xAC\xD8\x3D\xDE\x00"), "A\u{20AC}\u{1F600}");
        assert_eq!(decode(b"\xFF\xFEA\x00"), "A");
        assert_eq!(decode(b"\xEF\xBB\xBF\xC3\xA9"), "\u{E9}");
        assert_eq!(decode(b"caf\xE9 \x80 \x93fi\xA0"), "caf\u{E9} \u{2022} \u{FB01}fi\u{20AC}");
        assert_eq!(decode("d\u{e9}j\u{e0}".as_bytes()), "d\u{e9}j\u{e0}");
    }

    #[test]
    fn broken_strings_are_lived_with() {
        assert_eq!(decode(b"\xFE\xFF\xD8\x3D\x00A\x00"), "\u{FFFD}A");
        assert_eq!(decode(b"\xFE\xFF"), "");
        assert_eq!(decode(b"\xFE\xFF\x00\x1B\x00e\x00n\x00\x1B\x00A"), "A");
    }

    #[test]
    fn lines_are_clean_and_bounded() {
        assert_eq!(decode_line(b" A\r\n\0 title ", 100).as_deref(), Some("A title"));
        assert_eq!(decode_line(b" \n", 100), None);
        assert_eq!(decode_line(&[b'x'; 1000], 10).map(|line| line.len()), Some(10));
    }
}
