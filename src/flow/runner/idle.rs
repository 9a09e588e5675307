//! Conversations in which nothing happens any more are ended, as their account says.

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Runner;
use super::due::passed_over;
use crate::model::{AccountId, ConversationId, ConversationStatus};
use crate::store::Result;
use crate::store::auto_resolve::{self, Rule};

/// Accounts that are looked up together.
const ACCOUNTS: i64 = 100;
/// The most that one round resolves of one account, so that none holds up the others.
const OF_ACCOUNT: i64 = 100;
/// Accounts whose conversations are resolved at the same time. A flow that asks outside then keeps few others waiting.
const AT_ONCE: usize = 4;

impl Runner {
    /// Resolves conversations that were silent for as long as their account says; how many it resolved. Several servers
    /// may do this at once: each conversation is resolved once, as its own row tells under its lock.
    pub async fn resolve_idle(&self, now: DateTime<Utc>) -> Result<usize> {
        let (mut resolved, mut after) = (0, None);
        loop {
            let rules = auto_resolve::list_rules(&self.store, after, ACCOUNTS).await?;
            let Some((last, _)) = rules.last() else {
                return Ok(resolved);
            };
            after = Some(*last);
            let rules = rules.iter();
            let rules = rules.filter_map(|(account, rule)| Some((*account, rule.as_ref()?)));
            resolved += stream::iter(rules)
                .map(|(account, rule)| self.resolve_idle_of(account, rule, now))
                .buffer_unordered(AT_ONCE)
                .try_fold(0, |sum, of_one| async move { Ok(sum + of_one) })
                .await?;
        }
    }

    async fn resolve_idle_of(
        &self,
        account: AccountId,
        rule: &Rule,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut resolved = 0;
        let idle = auto_resolve::list_idle(&self.store, account, rule, OF_ACCOUNT, now).await?;
        for conversation in idle {
            let outcome = self.resolve_one(account, conversation, rule, now).await;
            let place = (account, conversation);
            resolved += usize::from(passed_over(outcome, place, "a silent conversation stays")?);
        }
        Ok(resolved)
    }

    /// Ends it for the visitor too, as if an agent had resolved it; but wherever its flow goes then, it is resolved.
    async fn resolve_one(
        &self,
        account: AccountId,
        conversation: ConversationId,
        rule: &Rule,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let chat = self.chat(account, conversation).await?;
        if chat.status != ConversationStatus::Open {
            return Ok(false);
        }
        let to = ConversationStatus::Resolved;
        let mut step = self.end_live(&chat, to, now).await?;
        step.status = None;
        step.idle = Some(rule.clone());
        self.take(&chat, step, drop, None, now).await?;
        Ok(true)
    }
}
