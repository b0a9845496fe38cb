//! A client of the HTTP API as small as can be, so that it takes little of the machine that it measures: one kept
//! connection, one request at a time.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use signalbox_crm::ids::{ItemId, StageId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer of the API to a move is about 600 bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A kept connection with a token.
pub(super) struct Connection {
    stream: TcpStream,
    token: String,
    body: String,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects; every request moves a deal to this stage.
    pub(super) async fn open(at: SocketAddr, token: &str, stage: StageId) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(at)
            .await
            .context("the listener does not answer")?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            token: token.to_owned(),
            body: format!(r#"{{"stage":"{stage}","allow_back":true}}"#),
            answer: Vec::new(),
        })
    }

    /// Moves a deal, and waits for the answer.
    pub(super) async fn enter(&mut self, deal: ItemId) -> anyhow::Result<()> {
        let request = format!(
            "POST /api/v1/items/{deal}/move HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             if-match: *\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            self.token,
            self.body.len(),
            self.body
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer.clear();
        while !is_whole(&self.answer)? {
            ensure!(
                self.answer.len() < ANSWER_BYTES_MAX,
                "the answer is longer than {ANSWER_BYTES_MAX} bytes"
            );
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the host closed the connection");
        }
        if !self.answer.starts_with(b"HTTP/1.1 200 ") {
            bail!(
                "the host refused {deal}: {}",
                String::from_utf8_lossy(&self.answer)
            );
        }
        Ok(())
    }
}

/// Whether the answer has come with its body.
fn is_whole(answer: &[u8]) -> anyhow::Result<bool> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(head) = answer.windows(END.len()).position(|window| window == END) else {
        return Ok(false);
    };
    let lines = std::str::from_utf8(&answer[..head])
        .context("the answer's head is not text")?
        .lines();
    let length = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| *name == "content-length");
    let (_, length) = length.context("the answer has no length")?;
    Ok(answer.len() >= head + END.len() + length.parse::<usize>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_whole_with_its_last_byte() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        assert!(is_whole(answer).unwrap());
        assert!(!is_whole(&answer[..answer.len() - 1]).unwrap());
        assert!(!is_whole(&answer[..20]).unwrap());
        assert!(is_whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
