//! Text of a script, made fit to be kept.

use std::borrow::Cow;

/// The same JSON with U+FFFD in place of every escaped NUL and every half of a surrogate pair.
///
/// `JSON.stringify` writes a whole pair as it is, so a surrogate that it escapes stands alone.
pub(super) fn mend(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let escape = json.get(at + 1..at + 6);
        if escape.is_some_and(cannot_be_kept) {
            mended.push_str(&json[kept..at]);
            mended.push('\u{fffd}');
            at += 6;
            kept = at;
        } else {
            // A backslash and what it escapes, which may be a backslash.
            at += 2;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[kept..]);
    Cow::Owned(mended)
}

fn cannot_be_kept(escape: &str) -> bool {
    let unit = escape
        .strip_prefix('u')
        .and_then(|digits| u16::from_str_radix(digits, 16).ok());
    unit.is_some_and(|unit| unit == 0 || (0xd800..0xe000).contains(&unit))
}

/// One line of at most so many characters.
pub(super) fn line(text: &str, longest: usize) -> String {
    let mut characters = text.chars();
    let mut line: String = characters
        .by_ref()
        .take(longest)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_kept_is_replaced() {
        let cases = [
            (r#""plain""#, r#""plain""#),
            (r#""a\u0000b""#, "\"a\u{fffd}b\""),
            (r#""\ud83d \udc4d""#, "\"\u{fffd} \u{fffd}\""),
            (r#""\u0001\n\"""#, r#""\u0001\n\"""#),
            (r#""\\u0000""#, r#""\\u0000""#),
            (r#""\\\u0000""#, "\"\\\\\u{fffd}\""),
            (r#"{"\u0000":1}"#, "{\"\u{fffd}\":1}"),
        ];
        for (json, mended) in cases {
            assert_eq!(mend(json), mended);
        }
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\nb\u{1b}c", 10), "a b c");
        assert_eq!(line("ääää", 3), "äää…");
    }
}
