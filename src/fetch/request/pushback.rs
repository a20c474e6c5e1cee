//! A reader whose next bytes can be looked at, although they come in pieces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, ReadBuf};

/// Most bytes that are looked at.
const MAX_BYTES: usize = 3;

/// A reader that gives bytes again that were looked at.
pub(super) struct Pushback<R> {
    head: [u8; MAX_BYTES],
    /// The part of `head` that is still to be given.
    from: usize,
    to: usize,
    inner: R,
}

impl<R: AsyncBufRead + Unpin> Pushback<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { head: [0; MAX_BYTES], from: 0, to: 0, inner }
    }

    /// The next bytes, up to three; fewer only at the end.
    pub(super) async fn peek(&mut self) -> io::Result<&[u8]> {
        let mut head = [0; MAX_BYTES];
        let mut count = 0;
        while let Some(space) = head.get_mut(count..).filter(|space| !space.is_empty()) {
            match self.read(space).await? {
                0 => break,
                read => count += read,
            }
        }
        (self.head, self.from, self.to) = (head, 0, count);
        Ok(self.head.get(..count).unwrap_or_default())
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Pushback<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.from < this.to {
            return Poll::Ready(Ok(this.head.get(this.from..this.to).unwrap_or_default()));
        }
        Pin::new(&mut this.inner).poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        let this = self.get_mut();
        if this.from < this.to {
            this.from += count;
        } else {
            Pin::new(&mut this.inner).consume(count);
        }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Pushback<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = bytes.len().min(into.remaining());
        into.put_slice(bytes.get(..count).unwrap_or_default());
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}
