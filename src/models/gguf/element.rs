//! Element types and the room they take.

pub use candle_core::quantized::GgmlDType as ElementType;

/// Types that can be read, with their number in GGML and the name `recto quantize --to` gives them.
const TYPES: [(u32, ElementType, &str); 13] = [
    (0, ElementType::F32, "f32"),
    (1, ElementType::F16, "f16"),
    (2, ElementType::Q4_0, "q4_0"),
    (3, ElementType::Q4_1, "q4_1"),
    (6, ElementType::Q5_0, "q5_0"),
    (7, ElementType::Q5_1, "q5_1"),
    (8, ElementType::Q8_0, "q8_0"),
    (10, ElementType::Q2K, "q2k"),
    (11, ElementType::Q3K, "q3k"),
    (12, ElementType::Q4K, "q4k"),
    (13, ElementType::Q5K, "q5k"),
    (14, ElementType::Q6K, "q6k"),
    (30, ElementType::BF16, "bf16"),
];

/// The type with GGML's number `code`, if it can be read.
pub(super) fn from_code(code: u32) -> Option<ElementType> {
    TYPES.iter().find(|entry| entry.0 == code).map(|entry| entry.1)
}

/// GGML's number of `element`; none for the types that exist only inside computations.
pub(super) fn code_of(element: ElementType) -> Option<u32> {
    TYPES.iter().find(|entry| entry.1 == element).map(|entry| entry.0)
}

/// The lower-case name of `element` (`q4k`).
#[cfg(feature = "cli")]
pub(crate) fn name_of(element: ElementType) -> &'static str {
    TYPES.iter().find(|entry| entry.1 == element).map_or("unknown", |entry| entry.2)
}

/// The type called `name`, with or without an underscore (`q8_0`, `q80`, `q4_k`).
#[cfg(feature = "cli")]
pub(crate) fn from_name(name: &str) -> Option<ElementType> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "");
    TYPES.iter().find(|entry| plain(entry.2) == plain(name)).map(|entry| entry.1)
}

/// All names, for messages.
#[cfg(feature = "cli")]
pub(crate) fn names() -> Vec<&'static str> {
    TYPES.iter().map(|entry| entry.2).collect()
}

/// The bytes that `shape` (outermost dimension first) takes as `element`; none if it overflows or the
/// innermost dimension is no multiple of the type's block.
#[must_use]
pub fn bytes_for(shape: &[usize], element: ElementType) -> Option<u64> {
    let inner = *shape.last()?;
    if inner == 0 || !inner.is_multiple_of(element.block_size()) {
        return None;
    }
    let elements = shape.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim as u64))?;
    (elements / element.block_size() as u64).checked_mul(element.type_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_counted_in_blocks() {
        assert_eq!(bytes_for(&[3, 64], ElementType::Q8_0), Some(3 * 2 * 34));
        assert_eq!(bytes_for(&[3, 48], ElementType::Q8_0), None);
        assert_eq!(bytes_for(&[2, 256], ElementType::Q4K), Some(2 * 144));
        assert_eq!(bytes_for(&[], ElementType::F32), None);
        assert_eq!(bytes_for(&[usize::MAX, usize::MAX], ElementType::F32), None);
    }
}
