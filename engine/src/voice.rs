//! Which voice a session speaks with.

/// With which voice a session speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum VoiceChoice {
    /// As the server is configured: the speech server's while it is well, else the own voice.
    #[default]
    Configured,
    /// A voice of the speech server's, by its name; while it is not well, the own voice.
    Server(String),
    /// The own voice, whatever else there is.
    Own,
}
