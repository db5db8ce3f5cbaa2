//! An answer that another process makes.

use std::fmt;

use janet_talk::{Finish, Stage};

use super::delegated::{Delegated, Failure, Work};
use super::posted::What;
use super::thoughts::Thoughts;

/// Takes an answer as it is made. Where it fails with nothing shown so far, the engine's own model
/// is asked, else the reply ends there.
pub type Answering = Delegated<Answer>;

/// An answer under way.
#[derive(Default)]
pub struct Answer {
    thoughts: Thoughts,
}

impl Work for Answer {
    fn failure(&self) -> Failure {
        Failure(What::Failed(Stage::Generate))
    }
}

impl Answering {
    /// Text that follows what came before; whether there is now something to show. Thoughts in
    /// `<think>` are not.
    pub fn text(&mut self, text: &str) -> bool {
        let text = self.work.thoughts.pass(text);
        self.show(text)
    }

    /// The answer is complete, or as long as it may be.
    pub fn done(&mut self, complete: bool) {
        let rest = self.work.thoughts.end();
        self.show(rest);
        let finish = if complete {
            Finish::Complete
        } else {
            Finish::Length
        };
        self.end(What::Generated {
            finish,
            ids: Vec::new(),
            cached: 0,
            new: 0,
        });
    }

    fn show(&mut self, text: String) -> bool {
        let shows = !text.trim().is_empty();
        if !text.is_empty() {
            self.post(What::Token(text));
        }
        shows
    }
}

impl fmt::Debug for Answer {
    /// Says nothing of what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}
