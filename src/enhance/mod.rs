//! The document's text in; summary, title, keywords and answers out. To come: the methods.

use crate::document::Description;
use serde::{Deserialize, Serialize};

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

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer by the model, the pages named; none without a model.
    pub answer: Option<Description>,
    /// The passages it rests on, best first; empty when the document has none of the question's words.
    pub passages: Vec<Passage>,
    /// What went wrong with the model, if anything: the passages stand all the same.
    pub error: Option<String>,
}
