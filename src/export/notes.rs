//! Footnotes get numbers of their own: marks on paper start anew on each page.

use super::flow::Passage;
use crate::document::{BlockId, Content, Span};
use std::collections::BTreeMap;

/// The numbers of the footnotes that a mark in the text refers to, in the order of those marks.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    numbers: BTreeMap<BlockId, u32>,
}

impl Notes {
    /// No footnotes: marks stay as they are printed.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Numbers the footnotes among `passages`. A footnote whose mark was not found has no number.
    pub(super) fn of(passages: &[Passage<'_>]) -> Self {
        let is_note = |passage: &&Passage<'_>| matches!(passage.block.content, Content::Footnote { .. });
        let notes: BTreeMap<&BlockId, ()> =
            passages.iter().filter(is_note).map(|passage| (&passage.block.id, ())).collect();
        let mut numbers: BTreeMap<BlockId, u32> = BTreeMap::new();
        for note in passages.iter().flat_map(|passage| &passage.spans).filter_map(|span| span.note.as_ref()) {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
            if notes.contains_key(note) {
                numbers.entry(note.clone()).or_insert(next);
            }
        }
        Self { numbers }
    }

    /// The number of the footnote that `span` is a mark of.
    pub(super) fn number_of(&self, span: &Span) -> Option<u32> {
        self.numbers.get(span.note.as_ref()?).copied()
    }

    /// The number of the footnote that is block `id`.
    pub(super) fn number(&self, id: &BlockId) -> Option<u32> {
        self.numbers.get(id).copied()
    }
}
