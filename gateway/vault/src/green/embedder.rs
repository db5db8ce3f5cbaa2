//! What makes vectors of texts.

use std::error::Error;

/// A model that gives texts of like meaning vectors of like direction.
pub trait Embedder: Send + Sync {
    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// Which model this is. Vectors of two names are never compared.
    fn name(&self) -> &str;

    /// One vector of length 1 for each text, in order.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// No vectors came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model failed.
    #[error("the embedding model failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// The model has other things to do, or was told to stop.
    #[error("the embedding model is busy")]
    Busy,
}

/// Whose vectors are compared: what an [`Embedder`] says of itself, for a store that is opened before the
/// model is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// [`Embedder::name`].
    pub name: String,
    /// [`Embedder::dimensions`].
    pub dimensions: usize,
}

impl Space {
    /// That of this model.
    pub fn of(embedder: &dyn Embedder) -> Self {
        Self {
            name: embedder.name().to_owned(),
            dimensions: embedder.dimensions(),
        }
    }
}
