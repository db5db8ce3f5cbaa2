//! What a server lists, models or voices, for whoever asks for one of them by its name.
//!
//! One that fails is left alone for a while, longer each time: it may be too large for that machine,
//! and somebody waited for it. What the others do is not touched by it.

use std::collections::HashMap;
use std::time::Instant;

use super::work_pause;

/// More are not shown to anybody.
const MOST: usize = 200;
/// Longest name, in bytes.
const LONGEST: usize = 200;

/// The names, and how they do; `E` says what went wrong.
#[derive(Debug)]
pub(crate) struct Listed<E> {
    /// As they were listed last; kept while the server is away.
    names: Vec<String>,
    /// Whether the server was there when it was looked at last.
    is_there: bool,
    failed: HashMap<String, Failed<E>>,
}

#[derive(Debug)]
struct Failed<E> {
    /// How often in a row.
    times: u32,
    /// The last time.
    since: Instant,
    why: E,
}

impl<E> Default for Listed<E> {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            is_there: false,
            failed: HashMap::new(),
        }
    }
}

impl<E> Listed<E> {
    /// The server listed these.
    pub(crate) fn list(&mut self, names: &[String]) {
        let is_name = |name: &&String| {
            !name.trim().is_empty() && name.len() <= LONGEST && !name.contains(char::is_control)
        };
        self.names.clear();
        for name in names.iter().filter(is_name) {
            if self.names.len() < MOST && !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
        self.failed.retain(|name, _| self.names.contains(name));
        self.is_there = true;
    }

    /// The server is there; what it lists is as it was.
    pub(crate) fn is_there(&mut self) {
        self.is_there = true;
    }

    /// The server cannot be reached.
    pub(crate) fn is_away(&mut self) {
        self.is_there = false;
    }

    /// All of them.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether one is worth asking.
    pub(crate) fn is_up(&self, name: &str, now: Instant) -> bool {
        let rests = self.failed.get(name).is_some_and(|failed| {
            now.saturating_duration_since(failed.since) < work_pause(failed.times)
        });
        self.is_there && !rests && self.names.iter().any(|listed| listed == name)
    }

    /// Why one did not do its work when it was asked last; `None`: it did, or was not asked.
    pub(crate) fn why(&self, name: &str) -> Option<&E> {
        self.failed.get(name).map(|failed| &failed.why)
    }

    /// One has done its work.
    pub(crate) fn answered(&mut self, name: &str) {
        self.failed.remove(name);
    }

    /// One has failed.
    pub(crate) fn failed(&mut self, name: &str, now: Instant, why: E) {
        // Of several answers that fail together one counts.
        if self.is_up(name, now) {
            let times = self.failed.get(name).map_or(0, |failed| failed.times);
            let failed = Failed {
                times: times.saturating_add(1),
                since: now,
                why,
            };
            self.failed.insert(name.to_owned(), failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn listed(names: &[&str]) -> Listed<&'static str> {
        let mut listed = Listed::default();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        listed.list(&names);
        listed
    }

    #[test]
    fn what_is_no_name_is_not_listed_and_nothing_twice() {
        let long = "x".repeat(LONGEST + 1);
        let listed = listed(&["a", "", " ", "b\n", &long, "a", "b:7b"]);
        assert_eq!(listed.names(), ["a", "b:7b"]);
    }

    #[test]
    fn only_what_a_server_that_is_there_lists_is_worth_asking() {
        let now = Instant::now();
        assert!(!Listed::<()>::default().is_up("a", now));
        let mut listed = listed(&["a"]);
        assert!(listed.is_up("a", now) && !listed.is_up("b", now));
        listed.is_away();
        assert!(!listed.is_up("a", now));
        assert_eq!(listed.names(), ["a"], "it can still be chosen");
        listed.is_there();
        assert!(listed.is_up("a", now));
    }

    #[test]
    fn one_that_fails_is_left_alone_longer_each_time_and_the_others_are_not() {
        let mut listed = listed(&["a", "b"]);
        let mut now = Instant::now();
        let mut rested = Vec::new();
        for _ in 0..10 {
            listed.failed("a", now, "first");
            // The second of two that fail together.
            listed.failed("a", now, "second");
            assert_eq!(listed.why("a"), Some(&"first"));
            assert!(!listed.is_up("a", now) && listed.is_up("b", now));
            let mut rests = (1..1000).map(Duration::from_secs);
            let rest = rests.find(|rest| listed.is_up("a", now + *rest));
            let rest = rest.expect("not for ever");
            rested.push(rest.as_secs());
            now += rest;
        }
        assert_eq!(rested, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!((listed.why("a"), listed.why("b")), (Some(&"first"), None));
        listed.answered("a");
        assert_eq!(listed.why("a"), None);
        listed.failed("a", now, "again");
        assert!(listed.is_up("a", now + Duration::from_secs(2)));
    }
}
