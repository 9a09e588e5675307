//! From connections to requests: the accept loop and what ends it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, error, warn};

use super::patience::{Answering, Patient, Progress};
use crate::config::Http;

/// How long to leave the listener alone when the system refuses to accept, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The other end of the connection a request came over.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves `router` on `listener` until `shutdown`, then finishes what was accepted, within the configured grace.
pub async fn run(
    listener: TcpListener,
    router: Router,
    config: &Http,
    shutdown: CancellationToken,
) {
    let config = Arc::new(config.clone());
    let slots = Arc::new(Semaphore::new(
        config.max_connections.get().min(Semaphore::MAX_PERMITS),
    ));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (stream, peer, slot) = accept(&listener, &slots) => {
                let connection = Connection {
                    stream, peer, router: router.clone(), config: Arc::clone(&config), shutdown: shutdown.clone(),
                };
                connections.spawn(async move {
                    connection.serve().await;
                    drop(slot);
                });
            }
        }
        metrics::gauge!("quartet_http_connections").set(connections.len() as f64);
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.shutdown_grace, finish)
        .await
        .is_err()
    {
        warn!(
            connections = connections.len(),
            "cut connections that were still busy at the end of the grace period"
        );
        connections.shutdown().await;
    }
}

/// The next connection, once there is a slot for it. Loses nothing when it is dropped.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, slot),
            Err(error) if is_the_clients(&error) => {
                debug!(%error, "a connection was gone before it was accepted")
            }
            Err(error) => {
                error!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    config: Arc<Http>,
    shutdown: CancellationToken,
}

impl Connection {
    async fn serve(self) {
        let Self {
            stream,
            peer,
            router,
            config,
            shutdown,
        } = self;
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "cannot set TCP_NODELAY");
        }
        let (stream, progress) = Patient::new(stream, &config);
        let service = service_fn(move |request| {
            answer(router.clone(), request, Peer(peer), progress.clone())
        });
        let connection = http1::Builder::new()
            // The stream has the patience; hyper's own timer would cut connections that rest.
            .header_read_timeout(None)
            .max_header_size(config.header_limit_bytes.get())
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            debug!(%error, "a connection ended early");
        }
    }
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: Peer,
    progress: Progress,
) -> Result<Response, Infallible> {
    let answering = Answering::start(&progress);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        answering.for_ever();
        return Ok(response);
    }
    Ok(response.map(|body| answering.until_sent(body)))
}
