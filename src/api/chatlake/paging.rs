//! Which page of a list is asked for, and how the answer names it.

use serde::Serialize;
use serde_json::Value;

use super::error::{Error, Result};
use super::fields::Query;
use super::route::Asked;

/// How a query names a page.
pub(super) const ASKED: Asked = Asked::number("page", "Which page, counted from 1");

/// A page of a list, counted from 1.
#[derive(Debug, Clone)]
pub(super) struct Page {
    number: i64,
    current: CurrentPage,
}

/// The page's number as its client sent it, so that clients that compare find it again: a text in a query. Without one
/// it is the number 1.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub(super) enum CurrentPage {
    Number(i64),
    Text(String),
}

impl Page {
    /// What a query says.
    pub(super) fn of_query(query: &Query) -> Result<Self> {
        Ok(match query.number("page")? {
            Some(number) => Self {
                number: number.max(1),
                current: CurrentPage::Text(query.last("page").unwrap_or_default().to_owned()),
            },
            None => Self::first(),
        })
    }

    /// What a query says, or else a body.
    pub(super) fn of_either(query: &Query, body: Option<&Value>) -> Result<Self> {
        let fault = || Error::Refused("page: a number is expected".to_owned());
        if query.last("page").is_some() {
            return Self::of_query(query);
        }
        match body {
            None | Some(Value::Null) => Ok(Self::first()),
            Some(Value::String(text)) if text.is_empty() => Ok(Self::first()),
            Some(Value::String(text)) => Ok(Self {
                number: text.trim().parse::<i64>().map_err(|_| fault())?.max(1),
                current: CurrentPage::Text(text.clone()),
            }),
            Some(Value::Number(number)) => {
                let number = number.as_i64().ok_or_else(fault)?;
                Ok(Self {
                    number: number.max(1),
                    current: CurrentPage::Number(number),
                })
            }
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(fault()),
        }
    }

    fn first() -> Self {
        Self {
            number: 1,
            current: CurrentPage::Number(1),
        }
    }

    /// How many rows stand before the page, and how many are on it.
    pub(super) fn window(&self, size: i64) -> (i64, i64) {
        ((self.number - 1).saturating_mul(size), size)
    }

    /// How the answer names it.
    pub(super) fn into_current(self) -> CurrentPage {
        self.current
    }
}
