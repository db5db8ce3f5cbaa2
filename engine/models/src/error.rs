//! Why a model could not be loaded or could not go on.

use std::path::PathBuf;

use candle_core::Error as TensorError;

/// A model's failure. None of them ends the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what its name says, or is damaged.
    #[error("{path}: {reason}")]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A weight is missing or has another shape.
    #[error("weight {name}: {reason}")]
    Weight {
        /// The weight's name in the file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The input cannot be worked on.
    #[error("{what}: {reason}")]
    Input {
        /// Which argument.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// More than the language model can take in, whatever else is left out.
    #[error("{tokens} tokens at least, {limit} fit")]
    TooLong {
        /// What has to be taken in takes so many, at least.
        tokens: usize,
        /// What its context has room for, beside an answer.
        limit: usize,
    },
    /// Signal work was not done.
    #[error("signal work failed")]
    Signal(#[source] janet_kernels::signal::SignalError),
    /// The tensor library failed.
    #[error("tensor operation failed")]
    Tensor(#[source] TensorError),
}

impl From<TensorError> for ModelError {
    fn from(error: TensorError) -> Self {
        Self::Tensor(without_backtrace(error))
    }
}

/// The error without the stack that the tensor library puts into its text where `RUST_BACKTRACE` is
/// set: it says nothing to who has to put a file right.
pub(crate) fn without_backtrace(error: TensorError) -> TensorError {
    let plain = |inner: Box<TensorError>| Box::new(without_backtrace(*inner));
    match error {
        TensorError::WithBacktrace { inner, .. } => without_backtrace(*inner),
        TensorError::WithPath { inner, path } => TensorError::WithPath {
            inner: plain(inner),
            path,
        },
        TensorError::Context { inner, context } => TensorError::Context {
            inner: plain(inner),
            context,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;
    use std::error::Error;

    use super::*;

    #[test]
    fn a_stack_is_not_told() {
        let traced = TensorError::WithBacktrace {
            inner: Box::new(TensorError::Msg("unknown magic".into())),
            backtrace: Box::new(Backtrace::force_capture()),
        };
        assert!(traced.to_string().lines().count() > 1, "the control");
        let error = ModelError::from(traced.with_path("x.gguf"));
        let told = error.source().map(ToString::to_string);
        assert_eq!(told.as_deref(), Some("path: \"x.gguf\" unknown magic"));
    }
}
