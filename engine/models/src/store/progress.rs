//! Tells a person that something goes on.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Hears how the store gets on: one thing at a time, from the thread that called the store.
pub trait Progress {
    /// A piece of work begins; `total` is its size in bytes where that is known.
    fn begin(&mut self, what: &str, total: Option<u64>);
    /// So many bytes more are done.
    fn advance(&mut self, bytes: u64);
    /// The piece of work is over, well or not.
    fn end(&mut self);
}

/// Says nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &str, _: Option<u64>) {}
    fn advance(&mut self, _: u64) {}
    fn end(&mut self) {}
}

/// Bars and spinners on standard error; one plain line for each piece of work where standard error
/// is no terminal.
#[derive(Debug, Default)]
pub struct Bars {
    bar: Option<ProgressBar>,
}

impl Progress for Bars {
    fn begin(&mut self, what: &str, total: Option<u64>) {
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}");
            return;
        }
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{msg:44!} {bar:24} {binary_bytes:>10} of {binary_total_bytes} {eta:>4}",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{msg:44!} {spinner} {binary_bytes:>10}",
            ),
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is fixed text"));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bar = Some(bar);
    }

    fn advance(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
    }
}
