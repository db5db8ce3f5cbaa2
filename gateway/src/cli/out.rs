//! Standard output. Whoever reads it may have had enough (`janet models list | head -1`): then the
//! rest is not printed, and nothing is wrong.

use std::fmt;
use std::io::{self, Write};

/// Like `println!`, but an error is a value and a reader that went away is none.
macro_rules! outln {
    ($($text:tt)*) => {
        $crate::cli::out::line(format_args!($($text)*))
    };
}
pub(super) use outln;

/// Writes a line.
pub(super) fn line(text: fmt::Arguments<'_>) -> io::Result<()> {
    forgive(writeln!(io::stdout().lock(), "{text}"))
}

/// Writes a text that ends its own lines.
pub(super) fn text(text: &[u8]) -> io::Result<()> {
    forgive(io::stdout().lock().write_all(text))
}

fn forgive(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reader_that_went_away_is_forgiven() {
        assert!(forgive(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert!(forgive(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
