//! Random sessions.
