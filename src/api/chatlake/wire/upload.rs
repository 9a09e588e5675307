//! A file that was uploaded by itself.

use schemars::JsonSchema;
use serde::Serialize;

/// Where it is, and what to attach it by.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct UploadBody {
    pub(in crate::api::chatlake) file_url: String,
    pub(in crate::api::chatlake) blob_key: String,
    pub(in crate::api::chatlake) blob_id: String,
}
