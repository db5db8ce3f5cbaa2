//! Takes in a request's body: no more than there is room for, and not for ever.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use janet_engine::oneshot::Seat;
use tokio::time::{Instant, timeout_at};

use super::error::ApiError;
use crate::app::App;

/// So many times the limit are read (and thrown away) where a request is refused anyway: a client
/// that is cut off while it sends never sees why.
const SLACK: usize = 4;

/// A seat, and then the whole body. The seat comes first, so that no more bodies are held than there
/// are seats.
pub(super) async fn enter(app: &App, body: Body, limit: usize) -> Result<(Seat, Bytes), ApiError> {
    let seat = super::seat(app);
    let keep = if seat.is_ok() { limit } else { 0 };
    let by = Instant::now() + app.config.server.request_timeout;
    let read = timeout_at(by, read(body, keep, limit * SLACK)).await;
    let seat = seat?;
    match read.map_err(|_| ApiError::slow())?? {
        Some(bytes) => Ok((seat, bytes)),
        None => Err(ApiError::too_large(limit)),
    }
}

/// The body, or `None` if it has more than `keep` bytes. No more than `most` are read.
async fn read(body: Body, keep: usize, most: usize) -> Result<Option<Bytes>, ApiError> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut length) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::body("the body broke off"))?;
        length += chunk.len();
        if length > most {
            return Ok(None);
        }
        if length > keep {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&chunk);
        }
    }
    Ok((length <= keep).then(|| kept.into()))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn body(chunks: &[usize]) -> Body {
        let chunks = chunks.iter().map(|length| vec![7; *length]);
        let chunks: Vec<_> = chunks.map(Ok::<_, std::io::Error>).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_is_kept_up_to_its_limit_and_read_a_little_further() {
        let length = async |chunks: &[usize]| {
            let read = read(body(chunks), 10, 40).await.expect("it comes");
            read.map(|bytes| bytes.len())
        };
        assert_eq!(length(&[]).await, Some(0));
        assert_eq!(length(&[4, 6]).await, Some(10));
        assert_eq!(length(&[4, 7]).await, None);
        assert_eq!(length(&[20, 20]).await, None);
        assert_eq!(length(&[20, 2000]).await, None);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let broken = [Ok(vec![1, 2]), Err(std::io::Error::other("gone"))];
        let broken = Body::from_stream(stream::iter(broken));
        assert!(read(broken, 10, 40).await.is_err());
    }
}
