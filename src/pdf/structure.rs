//! What a file says of itself: metadata, bookmarks, labels, attachments.

use super::destinations::Destinations;
use super::objects::Objects;
use super::{labels, outline, text_string, trees};
use crate::document::{Attachment, Metadata, OutlineItem};
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::DateTime;
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Array, Dict, Name as HayroName};
use pdf::object::{EmbeddedFile, FileSpec};
use pdf::primitive::{Dictionary, Primitive};

/// Longest text of one metadata field, in characters.
const MAX_FIELD: usize = 4_000;
/// Attachments that are listed.
const MAX_ATTACHMENTS: usize = 1_000;
/// Pages whose annotations are searched for attached files.
const MAX_SEARCHED_PAGES: usize = 5_000;

/// Everything but the pages' content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Structure {
    /// Information dictionary and catalog.
    pub metadata: Metadata,
    /// Bookmarks in order.
    pub outline: Vec<OutlineItem>,
    /// The label of each page, where it differs from its number.
    pub labels: Vec<Option<String>>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
}

/// Reads everything.
pub(super) fn read(pdf: &Pdf, destinations: &Destinations, encrypted: bool) -> Structure {
    // A budget of its own for each, so that a hostile outline does not cost the labels.
    let objects = || Objects::new(pdf.xref());
    Structure {
        metadata: metadata(pdf, &objects(), encrypted),
        outline: outline::read(&objects(), destinations),
        labels: labels::read(&objects(), pdf.pages().len()),
        attachments: attachments(pdf, &objects()),
    }
}

fn metadata(pdf: &Pdf, objects: &Objects<'_>, encrypted: bool) -> Metadata {
    let info = pdf.metadata();
    let field = |bytes: &Option<Box<[u8]>>| text_string::decode_line(bytes.as_deref()?, MAX_FIELD);
    let catalog = objects.dictionary(&objects.catalog());
    let marked = match objects.value(&catalog, "MarkInfo") {
        Some(Primitive::Dictionary(marks)) => matches!(marks.get("Marked"), Some(Primitive::Boolean(true))),
        _ => false,
    };
    Metadata {
        title: field(&info.title),
        author: field(&info.author),
        subject: field(&info.subject),
        keywords: field(&info.keywords),
        creator: field(&info.creator),
        producer: field(&info.producer),
        created: info.creation_date.as_ref().map(iso_date),
        modified: info.modification_date.as_ref().map(iso_date),
        language: match objects.value(&catalog, "Lang") {
            Some(Primitive::String(tag)) => text_string::decode_line(tag.as_bytes(), 64),
            _ => None,
        },
        detected_language: None,
        page_count: u32::try_from(pdf.pages().len()).unwrap_or(u32::MAX),
        tagged: marked || matches!(objects.value(&catalog, "StructTreeRoot"), Some(Primitive::Dictionary(_))),
        encrypted,
    }
}

/// A date in ISO 8601, with its distance from UTC; a date without one counts as UTC.
fn iso_date(date: &DateTime) -> String {
    let DateTime { year, month, day, hour, minute, second, utc_offset_hour, utc_offset_minute } = *date;
    let zone = if utc_offset_hour == 0 && utc_offset_minute == 0 {
        "Z".to_owned()
    } else {
        let sign = if utc_offset_hour < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{utc_offset_minute:02}", utc_offset_hour.unsigned_abs())
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
}

fn attachments(pdf: &Pdf, objects: &Objects<'_>) -> Vec<Attachment> {
    let mut found: Vec<Attachment> = Vec::new();
    let catalog = objects.dictionary(&objects.catalog());
    if let Some(Primitive::Dictionary(names)) = objects.value(&catalog, "Names")
        && let Some(root) = names.get("EmbeddedFiles")
    {
        let entries = trees::names(objects, root.clone());
        found.extend(entries.into_iter().take(MAX_ATTACHMENTS).filter_map(|(name, value)| {
            let Primitive::Dictionary(spec) = objects.resolved(value)? else { return None };
            attachment(objects, &spec, Some(&name))
        }));
    }
    for page in pdf.pages().iter().take(MAX_SEARCHED_PAGES) {
        let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) else { continue };
        for annotation in annotations.iter::<Dict<'_>>().take(MAX_ATTACHMENTS) {
            if annotation.get::<HayroName<'_>>(keys::SUBTYPE).is_some_and(|name| &*name == b"FileAttachment")
                && let Some(spec) = annotation.get::<Dict<'_>>(b"FS")
                && let Some(file) = attachment(objects, &objects.dictionary(&spec), None)
                && !found.contains(&file)
            {
                found.push(file);
            }
        }
        if found.len() >= MAX_ATTACHMENTS {
            break;
        }
    }
    found.truncate(MAX_ATTACHMENTS);
    found
}

/// A file specification (ISO 32000-2, 7.11.3) with an embedded file.
fn attachment(objects: &Objects<'_>, spec: &Dictionary, key: Option<&[u8]>) -> Option<Attachment> {
    let named = |field: &str| match objects.value(spec, field)? {
        Primitive::String(name) => text_string::decode_line(name.as_bytes(), 255),
        _ => None,
    };
    let name = named("UF").or_else(|| named("F")).or_else(|| text_string::decode_line(key?, 255))?;
    let mut files = Dictionary::new();
    files.insert("EF", objects.value(spec, "EF")?);
    let files = objects.typed::<FileSpec>(Primitive::Dictionary(files))?.ef?;
    let stream = files.uf.or(files.f).or(files.unix).or(files.mac).or(files.dos)?;
    // Its dictionary is enough; hayro's side of the bridge gives that for a stream.
    let bytes = objects
        .resolved(Primitive::Reference(stream.get_inner()))
        .and_then(|dict| objects.typed::<EmbeddedFile>(dict))
        .and_then(|file| u64::try_from(file.params?.size?).ok());
    Some(Attachment { name, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_iso() {
        let mut date = DateTime {
            year: 2015,
            month: 1,
            day: 27,
            hour: 9,
            minute: 5,
            second: 0,
            utc_offset_hour: 0,
            utc_offset_minute: 0,
        };
        assert_eq!(iso_date(&date), "2015-01-27T09:05:00Z");
        (date.utc_offset_hour, date.utc_offset_minute) = (-5, 30);
        assert_eq!(iso_date(&date), "2015-01-27T09:05:00-05:30");
    }
}
