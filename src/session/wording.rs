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
}
