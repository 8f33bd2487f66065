#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use super::*;
use crate::document::Rect;
use crate::pdf::fixture::Fixture;
use crate::pdf::{OpenDocument, PageError, PageReader};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

const LEVELS: usize = 12;
const FORM: &str = "/Type /XObject /Subtype /Form /BBox [0 0 600 800]";
const TILING: &str = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 10 10]";

/// Forms from object `first` on, each of which draws the next `times`; the last draws a square.
fn forms(fixture: &mut Fixture, first: usize, times: usize) {
    for level in 0..LEVELS {
        let dict = format!("{FORM} /Resources << /XObject << /X {} 0 R >> >>", first + level + 1);
        fixture.stream(&dict, "/X Do ".repeat(times).as_bytes());
    }
    fixture.stream(FORM, b"10 10 50 50 re f");
}

/// Whether a page can be read, and painted.
fn goes(document: &OpenDocument) -> (Result<(), PageError>, Result<(), PageError>) {
    let mut reader = PageReader::new(document);
    let painted = reader.crop(1, Rect::new(0.0, 0.0, 600.0, 800.0), 20.0);
    (reader.content(1).map(|_| ()), painted.map(|_| ()))
}

const WHOLE: (Result<(), PageError>, Result<(), PageError>) = (Ok(()), Ok(()));
const READ_ONLY: (Result<(), PageError>, Result<(), PageError>) = (Ok(()), Err(PageError::TooComplexToPaint));
const NOT_AT_ALL: (Result<(), PageError>, Result<(), PageError>) =
    (Err(PageError::TooComplex), Err(PageError::TooComplex));

#[test]
fn forms_are_found_however_they_are_called() {
    let long = "x".repeat(200);
    for (name, call) in
        [("X", "/X Do"), ("X", "/X %c\nDo"), ("X", "/X D#6f"), (&long, &format!("/{long} Do"))]
    {
        let mut fixture = Fixture::page("", &format!("/Resources << /XObject << /{name} 5 0 R >> >>"), call);
        forms(&mut fixture, 5, 10);
        assert_eq!(goes(&fixture.open()), NOT_AT_ALL, "{call}");
    }
}

#[test]
fn forms_that_multiply_are_refused_and_those_that_do_not_are_drawn() {
    for (times, expected) in [(1, WHOLE), (10, NOT_AT_ALL)] {
        let mut fixture = Fixture::page("", "/Resources << /XObject << /X 5 0 R >> >>", "/X Do");
        forms(&mut fixture, 5, times);
        let document = fixture.open();
        assert_eq!(goes(&document), expected);
        if times == 1 {
            assert_eq!(PageReader::new(&document).content(1).unwrap().paths.len(), 1);
        }
    }
}

