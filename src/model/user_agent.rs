//! The browser and operating system behind a `User-Agent`: the families people have, in few rules.

/// What a `User-Agent` tells, each as a name and three numbers (`Firefox 128.0.0`); empty where it tells nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserAgent {
    /// The browser.
    pub browser: String,
    /// The operating system.
    pub os: String,
}

/// What stands before a browser's version, and its name. The first that is found wins: most browsers also name those
/// that they resemble.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "IE"),
    ("Trident/7.0; rv:", "IE"),
];

/// Windows is known by other numbers than its own.
const WINDOWS: &[(&str, &str)] = &[
    ("10.0", "10"),
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.1", "XP"),
];

/// What stands before a system's version, and its name, in the order to look.
const SYSTEMS: &[(&str, &str)] = &[
    ("CPU iPhone OS ", "iOS"),
    ("CPU OS ", "iOS"),
    ("Android ", "Android"),
    ("Mac OS X ", "Mac OS X"),
    ("CrOS x86_64 ", "Chrome OS"),
    ("CrOS aarch64 ", "Chrome OS"),
];

impl UserAgent {
    /// Reads a `User-Agent` header.
    pub fn parse(text: &str) -> Self {
        Self {
            browser: browser(text).unwrap_or_default(),
            os: os(text).unwrap_or_default(),
        }
    }
}

fn browser(text: &str) -> Option<String> {
    if let Some((rest, name)) = first(text, BROWSERS) {
        return Some(format!("{name} {}", version(rest)));
    }
    let (_, rest) = text.split_once("Version/")?;
    text.contains("Safari/")
        .then(|| format!("Safari {}", version(rest)))
}

fn os(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("Windows NT ") {
        let number = rest.split([';', ')']).next().unwrap_or_default();
        return Some(match WINDOWS.iter().find(|(nt, _)| *nt == number) {
            Some((_, name)) => format!("Windows {name} 0.0.0"),
            None => "Windows 0.0.0".to_owned(),
        });
    }
    if let Some((rest, name)) = first(text, SYSTEMS) {
        return Some(format!("{name} {}", version(rest)));
    }
    text.contains("Linux").then(|| "Linux 0.0.0".to_owned())
}

fn first<'a>(text: &'a str, marks: &[(&str, &'static str)]) -> Option<(&'a str, &'static str)> {
    marks
        .iter()
        .find_map(|(mark, name)| text.split_once(mark).map(|(_, rest)| (rest, *name)))
}

/// The first three numbers, 0 for those that are missing.
fn version(text: &str) -> String {
    let end = text
        .find(|sign: char| !sign.is_ascii_digit() && !matches!(sign, '.' | '_'))
        .unwrap_or(text.len());
    let mut numbers = text[..end].split(['.', '_']).map(|number| {
        let short = (1..=9).contains(&number.len());
        if short { number } else { "0" }
    });
    let mut next = || numbers.next().unwrap_or("0");
    format!("{}.{}.{}", next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_agents_are_told_apart() {
        for (text, browser, os) in [
            (
                "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/50.0.2661.102 Safari/537.36",
                "Chrome 50.0.2661",
                "Windows 7 0.0.0",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
                "Edge 120.0.2210",
                "Windows 10 0.0.0",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
                "Safari 17.2.0",
                "Mac OS X 10.15.7",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1",
                "Chrome 120.0.6099",
                "iOS 17.2.1",
            ),
            (
                "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0",
                "Firefox 128.0.0",
                "Android 14.0.0",
            ),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox 128.0.0",
                "Linux 0.0.0",
            ),
        ] {
            let agent = UserAgent::parse(text);
            assert_eq!(
                (agent.browser.as_str(), agent.os.as_str()),
                (browser, os),
                "{text}"
            );
        }
    }

    #[test]
    fn an_agent_that_tells_nothing_is_empty() {
        for text in ["", "curl/8.5.0", "Chrome", "Windows"] {
            assert_eq!(UserAgent::parse(text), UserAgent::default(), "{text}");
        }
        assert_eq!(UserAgent::parse("Chrome/").browser, "Chrome 0.0.0");
    }
}
