//! Attributes of ONNX nodes.

use crate::kernels::{Padding, Window};
use rten_onnx::onnx::{AttributeProto, NodeProto};

/// The larger side of a window, at most.
const MAX_SIDE: usize = 64;

pub(super) fn attribute<'a>(node: &'a NodeProto, key: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(key))
}

pub(super) fn int(node: &NodeProto, key: &str) -> Option<i64> {
    attribute(node, key)?.i
}

pub(super) fn number(node: &NodeProto, key: &str) -> Option<f32> {
    attribute(node, key)?.f
}

pub(super) fn ints<'a>(node: &'a NodeProto, key: &str) -> Option<&'a [i64]> {
    attribute(node, key).map(|attribute| attribute.ints.as_slice())
}

/// A window of two sides, without holes.
pub(super) fn window(node: &NodeProto) -> Option<Window> {
    let pair = |values: &[i64]| match values {
        [rows, columns] => {
            let side = |side: &i64| usize::try_from(*side).ok().filter(|side| *side <= MAX_SIDE);
            Some([side(rows)?, side(columns)?])
        }
        _ => None,
    };
    let size = pair(ints(node, "kernel_shape")?)?;
    let stride = ints(node, "strides").map_or(Some([1, 1]), pair)?;
    (size.iter().chain(&stride).all(|side| *side > 0)).then_some(())?;
    ints(node, "dilations").is_none_or(|holes| holes.iter().all(|hole| *hole == 1)).then_some(())?;
    let padding = match attribute(node, "auto_pad").and_then(|attribute| attribute.s.as_deref()) {
        Some("SAME_UPPER") => Padding::Same,
        None | Some("NOTSET" | "VALID" | "") => match ints(node, "pads") {
            Some([top, left, bottom, right]) => {
                let [top, bottom] = pair(&[*top, *bottom])?;
                let [left, right] = pair(&[*left, *right])?;
                Padding::Given([[top, bottom], [left, right]])
            }
            None | Some([]) => Padding::Given([[0, 0], [0, 0]]),
            Some(_) => return None,
        },
        Some(_) => return None,
    };
    Some(Window { size, stride, padding })
}
