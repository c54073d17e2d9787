//! Bytes that others control, as text that can neither break a line nor deceive a reader.
//!
//! Control characters, what reorders or hides text on a screen, and invalid
//! UTF-8 become `\x1b` or `\u{202e}`. In [`bytes`] a backslash is doubled, so
//! that two different inputs never look the same.

/// Left for the note on what was cut.
const MARKER: usize = "…(+18446744073709551615 bytes)".len();

/// Raw bytes, at most `limit` bytes long as a JSON string (without its quotes).
pub fn bytes(input: &[u8], limit: usize) -> String {
    fit(tokens(input, true), input.len(), limit)
}

/// Text of our own that may quote others: as [`bytes`], but a backslash stays as it is.
pub fn text(input: &[u8], limit: usize) -> String {
    fit(tokens(input, false), input.len(), limit)
}

/// A character, or what stands for one character or byte that must not go out.
enum Token {
    Plain(char),
    Escape(String, usize),
}

impl Token {
    /// How many of the input's bytes it stands for.
    const fn raw(&self) -> usize {
        match self {
            Self::Plain(c) => c.len_utf8(),
            Self::Escape(_, raw) => *raw,
        }
    }

    /// Its length inside a JSON string, where quotes and backslashes are doubled.
    fn json_length(&self) -> usize {
        match self {
            Self::Plain('"' | '\\') => 2,
            Self::Plain(c) => c.len_utf8(),
            Self::Escape(text, _) => text.len() + text.matches('\\').count(),
        }
    }

    fn push_to(&self, out: &mut String) {
        match self {
            Self::Plain(c) => out.push(*c),
            Self::Escape(text, _) => out.push_str(text),
        }
    }
}

fn tokens(input: &[u8], double: bool) -> impl Iterator<Item = Token> {
    input.utf8_chunks().flat_map(move |chunk| {
        let valid = chunk.valid().chars().map(move |c| character(c, double));
        let invalid = chunk.invalid().iter();
        valid.chain(invalid.map(|byte| Token::Escape(format!("\\x{byte:02x}"), 1)))
    })
}

fn character(c: char, double: bool) -> Token {
    let escape = match c {
        '\\' if double => "\\\\".into(),
        _ if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        _ if deceives(c) => format!("\\u{{{:x}}}", u32::from(c)),
        _ => return Token::Plain(c),
    };
    Token::Escape(escape, c.len_utf8())
}

/// C1 controls, line separators, and what is invisible or reorders its neighbours.
fn deceives(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Puts whole tokens together until the limit, and says how many of the input's bytes are missing.
fn fit(tokens: impl Iterator<Item = Token>, total: usize, limit: usize) -> String {
    let mut out = String::new();
    let (mut cost, mut raw) = (0, 0);
    // Up to here there is room for the marker.
    let (mut kept, mut kept_raw) = (0, 0);
    for token in tokens {
        cost += token.json_length();
        if cost > limit {
            out.truncate(kept);
            return format!("{out}…(+{} bytes)", total - kept_raw);
        }
        token.push_to(&mut out);
        raw += token.raw();
        if cost + MARKER <= limit {
            (kept, kept_raw) = (out.len(), raw);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        assert_eq!(
            bytes("/srv/böse/日本 \"x\"".as_bytes(), 100),
            "/srv/böse/日本 \"x\""
        );
    }

    #[test]
    fn a_line_cannot_be_broken_nor_a_terminal_driven_nor_a_name_reversed() {
        assert_eq!(
            bytes(b"a\n{}\r\t\x1b[2J\x7f\0", 100),
            r"a\x0a{}\x0d\x09\x1b[2J\x7f\x00"
        );
        assert_eq!(
            bytes("\u{202e}gpj\u{2028}\u{2066}\u{85}\u{feff}".as_bytes(), 100),
            r"\u{202e}gpj\u{2028}\u{2066}\u{85}\u{feff}"
        );
    }

    #[test]
    fn an_escape_that_was_typed_is_told_from_one_that_we_made() {
        assert_eq!(bytes(b"\x1b", 100), r"\x1b");
        assert_eq!(bytes(br"\x1b", 100), r"\\x1b");
        assert_eq!(text(br"says \x1b", 100), r"says \x1b");
    }

    #[test]
    fn invalid_utf8_is_kept_readable() {
        assert_eq!(bytes(b"caf\xe9 \xf0\x9f\x98", 100), r"caf\xe9 \xf0\x9f\x98");
    }

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(bytes(&[b'a'; 60], 60), "a".repeat(60));
        let cut = bytes(&[b'a'; 61], 60);
        assert_eq!(cut, format!("{}…(+33 bytes)", "a".repeat(28)));
    }

    proptest! {
        #[test]
        fn whatever_comes_in_the_limit_holds_and_nothing_raw_goes_out(
            input in proptest::collection::vec(any::<u8>(), 0..300),
            limit in MARKER..400,
        ) {
            let out = bytes(&input, limit);
            let json = serde_json::to_string(&out)?;
            prop_assert!(json.len() - 2 <= limit, "{} > {limit}", json.len() - 2);
            prop_assert!(!out.chars().any(|c| c.is_control() || deceives(c)));
        }
    }
}
