//! Answers that may be long: written a batch at a time, as fast as the client takes them, and never held as a whole.

use std::io;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use tracing::error;

use super::Result;
use super::wire::StatisticsRow;
use crate::api::edge::RequestId;
use crate::store;

/// Rows that are read a batch at a time.
pub(super) trait Batches: Send + 'static {
    type Row: Send;

    /// The next rows; `None` at the end.
    fn next(&mut self) -> impl Future<Output = store::Result<Option<Vec<Self::Row>>>> + Send;
}

/// How rows become bytes.
pub(super) trait Format<Row>: Send + 'static {
    const CONTENT_TYPE: &'static str;

    /// What stands before the first row.
    fn head(&self) -> Vec<u8>;

    /// Writes rows after those written before.
    fn write(&mut self, rows: Vec<Row>, to: &mut Vec<u8>);

    /// What stands after the last row.
    fn tail(&self) -> Vec<u8>;
}

/// Answers with rows. The first batch is read beforehand: what fails there is still an answer of its own.
pub(super) async fn stream<B, F>(batches: B, format: F) -> Result<Response>
where
    B: Batches,
    F: Format<B::Row>,
{
    let mut writer = Writer {
        batches,
        format,
        ended: false,
    };
    let mut first = writer.format.head();
    writer.write_next(&mut first).await?;
    let request = RequestId::current();
    let rest = stream::try_unfold((writer, request), |(mut writer, request)| async move {
        if writer.ended {
            return Ok(None);
        }
        let mut chunk = Vec::new();
        if let Err(error) = writer.write_next(&mut chunk).await {
            let request = request.as_ref().map(RequestId::as_str);
            error!(
                request.id = request,
                error = &error as &dyn std::error::Error,
                "an answer broke off"
            );
            return Err(io::Error::other("the answer broke off"));
        }
        Ok(Some((Bytes::from(chunk), (writer, request))))
    });
    let body = stream::iter([Ok(Bytes::from(first))]).chain(rest);
    Ok(([(CONTENT_TYPE, F::CONTENT_TYPE)], Body::from_stream(body)).into_response())
}

struct Writer<B, F> {
    batches: B,
    format: F,
    ended: bool,
}

impl<B: Batches, F: Format<B::Row>> Writer<B, F> {
    /// Writes one batch, or the tail.
    async fn write_next(&mut self, to: &mut Vec<u8>) -> store::Result<()> {
        match self.batches.next().await? {
            Some(rows) => self.format.write(rows, to),
            None => {
                to.extend(self.format.tail());
                self.ended = true;
            }
        }
        Ok(())
    }
}

/// The form of every answer; rows are counted as they pass.
#[derive(Default)]
pub(super) struct Json {
    length: usize,
}

impl<Row: Serialize> Format<Row> for Json {
    const CONTENT_TYPE: &'static str = "application/json";

    fn head(&self) -> Vec<u8> {
        br#"{"result":"success","json":["#.to_vec()
    }

    fn write(&mut self, rows: Vec<Row>, to: &mut Vec<u8>) {
        for row in rows {
            if self.length > 0 {
                to.push(b',');
            }
            serde_json::to_writer(&mut *to, &row)
                .expect("rows are texts and numbers, and a buffer takes all");
            self.length += 1;
        }
    }

    fn tail(&self) -> Vec<u8> {
        format!(r#"],"length":{}}}"#, self.length).into_bytes()
    }
}

/// Statistics for spreadsheets: RFC 4180, a row of names first.
pub(super) struct Csv;

impl Csv {
    const HEADER: [&'static str; 16] = [
        "channel",
        "agentName",
        "agentEmail",
        "referral",
        "searchEngine",
        "exitPage",
        "browser",
        "os",
        "city",
        "country",
        "labels",
        "tags",
        "duration",
        "rating",
        "responseTime",
        "startedAt",
    ];

    fn lines<const N: usize>(records: impl Iterator<Item = [String; N]>) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        for record in records {
            writer
                .write_record(record)
                .expect("records have one length, and a buffer takes all");
        }
        writer.into_inner().expect("a buffer takes all")
    }
}

impl Format<StatisticsRow> for Csv {
    const CONTENT_TYPE: &'static str = "text/csv; charset=utf-8";

    fn head(&self) -> Vec<u8> {
        Self::lines([Self::HEADER.map(str::to_owned)].into_iter())
    }

    fn write(&mut self, rows: Vec<StatisticsRow>, to: &mut Vec<u8>) {
        to.extend(Self::lines(rows.into_iter().map(record)));
    }

    fn tail(&self) -> Vec<u8> {
        Vec::new()
    }
}

fn record(row: StatisticsRow) -> [String; 16] {
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    [
        row.channel,
        row.agent_name,
        row.agent_email,
        row.referral,
        row.search_engine,
        row.exit_page,
        row.browser,
        row.os,
        row.city,
        row.country,
        row.labels.join("|"),
        row.tags.join("|"),
        number(row.duration),
        number(row.rating.map(i64::from)),
        number(row.response_time),
        row.started_at,
    ]
    .map(harmless)
}

/// Keeps a spreadsheet from running a cell as a formula: an apostrophe before it makes it a text.
fn harmless(cell: String) -> String {
    let start = cell.trim_start_matches(|sign: char| sign.is_whitespace() || sign.is_control());
    let runs = start.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || cell.starts_with(['\t', '\r', '\n']);
    if runs { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_would_run_is_made_a_text() {
        for cell in [
            "=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\rx", "\nx", "＝1",
        ] {
            assert_eq!(harmless(cell.to_owned()), format!("'{cell}"));
        }
        for cell in [
            "",
            "a=1",
            "2026-01-01T00:00:00.000Z",
            "https://example.org/?a=-1",
            "100",
        ] {
            assert_eq!(harmless(cell.to_owned()), cell);
        }
    }

    #[test]
    fn lines_are_quoted_where_they_must_be() {
        let lines = Csv::lines(
            [[
                "a,b".to_owned(),
                "say \"x\"".to_owned(),
                "two\nlines".to_owned(),
                "é".to_owned(),
            ]]
            .into_iter(),
        );
        assert_eq!(
            String::from_utf8(lines).unwrap(),
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",é\r\n"
        );
    }
}
