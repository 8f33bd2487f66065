//! Numbers and addresses as a person reads them.

/// A size in bytes, in decimal units as browsers and shops count: `271 MB`.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
pub fn file_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// A time in milliseconds: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and small")]
pub fn duration(millis: f64) -> String {
    let millis = millis.max(0.0);
    if millis < 9_950.0 {
        return format!("{:.1} s", millis / 1_000.0);
    }
    let seconds = (millis / 1_000.0).round() as u64;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// `1 page`, `2 pages`.
#[must_use]
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `3` or `3 to 5`.
#[must_use]
pub fn page_range(first: u32, last: u32) -> String {
    if last > first { format!("pages {first} to {last}") } else { format!("page {first}") }
}

/// A link's address, if a page may offer it: http, https or mailto, and nothing in it that a browser would
/// read in another way than a person. Addresses come from hostile files.
#[must_use]
pub fn safe_address(address: &str) -> Option<&str> {
    let address = address.trim();
    if address.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return None;
    }
    let (scheme, rest) = address.split_once(':')?;
    let known = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.starts_with("//") && rest.len() > 2,
        "mailto" => !rest.is_empty(),
        _ => false,
    };
    known.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let shown = [0, 999, 1_000, 64_300_000, 999_600_000, 271_000_000].map(file_size);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "64 MB", "1.0 GB", "271 MB"]);
    }

    #[test]
    fn times() {
        let shown = [-5.0, 440.0, 12_300.0, 185_000.0, 7_800_000.0].map(duration);
        assert_eq!(shown, ["0.0 s", "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"]);
    }

    #[test]
    fn only_harmless_addresses_become_links() {
        for good in ["https://example.org/a?b#c", "HTTP://example.org", "mailto:a@example.org"] {
            assert_eq!(safe_address(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>",
            "file:///etc/passwd",
            "//example.org",
            "https:example.org",
            "https:\\\\example.org",
            "vbscript:x",
            "",
            "blob:https://example.org/x",
        ] {
            assert_eq!(safe_address(bad), None, "{bad}");
        }
    }
}