#[test]
fn a_form_with_the_resources_of_who_draws_it_is_looked_at_with_each_of_them() {
    // A draws F with harmless resources, B the same F with others.
    let page = "/Resources << /XObject << /A 5 0 R /B 6 0 R >> >>";
    for (content, expected) in [("/A Do", WHOLE), ("/A Do /B Do", NOT_AT_ALL)] {
        let mut fixture = Fixture::page("", page, content);
        fixture.stream(&format!("{FORM} /Resources << /XObject << /F 7 0 R /X 8 0 R >> >>"), b"/F Do");
        fixture.stream(&format!("{FORM} /Resources << /XObject << /F 7 0 R /X 9 0 R >> >>"), b"/F Do");
        fixture.stream(FORM, b"/X Do");
        fixture.stream(FORM, b"10 10 50 50 re f");
        forms(&mut fixture, 9, 10);
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn annotations_whose_appearance_multiplies_are_refused() {
    for (flags, times, expected) in [(0, 1, WHOLE), (0, 10, NOT_AT_ALL), (2, 10, WHOLE)] {
        let mut fixture = Fixture::page("", "/Annots [5 0 R]", "0 0 5 5 re f");
        fixture.add(&format!(
            "<< /Type /Annot /Subtype /Stamp /F {flags} /Rect [0 0 600 800] /AP << /N 6 0 R >> >>"
        ));
        forms(&mut fixture, 6, times);
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn patterns_of_patterns_are_read_and_not_painted() {
    for (times, expected) in [(1, WHOLE), (10, READ_ONLY)] {
        let fills = "/Pattern cs /P scn 0 0 10 10 re f ".repeat(times);
        let mut fixture = Fixture::page("", "/Resources << /Pattern << /P 5 0 R >> >>", &fills);
        for level in 0..LEVELS {
            let dict =
                format!("{TILING} /XStep 10 /YStep 10 /Resources << /Pattern << /P {} 0 R >> >>", 6 + level);
            fixture.stream(&dict, fills.as_bytes());
        }
        fixture.stream(&format!("{TILING} /XStep 10 /YStep 10 /Resources << >>"), b"0 0 5 5 re f");
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn a_pattern_of_very_many_tiles_is_not_painted() {
    for (step, expected) in [("10", WHOLE), ("0.001", READ_ONLY)] {
        let content = "/Pattern cs /P scn 0 0 600 800 re f";
        let mut fixture = Fixture::page("", "/Resources << /Pattern << /P 5 0 R >> >>", content);
        fixture.stream(&format!("{TILING} /XStep {step} /YStep {step} /Resources << >>"), b"0 0 5 5 re f");
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn what_a_form_paints_with_the_pattern_of_who_draws_it_counts() {
    let pattern = format!("{TILING} /XStep 1 /YStep 1 /Resources << >>");
    for (own, expected) in [("0 g ", WHOLE), ("", READ_ONLY)] {
        let resources = "/Resources << /Pattern << /P 6 0 R >> /XObject << /X 5 0 R >> >>";
        let content = "/Pattern cs /P scn ".to_owned() + &"/X Do ".repeat(1_000);
        let mut fixture = Fixture::page("", resources, &content);
        fixture.stream(FORM, (own.to_owned() + &"0 0 9 9 re f ".repeat(60)).as_bytes());
        fixture.stream(&pattern, b"0 0 .1 .1 re f");
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn glyphs_that_draw_glyphs_or_forms_are_read_and_not_painted() {
    let font = |glyph: usize, resources: &str| {
        format!(
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 10 10] /FontMatrix [.1 0 0 .1 0 0] /FirstChar 97 \
             /LastChar 97 /Widths [10] /Encoding << /Differences [97 /a] >> /CharProcs << /a {glyph} 0 R >> \
             /Resources << {resources} >> >>"
        )
    };
    let page = "/Resources << /Font << /F 5 0 R >> >>";
    for (times, expected) in [(1, WHOLE), (10, READ_ONLY)] {
        let show = format!("BT /F 10 Tf 50 700 Td ({}) Tj ET", "a".repeat(times));
        let mut fixture = Fixture::page("", page, &show);
        for level in 0..LEVELS {
            fixture.add(&font(6 + 2 * level, &format!("/Font << /F {} 0 R >>", 7 + 2 * level)));
            fixture.stream("", format!("10 0 d0 {show}").as_bytes());
        }
        fixture.add(&font(6 + 2 * LEVELS, ""));
        fixture.stream("", b"10 0 d0 0 0 5 5 re f");
        assert_eq!(goes(&fixture.open()), expected);

        let mut fixture = Fixture::page("", page, "BT /F 10 Tf 50 700 Td [(a) 5 (b)] TJ ET");
        fixture.add(&font(6, "/XObject << /X 7 0 R >>"));
        fixture.stream("", b"10 0 d0 /X Do");
        forms(&mut fixture, 7, times);
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn masks_in_masks_are_refused_and_many_masks_are_painted_coarser() {
    let group = "/Group << /S /Transparency /CS /DeviceGray >>";
    let states = |object: usize| format!("/Resources << /ExtGState << /G {object} 0 R >> >>");
    let mask = |object: usize| format!("<< /Type /ExtGState /SMask << /S /Luminosity /G {object} 0 R >> >>");
    for (times, expected) in [(1, WHOLE), (10, READ_ONLY)] {
        let content = "q 1 0 0 1 0 .1 cm /G gs 0 0 9 9 re f Q 1 0 0 1 1 0 cm ".repeat(times);
        let mut fixture = Fixture::page("", &states(5), &content);
        for level in 0..LEVELS {
            fixture.add(&mask(6 + 2 * level));
            fixture.stream(&format!("{FORM} {group} {}", states(7 + 2 * level)), content.as_bytes());
        }
        fixture.add(&mask(6 + 2 * LEVELS));
        fixture.stream(&format!("{FORM} {group}"), b"1 g 0 0 9 9 re f");
        assert_eq!(goes(&fixture.open()), expected);
    }
    let places = |moved: &str| {
        let content = format!("{moved} /G gs 0 0 9 9 re f ").repeat(2_000);
        let mut fixture = Fixture::page("", &states(5), &content);
        fixture.add(&mask(6));
        fixture.stream(&format!("{FORM} {group}"), b"1 g 0 0 9 9 re f");
        let document = fixture.open();
        let costs = Costs::new(Purpose::Painting).of_page(&document.pdf.pages()[0], 1);
        assert!(costs.bytes < MAX_CONTENT_BYTES);
        costs.masks
    };
    assert_eq!((places(""), places("1 0 0 1 .1 0 cm")), (1, 2_000));
    let area = Rect::new(0.0, 0.0, 600.0, 800.0);
    let pixels = |masks| area.area() * crate::pdf::raster::bounded_scale(&area, 3.0, masks).powi(2);
    assert!(pixels(1) > 4e6 && (pixels(2_000) - 268_435.0).abs() < 10.0);
}

#[test]
fn functions_and_colour_spaces_that_multiply_are_refused_and_those_that_go_round_are_not_followed() {
    let ends = ["<< /FunctionType 2 /Domain [0 1] /N 1 >>", "5 0 R"];
    for (times, end, expected) in [(1, ends[0], WHOLE), (10, ends[0], NOT_AT_ALL), (1, ends[1], WHOLE)] {
        for resources in [
            "/Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 1 0] /Function 5 0 R >> >>",
            "/ColorSpace << /S [/Separation /A /DeviceGray 5 0 R] >>",
            "/ExtGState << /S << /TR 5 0 R >> >>",
            "/Pattern << /S << /PatternType 2 /Shading << /ShadingType 2 /Function [5 0 R] >> >> >>",
        ] {
            let mut fixture = Fixture::page("", &format!("/Resources << {resources} >>"), "0 0 5 5 re f");
            for level in 0..LEVELS {
                let functions = format!("{} 0 R ", 6 + level).repeat(times);
                let bounds = ".5 ".repeat(times - 1);
                let encode = "0 1 ".repeat(times);
                fixture.add(&format!(
                    "<< /FunctionType 3 /Domain [0 1] /Functions [{functions}] /Bounds [{bounds}] /Encode [{encode}] >>"
                ));
            }
            fixture.add(&end.replace("5 0 R", "<< /FunctionType 3 /Domain [0 1] /Functions [5 0 R] >>"));
            assert_eq!(goes(&fixture.open()), expected, "{resources} {times}");
        }
    }
    let space = "/Resources << /ColorSpace << /S 5 0 R >> >>";
    for (base, expected) in [("/DeviceRGB", WHOLE), ("5 0 R", WHOLE)] {
        let mut fixture = Fixture::page("", space, "0 0 5 5 re f");
        fixture.add(&format!("[/Indexed {base} 1 <000000ffffff>]"));
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn widths_for_codes_that_no_font_has_are_refused() {
    for (last, expected) in [("65535", WHOLE), ("4294967295", NOT_AT_ALL)] {
        let page = "/Resources << /Font << /F 5 0 R >> >>";
        let mut fixture = Fixture::page("", page, "BT /F 12 Tf 50 700 Td <00410042> Tj ET");
        fixture.add(
            "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [6 0 R] >>",
        );
        let info = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>";
        fixture.add(&format!(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X {info} /W [3 [500 500] 5 {last} 500] /DW 1000 >>"
        ));
        assert_eq!(goes(&fixture.open()), expected);
    }
}

/// So many times `part`, packed.
fn packed(part: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..times {
        encoder.write_all(part).unwrap();
    }
    encoder.finish().unwrap()
}

/// So many megabytes of blanks, packed.
fn packed_blanks(megabytes: usize) -> Vec<u8> {
    packed(&vec![b' '; 1 << 20], megabytes)
}

#[test]
fn content_that_unpacks_to_anything_is_not_unpacked() {
    let (some, much) = (packed_blanks(2), packed_blanks(140));
    assert!(much.len() < 1 << 18);
    for (data, expected) in [(&some, WHOLE), (&much, NOT_AT_ALL)] {
        let resources = "/Resources << /XObject << /X 5 0 R >> >>";
        let mut fixture = Fixture::page("", &format!("/Contents 5 0 R {resources}"), "");
        fixture.stream(&format!("{FORM} /Filter /FlateDecode"), data);
        assert_eq!(goes(&fixture.open()), expected, "as content");
        let mut fixture = Fixture::page("", resources, "/X Do");
        fixture.stream(&format!("{FORM} /Filter /FlateDecode"), data);
        assert_eq!(goes(&fixture.open()), expected, "as a form");
    }
    for (times, expected) in [(50, WHOLE), (100, NOT_AT_ALL)] {
        let again = format!("/Contents [{}]", "5 0 R ".repeat(times));
        let mut fixture = Fixture::page("", &again, "");
        fixture.stream("/Filter /FlateDecode", &some);
        assert_eq!(goes(&fixture.open()), expected, "{times} times the same");
    }
    let mut fixture = Fixture::text("/Contents 5 0 R", "");
    fixture.stream("/Filter [/FlateDecode /FlateDecode]", &packed(&much, 1));
    assert_eq!(goes(&fixture.open()), NOT_AT_ALL, "packed twice");
}

#[test]
fn a_font_that_unpacks_to_anything_is_not_unpacked() {
    for (megabytes, expected) in [(1, WHOLE), (140, NOT_AT_ALL)] {
        let page = "/Resources << /Font << /F 5 0 R >> >>";
        let mut fixture = Fixture::page("", page, "BT /F 12 Tf 50 700 Td (a) Tj ET");
        fixture.add("<< /Type /Font /Subtype /TrueType /BaseFont /X /FontDescriptor 6 0 R >>");
        fixture.add("<< /Type /FontDescriptor /FontName /X /Flags 32 /FontFile2 7 0 R >>");
        fixture.stream("/Filter /FlateDecode", &packed_blanks(megabytes));
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn a_tile_of_the_size_of_a_page_that_is_painted_very_often_is_refused() {
    for (times, expected) in [(10, WHOLE), (3_000, READ_ONLY)] {
        let content = "/Pattern cs /P scn ".to_owned() + &"0 0 600 800 re f ".repeat(times);
        let mut fixture = Fixture::page("", "/Resources << /Pattern << /P 5 0 R >> >>", &content);
        let dict = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 600 800]";
        fixture.stream(&format!("{dict} /XStep 600 /YStep 800 /Resources << >>"), b"0 0 5 5 re f");
        assert_eq!(goes(&fixture.open()), expected);
    }
}

#[test]
fn images_are_seen_wherever_they_are_painted() {
    let image = |side: u32| {
        format!(
            "/Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceGray /BitsPerComponent 8"
        )
    };
    let too_large = PageError::ImageTooLarge { width: 50_000, height: 50_000, limit: 128_000_000 };
    for (side, expected) in [(1, Ok(())), (50_000, Err(too_large))] {
        let mut on_page = Fixture::page("", "/Resources << /XObject << /I 5 0 R >> >>", "/I Do");
        on_page.stream(&image(side), b"x");
        let inline = Fixture::page("", "", &format!("BI /W {side} /H {side} /BPC 8 /CS /G ID x EI"));
        let content = "/Pattern cs /P scn 0 0 600 800 re f";
        let mut in_pattern = Fixture::page("", "/Resources << /Pattern << /P 5 0 R >> >>", content);
        let resources = "/Resources << /XObject << /I 6 0 R >> >>";
        in_pattern.stream(&format!("{TILING} /XStep 10 /YStep 10 {resources}"), b"9 0 0 9 0 0 cm /I Do");
        in_pattern.stream(&image(side), b"x");
        let mut as_mask = Fixture::page("", "/Resources << /XObject << /I 5 0 R >> >>", "/I Do");
        as_mask.stream(&format!("{} /SMask 6 0 R", image(1)), b"x");
        as_mask.stream(&image(side), b"x");
        for fixture in [on_page, inline, in_pattern, as_mask] {
            assert_eq!(goes(&fixture.open()).1, expected);
        }
    }
    let mut fixture =
        Fixture::page("", "/Resources << /XObject << /I 5 0 R >> >>", "500 0 0 500 0 0 cm /I Do");
    fixture.stream(&format!("{} /Filter /FlateDecode", image(500)), &packed_blanks(800));
    let document = fixture.open();
    assert_eq!(goes(&document), READ_ONLY);
    assert_eq!(PageReader::new(&document).image(1, 0), Err(PageError::ImageUnbounded));
}

#[test]
fn streams_are_unpacked_whatever_packs_them() {
    let hex = |data: &[u8]| -> Vec<u8> {
        data.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
    };
    let ascii85 = |data: &[u8]| -> Vec<u8> {
        let group = |four: &[u8]| {
            let mut bytes = [0; 4];
            bytes[..four.len()].copy_from_slice(four);
            let number = u32::from_be_bytes(bytes);
            (0..=four.len() as u32)
                .map(|at| b'!' + (number / 85_u32.pow(4 - at) % 85) as u8)
                .collect::<Vec<_>>()
        };
        data.chunks(4).flat_map(group).chain(*b"~>").collect()
    };
    for (megabytes, expected) in [(3, WHOLE), (140, NOT_AT_ALL)] {
        let flate = packed_blanks(megabytes);
        for (filter, data) in [
            ("/FlateDecode", flate.clone()),
            // Without its head.
            ("/FlateDecode", flate[2..].to_vec()),
            ("[/ASCIIHexDecode /FlateDecode]", hex(&flate)),
            ("[/ASCII85Decode /FlateDecode]", ascii85(&flate)),
            ("[/FlateDecode /FlateDecode]", packed(&flate, 1)),
        ] {
            let mut fixture = Fixture::page("", "/Contents 5 0 R", "");
            fixture.stream(&format!("/Filter {filter}"), &data);
            assert_eq!(goes(&fixture.open()), expected, "{megabytes} MB by {filter}");
        }
    }
}

#[test]
fn glyphs_that_show_themselves_are_not_painted() {
    let resources = "/Resources << /Font << /F 5 0 R >> >>";
    let mut fixture = Fixture::page("", resources, "BT /F 10 Tf 50 700 Td (a) Tj ET");
    fixture.add(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 10 10] /FontMatrix [.1 0 0 .1 0 0] /FirstChar 97 /LastChar 97 \
         /Widths [10] /Encoding << /Differences [97 /a] >> /CharProcs << /a 6 0 R >> >>",
    );
    fixture.stream("", b"10 0 d0 BT /F 10 Tf (a) Tj ET");
    assert_eq!(goes(&fixture.open()), READ_ONLY);
}

#[test]
fn long_pages_in_fonts_of_glyphs_and_many_small_shapes_with_a_large_pattern_are_painted() {
    let procedures: String = (0..80).map(|glyph| format!("/g{glyph} {} 0 R ", 6 + glyph)).collect();
    let names: String = (0..80).map(|glyph| format!("/g{glyph} ")).collect();
    let text: String = (0..100).map(|_| format!("({}) Tj ", "abcdefghij".repeat(10))).collect();
    let content = format!("BT /F 10 Tf 50 700 Td {text} ET");
    let mut fixture = Fixture::page("", "/Resources << /Font << /F 5 0 R >> >>", &content);
    fixture.add(&format!(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 10 10] /FontMatrix [.1 0 0 .1 0 0] /FirstChar 48 /LastChar 127 \
         /Widths [10] /Encoding << /Differences [48 {names}] >> /CharProcs << {procedures} >> >>"
    ));
    let glyph = "10 0 0 0 9 9 d1 ".to_owned() + &"0 0 m 9 9 l 9 0 l ".repeat(50) + "f";
    for _ in 0..80 {
        fixture.stream("", glyph.as_bytes());
    }
    assert_eq!(goes(&fixture.open()), WHOLE);

    let shapes = "/Pattern cs /P scn ".to_owned() + &"9 9 5 5 re f ".repeat(5_000);
    let mut fixture = Fixture::page("", "/Resources << /Pattern << /P 5 0 R >> >>", &shapes);
    let dict = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 600 800]";
    fixture.stream(&format!("{dict} /XStep 600 /YStep 800 /Resources << >>"), b"0 0 5 5 re f");
    assert_eq!(goes(&fixture.open()), WHOLE);
}

#[test]
fn a_mask_that_unpacks_to_anything_is_not_unpacked() {
    for (megabytes, expected) in [(1, WHOLE), (140, NOT_AT_ALL)] {
        let mut fixture =
            Fixture::page("", "/Resources << /ExtGState << /G 5 0 R >> >>", "/G gs 0 0 9 9 re f");
        fixture.add("<< /Type /ExtGState /SMask << /S /Luminosity /G 6 0 R >> >>");
        let dict = format!("{FORM} /Group << /S /Transparency /CS /DeviceGray >> /Filter /FlateDecode");
        fixture.stream(&dict, &packed_blanks(megabytes));
        assert_eq!(goes(&fixture.open()), expected);
    }
}
