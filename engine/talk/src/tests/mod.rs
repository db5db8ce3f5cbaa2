//! Tests of the whole conversation: tables that document it, random sessions that search it.

mod sim;
mod table;
