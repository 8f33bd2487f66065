//! Which addresses from a document may become links.

/// The address, percent-encoded where Markdown or HTML would trip over it, if its scheme is `http`,
/// `https` or `mailto`; none for everything else (`javascript:`, `data:`, `file:`, relative ones).
#[must_use]
pub fn safe_address(address: &str) -> Option<String> {
    let address = address.trim();
    let (scheme, rest) = address.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let allowed = match scheme.as_str() {
        "http" | "https" => rest.starts_with("//") && rest.len() > 2,
        "mailto" => !rest.is_empty(),
        _ => false,
    };
    if !allowed {
        return None;
    }
    let mut safe = format!("{scheme}:");
    for character in rest.chars() {
        match character {
            '(' => safe.push_str("%28"),
            ')' => safe.push_str("%29"),
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '"' => safe.push_str("%22"),
            '\'' => safe.push_str("%27"),
            '\\' => safe.push_str("%5C"),
            '`' => safe.push_str("%60"),
            '|' => safe.push_str("%7C"),
            '*' => safe.push_str("%2A"),
            '[' => safe.push_str("%5B"),
            ']' => safe.push_str("%5D"),
            _ if character.is_whitespace() || character.is_control() => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    safe.push_str(&format!("%{byte:02X}"));
                }
            }
            _ => safe.push(character),
        }
    }
    Some(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_schemes_pass() {
        assert_eq!(safe_address("https://example.org/a_b").as_deref(), Some("https://example.org/a_b"));
        assert_eq!(safe_address(" HTTP://example.org ").as_deref(), Some("http://example.org"));
        assert_eq!(safe_address("mailto:a@example.org").as_deref(), Some("mailto:a@example.org"));
    }

    #[test]
    fn all_else_is_refused() {
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "page.html",
            "http:",
            "",
        ] {
            assert_eq!(safe_address(address), None, "{address}");
        }
        assert_eq!(safe_address("java\nscript:alert(1)"), None);
    }

    #[test]
    fn markdown_and_html_syntax_is_encoded() {
        assert_eq!(
            safe_address("http://e.org/a b)\"><script>").as_deref(),
            Some("http://e.org/a%20b%29%22%3E%3Cscript%3E")
        );
    }
}
