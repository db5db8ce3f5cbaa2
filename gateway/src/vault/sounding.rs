//! Whose voice is on its way to somebody, so that nothing heavy begins meanwhile.

use std::sync::Arc;

use tokio::sync::watch;

/// How many connections are hearing her.
#[derive(Clone, Debug)]
pub(crate) struct Sounding(Arc<watch::Sender<usize>>);

/// One of them, as long as it lives.
#[derive(Debug)]
pub(crate) struct Audible(Arc<watch::Sender<usize>>);

impl Default for Sounding {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Sounding {
    /// Her voice begins for one connection.
    pub(crate) fn begins(&self) -> Audible {
        self.0.send_modify(|count| *count += 1);
        Audible(Arc::clone(&self.0))
    }

    /// Resolves when nobody hears her.
    pub(crate) async fn quiet(&self) {
        let mut count = self.0.subscribe();
        // The sender is ours.
        count.wait_for(|count| *count == 0).await.ok();
    }
}

impl Drop for Audible {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn it_is_quiet_when_the_last_of_them_has_ended() {
        let sounding = Sounding::default();
        sounding.quiet().await;
        let (one, other) = (sounding.begins(), sounding.begins());
        let mut quiet = Box::pin(sounding.quiet());
        assert!((&mut quiet).now_or_never().is_none());
        drop(one);
        assert!((&mut quiet).now_or_never().is_none());
        drop(other);
        quiet.await;
    }
}
