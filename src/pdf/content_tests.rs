//! Tests of what the content device notes.

use super::content::PathShape;
use super::fixture::{Fixture, text_of};
use crate::document::Rect;

fn close(a: (f32, f32), b: (f32, f32)) -> bool {
    (a.0 - b.0).abs() < 0.01 && (a.1 - b.1).abs() < 0.01
}

#[test]
fn rotation_turns_positions_sizes_and_angles() {
    let cases = [
        (0, (600.0, 800.0), (100.0, 100.0), 0.0),
        (90, (800.0, 600.0), (700.0, 100.0), -90.0),
        (180, (600.0, 800.0), (500.0, 700.0), 180.0),
        (270, (800.0, 600.0), (100.0, 500.0), 90.0),
        (-90, (800.0, 600.0), (100.0, 500.0), 90.0),
    ];
    for (rotate, size, origin, angle) in cases {
        let page = format!("/Rotate {rotate}");
        let content = Fixture::text(&page, "BT /F1 20 Tf 100 700 Td (H) Tj ET").content();
        assert_eq!((content.width, content.height), size, "{rotate}");
        let glyph = &content.glyphs[0];
        assert!(close(glyph.origin, origin), "{rotate}: {:?}", glyph.origin);
        assert!((glyph.angle - angle).abs() < 0.01, "{rotate}: {}", glyph.angle);
        assert!((glyph.size - 20.0).abs() < 0.01);
        // Helvetica's H is 722 units wide.
        let step = (glyph.advance.0 - glyph.origin.0).hypot(glyph.advance.1 - glyph.origin.1);
        assert!((step - 14.44).abs() < 0.01, "{step}");
    }
}

#[test]
fn the_crop_box_is_the_page() {
    let content = Fixture::text("/CropBox [50 60 450 660]", "BT /F1 10 Tf 100 600 Td (A) Tj ET").content();
    assert_eq!((content.width, content.height), (400.0, 600.0));
    assert!(close(content.glyphs[0].origin, (50.0, 60.0)));
}

#[test]
fn absurd_boxes_give_a_finite_page() {
    for media in
        ["[0 0 999999999999999999999 999999999999999999999]", "[0 0 0 0]", "[5 5 5 900]", "[800 600 0 0]"]
    {
        let content = Fixture::text(&format!("/MediaBox {media}"), "BT /F1 10 Tf 1 1 Td (A) Tj ET").content();
        assert!(content.width >= 1.0 && content.width <= 144_000.0, "{media}: {}", content.width);
        assert!(content.height >= 1.0 && content.height <= 144_000.0, "{media}: {}", content.height);
    }
}

#[test]
fn glyphs_outside_the_page_or_the_clip_are_left_out() {
    let content = Fixture::text(
        "",
        "BT /F1 10 Tf 700 100 Td (off) Tj ET BT /F1 10 Tf 10 10 Td (on) Tj ET \
         q 300 300 100 100 re W n BT /F1 10 Tf 310 350 Td (in) Tj 0 -200 Td (out) Tj ET Q",
    )
    .content();
    assert_eq!(text_of(&content), "onin");
}

#[test]
fn invisible_text_is_marked() {
    let resources = "/Resources << /ExtGState << /G << /ca 0 >> >> /Font << /F1 << /Type /Font /Subtype \
                     /Type1 /BaseFont /Helvetica >> >> >>";
    let content = Fixture::page(
        "",
        resources,
        "BT /F1 10 Tf 10 10 Td (a) Tj 3 Tr (b) Tj 7 Tr (c) Tj 0 Tr /G gs (d) Tj ET",
    )
    .content();
    let invisible: Vec<bool> = content.glyphs.iter().map(|glyph| glyph.invisible).collect();
    assert_eq!(text_of(&content), "abcd");
    assert_eq!(invisible, [false, true, true, true]);
}

#[test]
fn filled_and_stroked_text_is_there_once_and_bold() {
    let content =
        Fixture::text("", "BT /F1 10 Tf 10 10 Td (a) Tj 2 Tr 0.5 w (b) Tj 1 0 0 RG (c) Tj ET").content();
    assert_eq!(text_of(&content), "abc");
    let bold: Vec<bool> =
        content.glyphs.iter().map(|glyph| content.fonts[usize::from(glyph.font)].bold).collect();
    // An outline in another colour is decoration.
    assert_eq!(bold, [false, true, false]);
}

#[test]
fn ligatures_and_unmapped_glyphs() {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [65 /fi /ff \
                /nosuchglyph /uniF0B7] >> >>";
    let page = format!("/Resources << /Font << /F1 {font} >> >>");
    let content = Fixture::page("", &page, "BT /F1 10 Tf 10 10 Td (ABCD) Tj ET").content();
    let texts: Vec<&str> = content.glyphs.iter().map(|glyph| glyph.text.as_str()).collect();
    assert_eq!(texts, ["fi", "ff", "\u{FFFD}", "\u{2022}"]);
    assert_eq!(content.unmapped_glyphs, 1);
}

#[test]
fn marked_content_gives_identifiers_artifacts_and_replacement_text() {
    let content = Fixture::text(
        "",
        "BT /F1 10 Tf 10 10 Td /P << /MCID 7 >> BDC (p) Tj /Span << /ActualText (fi) >> BDC (x) Tj EMC EMC \
         /Artifact BMC (9) Tj EMC (z) Tj ET",
    )
    .content();
    assert_eq!(text_of(&content), "pfi9z");
    let marks: Vec<_> = content.glyphs.iter().map(|glyph| (glyph.mcid, glyph.artifact)).collect();
    assert_eq!(marks, [(Some(7), false), (Some(7), false), (None, true), (None, false)]);
}

