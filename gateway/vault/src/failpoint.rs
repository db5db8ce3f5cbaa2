//! Moments at which a test has the process killed. Nothing outside of tests.

#[cfg(not(test))]
pub(crate) const fn failpoint(_: &'static str) {}

#[cfg(test)]
pub(crate) use testing::failpoint;

#[cfg(test)]
pub(crate) mod testing {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// How many are left until the process waits to be killed; 0: it goes on for ever.
    static LEFT: AtomicU64 = AtomicU64::new(0);
    static PASSED: AtomicU64 = AtomicU64::new(0);

    /// From here on the `nth` stops the process.
    pub(crate) fn arm(nth: u64) {
        LEFT.store(nth, Ordering::SeqCst);
    }

    /// How many were passed.
    pub(crate) fn passed() -> u64 {
        PASSED.load(Ordering::SeqCst)
    }

    pub(crate) fn failpoint(name: &'static str) {
        PASSED.fetch_add(1, Ordering::SeqCst);
        let before = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if before == Ok(1) {
            let mut out = std::io::stdout();
            writeln!(out, "\nfailpoint {name}")
                .and_then(|()| out.flush())
                .expect("the parent listens");
            loop {
                std::thread::park();
            }
        }
    }
}
