//! Names of files as strangers give them.

/// The longest name that is kept, in bytes.
const MAX_BYTES: usize = 200;

/// What a file without a usable name is called.
const NAMELESS: &str = "file";

/// The name without folders and without what file systems, headers and terminals read as something else.
pub fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let text: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_formatting(*c))
        .map(|c| if "<>:\"|?*;%".contains(c) { '_' } else { c })
        .collect();
    let text = text.trim().trim_start_matches('.').trim_end_matches('.');
    match shortened(text) {
        text if text.is_empty() => NAMELESS.to_owned(),
        text => text,
    }
}

/// Marks that turn the direction of text, so that `exe.gnp` reads as `png.exe`, and marks of no width.
fn is_formatting(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00AD | 0x061C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF9..=0xFFFB
    )
}

/// Cut in the middle of a name that is too long: its ending stays.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let ending = match name.rsplit_once('.') {
        Some((_, ending)) if ending.len() <= 16 => format!(".{ending}"),
        Some(_) | None => String::new(),
    };
    let mut end = MAX_BYTES - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_name() {
        for (given, kept) in [
            ("photo.png", "photo.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("..", "file"),
            (".htaccess", "htaccess"),
            ("", "file"),
            ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
            ("cod\u{202e}gnp.exe", "codgnp.exe"),
            ("grüße \"1\".pdf", "grüße _1_.pdf"),
        ] {
            assert_eq!(clean(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = clean(&format!("{}.pdf", "ü".repeat(300)));
        assert!(name.len() <= MAX_BYTES && name.ends_with("ü.pdf"), "{name}");
        assert_eq!(clean(&"a".repeat(999)).len(), MAX_BYTES);
    }
}
