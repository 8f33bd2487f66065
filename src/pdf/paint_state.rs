//! The clips and transparency groups that are open while a page is drawn.

use crate::document::Rect;
use hayro::hayro_interpret::{BlendMode, DrawProps, Paint};

/// Nesting that is followed.
const MAX_NESTING: usize = 10_000;

/// What is open.
pub(super) struct PaintState {
    clips: Vec<Clip>,
    groups: Vec<Group>,
    /// Clips past the limit that are not closed yet.
    overflow: usize,
}

#[derive(Clone, Copy, Default)]
struct Clip {
    bounds: Rect,
    /// The clip is a rectangle, so that all within the bounds is painted.
    is_box: bool,
}

/// A transparency group together with those around it.
#[derive(Clone, Copy)]
struct Group {
    /// Product of the opacities.
    opacity: f32,
    /// None has a mask or mixes its colours with those below.
    plain: bool,
}

impl PaintState {
    /// `page`: its bounds.
    pub(super) fn new(page: Rect) -> Self {
        Self { clips: vec![Clip { bounds: page, is_box: true }], groups: Vec::new(), overflow: 0 }
    }

    /// Bounds of what is painted at most.
    pub(super) fn clip(&self) -> Rect {
        self.innermost().bounds
    }

    fn innermost(&self) -> Clip {
        self.clips.last().copied().unwrap_or_default()
    }

    pub(super) fn push_clip(&mut self, bounds: Rect, is_box: bool) {
        if self.clips.len() >= MAX_NESTING {
            self.overflow += 1;
            return;
        }
        let clip = self.innermost();
        // An empty clip leaves nothing: keep it, inside out is not possible.
        let bounds = clip.bounds.intersection(&bounds).unwrap_or_default();
        self.clips.push(Clip { bounds, is_box: is_box && clip.is_box });
    }

    pub(super) fn pop_clip(&mut self) {
        if self.overflow > 0 {
            self.overflow -= 1;
        } else if self.clips.len() > 1 {
            self.clips.pop();
        }
    }

    /// `plain`: it has no mask and does not mix its colours with those below.
    pub(super) fn push_group(&mut self, opacity: f32, plain: bool) {
        let around = self.group();
        self.groups.push(Group { opacity: around.opacity * opacity, plain: plain && around.plain });
    }

    pub(super) fn pop_group(&mut self) {
        self.groups.pop();
    }

    fn group(&self) -> Group {
        self.groups.last().copied().unwrap_or(Group { opacity: 1.0, plain: true })
    }

    /// Product of the opacities of the open groups.
    pub(super) fn opacity(&self) -> f32 {
        self.group().opacity
    }

    /// Whether a fill, if of full opacity, lets nothing through.
    pub(super) fn is_opaque(&self, props: &DrawProps<'_>) -> bool {
        matches!(props.paint, Paint::Color(_))
            && props.soft_mask.is_none()
            && props.blend_mode == BlendMode::Normal
            && self.group().plain
            && self.innermost().is_box
    }
}
