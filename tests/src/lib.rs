//! End-to-end behaviour.
