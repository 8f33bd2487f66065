//! One page's parts in; the lines out that belong to the sheet and not to the text.

use super::assemble::PageParts;
use super::fragments::Fragment;
use super::lines::{Line, find_lines};

impl PageParts<'_> {
    /// Lines at the page's edges that repeat over the pages, or are a lone page number.
    pub(super) fn furniture(&self) -> Vec<Line> {
        let (top, bottom) = (0.13 * self.text.height, 0.87 * self.text.height);
        let edge: Vec<&Fragment<'_>> =
            self.fragments.iter().filter(|f| f.bbox.y1 < top || f.bbox.y0 > bottom).collect();
        let lines = find_lines(edge, &self.content.fonts);
        lines
            .into_iter()
            .filter(|line| {
                let text = line.text();
                let outermost =
                    line.bbox.y1 < 0.08 * self.text.height || line.bbox.y0 > 0.92 * self.text.height;
                let number =
                    text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "-–—|".contains(c));
                self.survey.is_running(&text) || line.artifact || (outermost && number)
            })
            .collect()
    }
}
