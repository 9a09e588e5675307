//! From host names to addresses that may be called. The client connects to these very addresses, so that a name
//! cannot mean something else between the check and the call.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Allow;

/// The host has no address, or nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("no address")]
pub(super) struct NoAddress;

/// Knows the addresses of hosts.
pub trait Lookup: Send + Sync + 'static {
    /// All of them.
    fn lookup(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// What the machine is set up to ask.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0))
            .await?
            .map(|address| address.ip())
            .collect())
    }
}

/// A look-up that hands out an answer only if every address in it may be called.
pub(super) struct Resolver<L> {
    lookup: Arc<L>,
    allow: Arc<Allow>,
}

impl<L: Lookup> Resolver<L> {
    pub(super) fn new(lookup: L, allow: Arc<Allow>) -> Self {
        Self {
            lookup: Arc::new(lookup),
            allow,
        }
    }
}

impl<L: Lookup> Resolve for Resolver<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allow) = (Arc::clone(&self.lookup), Arc::clone(&self.allow));
        Box::pin(async move {
            let host = name.as_str();
            let addresses = lookup.lookup(host).await.map_err(|_| NoAddress)?;
            if addresses.is_empty() {
                return Err(NoAddress.into());
            }
            if !allow.host(host) {
                addresses
                    .iter()
                    .try_for_each(|address| allow.check(*address))?;
            }
            // The port 0 stands for the one of the URL.
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
