//! How long a peer may keep a connection waiting.
//!
//! hyper has one timer for the head of a request, which also runs while a connection rests between two requests; these
//! are different patiences. And it has none for a peer that does not read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use futures_util::task::AtomicWaker;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::config::Http;

/// What a connection waits for when it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    FirstByte,
    RestOfHead,
    /// A request is being answered; its own time-out counts.
    Nothing,
    NextRequest,
}

/// What the stream is told of the requests on it. One task does all, so the order of memory does not matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: AtomicU8,
    /// hyper may have looked for the next request while the last answer was on its way, and does not look again
    /// by itself; the wait for that request starts only when it does.
    reader: AtomicWaker,
}

impl Progress {
    const WAITING: u8 = 0;
    const ANSWERING: u8 = 1;
    /// An answer ended since the stream last looked.
    const ANSWERED: u8 = 2;
    const UPGRADED: u8 = 3;
}

/// A stream that fails once its peer has been waited for too long.
pub(super) struct Patient<S> {
    stream: S,
    wait: Wait,
    deadline: Pin<Box<Sleep>>,
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
        let Shared { state, reader } = &*self.0.0;
        // An upgrade stays one.
        if state
            .compare_exchange(Progress::ANSWERING, Progress::ANSWERED, Relaxed, Relaxed)
            .is_ok()
        {
            reader.wake();
        }
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
        let progress = Progress::default();
        let patient = Self {
            stream,
            wait: Wait::FirstByte,
            deadline: Box::pin(tokio::time::sleep(config.first_byte_timeout)),
            write_deadline: None,
            progress: progress.clone(),
            header: config.header_timeout,
            keep_alive: config.keep_alive,
            write: config.write_timeout,
        };
        (patient, progress)
    }

    fn wait_for(&mut self, wait: Wait, patience: Duration) {
        self.wait = wait;
        self.deadline.as_mut().reset(Instant::now() + patience);
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
        this.progress.0.reader.register(cx.waker());
        let progress = this.progress.0.state.load(Relaxed);
        if progress != Progress::WAITING {
            this.wait = Wait::Nothing;
        }
        if progress == Progress::ANSWERED {
            this.progress.0.state.store(Progress::WAITING, Relaxed);
        }
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if matches!(progress, Progress::ANSWERING | Progress::UPGRADED) {
            return read;
        }
        match read {
            Poll::Ready(read) => {
                if this.wait != Wait::RestOfHead {
                    this.wait_for(Wait::RestOfHead, this.header);
                }
                Poll::Ready(read)
            }
            Poll::Pending => {
                if this.wait == Wait::Nothing {
                    this.wait_for(Wait::NextRequest, this.keep_alive);
                }
                ready!(this.deadline.as_mut().poll(cx));
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
