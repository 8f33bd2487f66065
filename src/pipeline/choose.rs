//! Which figures deserve a description.

use crate::document::{Figure, FigureId};
use std::collections::BTreeMap;

/// A figure less wide or high than this many pixels is an icon, a bullet or a rule.
pub(super) const MIN_SIDE_PX: u32 = 48;
/// A figure this many times longer than wide is a line or a banner: squeezed into a square, a model sees
/// nothing of it.
pub(super) const MAX_ASPECT_RATIO: u32 = 12;

/// What is to become of a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Describe it.
    Describe,
    /// It shows the same as this one, which comes before it: what is said of that one holds.
    SameAs(FigureId),
    /// Not worth it; why, for [`Figure::not_described`].
    Skip(String),
}

/// Decides for each of `figures`, in their order. `digest` gives the SHA-256 of a figure's image file, where
/// it is known.
#[must_use]
pub(super) fn choose(figures: &[Figure], digest: impl Fn(&FigureId) -> Option<[u8; 32]>) -> Vec<Decision> {
    let mut first_with: BTreeMap<[u8; 32], FigureId> = BTreeMap::new();
    let mut decisions = Vec::with_capacity(figures.len());
    for figure in figures {
        let decision = if let Some(reason) = reason_against(figure) {
            Decision::Skip(reason)
        } else if let Some(original) = &figure.duplicate_of {
            Decision::SameAs(original.clone())
        } else {
            match digest(&figure.id) {
                Some(digest) => match first_with.get(&digest) {
                    Some(original) => Decision::SameAs(original.clone()),
                    None => {
                        first_with.insert(digest, figure.id.clone());
                        Decision::Describe
                    }
                },
                None => Decision::Describe,
            }
        };
        decisions.push(decision);
    }
    decisions
}

fn reason_against(figure: &Figure) -> Option<String> {
    if let Some(reason) = &figure.not_described {
        return Some(reason.clone());
    }
    let (short, long) = (figure.width_px.min(figure.height_px), figure.width_px.max(figure.height_px));
    if short < MIN_SIDE_PX {
        return Some(format!("narrower than {MIN_SIDE_PX} pixels"));
    }
    if long > short.saturating_mul(MAX_ASPECT_RATIO) {
        return Some(format!("more than {MAX_ASPECT_RATIO} times as long as wide"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{FigureSource, Rect};

    fn figure(index: usize, width_px: u32, height_px: u32) -> Figure {
        Figure {
            id: FigureId::new(1, index),
            page: 1,
            bbox: Rect::new(0.0, 0.0, 100.0, 100.0),
            source: FigureSource::Embedded,
            file: format!("images/p1-f{index}.png"),
            media_type: "image/png".to_owned(),
            width_px,
            height_px,
            label: None,
            caption: None,
            text: String::new(),
            description: None,
            duplicate_of: None,
            not_described: None,
        }
    }

    #[test]
    fn small_and_thin_figures_are_passed_over() {
        let figures = [figure(1, 48, 48), figure(2, 47, 900), figure(3, 50, 601), figure(4, 50, 600)];
        let decisions = choose(&figures, |_| None);
        assert_eq!(decisions[0], Decision::Describe);
        assert_eq!(decisions[1], Decision::Skip("narrower than 48 pixels".to_owned()));
        assert_eq!(decisions[2], Decision::Skip("more than 12 times as long as wide".to_owned()));
        assert_eq!(decisions[3], Decision::Describe);
    }

    #[test]
    fn the_same_picture_is_described_once() {
        let mut marked = figure(3, 100, 100);
        marked.not_described = Some("on every page".to_owned());
        let mut known = figure(4, 100, 100);
        known.duplicate_of = Some(FigureId::new(9, 9));
        let figures = [figure(1, 100, 100), figure(2, 100, 100), marked, known];
        let decisions = choose(&figures, |_| Some([7; 32]));
        let first = FigureId::new(1, 1);
        assert_eq!(decisions[..2], [Decision::Describe, Decision::SameAs(first)]);
        assert_eq!(decisions[2], Decision::Skip("on every page".to_owned()));
        assert_eq!(decisions[3], Decision::SameAs(FigureId::new(9, 9)));
    }

    #[test]
    fn a_figure_that_is_passed_over_is_nobodys_original() {
        let figures = [figure(1, 10, 10), figure(2, 100, 100)];
        assert_eq!(choose(&figures, |_| Some([7; 32]))[1], Decision::Describe);
    }
}
