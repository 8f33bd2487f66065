//! Doubtful words of scans: which there are, which one is looked at, and what the person makes of it.

use super::job::Job;
use super::kept::{Entry, checked};
use super::message::Command;
use super::{PageImage, Selection, Session, count};
use crate::document::{BlockId, ReadWord, Rect, stands_in_text};
use crate::protocol::JobId;

/// Words below this confidence are shown. Of 8,369 words of rendered, degraded and real scans 41 are, three in four of
/// them wrong; of the next 21, up to .95, only two are.
pub const DOUBTFUL: f32 = 0.92;
/// Doubtful words of one page, at most: a page with more is not worth mending word by word.
const MAX_OF_PAGE: usize = 200;
/// Width in pixels of a page image that is drawn only for the picture of a word.
const PICTURE_WIDTH: u32 = 1_400;

/// A doubtful word: its page, from 1, and its place in [`crate::document::Page::words`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doubt {
    /// From 1.
    pub page: u32,
    /// From 0.
    pub word: usize,
}

impl Job {
    /// The doubtful words that nobody has checked, in order of reading.
    pub fn doubts(&self) -> impl Iterator<Item = Doubt> + '_ {
        self.doubtful
            .iter()
            .flat_map(|(page, words)| words.iter().map(|word| Doubt { page: *page, word: *word }))
    }

    /// The word that is meant.
    #[must_use]
    pub fn read_word(&self, doubt: Doubt) -> Option<&ReadWord> {
        let page = self.document().pages.iter().find(|page| page.number == doubt.page)?;
        page.words.get(doubt.word)
    }

    /// How many words the person has checked, and could take back.
    #[must_use]
    pub fn checked_words(&self) -> usize {
        self.corrections.len()
    }

    /// Looks for the doubtful words of a page anew.
    pub(super) fn find_doubts(&mut self, number: u32) {
        let document = self.result.document();
        let page = document.pages.iter().find(|page| page.number == number);
        let words = page.map(|page| page.doubtful_words(DOUBTFUL)).unwrap_or_default();
        let words = words.into_iter().filter(|word| stands_in_text(document, number, *word));
        let words: Vec<usize> = words.take(MAX_OF_PAGE).collect();
        if words.is_empty() {
            self.doubtful.remove(&number);
        } else {
            self.doubtful.insert(number, words);
        }
    }

    /// Where a word is on its page, and the block it stands in.
    fn place_of(&self, doubt: Doubt) -> Option<(Option<BlockId>, Rect)> {
        let page = self.document().pages.iter().find(|page| page.number == doubt.page)?;
        let word = page.words.get(doubt.word)?;
        let holding = page.blocks.iter().filter(|block| word.is_in(&block.bbox));
        let block = holding.min_by(|a, b| a.bbox.area().total_cmp(&b.bbox.area()));
        Some((block.map(|block| block.id.clone()), word.bbox))
    }
}

impl Session {
    /// Opens the panel of doubtful words at the first, or closes it.
    pub(super) fn show_doubts(&mut self, shown: bool, out: &mut Vec<Command>) {
        self.view.checking = shown;
        self.view.doubt = None;
        if shown {
            let first = self.shown().and_then(|job| job.doubts().next());
            self.look_at(first, out);
        } else {
            self.view.selection = None;
        }
    }

    /// Goes to the next doubtful word, or to the one before; past the end it begins anew.
    pub(super) fn step_doubt(&mut self, forward: bool, out: &mut Vec<Command>) {
        let Some(job) = self.shown() else { return };
        let now = self.view.doubt;
        let to = if forward {
            job.doubts().find(|doubt| Some(*doubt) > now).or_else(|| job.doubts().next())
        } else {
            let before = job.doubts().filter(|doubt| now.is_some_and(|now| *doubt < now)).last();
            before.or_else(|| job.doubts().last())
        };
        self.look_at(to, out);
    }

    /// The person says what a word is.
    pub(super) fn check_word(&mut self, id: JobId, doubt: Doubt, text: &str, out: &mut Vec<Command>) {
        let Some(job) = self.job_mut(id) else { return };
        let Some(correction) = job.result.correct_word(doubt.page, doubt.word, text) else { return };
        let changed = correction.changed_text();
        job.corrections.push(correction);
        job.page_changed(doubt.page);
        let left = job.doubts().count();
        self.keep(id, checked(doubt, text), &[]);
        let done = if changed { "Changed" } else { "Kept" };
        self.announce(format!("{done}. {}.", left_over(left)));
        if self.view.checking && self.view.job == Some(id) {
            self.view.doubt = Some(doubt);
            self.step_doubt(true, out);
        }
    }

    /// Takes back what the person said last.
    pub(super) fn take_back_word(&mut self, id: JobId, out: &mut Vec<Command>) {
        let Some(job) = self.job_mut(id) else { return };
        let Some(correction) = job.corrections.pop() else { return };
        if !job.result.take_back_word(&correction) {
            self.announce("The page has changed since; nothing was taken back.");
            return;
        }
        let doubt = Doubt { page: correction.page, word: correction.word };
        job.page_changed(doubt.page);
        self.keep(id, Entry::TookBack, &[]);
        self.announce(format!("Taken back: {}.", correction.before().text));
        if self.view.checking && self.view.job == Some(id) {
            self.look_at(Some(doubt), out);
        }
    }

    fn look_at(&mut self, doubt: Option<Doubt>, out: &mut Vec<Command>) {
        self.view.doubt = doubt;
        let place = doubt.and_then(|doubt| Some((doubt, self.shown()?.place_of(doubt)?)));
        let (Some((doubt, (block, area))), Some(id)) = (place, self.view.job) else {
            self.view.selection = None;
            return;
        };
        self.view.selection = Some(Selection { block: block.clone(), page: doubt.page, area });
        if self.page_image(id, doubt.page) == PageImage::Absent {
            self.page_shown(id, doubt.page, PICTURE_WIDTH);
        }
        out.push(Command::ScrollToPage { page: doubt.page, area: Some(area) });
        out.extend(block.map(Command::ScrollToBlock));
    }
}

/// What is left, in words.
fn left_over(left: usize) -> String {
    if left == 0 {
        "No doubtful words are left".to_owned()
    } else {
        format!("{} left", count(left, "doubtful word", "doubtful words"))
    }
}
