//! Tests of opening files and of their structure.

use super::fixture::{Fixture, text_of};
use super::{OpenError, PageReader, open};
use crate::document::{Attachment, LinkTarget, Rect};

#[test]
fn what_is_not_a_pdf_is_told_apart() {
    assert_eq!(open(Vec::new(), None).err(), Some(OpenError::Empty));
    assert_eq!(open(b"hello, this is text".to_vec(), None).err(), Some(OpenError::NotAPdf));
    let hollow = b"%PDF-1.7\nnothing in here\n%%EOF".to_vec();
    assert!(matches!(open(hollow, None).err(), Some(OpenError::Damaged { .. })));
}

#[test]
fn a_damaged_table_of_contents_is_repaired_and_told() {
    let fixture = Fixture::text("", "BT /F1 10 Tf 10 10 Td (still here) Tj ET");
    let sound = fixture.bytes("");
    let start = sound.windows(9).rposition(|window| window == b"startxref").unwrap();
    let mut wrong = sound[..start].to_vec();
    wrong.extend_from_slice(b"startxref\n99999\n%%EOF\n");
    let cut = sound[..start - 60].to_vec();
    for (bytes, warned) in [(sound, false), (wrong, true), (cut, true)] {
        let document = open(bytes, None).unwrap();
        assert_eq!(!document.warnings.is_empty(), warned, "{:?}", document.warnings);
        assert_eq!(text_of(&PageReader::new(&document).content(1).unwrap()), "still here");
    }
}

#[test]
fn metadata_is_decoded() {
    let mut fixture = Fixture::page("/Lang (en-GB) /MarkInfo << /Marked true >>", "", "");
    let info = fixture.add(
        "<< /Title <FEFF00C900740075006400650020D83DDE00> /Author (A\\222B) /CreationDate \
         (D:20240229121530+01'30') /ModDate (nonsense) /Subject (   ) >>",
    );
    let document = open(fixture.bytes(&format!("/Info {info} 0 R")), None).unwrap();
    let metadata = &document.structure.metadata;
    assert_eq!(metadata.title.as_deref(), Some("\u{C9}tude \u{1F600}"));
    assert_eq!(metadata.author.as_deref(), Some("A\u{2122}B"));
    assert_eq!(metadata.subject, None);
    assert_eq!(metadata.created.as_deref(), Some("2024-02-29T12:15:30+01:30"));
    assert_eq!(metadata.modified, None);
    assert_eq!(metadata.language.as_deref(), Some("en-GB"));
    assert_eq!((metadata.page_count, metadata.tagged, metadata.encrypted), (1, true, false));
}

/// Three pages: objects 3, 4 and 5.
fn three_pages(catalog: &str, first_page: &str) -> Fixture {
    let mut fixture = Fixture::page(catalog, first_page, "");
    fixture.add("<< /Type /Page /Parent 2 0 R /Rotate 90 >>");
    fixture.add("<< /Type /Page /Parent 2 0 R >>");
    fixture
}

fn opened(fixture: &Fixture) -> super::OpenDocument {
    let bytes = fixture.bytes("");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The fixture's page tree has one page; the tests here need more.
    let at = text.find("/Kids [3 0 R] /Count 1").unwrap();
    assert!(bytes.is_ascii() || at > 0);
    let at = bytes.windows(22).position(|w| w == b"/Kids [3 0 R] /Count 1").unwrap();
    let mut bytes = bytes;
    bytes.splice(at..at + 22, b"/Kids [3 0 R 5 0 R 6 0 R] /Count 3".iter().copied());
    open(bytes, None).unwrap()
}

#[test]
fn an_outline_with_circles_ends() {
    let mut fixture = three_pages("/Outlines 7 0 R /Dests << /old [6 0 R /Fit] >>", "");
    fixture.add("<< /Type /Outlines /First 8 0 R /Last 9 0 R >>");
    fixture.add("<< /Title (One\\r\\nline) /Dest [3 0 R /XYZ 0 0 0] /Next 9 0 R /First 10 0 R >>");
    fixture.add("<< /Title (Two) /A << /S /GoTo /D /old >> /Next 8 0 R /First 7 0 R >>");
    fixture.add("<< /Title (Below) /Dest [1 /Weird] /Next 10 0 R /First 8 0 R /C (no colour) >>");
    let document = opened(&fixture);
    let found: Vec<_> =
        document.structure.outline.iter().map(|item| (item.title.as_str(), item.level, item.page)).collect();
    assert_eq!(found, [("One line", 1, Some(1)), ("Below", 2, Some(2)), ("Two", 1, Some(3))]);
}

#[test]
fn labels_of_all_styles() {
    let labels = "/PageLabels << /Nums [0 << /S /r /St 4 >> 1 << /S /A /P (App-) >> 2 << /S /D /St 3 >>] >>";
    let document = opened(&three_pages(labels, ""));
    let labels = &document.structure.labels;
    // The third is the same as the number, and so not worth saying.
    assert_eq!(labels, &[Some("iv".to_owned()), Some("App-A".to_owned()), None]);
    assert_eq!(PageReader::new(&document).content(2).unwrap().label.as_deref(), Some("App-A"));
}

