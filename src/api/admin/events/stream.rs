//! The feed as server-sent events. Nothing is read before the reader took what was read before, and no connection to the
//! database is held while it does: what a slow reader costs is one page of memory, and a little later nothing.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use tracing::warn;

use super::wire::EventOut;
use crate::api::AppState;
use crate::api::admin::error::Result;
use crate::api::feed::Subscription;
use crate::model::AccountId;
use crate::store::event_feed::{self, FeedEvent};

/// How many events are in memory for one reader.
const PAGE: i64 = 100;

/// A stream ends after this time, so that a key that was revoked opens none for long.
const LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// A reader who takes longer over one page is behind, and comes back when it is ready.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// Commits wake streams for so long after each of their rounds, whether they end well or not.
const WATCH: TimeDelta = TimeDelta::minutes(2);

struct Reader {
    app: AppState,
    account: AccountId,
    subscription: Subscription,
    /// The place of the newest event that was read.
    after: i64,
    /// What the reader has yet to take.
    page: VecDeque<FeedEvent>,
    read_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    watched_until: DateTime<Utc>,
}

/// Begins a stream with the first page, so that a cursor that is no good is refused and not streamed.
pub(super) async fn start(
    app: AppState,
    account: AccountId,
    after: i64,
    subscription: Subscription,
) -> Result<Response> {
    let now = app.clock.now();
    let watched_until = now + WATCH;
    event_feed::watch(&app.store, account, watched_until).await?;
    let page = super::read(&app, account, after, PAGE).await?;
    let heartbeat = KeepAlive::new().interval(app.feed.heartbeat());
    let reader = Reader {
        after: page.last().map_or(after, |event| event.position),
        page: page.into(),
        read_at: now,
        ends_at: now + LIFETIME,
        watched_until,
        app,
        account,
        subscription,
    };
    let events = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}

impl Reader {
    /// The next event, however long it takes to happen; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.page.pop_front() {
                return self.render(event);
            }
            let now = self.app.clock.now();
            let behind = now - self.read_at > PATIENCE;
            if behind || now >= self.ends_at || self.subscription.is_ending() {
                return None;
            }
            if let Err(error) = self.read(now).await {
                warn!(%error, "a stream of events ends early");
                return None;
            }
            if self.page.is_empty() && !self.subscription.wait().await {
                return None;
            }
        }
    }

    async fn read(&mut self, now: DateTime<Utc>) -> Result<()> {
        if self.watched_until - now < WATCH / 2 {
            self.watched_until = now + WATCH;
            event_feed::watch(&self.app.store, self.account, self.watched_until).await?;
        }
        self.page = super::read(&self.app, self.account, self.after, PAGE)
            .await?
            .into();
        if let Some(last) = self.page.back() {
            self.after = last.position;
        }
        Ok(())
    }

    fn render(&self, event: FeedEvent) -> Option<Event> {
        let out = EventOut::read(event)
            .inspect_err(|error| warn!(%error, "an event cannot be told; its stream ends"))
            .ok()?;
        let told = Event::default().id(out.cursor()).event(out.kind());
        told.json_data(&out).ok()
    }
}
