//! Tests of the whole conversation: tables that document it, random sessions that search it.

mod queries;
#[cfg(feature = "serde")]
mod record;
mod sim;
mod table;
