//! A fixed 64-bit hash, the same on every machine, for telling whether two images are the same.

/// An odd constant with well mixed bits (the golden ratio times 2^64).
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// The digest of several byte strings in order. Not for defence: who wants two images to collide can.
#[must_use]
pub(super) fn of(parts: &[&[u8]]) -> u64 {
    let mut state = MIX;
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            state = step(state, u64::from_le_bytes(*word));
        }
        let mut last = [0_u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        state = step(state, u64::from_le_bytes(last));
        state = step(state, part.len() as u64);
    }
    state ^ (state >> 32)
}

fn step(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * u128::from(MIX);
    #[allow(clippy::cast_possible_truncation, reason = "folding the product's halves is the mixing")]
    let folded = (product as u64) ^ ((product >> 64) as u64);
    folded.wrapping_add(MIX)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn digests_are_fixed_and_tell_parts_apart() {
        assert_eq!(of(&[b"recto"]), of(&[b"recto"]));
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"a"]), of(&[b"a\0"]));
        assert_ne!(of(&[&[0; 16]]), of(&[&[0; 24]]));
    }
}
