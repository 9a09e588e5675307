//! What a visitor's chat client is told: exactly two keys.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Spoken {
    stream_id: String,
    for_visitor: String,
}

#[derive(Serialize)]
struct Callback {
    #[serde(rename = "streamId")]
    stream_id: String,
    text: String,
}

pub(super) fn render(snapshot: &str) -> serde_json::Result<Vec<u8>> {
    let Spoken {
        stream_id,
        for_visitor: text,
    } = serde_json::from_str(snapshot)?;
    serde_json::to_vec(&Callback { stream_id, text })
}
