//! How long a peer may keep a connection waiting.
//!
//! hyper has one timer for the head of a request, which also runs while a connection rests between two requests; these
//! are different patiences. And it has none for a peer that does not read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::config::Http;

/// What the stream is told of the requests on it. One task does all, so the order of memory does not matter.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: AtomicU8,
    began_at: Instant,
    /// When an answer last ended, in milliseconds after the connection began.
    answered_after: AtomicU64,
}

impl Progress {
    const WAITING: u8 = 0;
    const ANSWERING: u8 = 1;
    /// An answer ended since the stream last looked.
    const ANSWERED: u8 = 2;
    const UPGRADED: u8 = 3;

    fn start() -> Self {
        Self(Arc::new(Shared {
            state: AtomicU8::new(Self::WAITING),
            began_at: Instant::now(),
            answered_after: AtomicU64::new(0),
        }))
    }

    fn answered_at(&self) -> Instant {
        let after = self.0.answered_after.load(Relaxed);
        self.0.began_at + Duration::from_millis(after)
    }
}

/// A stream that fails once its peer has been waited for too long.
pub(super) struct Patient<S> {
    stream: S,
    /// Whether a request has begun to come in; else the connection is new, or rests.
    in_head: bool,
    /// When the rest of it, or its first byte, must have come.
    until: Instant,
    /// Set to that or to a time before, as to set it again costs more than to look at the clock when it goes off.
    timer: Pin<Box<Sleep>>,
    /// Set while the peer takes nothing.
    write_deadline: Option<Pin<Box<Sleep>>>,
    progress: Progress,
    header: Duration,
    keep_alive: Duration,
    write: Duration,
}

/// Tells the stream that a request is being answered, until it is dropped.
pub(super) struct Answering(Progress);

impl Answering {
    pub(super) fn start(progress: &Progress) -> Self {
        progress.0.state.store(Progress::ANSWERING, Relaxed);
        Self(progress.clone())
    }

    /// Keeps `body` from being over before it is sent.
    pub(super) fn until_sent(self, body: Body) -> Body {
        Body::new(Watched {
            body,
            _answering: self,
        })
    }

    /// From now on the connection speaks another protocol, with a patience of its own.
    pub(super) fn for_ever(self) {
        self.0.0.state.store(Progress::UPGRADED, Relaxed);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let shared = &*self.0.0;
        let after = shared.began_at.elapsed().as_millis();
        shared
            .answered_after
            .store(after.try_into().unwrap_or(u64::MAX), Relaxed);
        // An upgrade stays one.
        let (from, to) = (Progress::ANSWERING, Progress::ANSWERED);
        let _ = shared.state.compare_exchange(from, to, Relaxed, Relaxed);
    }
}

struct Watched {
    body: Body,
    _answering: Answering,
}

impl http_body::Body for Watched {
    type Data = <Body as http_body::Body>::Data;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<S> Patient<S> {
    /// Starts to wait for the first byte. The second half is for [`Answering`].
    pub(super) fn new(stream: S, config: &Http) -> (Self, Progress) {
        let progress = Progress::start();
        let until = Instant::now() + config.first_byte_timeout;
        let patient = Self {
            stream,
            in_head: false,
            until,
            timer: Box::pin(tokio::time::sleep_until(until)),
            write_deadline: None,
            progress: progress.clone(),
            header: config.header_timeout,
            keep_alive: config.keep_alive,
            write: config.write_timeout,
        };
        (patient, progress)
    }

    /// Is ready when the time has come. It looks again after a while in any case: hyper may have looked for the next
    /// request before the last was answered, and does not do so again by itself.
    fn poll_until(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            let latest = until.min(now + self.keep_alive);
            if self.timer.is_elapsed() || self.timer.deadline() > latest {
                self.timer.as_mut().reset(latest);
            }
            ready!(self.timer.as_mut().poll(cx));
            if until <= now {
                return Poll::Ready(());
            }
        }
    }

    /// Lets a write that cannot go on fail in the end.
    fn check_write<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_deadline = None;
            return written;
        }
        let patience = self.write;
        let deadline = self
            .write_deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let progress = this.progress.0.state.load(Relaxed);
        if progress == Progress::ANSWERED {
            this.progress.0.state.store(Progress::WAITING, Relaxed);
            this.in_head = false;
            this.until = this.progress.answered_at() + this.keep_alive;
        }
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        match (progress, &read) {
            (Progress::UPGRADED, _) | (Progress::ANSWERING, Poll::Ready(_)) => read,
            (Progress::ANSWERING, Poll::Pending) => {
                let answered = Instant::now() + this.keep_alive;
                let _ = this.poll_until(answered, cx);
                read
            }
            (_, Poll::Ready(_)) => {
                if !this.in_head {
                    this.in_head = true;
                    this.until = Instant::now() + this.header;
                }
                read
            }
            (_, Poll::Pending) => {
                ready!(this.poll_until(this.until, cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.check_write(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.check_write(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.check_write(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
