//! The query string: a key that is repeated is a list, with or without `[]` behind it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use super::{Error, Result, wire};
use crate::model::PageFilterId;
use crate::store;

/// The pairs of a query string, in order. Unknown keys are nobody's concern.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The value of a key that is no list.
    pub(super) fn one(&self, key: &str) -> Result<Option<&str>> {
        let mut values = self
            .0
            .iter()
            .filter(|(name, _)| name == key)
            .map(|(_, value)| value.as_str());
        let value = values.next();
        match values.next() {
            Some(_) => Err(Error::Invalid(format!("{key} must be given once"))),
            None => Ok(value),
        }
    }

    /// The values of these keys together, read by `read`; `None` where none of the keys is given.
    pub(super) fn list<T>(
        &self,
        keys: &[&str],
        read: impl Fn(&str) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        let values = self
            .0
            .iter()
            .filter(|(name, _)| keys.contains(&name.strip_suffix("[]").unwrap_or(name)))
            .map(|(_, value)| read(value))
            .collect::<Result<Vec<T>>>()?;
        Ok((!values.is_empty()).then_some(values))
    }

    /// The page filters to apply, if any.
    pub(super) fn page_filters(&self) -> Result<Vec<PageFilterId>> {
        let filters = self.list(&["pageFilterId"], |text| {
            let id = wire::read_id("pageFilterId", text)?;
            id.map(PageFilterId)
                .ok_or(Error::Store(store::Error::NotFound(
                    store::Noun::PageFilter,
                )))
        })?;
        Ok(filters.unwrap_or_default())
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Option<Vec<String>> {
        Query::parse(text)
            .list(&["id", "ids"], |value| Ok(value.to_owned()))
            .unwrap()
    }

    #[test]
    fn repeated_keys_are_a_list_in_every_notation() {
        let expected = Some(vec!["1".to_owned(), "2".to_owned(), "3".to_owned()]);
        assert_eq!(list("ids=1&ids=2&id=3"), expected);
        assert_eq!(list("ids[]=1&ids%5B%5D=2&id[]=3"), expected);
        assert_eq!(list("x=1&idss=2"), None);
        assert_eq!(list(""), None);
    }

    #[test]
    fn a_single_value_is_given_once() {
        let query = Query::parse("a=1&b=2&b=3&c=%2B+");
        assert_eq!(query.one("a").unwrap(), Some("1"));
        assert_eq!(query.one("c").unwrap(), Some("+ "));
        assert_eq!(query.one("d").unwrap(), None);
        assert!(query.one("b").is_err());
    }
}
