//! `janet audit`: what was decided, and whether the log of it is as Janet wrote it.
//!
//! Both read the files, so they work while Janet runs and while she does not.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::bail;
use clap::{Args, Subcommand};
use janet_vault::audit::{self, Entry, LARGEST_PAGE};
use janet_vault::identity::Identity;

use super::out::outln;
use crate::config::Config;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check that no entry was changed, removed, moved or cut off; ends with 1 if one was
    Verify,
    /// Print the newest entries
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Only those with a smaller number
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    /// One JSON object for each entry
    #[arg(long)]
    json: bool,
}

impl Command {
    /// Does it.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let folder = &config.conversation.data_dir;
        match self {
            Self::Verify => Ok(outln!("{}", verify(folder)?)?),
            Self::Show(show) => show.run(folder),
        }
    }
}

/// What there is, if all of it is good.
fn verify(folder: &Path) -> anyhow::Result<String> {
    let shown = folder.display();
    let Some(janet) = Identity::load(folder)? else {
        bail!(
            "there is no identity key in {shown}: no Janet has run with this folder \
             (`--set conversation.data_dir=FOLDER` names another)"
        );
    };
    match audit::verify(folder, folder, &janet.public())? {
        Ok(good) if good.count == 0 => Ok("The audit log is empty.".to_owned()),
        Ok(good) => {
            let mut text = format!(
                "The audit log is good: {} entries, each signed by this Janet and in its place.\nHead: ",
                good.count
            );
            for byte in good.head {
                write!(text, "{byte:02x}")?;
            }
            Ok(text)
        }
        Err(fault) => bail!("the audit log in {shown} is not as Janet wrote it: {fault}"),
    }
}

impl Show {
    fn run(&self, folder: &Path) -> anyhow::Result<()> {
        let (mut left, mut before) = (self.limit, self.before);
        let mut printed = 0;
        while left > 0 {
            let page = usize::try_from(left)?.min(LARGEST_PAGE);
            let entries = audit::read_page(folder, page, before)?;
            let Some(last) = entries.last() else { break };
            before = Some(last.number);
            for entry in &entries {
                outln!("{}", self.line(entry)?)?;
            }
            printed += entries.len();
            left -= entries.len() as u64;
        }
        if printed == 0 && !self.json {
            outln!("There is no such entry.")?;
        }
        Ok(())
    }

    fn line(&self, entry: &Entry) -> anyhow::Result<String> {
        if !self.json {
            return Ok(row(entry));
        }
        let line = serde_json::json!({
            "number": entry.number, "at_ms": entry.at_ms, "event": entry.event,
        });
        Ok(line.to_string())
    }
}

/// Number, time and words.
fn row(entry: &Entry) -> String {
    // The years that the format has room for; a signed entry beyond them was written by a broken clock.
    const YEAR_9999_MS: u64 = 253_402_300_799_000;
    let at = UNIX_EPOCH + Duration::from_millis(entry.at_ms.min(YEAR_9999_MS));
    format!(
        "{:6}  {}  {}",
        entry.number,
        httpdate::fmt_http_date(at),
        entry.event
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use janet_vault::audit::{AuditLog, Event, Name};

    use super::*;

    fn log(folder: &Path, entries: u64) {
        let janet = Arc::new(Identity::load_or_create(folder).expect("a key"));
        let log = AuditLog::open(folder, folder, janet).expect("a log");
        for n in 1..=entries {
            let event = Event::VaultLocked {
                why: Name::new("time_out"),
                soul: None,
            };
            log.append(n * 1000, &event).expect("appended");
        }
    }

    #[test]
    fn a_good_log_is_told_from_a_damaged_one_and_from_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = verify(folder.path()).expect_err("no Janet").to_string();
        assert!(error.contains("conversation.data_dir"), "{error}");
        assert!(
            std::fs::read_dir(folder.path())
                .expect("a folder")
                .next()
                .is_none(),
            "who looks makes nothing"
        );
        log(folder.path(), 3);
        let good = verify(folder.path()).expect("good");
        assert!(good.contains("3 entries"), "{good}");
        let path = folder.path().join("audit.log");
        let text = std::fs::read_to_string(&path).expect("the log");
        let kept: Vec<&str> = text.split_inclusive('\n').collect();
        std::fs::write(&path, kept[..2].concat()).expect("cut");
        let error = verify(folder.path()).expect_err("cut").to_string();
        assert!(
            error.contains("the log ends before entry 3; there were 3"),
            "{error}"
        );
        std::fs::write(&path, [kept[0], kept[2]].concat()).expect("cut");
        let error = verify(folder.path()).expect_err("cut").to_string();
        assert!(error.contains("entry 2 was removed"), "{error}");
    }

    #[test]
    fn an_entry_is_shown_in_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        log(folder.path(), 2);
        let entries = audit::read_page(folder.path(), 1, None).expect("a page");
        assert_eq!(
            row(&entries[0]),
            "     2  Thu, 01 Jan 1970 00:00:02 GMT  the red vault was locked (time_out)"
        );
        let show = Show {
            limit: 1,
            before: None,
            json: true,
        };
        let line = show.line(&entries[0]).expect("a line");
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["event"]["kind"], "vault_locked");
        let broken = Entry {
            at_ms: u64::MAX,
            ..entries[0].clone()
        };
        assert!(row(&broken).contains("9999"));
    }
}
