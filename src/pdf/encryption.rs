//! Whether a file is encrypted, and owner passwords of the older kinds.
//!
//! hayro opens files by their user password, and by their owner password from revision 5 on. For revisions 2
//! to 4 the owner password only serves to find the user password (ISO 32000-2, 7.6.4.4, algorithm 7), which is
//! done here.

use hayro::hayro_syntax::object::{Dict, FromBytes, String as PdfString};

/// Padding of short passwords (ISO 32000-2, 7.6.4.3.2).
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08, 0x2E,
    0x2E, 0x00, 0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];

/// Whether the file has an `/Encrypt` entry anywhere: in trailers and cross-reference streams it is always
/// readable. Whether it is used, opening tells.
pub(super) fn mentions_encryption(bytes: &[u8]) -> bool {
    occurrences(bytes, b"/Encrypt")
        .any(|at| bytes.get(at + 8).is_some_and(|next| !next.is_ascii_alphanumeric()))
}

/// The user passwords that `owner` may stand for, by every encryption dictionary found in the file.
pub(super) fn user_passwords(bytes: &[u8], owner: &str) -> Vec<String> {
    let dictionaries = occurrences(bytes, b"/Encrypt").take(8).filter_map(|at| {
        let after = bytes.get(at + 8..)?;
        let start = after.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let value = after.get(start..)?;
        if value.starts_with(b"<<") {
            return Dict::from_bytes(value);
        }
        let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (number, generation) = (words.next()?, words.next()?);
        object_at(bytes, number, generation)
    });
    let mut found: Vec<String> = Vec::new();
    for dict in dictionaries {
        if let Some(user) = user_password(&dict, owner)
            && !found.contains(&user)
        {
            found.push(user);
        }
    }
    found
}

/// The dictionary of the last object with this number.
fn object_at<'a>(bytes: &'a [u8], number: &[u8], generation: &[u8]) -> Option<Dict<'a>> {
    if number.len() > 10 || generation.len() > 5 || !number.iter().chain(generation).all(u8::is_ascii_digit) {
        return None;
    }
    let header = [number, b" ", generation, b" obj"].concat();
    let at = occurrences(bytes, &header)
        .filter(|at| {
            at.checked_sub(1).and_then(|before| bytes.get(before)).is_none_or(|b| !b.is_ascii_digit())
        })
        .last()?;
    let after = bytes.get(at + header.len()..)?;
    let start = after.iter().position(|byte| *byte == b'<')?;
    Dict::from_bytes(after.get(start..)?)
}

/// Algorithm 7, steps a and b.
fn user_password(dict: &Dict<'_>, owner: &str) -> Option<String> {
    let revision = dict.get::<u8>(b"R")?;
    if !(2..=4).contains(&revision) {
        return None;
    }
    let bits = if revision == 2 {
        40
    } else {
        dict.get::<u16>(b"Length").unwrap_or(if revision == 4 { 128 } else { 40 })
    };
    let length = usize::from(bits / 8).clamp(5, 16);
    let entry = dict.get::<PdfString<'_>>(b"O")?;
    let mut data: [u8; 32] = entry.as_bytes().get(..32)?.try_into().ok()?;

    let mut hash = md5::compute(padded(owner.as_bytes())).0;
    if revision >= 3 {
        for _ in 0..50 {
            hash = md5::compute(hash).0;
        }
    }
    let key = hash.get(..length)?;
    if revision == 2 {
        rc4(key, &mut data);
    } else {
        for round in (0..20_u8).rev() {
            let key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
            rc4(&key, &mut data);
        }
    }
    let end = (0..=data.len()).find(|end| data.get(*end..).is_some_and(|rest| PADDING.starts_with(rest)))?;
    // hayro takes passwords as UTF-8, so only one in ASCII can be handed on.
    let user = std::str::from_utf8(data.get(..end)?).ok()?;
    user.is_ascii().then(|| user.to_owned())
}

fn padded(password: &[u8]) -> [u8; 32] {
    let mut padded = [0; 32];
    for (to, from) in padded.iter_mut().zip(password.iter().chain(&PADDING)) {
        *to = *from;
    }
    padded
}

/// RC4 over `data` in place; the key is not empty.
fn rc4(key: &[u8], data: &mut [u8]) {
    let mut state: [u8; 256] = std::array::from_fn(|i| u8::try_from(i).unwrap_or(0));
    let mut j = 0_u8;
    for (i, k) in (0..=255_u8).zip(key.iter().cycle()) {
        j = j.wrapping_add(state[usize::from(i)]).wrapping_add(*k);
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    for byte in data {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        *byte ^= state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))];
    }
}

/// Where `pattern` occurs.
fn occurrences<'a>(bytes: &'a [u8], pattern: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = pattern.first().copied().unwrap_or(b'/');
    let candidates = bytes.iter().enumerate().filter(move |(_, byte)| **byte == first).map(|(at, _)| at);
    candidates.filter(move |at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(pattern)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_matches_the_published_vectors() {
        let mut data = *b"Plaintext";
        rc4(b"Key", &mut data);
        assert_eq!(data, [0xBB, 0xF3, 0x16, 0xE8, 0xD9, 0x40, 0xAF, 0x0A, 0xD3]);
    }

    #[test]
    fn encryption_is_not_confused_with_its_parts() {
        assert!(mentions_encryption(b"trailer << /Encrypt 5 0 R >>"));
        assert!(mentions_encryption(b"trailer << /Encrypt<</V 1>> >>"));
        assert!(!mentions_encryption(b"<< /EncryptMetadata false >>"));
    }
}
