//! What the text stage makes of a document.

use serde::{Deserialize, Serialize};

/// Summary, title and keywords.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Synopsis {
    /// A title for a document that has none.
    pub title: Option<Generated>,
    /// Of the whole document.
    pub summary: Option<Generated>,
    /// Most telling first.
    pub keywords: Vec<String>,
    /// How the keywords were found.
    pub keywords_method: Option<Method>,
    /// Of each section, in order.
    pub sections: Vec<SectionSummary>,
}

/// Text that the document does not contain as such.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    /// The text.
    pub text: String,
    /// What made it.
    pub method: Method,
}

/// What made a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Sentences or words picked from the document by a rule; the rule's name (`TextRank`).
    Extractive(String),
    /// Written by a model; its id in the registry.
    Model(String),
}

/// The summary of one section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SectionSummary {
    /// Its heading, empty for text before the first one.
    pub heading: String,
    /// First page, from 1.
    pub first_page: u32,
    /// Last page, from 1.
    pub last_page: u32,
    /// The summary.
    pub summary: Generated,
}

/// A passage of the document found for a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Its text.
    pub text: String,
    /// First page, from 1.
    pub first_page: u32,
    /// Last page, from 1.
    pub last_page: u32,
    /// BM25 score.
    pub score: f32,
}
