//! Which language model a session thinks with, where there are several.

use std::sync::Arc;

use crate::ports::LanguageServer;

/// With which language model a session thinks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelChoice {
    /// As the server is configured: the language server's while it is well, else the own model.
    #[default]
    Configured,
    /// A model of the language server's, by its name; while it is not well, the own model.
    Server(String),
    /// The own model, whatever else there is: nobody else is asked.
    Own,
}

impl ModelChoice {
    /// The server, if it is to be asked now, and for which of its models; `None`: the own model.
    pub(crate) fn ask<'a>(
        &'a self,
        server: Option<&'a Arc<dyn LanguageServer>>,
    ) -> Option<(&'a Arc<dyn LanguageServer>, Option<&'a str>)> {
        let model = match self {
            Self::Configured => None,
            Self::Server(name) => Some(name.as_str()),
            Self::Own => return None,
        };
        let server = server.filter(|server| server.is_up(model))?;
        Some((server, model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Answering, Question};

    /// Well, but for one of its models.
    struct Server;

    impl LanguageServer for Server {
        fn is_up(&self, model: Option<&str>) -> bool {
            model != Some("broken")
        }

        fn ask(&self, _: Question, _: Answering) {}
    }

    #[test]
    fn a_server_is_asked_for_what_was_chosen_while_that_is_well() {
        let server: Arc<dyn LanguageServer> = Arc::new(Server);
        let asked = |choice: ModelChoice| {
            let asked = choice.ask(Some(&server));
            asked.map(|(_, model)| model.map(str::to_owned))
        };
        let named = |name: &str| ModelChoice::Server(name.to_owned());
        assert_eq!(asked(ModelChoice::Configured), Some(None));
        assert_eq!(asked(named("sound")), Some(Some("sound".to_owned())));
        assert_eq!(asked(named("broken")), None);
        assert_eq!(asked(ModelChoice::Own), None);
        assert!(named("sound").ask(None).is_none());
    }
}
