//! YAML front matter: what the file says of itself, checked against its text.

use super::flow::Passage;
use crate::document::{Content, Document, plain_text};

/// The front matter with its fences. `passages` are the document's; `generated_title` allows the text stage's.
pub(super) fn front_matter(document: &Document, passages: &[Passage<'_>], generated_title: bool) -> String {
    let metadata = &document.metadata;
    let mut out = String::from("---\n");
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            out.push_str(&format!("{name}: {}\n", yaml_string(&value)));
        }
    };
    field("title", title(document, passages, generated_title));
    let authors = metadata.author.as_deref().map(authors).unwrap_or_default();
    if !authors.is_empty() {
        let listed: Vec<String> = authors.iter().map(|author| yaml_string(author)).collect();
        out.push_str(&format!("authors: [{}]\n", listed.join(", ")));
    }
    let mut field = |name: &str, value: Option<&String>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            out.push_str(&format!("{name}: {}\n", yaml_string(value)));
        }
    };
    field("date", metadata.created.as_ref());
    field("modified", metadata.modified.as_ref().filter(|date| Some(*date) != metadata.created.as_ref()));
    field("language", language(document).as_ref());
    field("subject", metadata.subject.as_ref());
    field("keywords", metadata.keywords.as_ref());
    field("source", Some(&document.source.name));
    out.push_str(&format!("pages: {}\n---\n\n", metadata.page_count));
    out
}

/// The document's language as a BCP 47 tag: `/Lang` unless the text is plainly in another one, since many
/// programs write their own language there.
pub(super) fn language(document: &Document) -> Option<String> {
    let metadata = &document.metadata;
    let said = metadata.language.clone().filter(|tag| {
        (2..=35).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    let primary = said.as_deref().and_then(|tag| tag.split('-').next()).map(str::to_ascii_lowercase);
    match (&metadata.detected_language, primary) {
        (Some(seen), Some(primary)) if *seen == primary => said,
        (Some(seen), _) => Some(seen.clone()),
        (None, _) => said,
    }
}

/// The file's title, unless it is one that a program made up; then the first heading of the highest level on
/// the first two pages; then a generated one.
pub(super) fn title(document: &Document, passages: &[Passage<'_>], generated: bool) -> Option<String> {
    let own = document.metadata.title.clone().filter(|title| is_title(title));
    let heading = || {
        let mut best: Option<(u8, String)> = None;
        for passage in passages.iter().take_while(|passage| passage.pages.0 <= 2) {
            if let Content::Heading { level, .. } = &passage.block.content
                && best.as_ref().is_none_or(|(least, _)| level < least)
            {
                best = Some((*level, plain_text(&passage.spans)));
            }
        }
        best.filter(|(level, _)| *level == 1).map(|(_, text)| text)
    };
    let synopsis = document.synopsis.as_ref().filter(|_| generated);
    own.or_else(heading)
        .or_else(|| synopsis.and_then(|synopsis| synopsis.title.as_ref()).map(|title| title.text.clone()))
}

/// Whether a title was given by a person: programs leave `Microsoft Word - draft.doc`, `untitled`, a path.
fn is_title(title: &str) -> bool {
    let folded = title.trim().to_lowercase();
    let is_file = [".doc", ".docx", ".pdf", ".tex", ".dvi", ".indd", ".qxd", ".rtf", ".xls", ".xlsx", ".ppt"]
        .iter()
        .any(|extension| folded.ends_with(extension));
    let placeholder = ["untitled", "title", "document", "no title", "layout 1", "powerpoint presentation"];
    let made_up = placeholder.contains(&folded.as_str())
        || folded.starts_with("microsoft ")
        || folded.starts_with("untitled")
        || folded.contains('\\');
    folded.chars().filter(|c| c.is_alphabetic()).count() > 2 && !is_file && !made_up
}

/// The names in an author field, which is one string: parted by semicolons, by `and` or `&`, or by commas
/// where each part has a first and a last name.
fn authors(field: &str) -> Vec<String> {
    let tidy = |parts: Vec<&str>| -> Vec<String> {
        parts.into_iter().map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).take(200).collect()
    };
    if field.contains(';') {
        return tidy(field.split(';').collect());
    }
    let full_name = |part: &&str| part.split_whitespace().count() > 1;
    let joined = field.replace(" and ", ", ").replace(" & ", ", ").replace(",,", ",");
    let parts: Vec<&str> = joined.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.iter().all(full_name) {
        return tidy(parts);
    }
    if field.contains(',') { tidy(vec![field]) } else { tidy(joined.split(',').collect()) }
}

/// A YAML double-quoted scalar: a JSON string is one.
fn yaml_string(text: &str) -> String {
    serde_json::Value::String(text.trim().to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;

    #[test]
    fn author_fields_are_parted() {
        assert_eq!(authors("Ann Bee; C. Dee"), ["Ann Bee", "C. Dee"]);
        assert_eq!(authors("Ann Bee, C. Dee and E. F. Gee"), ["Ann Bee", "C. Dee", "E. F. Gee"]);
        assert_eq!(authors("Bee, Ann"), ["Bee, Ann"]);
        assert_eq!(authors("Ministry"), ["Ministry"]);
        assert!(authors(" ").is_empty());
    }

    #[test]
    fn titles_that_programs_make_up_are_none() {
        for title in ["Microsoft Word - x.doc", "untitled", "report.pdf", "C:\\a\\b", "12", ""] {
            assert!(!is_title(title), "{title}");
        }
        assert!(is_title("On growth"));
    }

    #[test]
    fn the_text_has_the_last_word_on_its_language() {
        let mut document = Document::new(Source::default());
        document.metadata.language = Some("en-US".to_owned());
        assert_eq!(language(&document).as_deref(), Some("en-US"));
        document.metadata.detected_language = Some("en".to_owned());
        assert_eq!(language(&document).as_deref(), Some("en-US"));
        document.metadata.detected_language = Some("de".to_owned());
        assert_eq!(language(&document).as_deref(), Some("de"));
        document.metadata.language = Some("x\"onload=".to_owned());
        document.metadata.detected_language = None;
        assert_eq!(language(&document), None);
    }
}
