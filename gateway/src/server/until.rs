//! A body that breaks off when its reader may not have it any more.

use std::io;
use std::pin::pin;

use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _, stream};

/// The same stream; when `end` comes first it breaks off with an error, so that nobody takes what came
/// for the whole.
pub(super) fn until<T: Send + 'static, E: Into<axum::BoxError> + Send + 'static>(
    body: impl Stream<Item = Result<T, E>> + Send + 'static,
    end: impl Future<Output = ()> + Send + 'static,
) -> impl Stream<Item = Result<T, axum::BoxError>> + Send {
    let state = Some((Box::pin(body), Box::pin(end)));
    stream::unfold(state, |state| async move {
        let (mut body, mut end) = state?;
        let next = match select(pin!(body.next()), end.as_mut()).await {
            Either::Left((next, _)) => next?.map_err(Into::into),
            Either::Right(((), _)) => {
                let error = io::Error::other("the device is not paired any more");
                return Some((Err(error.into()), None));
            }
        };
        Some((next, Some((body, end))))
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_body_goes_to_its_end_or_breaks_off() {
        let pieces = || stream::iter([1, 2]).map(Ok::<_, Infallible>);
        let whole: Vec<_> = until(pieces(), std::future::pending()).collect().await;
        assert_eq!(
            whole.into_iter().map(Result::ok).collect::<Vec<_>>(),
            [Some(1), Some(2)]
        );

        let (stop, stopped) = oneshot::channel::<()>();
        let end = async { drop(stopped.await) };
        let mut body = pin!(until(pieces().chain(stream::pending()), end));
        assert_eq!(body.next().await.and_then(Result::ok), Some(1));
        assert_eq!(body.next().await.and_then(Result::ok), Some(2));
        drop(stop);
        assert!(body.next().await.expect("an error").is_err());
        assert!(body.next().await.is_none());
    }
}
