//! What each kind of endpoint is sent for an event.

mod callback;
mod chatlake;
mod inbox;
mod snapshot;
mod wire;

use crate::model::EndpointKind;
use crate::store::deliveries::Claimed;

/// The body of a delivery, the same on every attempt but for links to files, which are new; an error where the snapshot does not hold what it takes.
pub(super) fn render(claimed: &Claimed) -> serde_json::Result<Vec<u8>> {
    match claimed.endpoint_kind {
        EndpointKind::Callback => callback::render(&claimed.snapshot),
        EndpointKind::Inbox | EndpointKind::Account | EndpointKind::Bot => {
            chatlake::render(claimed.event, &claimed.snapshot)
        }
    }
}
