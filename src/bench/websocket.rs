//! As much of a websocket client as the cases need.

use std::net::SocketAddr;

use anyhow::{bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{BLANK_LINE, find};

/// The bit of a first byte that says that nothing follows to the frame, and the kinds of frames.
const WHOLE: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
/// The bit of a second byte that says that a mask follows; a client has to say so, and may use one that changes nothing.
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0; 4];

/// A connection.
pub(super) struct Websocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer was given out.
    given: usize,
}

impl Websocket {
    pub(super) async fn open(address: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Sec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut this = Self {
            stream,
            buffer: Vec::new(),
            given: 0,
        };
        loop {
            if let Some(at) = find(&this.buffer, BLANK_LINE) {
                ensure!(
                    this.buffer.starts_with(b"HTTP/1.1 101"),
                    "no websocket there"
                );
                this.given = at + BLANK_LINE.len();
                return Ok(this);
            }
            this.more().await?;
        }
    }

    /// Sends a text.
    pub(super) async fn send(&mut self, text: &[u8]) -> anyhow::Result<()> {
        self.send_frame(TEXT, text).await
    }

    async fn send_frame(&mut self, kind: u8, payload: &[u8]) -> anyhow::Result<()> {
        let mut frame = vec![WHOLE | kind];
        match u8::try_from(payload.len()) {
            Ok(short) if short < 126 => frame.push(MASKED | short),
            _ => {
                frame.push(MASKED | 126);
                frame.extend(u16::try_from(payload.len())?.to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The next text. Pings are answered meanwhile.
    pub(super) async fn next(&mut self) -> anyhow::Result<&[u8]> {
        loop {
            self.buffer.drain(..self.given);
            self.given = 0;
            let (kind, start, end) = loop {
                if let Some(frame) = frame(&self.buffer) {
                    break frame;
                }
                self.more().await?;
            };
            self.given = end;
            match kind {
                TEXT => return Ok(&self.buffer[start..end]),
                PING => {
                    let payload = self.buffer[start..end].to_vec();
                    self.send_frame(PONG, &payload).await?;
                }
                CLOSE => bail!("the server closed the connection"),
                _ => {}
            }
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server hung up");
        }
        Ok(())
    }
}

/// The kind of the first frame, and where its payload begins and ends, if it is there whole.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (kind, short) = (bytes.first()? & 0xF, bytes.get(1)? & !MASKED);
    let (start, length) = match short {
        126 => (
            4,
            u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    let end = start + usize::try_from(length).ok()?;
    (bytes.len() >= end).then_some((kind, start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_when_it_is_whole() {
        let mut long = vec![WHOLE | TEXT, 126, 1, 0];
        assert_eq!(frame(&long), None);
        long.extend([b'x'; 256]);
        assert_eq!(frame(&long), Some((TEXT, 4, 260)));
        assert_eq!(frame(&[WHOLE | PING, 0, 1]), Some((PING, 2, 2)));
    }
}
