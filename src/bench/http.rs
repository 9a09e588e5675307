//! As much of an HTTP client as the cases need, and no more: what a client costs comes off what the server may use.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much is read at once.
const PIECE: usize = 16 * 1024;
/// The end of a head.
pub(super) const BLANK_LINE: &[u8] = b"\r\n\r\n";
const CRLF: &[u8] = b"\r\n";
/// What ends an answer that comes in pieces, which hold JSON and so no such bytes.
const LAST_PIECE: &[u8] = b"\r\n0\r\n\r\n";

/// A connection that is kept.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// When the last answer began to come.
    first_byte: Instant,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(PIECE),
            first_byte: Instant::now(),
        })
    }

    /// Sends a whole request and reads the whole answer: its status and its body, in the pieces that it came in if it was
    /// sent so ([`joined`]).
    pub(super) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        self.more().await?;
        self.first_byte = Instant::now();
        let head = loop {
            if let Some(at) = find(&self.buffer, BLANK_LINE) {
                break at + BLANK_LINE.len();
            }
            self.more().await?;
        };
        let (status, length) = read_head(&self.buffer[..head])?;
        let Some(length) = length else {
            while !self.buffer[head - CRLF.len()..].ends_with(LAST_PIECE) {
                self.more().await?;
            }
            return Ok((status, &self.buffer[head..]));
        };
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok((status, &self.buffer[head..head + length]))
    }

    /// When the last answer began to come.
    pub(super) fn first_byte(&self) -> Instant {
        self.first_byte
    }

    /// The same, for an answer of JSON with this status.
    pub(super) async fn ask_json(
        &mut self,
        request: &[u8],
        expected: u16,
    ) -> anyhow::Result<Value> {
        let (status, body) = self.ask(request).await?;
        ensure!(
            status == expected,
            "{status}: {}",
            String::from_utf8_lossy(body)
        );
        match serde_json::from_slice(body) {
            Ok(value) => Ok(value),
            Err(_) => Ok(serde_json::from_slice(&joined(body)?)?),
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        self.buffer.reserve(PIECE);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server hung up");
        }
        Ok(())
    }
}

/// A POST of JSON, with header lines that each end in `\r\n`.
pub(super) fn post(path: &str, headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A GET, with header lines that each end in `\r\n`.
pub(super) fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A body that came in pieces.
fn joined(mut body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(at) = find(body, CRLF) {
        let length = usize::from_str_radix(std::str::from_utf8(&body[..at])?, 16)?;
        let piece = &body[at + CRLF.len()..];
        ensure!(
            piece.len() >= length + CRLF.len(),
            "a piece that is cut off"
        );
        whole.extend_from_slice(&piece[..length]);
        body = &piece[length + CRLF.len()..];
    }
    Ok(whole)
}

/// The status, if it is an answer's head, and the length of what follows.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, Option<usize>)> {
    let text = std::str::from_utf8(head)?;
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let length = header(head, "content-length").and_then(|length| length.parse().ok());
    Ok((status.context("no status")?, length))
}

/// The value of a header field in a head.
pub(super) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(head).ok()?;
    text.split("\r\n").skip(1).find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Where `needle` begins.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_whatever_its_case() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx: y\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (200, Some(12)));
        assert_eq!(header(head, "X"), Some("y"));
        assert_eq!(find(head, BLANK_LINE), Some(head.len() - 4));
    }

    #[test]
    fn pieces_are_joined() {
        let body = b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(joined(body).unwrap(), b"abc0123456789");
    }
}