#[test]
fn links_have_areas_on_the_page_and_targets() {
    let annotations = "/Annots [ \
        << /Subtype /Link /Rect [100 700 200 720] /A << /S /URI /URI (https://example.org/\\351) >> >> \
        << /Subtype /Link /Rect [10 10 20 20] /Dest (named) >> \
        << /Subtype /Link /Rect [10 10 20 20] /A << /S /JavaScript /JS (app.alert) >> >> \
        << /Subtype /Link /Rect [10 10 20 20] /F 2 /Dest [3 0 R /Fit] >> \
        << /Subtype /Link /Rect [10 10 20 20] /Dest [99 0 R /Fit] >> ]";
    let names = "/Names << /Dests << /Kids [7 0 R 7 0 R] >> >>";
    let mut fixture = three_pages(names, annotations);
    fixture.add("<< /Limits [(a) (z)] /Kids [7 0 R] /Names [(named) << /D [5 0 R /FitH 3] >>] >>");
    let document = opened(&fixture);
    let links = PageReader::new(&document).content(1).unwrap().links;
    assert_eq!(links.len(), 2, "{links:?}");
    assert_eq!(links[0].bbox, Rect::new(100.0, 80.0, 200.0, 100.0));
    assert_eq!(links[0].target, LinkTarget::Uri("https://example.org/\u{FFFD}".to_owned()));
    assert_eq!(links[1].target, LinkTarget::Page(2));
}

#[test]
fn attachments_are_listed() {
    let names = "/Names << /EmbeddedFiles << /Names [(key) 5 0 R (bare) << /F (no file.txt) >>] >> >>";
    let mut fixture = Fixture::page(names, "", "");
    fixture.add("<< /Type /Filespec /F (data.csv) /UF <FEFF00E9002E006300730076> /EF << /F 6 0 R >> >>");
    fixture.stream("/Type /EmbeddedFile /Params << /Size 5 >>", b"a,b,c");
    let found = fixture.open().structure.attachments;
    assert_eq!(found, [Attachment { name: "\u{E9}.csv".to_owned(), bytes: Some(5) }]);
}

#[test]
fn the_structure_tree_is_read_with_roles_and_without_circles() {
    let mut fixture = Fixture::page("/StructTreeRoot 5 0 R", "", "");
    fixture.add("<< /Type /StructTreeRoot /RoleMap << /Chapter /H1 /Loop /Loop >> /K [6 0 R 8 0 R] >>");
    fixture.add("<< /S /Document /K [7 0 R 7 0 R 5 0 R] >>");
    fixture.add("<< /S /Chapter /P 6 0 R /Pg 3 0 R /K [0 << /Type /MCR /MCID 4 >>] /ActualText (One) >>");
    fixture.add("<< /S /Figure /Alt (A chart) /K 8 0 R >>");
    let tree = fixture.open().structure_tree().unwrap();
    let found: Vec<_> = tree.elements.iter().map(|element| (element.kind.as_str(), element.parent)).collect();
    assert_eq!(found, [("Document", None), ("H1", Some(0)), ("Figure", None)]);
    assert_eq!(tree.elements[1].content, [(1, 0), (1, 4)]);
    assert_eq!(tree.elements[1].actual_text.as_deref(), Some("One"));
    assert_eq!(tree.elements[2].alt.as_deref(), Some("A chart"));
    assert_eq!(Fixture::page("", "", "").open().structure_tree(), None);
}

#[test]
fn every_kind_of_encryption_opens_with_either_password() {
    let files: [(&str, &[u8]); 4] = [
        ("RC4, 40 bits", include_bytes!("../../tests/encrypted/rc4-40.pdf")),
        ("RC4, 128 bits", include_bytes!("../../tests/encrypted/rc4-128.pdf")),
        ("AES, 128 bits", include_bytes!("../../tests/encrypted/aes-128.pdf")),
        ("AES, 256 bits", include_bytes!("../../tests/encrypted/aes-256.pdf")),
    ];
    for (kind, bytes) in files {
        assert_eq!(open(bytes.to_vec(), None).err(), Some(OpenError::PasswordNeeded), "{kind}");
        assert_eq!(open(bytes.to_vec(), Some("")).err(), Some(OpenError::PasswordNeeded), "{kind}");
        assert_eq!(open(bytes.to_vec(), Some("wrong")).err(), Some(OpenError::PasswordWrong), "{kind}");
        for password in ["reader", "keeper"] {
            let document = open(bytes.to_vec(), Some(password)).unwrap();
            assert!(document.structure.metadata.encrypted, "{kind}");
            assert_eq!(document.structure.metadata.title.as_deref(), Some("Locked"), "{kind}");
            let content = PageReader::new(&document).content(1).unwrap();
            assert_eq!(text_of(&content), "The secret is out.", "{kind}");
        }
    }
    let open_to_all = include_bytes!("../../tests/encrypted/no-user-password.pdf");
    for password in [None, Some("keeper"), Some("wrong")] {
        let document = open(open_to_all.to_vec(), password).unwrap();
        assert!(document.structure.metadata.encrypted);
    }
}
