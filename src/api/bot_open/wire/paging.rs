//! Pages by number.

use serde::{Deserialize, Serialize};

use super::super::error::{Error, Result};
use crate::store::bot_reports::Slice;

const DEFAULT_LIMIT: i64 = 50;

/// What a query says of the page it wants.
#[derive(Debug, Deserialize)]
pub(in super::super) struct PagingQuery {
    page: Option<String>,
    limit: Option<String>,
}

/// A page to give.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Paging {
    page: i64,
    limit: i64,
}

/// Where a page is among the others.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in super::super) struct Pages {
    page: i64,
    pages: i64,
    total: i64,
    limit: i64,
}

impl PagingQuery {
    pub(in super::super) fn parse(self) -> Result<Paging> {
        let number = |text: Option<String>, default| {
            text.map_or(Some(default), |text| text.parse::<i64>().ok())
        };
        let page = number(self.page, 1)
            .filter(|page| *page >= 1)
            .ok_or_else(|| Error::Invalid("page must be an integer of at least 1".to_owned()))?;
        let limit = number(self.limit, DEFAULT_LIMIT)
            .filter(|limit| (25..=1000).contains(limit))
            .ok_or_else(|| Error::Invalid("limit must be an integer from 25 to 1000".to_owned()))?;
        Ok(Paging { page, limit })
    }
}

impl Paging {
    pub(in super::super) fn slice(self) -> Slice {
        Slice {
            offset: (self.page - 1).saturating_mul(self.limit),
            limit: self.limit,
        }
    }

    /// The page among those of `total` rows.
    pub(in super::super) fn of(self, total: i64) -> Pages {
        let Self { page, limit } = self;
        let pages = total / limit + i64::from(total % limit != 0);
        Pages {
            page,
            pages,
            total,
            limit,
        }
    }
}

impl Pages {
    /// 1 if there is a page after this one, else 0.
    pub(in super::super) fn has_next(self) -> u8 {
        u8::from(self.page < self.pages)
    }
}
