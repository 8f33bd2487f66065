//! From what a font says a glyph means to clean Unicode text.

use hayro::hayro_interpret::hayro_cmap::BfString;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Longest text of one glyph: ligatures and `/ActualText` are short, and a hostile map could give each glyph
/// 512 characters.
const MAX_GLYPH_CHARS: usize = 32;

/// The text of one glyph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GlyphText {
    /// Text that can be trusted.
    Mapped(String),
    /// The font does not say, or says something that cannot be text.
    Unmapped,
    /// Zero-width and direction marks: nothing that a reader sees.
    Nothing,
}

/// Cleans what the font's maps say. `symbol_font` allows the private-use codes of the well known symbol
/// fonts; others with such codes use the "symbolic" encoding of TrueType, which is ASCII at U+F000.
pub(super) fn clean(raw: Option<BfString>, code: u32, symbol_font: bool) -> GlyphText {
    match raw {
        // The space of a simple font without a name for it.
        None if code == 32 => GlyphText::Mapped(" ".to_owned()),
        None => GlyphText::Unmapped,
        Some(BfString::Char(c)) if c.is_ascii_graphic() || c == ' ' => GlyphText::Mapped(String::from(c)),
        Some(BfString::Char(c)) => clean_chars(std::iter::once(c), symbol_font),
        Some(BfString::String(text)) => clean_chars(text.chars(), symbol_font),
    }
}

/// Cleans text from elsewhere in the file (`/ActualText`).
pub(super) fn clean_chars(chars: impl Iterator<Item = char>, symbol_font: bool) -> GlyphText {
    let mut text = String::new();
    let mut unmapped = false;
    for c in chars.take(MAX_GLYPH_CHARS) {
        match c {
            '\t' | '\n' | '\r' => text.push(' '),
            '\u{FB00}'..='\u{FB06}' | '\u{FB13}'..='\u{FB17}' => text.extend(std::iter::once(c).nfkc()),
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => {}
            '\u{E000}'..='\u{F8FF}' => match private_use(c, symbol_font) {
                Some(known) => text.push(known),
                None => unmapped = true,
            },
            '\u{FFFD}' | '\u{F0000}'.. => unmapped = true,
            c if c.is_control() || is_noncharacter(c) => unmapped = true,
            c => text.push(c),
        }
    }
    if text.is_empty() {
        return if unmapped { GlyphText::Unmapped } else { GlyphText::Nothing };
    }
    if is_nfc(&text) { GlyphText::Mapped(text) } else { GlyphText::Mapped(text.nfc().collect()) }
}

fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// Codes of the Symbol and Wingdings fonts as Word writes them, and the ASCII range of symbolic TrueType
/// fonts with ordinary letters.
fn private_use(c: char, symbol_font: bool) -> Option<char> {
    let known = match u32::from(c) {
        0xF0B7 => '\u{2022}',
        0xF0A7 | 0xF06E => '\u{25AA}',
        0xF0A8 | 0xF071 if symbol_font => '\u{25A1}',
        0xF0D8 => '\u{27A2}',
        0xF0E0 => '\u{2192}',
        0xF0FC => '\u{2713}',
        0xF0FB => '\u{2717}',
        0xF076 if symbol_font => '\u{2756}',
        0xF0DE if symbol_font => '\u{21D2}',
        code @ 0xF020..=0xF07E if !symbol_font => char::from_u32(code - 0xF000)?,
        _ => return None,
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(c: char, symbol_font: bool) -> GlyphText {
        clean(Some(BfString::Char(c)), 0, symbol_font)
    }

    fn mapped(text: &str) -> GlyphText {
        GlyphText::Mapped(text.to_owned())
    }

    #[test]
    fn ligatures_are_expanded_and_other_compatibility_characters_are_kept() {
        assert_eq!(one('\u{FB01}', false), mapped("fi"));
        assert_eq!(one('\u{FB04}', false), mapped("ffl"));
        assert_eq!(one('\u{00B2}', false), mapped("\u{00B2}"));
        assert_eq!(one('\u{2122}', false), mapped("\u{2122}"));
    }

    #[test]
    fn text_is_composed() {
        assert_eq!(clean(Some(BfString::String("e\u{301}".into())), 0, false), mapped("\u{E9}"));
    }

    #[test]
    fn what_cannot_be_text_is_unmapped() {
        for c in ['\0', '\u{1F}', '\u{7F}', '\u{9F}', '\u{E123}', '\u{FFFD}', '\u{FFFF}', '\u{10FFFF}'] {
            assert_eq!(one(c, false), GlyphText::Unmapped, "{c:?}");
        }
        assert_eq!(clean(None, 65, false), GlyphText::Unmapped);
        assert_eq!(clean(None, 32, false), mapped(" "));
        assert_eq!(one('\u{200B}', false), GlyphText::Nothing);
    }

    #[test]
    fn symbol_codes_are_bullets_and_symbolic_codes_ascii() {
        assert_eq!(one('\u{F0B7}', true), mapped("\u{2022}"));
        assert_eq!(one('\u{F041}', false), mapped("A"));
        assert_eq!(one('\u{F041}', true), GlyphText::Unmapped);
    }

    #[test]
    fn a_glyph_cannot_be_a_book() {
        let GlyphText::Mapped(text) = clean(Some(BfString::String("x".repeat(500))), 0, false) else {
            panic!("mapped")
        };
        assert_eq!(text.len(), MAX_GLYPH_CHARS);
    }
}
