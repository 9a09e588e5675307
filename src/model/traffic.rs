//! Where a visitor came from, told by the page that led here.

use url::Url;

/// Where a visitor came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traffic {
    /// By typing, by a bookmark, from within the same site, or nobody knows.
    Direct,
    /// From a search engine's results: its name.
    Organic(&'static str),
    /// From another site: its host.
    Referral(String),
}

/// Search engines: the label of the domain that names them, where they may put it, and their name.
///
/// Companies with more than a search engine count only where people search, so that a link in a web mail is a referral.
const ENGINES: &[(&str, &[&str], &str)] = &[
    ("google", &["", "www"], "Google"),
    ("bing", &["", "www", "cn"], "Bing"),
    ("yahoo", &["search"], "Yahoo"),
    ("duckduckgo", &["", "www", "html", "lite"], "DuckDuckGo"),
    ("yandex", &["", "www"], "Yandex"),
    ("ya", &["", "www"], "Yandex"),
    ("baidu", &["", "www", "m"], "Baidu"),
    ("ecosia", &["", "www"], "Ecosia"),
    ("qwant", &["", "www", "lite"], "Qwant"),
    ("startpage", &["", "www"], "Startpage"),
    ("brave", &["search"], "Brave"),
    ("ask", &["", "www"], "Ask"),
    ("aol", &["search"], "AOL"),
    ("naver", &["search", "m.search"], "Naver"),
    ("seznam", &["search"], "Seznam"),
    ("kagi", &["", "www"], "Kagi"),
];

impl Traffic {
    /// What a referrer says of a visit to `page_url`.
    pub fn of(page_url: &str, referrer: Option<&str>) -> Self {
        let Some(host) = referrer.and_then(host_of) else {
            return Self::Direct;
        };
        let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
        if host_of(page_url).is_some_and(|own| bare(&own) == bare(&host)) {
            return Self::Direct;
        }
        match engine(&host) {
            Some(name) => Self::Organic(name),
            None => Self::Referral(host),
        }
    }

    /// `Direct`, `Organic`, or the referring host.
    pub fn kind(&self) -> &str {
        match self {
            Self::Direct => "Direct",
            Self::Organic(_) => "Organic",
            Self::Referral(host) => host,
        }
    }

    /// The search engine of an organic visit, else empty.
    pub fn search_engine(&self) -> &'static str {
        match self {
            Self::Organic(name) => name,
            Self::Direct | Self::Referral(_) => "",
        }
    }
}

fn host_of(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    url.host_str().filter(|_| web).map(str::to_owned)
}

fn engine(host: &str) -> Option<&'static str> {
    let labels: Vec<&str> = host.split('.').collect();
    let (name, before) = match labels.as_slice() {
        // A country's second level, as in google.co.uk or search.yahoo.com.au, then plain top levels.
        [before @ .., name, "co" | "com", country] if country.len() == 2 => (name, before),
        [before @ .., name, _] => (name, before),
        _ => return None,
    };
    let before = before.join(".");
    // A company's search may have a host for each country, as in se.search.yahoo.com.
    let country = before
        .split_once('.')
        .filter(|(country, _)| country.len() == 2);
    ENGINES
        .iter()
        .find(|(engine, places, _)| {
            engine == name
                && (places.contains(&before.as_str())
                    || country.is_some_and(|(_, rest)| places.contains(&rest)))
        })
        .map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(referrer: &str) -> (String, &'static str) {
        let traffic = Traffic::of("https://shop.example/cart", Some(referrer));
        (traffic.kind().to_owned(), traffic.search_engine())
    }

    #[test]
    fn no_referrer_or_the_own_site_is_direct() {
        assert_eq!(Traffic::of("https://shop.example/", None), Traffic::Direct);
        for own in [
            "",
            "not a url",
            "https://shop.example/",
            "http://www.shop.example/x",
            "file:///tmp/a",
        ] {
            assert_eq!(of(own), ("Direct".to_owned(), ""), "{own}");
        }
    }

    #[test]
    fn a_search_engine_is_organic() {
        for (referrer, engine) in [
            ("https://www.google.com/", "Google"),
            ("https://www.google.co.uk/search?q=x", "Google"),
            ("https://google.se", "Google"),
            ("https://www.bing.com/search?q=x", "Bing"),
            ("https://search.yahoo.com/", "Yahoo"),
            ("https://se.search.yahoo.com/", "Yahoo"),
            ("https://duckduckgo.com/", "DuckDuckGo"),
            ("https://yandex.ru/", "Yandex"),
        ] {
            assert_eq!(of(referrer), ("Organic".to_owned(), engine), "{referrer}");
        }
    }

    #[test]
    fn any_other_site_is_named_by_its_host() {
        for (referrer, host) in [
            ("https://www.Blog.example/post", "www.blog.example"),
            ("https://mail.google.com/", "mail.google.com"),
            (
                "https://google.com.evil.example/",
                "google.com.evil.example",
            ),
            ("https://notgoogle.com/", "notgoogle.com"),
            ("http://192.0.2.7:8080/", "192.0.2.7"),
            ("http://localhost/", "localhost"),
        ] {
            assert_eq!(of(referrer), (host.to_owned(), ""), "{referrer}");
        }
    }
}
