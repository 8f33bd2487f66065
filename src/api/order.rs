//! What is asked for.

use crate::pipeline::event::{ReadScans, Stage};
use crate::session::{ModelChoice, Wants};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest file name that is taken, in characters.
const MAX_NAME: usize = 255;

/// What is wanted of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// File name.
    pub name: String,
    /// What is made of it; Markdown always is.
    pub stages: Vec<StageName>,
    /// Which models make it.
    pub models: ModelsOrder,
    /// Which pages are read from their pixels.
    pub scans: ReadScans,
    /// For an encrypted file.
    pub password: Option<String>,
    /// The forms in which the result is wanted.
    pub formats: Vec<Format>,
    /// Markdown begins with YAML front matter.
    pub front_matter: bool,
    /// A printed table of contents is left out.
    pub drop_contents: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            name: "document.pdf".to_owned(),
            stages: vec![StageName::Markdown],
            models: ModelsOrder::default(),
            scans: ReadScans::Auto,
            password: None,
            formats: vec![Format::Markdown],
            front_matter: false,
            drop_contents: false,
        }
    }
}

/// What can be made of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StageName {
    /// Pages, text and figures.
    Markdown,
    /// Descriptions of figures.
    Captions,
    /// Summary, title and keywords.
    Summary,
}

impl From<Stage> for StageName {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Extraction => Self::Markdown,
            Stage::Vision => Self::Captions,
            Stage::Text => Self::Summary,
        }
    }
}

/// Which models are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelsOrder {
    /// For descriptions: a registry id, `auto`, or `none`.
    pub captions: String,
    /// For summaries: the same. Without a model sentences are picked from the document.
    pub summary: String,
    /// A model that is not stored in this browser may be downloaded.
    pub download: bool,
}

impl Default for ModelsOrder {
    fn default() -> Self {
        Self { captions: "auto".to_owned(), summary: "auto".to_owned(), download: false }
    }
}

/// A form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// Markdown.
    Markdown,
    /// One HTML page without scripts; images are named as in [`super::Figure::file`].
    Html,
    /// Plain text.
    Text,
    /// `document.json`.
    Json,
    /// Chunks for retrieval, as JSON lines.
    Chunks,
    /// Markdown, images and `document.json` in a zip.
    Zip,
}

/// An order that cannot be read.
#[derive(Debug, Error)]
pub enum OrderError {
    /// A field is unknown, or has a value that it cannot have.
    #[error("the options are not what Recto knows: {0}")]
    Form(#[from] serde_json::Error),
    /// The name is too long.
    #[error("the file's name has more than {MAX_NAME} characters")]
    Name,
}

impl Order {
    /// An order from its JSON text.
    ///
    /// # Errors
    /// If a field is unknown or has a value that it cannot have.
    pub fn parse(json: &str) -> Result<Self, OrderError> {
        let order: Self = serde_json::from_str(json)?;
        if order.name.chars().count() > MAX_NAME {
            return Err(OrderError::Name);
        }
        Ok(order)
    }

    /// The same as the session knows it.
    #[must_use]
    pub fn wants(&self) -> Wants {
        Wants {
            captions: self.stages.contains(&StageName::Captions),
            summary: self.stages.contains(&StageName::Summary),
            caption_model: choice(&self.models.captions),
            text_model: choice(&self.models.summary),
            scans: self.scans,
            download: self.models.download,
        }
    }
}

fn choice(name: &str) -> ModelChoice {
    match name {
        "auto" => ModelChoice::Automatic,
        "none" => ModelChoice::Without,
        id => ModelChoice::Model(id.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_for_is_markdown() {
        let order = Order::parse("{}").unwrap();
        assert_eq!(order, Order::default());
        let wants = order.wants();
        assert!(!wants.captions && !wants.summary && !wants.download);
    }

    #[test]
    fn all_of_it_is_read() {
        let order = Order::parse(
            r#"{"name":"a.pdf","stages":["markdown","captions","summary"],"scans":"never","password":"x",
                "models":{"captions":"blip-base-q4k","summary":"none","download":true},
                "formats":["markdown","html","text","json","chunks","zip"],"frontMatter":true,"dropContents":true}"#,
        )
        .unwrap();
        let wants = order.wants();
        assert!(wants.captions && wants.summary && wants.download);
        assert_eq!(wants.caption_model, ModelChoice::Model("blip-base-q4k".to_owned()));
        assert_eq!((wants.text_model, wants.scans), (ModelChoice::Without, ReadScans::Never));
        assert_eq!(order.formats.len(), 6);
    }

    #[test]
    fn what_is_misspelt_is_refused_in_words() {
        for wrong in
            [r#"{"stage":["markdown"]}"#, r#"{"stages":["caption"]}"#, r#"{"models":{"text":"x"}}"#, "5"]
        {
            let error = Order::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("options"), "{error}");
        }
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(300));
        assert!(matches!(Order::parse(&long), Err(OrderError::Name)));
    }
}
