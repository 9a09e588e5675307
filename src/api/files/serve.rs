//! Files on their way out.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    IF_RANGE, RANGE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::range::{self, Wanted};
use super::render;
use crate::api::AppState;
use crate::api::edge::{Cause, Failure};
use crate::files::{Error, Opened, Variant};
use crate::model::Blob;
use crate::store::{self, blobs};

/// Types that a browser shows and does not run.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heic",
    "image/bmp",
    "audio/mpeg",
    "audio/mp4",
    "audio/m4a",
    "audio/x-m4a",
    "audio/ogg",
    "audio/webm",
    "audio/wav",
    "audio/x-wav",
    "audio/x-flac",
    "audio/flac",
    "audio/aac",
    "audio/opus",
    "audio/amr",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/quicktime",
    "video/3gpp",
];

const PDF: &str = "application/pdf";

/// Nothing but the file itself, and no scripts.
const SANDBOX: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/// Browsers show no PDF in a sandbox; their viewer runs what is in it apart from this server's pages.
const PDF_SANDBOX: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'";

const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A year: what a link for ever opens never changes.
const FOR_EVER_SECS: i64 = 31_536_000;

/// A file and how a link opens it.
struct Found {
    blob: Blob,
    variant: Variant,
    /// How long the answer may be kept.
    max_age_secs: i64,
}

pub(super) async fn show(
    State(app): State<AppState>,
    Path((token, _)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match find(&app, &token).await {
        Ok(Some(found)) => send(&app, &found, &method, &headers)
            .await
            .unwrap_or_else(|error| match error {
                Error::Missing => render(Failure::NotFound),
                other => failed(other),
            }),
        Ok(None) | Err(store::Error::NotFound(_)) => render(Failure::NotFound),
        Err(error @ store::Error::Unavailable(_)) => {
            let mut response = failed(error);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
        Err(error) => failed(error),
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Response {
    let mut response = render(Failure::Panic);
    response.extensions_mut().insert(Cause::new(error));
    response
}

async fn find(app: &AppState, token: &str) -> store::Result<Option<Found>> {
    let Some(opened) = app.store.links().and_then(|links| links.open(token)) else {
        return Ok(None);
    };
    match opened {
        Opened::Until(account, id, variant, until) => {
            let blob = blobs::get(&app.store, account, id).await?;
            let is_there = variant == Variant::Whole || blob.has_thumb;
            let max_age_secs = (until - app.clock.now()).num_seconds().max(0);
            Ok(is_there.then_some(Found {
                blob,
                variant,
                max_age_secs,
            }))
        }
        Opened::ByKey(account, id, key) => {
            let blob = blobs::get(&app.store, account, id).await?;
            let is_it = blob.public && bool::from(blob.key.as_bytes().ct_eq(key.as_bytes()));
            // A picture of somebody is never shown larger than it is anywhere.
            let variant = if blob.has_thumb {
                Variant::Thumb
            } else {
                Variant::Whole
            };
            Ok(is_it.then_some(Found {
                blob,
                variant,
                max_age_secs: FOR_EVER_SECS,
            }))
        }
    }
}

async fn send(
    app: &AppState,
    found: &Found,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    let (place, etag) = (found.blob.place(), etag(found));
    let asked = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let answer =
        |status: StatusCode, body: Body| describe(found, &etag, (status, body).into_response());
    if asked(IF_NONE_MATCH).is_some_and(|tags| {
        tags.split(',')
            .any(|tag| tag.trim() == etag || tag.trim() == "*")
    }) {
        return Ok(answer(StatusCode::NOT_MODIFIED, Body::empty()));
    }
    let files = app.intake.files();
    // A small picture's size is in the storage only; it is sent whole.
    let size = match found.variant {
        Variant::Whole => found.blob.size_bytes.unsigned_abs(),
        Variant::Thumb => {
            let (size, stream) = files.read(&place, Variant::Thumb, None).await?;
            let mut response = answer(StatusCode::OK, Body::from_stream(stream));
            response.headers_mut().insert(CONTENT_LENGTH, size.into());
            return Ok(response);
        }
    };
    let is_same = asked(IF_RANGE).is_none_or(|tag| tag == etag);
    let wanted = range::parse(asked(RANGE).filter(|_| is_same), size);
    let (status, part) = match wanted {
        Wanted::Nothing => {
            let mut response = render_unsatisfiable(size);
            response
                .headers_mut()
                .insert(ACCEPT_RANGES, "bytes".parse().expect("a plain word"));
            return Ok(response);
        }
        Wanted::All => (StatusCode::OK, None),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
    };
    let length = part.as_ref().map_or(size, |part| part.end - part.start);
    let body = if *method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        Body::from_stream(files.read(&place, Variant::Whole, part.clone()).await?.1)
    };
    let mut response = answer(status, body);
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    if let Some(part) = part {
        let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        response
            .headers_mut()
            .insert(CONTENT_RANGE, range.parse().expect("digits and signs"));
    }
    Ok(response)
}

fn render_unsatisfiable(size: u64) -> Response {
    let range = [(CONTENT_RANGE, format!("bytes */{size}"))];
    (
        StatusCode::RANGE_NOT_SATISFIABLE,
        range,
        "range not satisfiable",
    )
        .into_response()
}

/// Every header that says how the file is to be taken.
fn describe(found: &Found, etag: &str, mut response: Response) -> Response {
    let media_type = match found.variant {
        Variant::Thumb => "image/jpeg",
        Variant::Whole => found.blob.media_type.as_str(),
    };
    let (shown_as, policy) = if media_type == PDF {
        (Some(PDF), PDF_SANDBOX)
    } else {
        (
            SHOWN.iter().copied().find(|shown| *shown == media_type),
            SANDBOX,
        )
    };
    let disposition = if shown_as.is_some() {
        "inline"
    } else {
        "attachment"
    };
    let texts = [
        (
            CONTENT_TYPE,
            shown_as.unwrap_or("application/octet-stream").to_owned(),
        ),
        (
            CONTENT_DISPOSITION,
            content_disposition(disposition, &found.blob.name),
        ),
        (CONTENT_SECURITY_POLICY, policy.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        // The link is the credential: whoever has it may show the file in a page of another origin.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (CORP, "cross-origin".to_owned()),
        (
            CACHE_CONTROL,
            format!("private, max-age={}, immutable", found.max_age_secs),
        ),
        (ETAG, etag.to_owned()),
    ];
    let headers = response.headers_mut();
    for (name, text) in texts {
        if let Ok(value) = text.parse() {
            headers.insert(name, value);
        }
    }
    if found.variant == Variant::Whole {
        headers.insert(ACCEPT_RANGES, "bytes".parse().expect("a plain word"));
    }
    response
}

fn etag(found: &Found) -> String {
    let form = match found.variant {
        Variant::Whole => "",
        Variant::Thumb => "-thumb",
    };
    let digest = &found.blob.sha256[..found.blob.sha256.len().min(16)];
    format!("\"{}{form}\"", hex::encode(digest))
}

/// The name twice: for old clients in ASCII, for others in full.
fn content_disposition(disposition: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !"\"\\%'".contains(c) || c == ' ';
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let full: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let full = full.replace('+', "%20").replace('*', "%2A");
    format!("{disposition}; filename=\"{ascii}\"; filename*=UTF-8''{full}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_to_old_and_new_clients() {
        assert_eq!(
            content_disposition("inline", "Grüße \"1\".png"),
            "inline; filename=\"Gr__e _1_.png\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.png"
        );
    }
}