#[test]
fn fonts_are_found_again_also_in_forms() {
    let resources = "/Resources << /XObject << /X 5 0 R >> /Font << /F1 << /Type /Font /Subtype /Type1 \
                     /BaseFont /Helvetica >> /F2 << /Type /Font /Subtype /Type1 /BaseFont \
                     /Times-BoldItalic >> >> >>";
    let mut fixture = Fixture::page("", resources, "BT /F1 10 Tf 10 10 Td (a) Tj /F2 10 Tf (b) Tj ET /X Do");
    fixture.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F1 << /Type /Font \
         /Subtype /Type1 /BaseFont /Courier >> >> >>",
        b"BT /F1 10 Tf 10 50 Td (c) Tj ET",
    );
    let content = fixture.content();
    let fonts: Vec<_> = content.glyphs.iter().map(|glyph| &content.fonts[usize::from(glyph.font)]).collect();
    assert_eq!(fonts[0].name, "Helvetica");
    assert!(fonts[1].bold && fonts[1].italic && fonts[1].name == "Times-BoldItalic", "{fonts:?}");
    assert!(fonts[2].mono && fonts[2].name == "Courier");
}

#[test]
fn a_substitute_font_keeps_the_widths_of_the_file() {
    let font = "<< /Type /Font /Subtype /TrueType /BaseFont /NoSuchFont /FirstChar 65 /LastChar 66 /Widths \
                [1000 250] /FontDescriptor << /Type /FontDescriptor /FontName /NoSuchFont /Flags 32 >> >>";
    let page = format!("/Resources << /Font << /F1 {font} >> >>");
    let content = Fixture::page("", &page, "BT /F1 10 Tf 10 10 Td (AB) Tj ET").content();
    let [a, b] = content.glyphs.as_slice() else { panic!("two glyphs") };
    assert!(close(a.advance, (20.0, 790.0)) && close(b.origin, (20.0, 790.0)), "{a:?} {b:?}");
    assert!(close(b.advance, (22.5, 790.0)), "{b:?}");
    assert!((a.bbox.width() - 10.0).abs() < 0.01);
}

#[test]
fn type_3_fonts_have_the_size_they_look() {
    // Glyphs drawn in pixels, the size in the font matrix, the font at size 1.
    let font = "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 40 50] /FontMatrix [0.24 0 0 0.24 0 0] \
                /FirstChar 97 /LastChar 97 /Widths [30] /Encoding << /Differences [97 /a] >> /CharProcs << \
                /a 5 0 R >> /Resources << >> >>";
    let page = format!("/Resources << /Font << /F1 {font} >> >>");
    let mut fixture = Fixture::page("", &page, "BT /F1 1 Tf 10 10 Td (a) Tj ET");
    fixture.stream("", b"30 0 0 0 30 40 d1 0 0 30 40 re f");
    let content = fixture.content();
    let glyph = &content.glyphs[0];
    assert_eq!(glyph.text, "a");
    assert!((glyph.size - 12.0).abs() < 0.01, "{}", glyph.size);
    assert!(close(glyph.advance, (17.2, 790.0)), "{:?}", glyph.advance);
    assert!((glyph.bbox.height() - 12.0).abs() < 0.1, "{:?}", glyph.bbox);
}

#[test]
fn filled_and_stroked_boxes_are_one_item_and_clips_apply() {
    let content = Fixture::text(
        "",
        "1 0 0 rg 0 0 1 RG 2 w 100 100 50 40 re B q 0 0 300 300 re W n 200 200 400 400 re f Q",
    )
    .content();
    let [both, clipped] = content.paths.as_slice() else { panic!("{:?}", content.paths) };
    assert_eq!((both.fill, both.stroke, both.stroke_width), (Some([255, 0, 0]), Some([0, 0, 255]), 2.0));
    assert_eq!(both.bbox, Rect::new(99.0, 659.0, 151.0, 701.0));
    assert_eq!(both.shape, PathShape::Rectangle);
    assert_eq!(clipped.bbox, Rect::new(200.0, 500.0, 300.0, 600.0));
}

#[test]
fn hostile_numbers_do_no_harm() {
    let huge = format!("1{}", "0".repeat(37));
    let program = "H 0 0 H H H cm BT /F1 H Tf H 0 0 H 0 0 Tm (A) Tj ET 0 0 H H re f H w 0 0 m 5 5 l S";
    let content = Fixture::text("", &program.replace('H', &huge)).content();
    assert!(content.glyphs.iter().all(|glyph| glyph.bbox.width().is_finite() && glyph.size.is_finite()));
    assert!(content.paths.iter().all(|path| path.bbox.width().is_finite()));
}

#[test]
fn content_that_cannot_be_decoded_is_told_and_a_blank_page_is_none() {
    let damaged = "the page's content is damaged: nothing of it can be read or shown";
    let nonsense = [0x9c, 0x02, 0xff, 0x11, 0x80, 0x55].repeat(40);
    let mut broken = Fixture::page("", "/Contents 5 0 R", "");
    broken.stream("/Filter /FlateDecode", &nonsense);
    assert_eq!(broken.content().warnings, [damaged]);
    assert_eq!(Fixture::page("", "", "lorem ipsum (dolor) sit").content().warnings, [damaged]);
    for blank in ["", " \n ", "q Q", "BT ET"] {
        assert_eq!(Fixture::page("", "", blank).content().warnings, Vec::<String>::new(), "{blank:?}");
    }
}
