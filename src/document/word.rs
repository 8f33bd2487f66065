//! Words that were read from a page's pixels.

use super::{Content, Page, Rect};
use serde::{Deserialize, Serialize};

/// One word as it was read, or as a person has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadWord {
    /// The word in Unicode NFC, with the hyphen that a line's end gave it.
    pub text: String,
    /// How sure the reading is, 0 to 1 in hundredths.
    pub confidence: f32,
    /// Where it is on the page, in points, y down.
    pub bbox: Rect,
    /// A person has confirmed or corrected it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checked: bool,
}

impl ReadWord {
    /// A word as read. The confidence is rounded to hundredths, which all machines agree on.
    #[must_use]
    pub fn new(text: String, confidence: f32, bbox: Rect) -> Self {
        Self { text, confidence: (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0, bbox, checked: false }
    }

    /// Whether its middle lies in `area`.
    #[must_use]
    pub fn is_in(&self, area: &Rect) -> bool {
        area.contains(self.bbox.center_x(), self.bbox.center_y())
    }
}

impl Page {
    /// Places in [`Page::words`] of the words below `floor` that no person has looked at and that stand in the
    /// text, in order. Running headers and the insides of figures are left out of the text, so they are left out
    /// here.
    #[must_use]
    pub fn doubtful_words(&self, floor: f32) -> Vec<usize> {
        let shown = |word: &ReadWord| {
            self.blocks.iter().any(|block| {
                let hidden = matches!(block.content, Content::Figure { .. } | Content::Furniture { .. });
                !hidden && word.is_in(&block.bbox)
            })
        };
        let words = self.words.iter().enumerate();
        let doubtful = words.filter(|(_, word)| word.confidence < floor && !word.checked && shown(word));
        doubtful.map(|(index, _)| index).collect()
    }
}
