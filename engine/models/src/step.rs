//! What one bounded piece of model work leaves behind.

/// The outcome of a `step()`: at most 20 ms of work at the 99th percentile on one core.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<T> {
    /// There is more to do; call again.
    More,
    /// The job is done with this result; further calls are an error of the caller.
    Ready(T),
}
