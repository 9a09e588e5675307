//! How often some routes may be asked, beside what each token may ask of all of them.
//!
//! A handler says whom it counts: `server.limits.search.check(account)?` refuses with 429 in this API's words.

use std::fmt::Display;
use std::marker::PhantomData;
use std::time::Duration;

use crate::api::edge::{RateLimiter, RetryAfter};
use crate::config;
use crate::model::{AccountId, AgentId};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Every limit of a single route.
#[derive(Debug)]
pub(super) struct Limits {
    /// Searches for contacts.
    pub(super) search: Limit<AccountId>,
    /// Counts of conversations.
    pub(super) conversation_meta: Limit<AgentId>,
    /// Reports that one person asks for.
    pub(super) reports_by_user: Limit<AgentId>,
    /// Reports that everybody of an account asks for.
    pub(super) reports: Limit<AccountId>,
    /// Files that are uploaded before they go with a message.
    pub(super) uploads: Limit<AccountId>,
    /// Transcripts that are sent by e-mail.
    pub(super) transcripts: Limit<AccountId>,
    /// Attempts to sign in from one address.
    pub(super) sign_in_by_address: Limit<String>,
    /// Attempts to sign in as one user.
    pub(super) sign_in_by_email: Limit<String>,
}

/// One limit, which counts each `K` by itself.
#[derive(Debug)]
pub(super) struct Limit<K> {
    counts: RateLimiter,
    of: PhantomData<fn(K)>,
}

impl Limits {
    pub(super) fn new(config: &config::Chatlake) -> Self {
        Self {
            search: Limit::new(config.contact_searches_per_minute, MINUTE),
            conversation_meta: Limit::new(config.conversation_counts_per_minute, MINUTE),
            reports_by_user: Limit::new(config.user_reports_per_minute, MINUTE),
            reports: Limit::new(config.account_reports_per_minute, MINUTE),
            uploads: Limit::new(config.uploads_per_hour, HOUR),
            transcripts: Limit::new(config.transcripts_per_hour, HOUR),
            sign_in_by_address: Limit::new(config.address_sign_ins_per_5_minutes, 5 * MINUTE),
            sign_in_by_email: Limit::new(config.email_sign_ins_per_15_minutes, 15 * MINUTE),
        }
    }
}

impl<K: Display> Limit<K> {
    fn new(requests: u32, period: Duration) -> Self {
        Self {
            counts: RateLimiter::per(requests, period),
            of: PhantomData,
        }
    }

    /// Counts one request, or refuses it.
    pub(super) fn check(&self, who: K) -> Result<(), RetryAfter> {
        self.counts.check(&who.to_string())
    }
}
