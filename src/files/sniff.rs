//! What a file is, by its first bytes. What its sender calls it decides nothing that matters: of a container that holds
//! sound or moving pictures alike it tells which, and of plain text what kind.

use crate::model::FileType;

/// The type of what nothing is known of.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// Kinds of plain text, by the ending of the name.
const TEXTS: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("ics", "text/calendar"),
    ("vcf", "text/vcard"),
];

/// The beginnings of markup that a browser would run, in lower case.
const PAGES: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<body",
    "<script",
    "<iframe",
    "<title",
    "<style",
    "<table",
    "<a ",
    "<img",
    "<div",
    "<h1",
    "<p>",
    "<br",
    "<!--",
];

/// The media type of a file that begins with `head`, named `name`, and called `claimed` by its sender.
pub(super) fn media_type(head: &[u8], name: &str, claimed: Option<&str>) -> String {
    if let Some(markup) = markup(head) {
        return markup.to_owned();
    }
    let Some(found) = infer::get(head) else {
        return if is_text(head) { text(name) } else { UNKNOWN }.to_owned();
    };
    let found = found.mime_type();
    let sub = |prefix: &str, text: &str| text.strip_prefix(prefix).map(str::to_owned);
    let claimed = claimed.and_then(|claimed| sub("audio/", essence(claimed)));
    match (sub("video/", found), claimed) {
        (Some(container), Some(claimed)) if container == claimed => format!("audio/{container}"),
        _ => found.to_owned(),
    }
}

/// What that is to a chat. A drawing that may hold scripts is a file.
pub(super) fn file_type(media_type: &str) -> FileType {
    match media_type.split_once('/') {
        Some(("image", "svg+xml")) => FileType::File,
        Some(("image", _)) => FileType::Image,
        Some(("audio", _)) => FileType::Audio,
        Some(("video", _)) => FileType::Video,
        _ => FileType::File,
    }
}

/// Whether a type is one of these: `text/html`, `image/*` or `*/*`.
pub(super) fn matches(media_type: &str, patterns: &[String]) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some("*/") => true,
            Some(family) => media_type.starts_with(family),
            None => media_type.eq_ignore_ascii_case(pattern),
        })
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Markup, wherever a browser would see it: behind a mark of the byte order and white space.
fn markup(head: &[u8]) -> Option<&'static str> {
    let head = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    if !head.starts_with(b"<") {
        return None;
    }
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    if text.contains("<svg") {
        Some("image/svg+xml")
    } else if PAGES.iter().any(|page| text.starts_with(page)) || text.contains("<html") {
        Some("text/html")
    } else {
        Some("text/xml")
    }
}

fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end within a character.
        Err(error) => error.error_len().is_none(),
    };
    valid
        && !head
            .iter()
            .any(|byte| *byte < 0x20 && !b"\t\n\r\x0C\x1B".contains(byte))
}

fn text(name: &str) -> &'static str {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let known = TEXTS
        .iter()
        .find(|(known, _)| Some(*known) == ending.as_deref());
    known.map_or("text/plain", |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_is_in_it() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (head, name, claimed, found) in [
            (&png[..], "a.html", Some("text/html"), "image/png"),
            (
                b"<!DOCTYPE html><p>",
                "a.png",
                Some("image/png"),
                "text/html",
            ),
            (
                b" \n<ScRiPt>alert(1)</script>",
                "a.png",
                Some("image/png"),
                "text/html",
            ),
            (
                b"<svg onload='alert(1)'/>",
                "a.png",
                Some("image/png"),
                "image/svg+xml",
            ),
            (
                b"<?xml version='1.0'?><svg/>",
                "a.txt",
                None,
                "image/svg+xml",
            ),
            (b"a,b\n1,2\n", "table.csv", None, "text/csv"),
            (
                b"hello",
                "hello.exe",
                Some("application/x-msdownload"),
                "text/plain",
            ),
            (b"\x00\x01\x02", "a.png", Some("image/png"), UNKNOWN),
            (b"%PDF-1.7", "a", None, "application/pdf"),
            (b"", "empty.txt", None, "text/plain"),
        ] {
            assert_eq!(media_type(head, name, claimed), found, "{name} {head:?}");
        }
    }

    #[test]
    fn sound_may_come_in_a_container_of_moving_pictures() {
        let mut webm = b"\x1A\x45\xDF\xA3\x01\0\0\0\0\0\0\x1F\x42\x82\x84webm".to_vec();
        webm.resize(300, 0);
        let webm = &webm;
        assert_eq!(media_type(webm, "v.webm", Some("video/webm")), "video/webm");
        assert_eq!(
            media_type(webm, "v.webm", Some("audio/webm;codecs=opus")),
            "audio/webm"
        );
        assert_eq!(media_type(webm, "v.webm", Some("audio/mpeg")), "video/webm");
    }

    #[test]
    fn patterns_name_a_type_a_family_or_all() {
        let patterns = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        assert!(matches("image/png", &patterns(&["text/html", "image/*"])));
        assert!(matches("text/html", &patterns(&["text/html"])));
        assert!(matches("text/html", &patterns(&["*/*"])));
        assert!(!matches("text/html", &patterns(&["image/*", "text/plain"])));
    }
}
