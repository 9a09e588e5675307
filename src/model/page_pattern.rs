//! What a page filter looks for.

use regex::{Regex, RegexBuilder};

use super::MatchType;

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Empty, longer than 2,048 characters, or with a NUL.
    #[error("must have 1 to 2048 characters and no NUL")]
    Text,
    /// Not a regular expression, or one that takes too much.
    #[error("is not a regular expression that the server takes")]
    Regex,
}

/// A pattern and how it is compared with a page's URL, case and all.
///
/// Regular expressions are those of the `regex` crate: it has no look-around and no back-references, and in return a
/// match takes time in proportion to the URL, whatever the account wrote. PostgreSQL's own would not promise that.
#[derive(Debug, Clone)]
pub struct PagePattern {
    match_type: MatchType,
    text: String,
    regex: Option<Regex>,
}

impl PagePattern {
    /// Most memory that one compiled expression may take.
    const REGEX_SIZE: usize = 256 * 1024;

    /// Reads a pattern.
    pub fn parse(match_type: MatchType, text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() || text.contains('\0') || text.chars().count() > 2048 {
            return Err(InvalidPattern::Text);
        }
        let regex = match match_type {
            MatchType::Regex => Some(
                RegexBuilder::new(text)
                    .size_limit(Self::REGEX_SIZE)
                    .build()
                    .map_err(|_| InvalidPattern::Regex)?,
            ),
            MatchType::Like | MatchType::Equals | MatchType::StartsWith | MatchType::EndsWith => {
                None
            }
        };
        Ok(Self {
            match_type,
            text: text.to_owned(),
            regex,
        })
    }

    /// How it is compared.
    pub fn match_type(&self) -> MatchType {
        self.match_type
    }

    /// What it looks for.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a page is one of those it looks for.
    pub fn matches(&self, url: &str) -> bool {
        match self.match_type {
            MatchType::Like => url.contains(&self.text),
            MatchType::Equals => url == self.text,
            MatchType::StartsWith => url.starts_with(&self.text),
            MatchType::EndsWith => url.ends_with(&self.text),
            MatchType::Regex => self.regex.as_ref().is_some_and(|regex| regex.is_match(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://shop.example/sale/50%_off?item=7";

    fn matches(match_type: MatchType, text: &str) -> bool {
        PagePattern::parse(match_type, text).unwrap().matches(URL)
    }

    #[test]
    fn each_way_of_comparing_finds_what_it_should_and_nothing_else() {
        for (match_type, hit, miss) in [
            (MatchType::Like, "/sale/", "/SALE/"),
            (MatchType::Like, "50%_off", "50%off"),
            (MatchType::Like, "shop.example", "shop%sale"),
            (MatchType::Equals, URL, "https://shop.example/sale/50%_off"),
            (
                MatchType::StartsWith,
                "https://shop.example/",
                "shop.example",
            ),
            (MatchType::EndsWith, "item=7", "item="),
            (MatchType::Regex, r"/sale/\d+%_off\?item=\d$", r"^/sale"),
        ] {
            assert!(matches(match_type, hit), "{match_type} {hit}");
            assert!(!matches(match_type, miss), "{match_type} {miss}");
        }
    }

    #[test]
    fn what_cannot_be_run_safely_is_refused() {
        for text in ["(", "a{9999}{9999}", r"(a)\1", "(?=a)"] {
            let refusal = PagePattern::parse(MatchType::Regex, text).unwrap_err();
            assert_eq!(refusal, InvalidPattern::Regex, "{text}");
        }
        for text in ["", "a\0", &"x".repeat(2049)] {
            let refusal = PagePattern::parse(MatchType::Like, text).unwrap_err();
            assert_eq!(refusal, InvalidPattern::Text, "{text}");
        }
    }

    #[test]
    fn an_expression_that_would_backtrack_answers_at_once() {
        let pattern = PagePattern::parse(MatchType::Regex, "(a+)+(a+)+(a+)+$").unwrap();
        assert!(!pattern.matches(&format!("{}!", "a".repeat(100_000))));
    }
}
