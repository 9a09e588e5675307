//! Where something on the web is.

use url::Url;

/// Why a text is no URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an http or https URL of at most 2048 characters")]
pub struct InvalidUrl;

/// An absolute `http` or `https` URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// Reads a URL; it is kept as it was written.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let plain = text.chars().count() <= 2048 && !text.chars().any(char::is_control);
        if plain && Url::parse(text).is_ok_and(is_web) {
            Ok(Self(text.trim().to_owned()))
        } else {
            Err(InvalidUrl)
        }
    }

    /// The URL.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_is_taken() {
        for good in [
            "https://example.org/hook?x=1",
            "http://127.0.0.1:9000",
            "http://[::1]/",
        ] {
            assert_eq!(WebUrl::parse(good).unwrap().into_string(), good);
        }
        let long = format!("https://example.org/{}", "a".repeat(2048));
        for bad in [
            "",
            "example.org",
            "/hook",
            "ftp://example.org/",
            "javascript:alert(1)",
            "http://",
            "http://exa\nmple.org",
            &long,
        ] {
            assert_eq!(WebUrl::parse(bad), Err(InvalidUrl), "{bad:?}");
        }
    }
}
