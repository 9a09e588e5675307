//! Comma-separated values, as a file to keep.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// A file.
#[derive(Debug)]
pub(super) struct CsvFile {
    /// What a browser is told of the file's name.
    pub(super) disposition: String,
    pub(super) rows: Body,
}

impl IntoResponse for CsvFile {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, "text/csv; charset=utf-8"),
            (CONTENT_DISPOSITION, &self.disposition),
        ];
        (headers, self.rows).into_response()
    }
}
