//! The self-check: a document of which everything is known goes through all stages, and what comes out is compared
//! with what was put in.
//!
//! [`pdf`] writes the file: text with terms of the trade, a ruled table, a filled rectangle, a picture, and a scanned
//! page. Whoever runs the stages hands what they made to [`examine`], which gives a list of [`Check`]s, and
//! [`verdict`] makes a sentence of them. Nothing here runs a stage, so that the page and the command line examine
//! their own.

mod examine;
mod exports;
mod pages;
mod picture;
mod words;
mod writer;

#[cfg(test)]
#[cfg(feature = "read")]
mod tests;

pub use examine::{Findings, examine};

use serde::Serialize;

/// The document's file name.
pub const FILE_NAME: &str = "recto-self-check.pdf";

/// The document as a PDF file: the same bytes each time.
#[must_use]
pub fn pdf() -> Vec<u8> {
    pages::write()
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What was looked at, for the person.
    pub name: &'static str,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// What was found or is missing, in plain words without a full stop.
    pub detail: String,
    /// Wall time of the stage that made it, in milliseconds; none where it is not known by itself.
    pub millis: Option<f64>,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// All is there.
    Passed,
    /// Something is missing or wrong.
    Failed,
    /// It could not be looked at, which is no fault.
    Skipped,
}

impl CheckOutcome {
    /// One word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Whether no check failed.
#[must_use]
pub fn is_sound(checks: &[Check]) -> bool {
    !checks.is_empty() && checks.iter().all(|check| check.outcome != CheckOutcome::Failed)
}

/// What all checks together say, in a sentence.
#[must_use]
pub fn verdict(checks: &[Check]) -> String {
    let named = |outcome: CheckOutcome| {
        let of_outcome = checks.iter().filter(move |check| check.outcome == outcome);
        of_outcome.map(|check| check.name).collect::<Vec<_>>()
    };
    let (failed, skipped) = (named(CheckOutcome::Failed), named(CheckOutcome::Skipped));
    let passed = checks.len() - failed.len() - skipped.len();
    let mut text = if failed.is_empty() && skipped.is_empty() {
        format!("All {passed} checks passed: every stage works here.")
    } else if failed.is_empty() {
        format!("{passed} of {} checks passed and none failed.", checks.len())
    } else {
        format!("{} of {} checks failed: {}.", failed.len(), checks.len(), failed.join(", "))
    };
    if !skipped.is_empty() {
        text.push_str(&format!(" Skipped: {}.", skipped.join(", ")));
    }
    text
}
