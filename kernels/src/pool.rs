//! A fixed set of threads that help the calling thread through one loop at a time.
//!
//! Built for many short loops (some tens of microseconds) on few cores that other work shares:
//! the caller always works too, a helper that comes late is not waited for, and helpers spin only
//! for a bounded moment before they sleep. It never queues: a caller that finds the pool busy
//! does its loop alone, so two jobs can never wait for each other.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a helper watches for the next loop before it sleeps: longer than the gap between two
/// layers of a small model (a few µs), far shorter than a scheduler slice.
const SPIN: Duration = Duration::from_micros(40);

/// Low half of [`Shared::state`]: helpers inside the current loop.
const ACTIVE: u64 = 0xffff_ffff >> 1;
/// Helpers may still join the current loop.
const OPEN: u64 = 1 << 31;
/// One step of the loop counter in the upper half.
const LOOP: u64 = 1 << 32;

/// A handle to the threads. Clones share them; the last one dropped ends them.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

/// A loop body with its lifetime erased; see the safety argument in [`Pool::run`].
type Body = *const (dyn Fn(usize) + Sync);

struct Shared {
    /// Held by the caller whose loop is on.
    busy: AtomicBool,
    /// `loop counter << 32 | OPEN | helpers inside`.
    state: AtomicU64,
    /// The loop's body and length; written only while `busy` is held and nobody is inside.
    body: UnsafeCell<Option<(Body, usize)>>,
    /// The next index to take.
    next: AtomicUsize,
    /// A helper's body panicked in this loop.
    panicked: AtomicBool,
    stop: AtomicBool,
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    /// Signalled when a loop opens or the pool ends.
    opened: Condvar,
    /// Signalled when the last helper leaves a closed loop.
    left: Condvar,
}

// SAFETY: `body` is the only field that is not Sync. It is written by the one thread that holds
// `busy`, while no helper is inside, and read by helpers only between joining and leaving; the
// compare-and-swap on `state` orders the write before the reads.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `body` is only followed while its loop is on, see `Pool::run`.
unsafe impl Send for Shared {}

impl Pool {
    /// Starts `threads - 1` helpers named `janet-kernel-N`; with 0 or 1 none.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            busy: AtomicBool::new(false),
            state: AtomicU64::new(0),
            body: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            opened: Condvar::new(),
            left: Condvar::new(),
        });
        // A helper that the system refuses is simply missing: the caller does its share.
        let helpers = (1..threads)
            .filter_map(|n| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new()
                    .name(format!("janet-kernel-{n}"))
                    .spawn(move || help(&shared))
                    .ok()
            })
            .collect();
        Self {
            inner: Arc::new(Inner { shared, helpers }),
        }
    }

    /// The threads that take part in a loop, the caller included.
    pub fn threads(&self) -> usize {
        self.inner.helpers.len() + 1
    }

    /// Calls `f` once with each of `0..tasks`, in any order, on the caller and the helpers, and
    /// returns when all are done.
    ///
    /// Runs them all on the caller when another loop is on, so it may be called from inside `f`.
    /// No allocation. A panic in `f` is passed on after the others have finished.
    pub fn run(&self, tasks: usize, f: &(dyn Fn(usize) + Sync)) {
        let shared = &*self.inner.shared;
        let alone = tasks < 2 || self.inner.helpers.is_empty();
        if alone || shared.busy.swap(true, Ordering::Acquire) {
            (0..tasks).for_each(f);
            return;
        }
        // SAFETY: only the lifetime is changed. `Closing` below is dropped before this function
        // returns or unwinds, and it returns only when no helper is inside and none can join, so
        // nobody follows the pointer after `f`'s borrow has ended.
        let body = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Body>(f) };
        // SAFETY: `busy` is held and the last loop was closed and left, so nobody reads `body`.
        unsafe { *shared.body.get() = Some((body, tasks)) };
        shared.next.store(0, Ordering::Relaxed);
        shared.panicked.store(false, Ordering::Relaxed);
        let counter = shared.state.load(Ordering::Relaxed) & !(OPEN | ACTIVE);
        shared
            .state
            .store(counter.wrapping_add(LOOP) | OPEN, Ordering::SeqCst);
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            let _guard = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
            shared.opened.notify_all();
        }
        let closing = Closing(shared);
        take_all(shared, f, tasks);
        drop(closing);
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads())
            .finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        {
            let _guard = self
                .shared
                .lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            self.shared.opened.notify_all();
        }
        for helper in self.helpers.drain(..) {
            // A helper catches panics of the body, so there is no outcome to look at.
            helper.join().ok();
        }
    }
}

/// Ends a loop: lets nobody else in, waits for those inside, frees the pool.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let shared = self.0;
        shared.next.store(usize::MAX / 2, Ordering::Relaxed);
        let inside = shared.state.fetch_and(!OPEN, Ordering::AcqRel) & ACTIVE;
        if inside > 0 && !spin_until(|| shared.state.load(Ordering::Acquire) & ACTIVE == 0) {
            let mut guard = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
            while shared.state.load(Ordering::Acquire) & ACTIVE != 0 {
                guard = shared
                    .left
                    .wait(guard)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        let panicked = shared.panicked.load(Ordering::Relaxed);
        shared.busy.store(false, Ordering::Release);
        assert!(
            !panicked || std::thread::panicking(),
            "a task of a parallel loop panicked"
        );
    }
}

fn take_all(shared: &Shared, f: &(dyn Fn(usize) + Sync), tasks: usize) {
    loop {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        if index >= tasks {
            return;
        }
        f(index);
    }
}

/// A helper's life: join each open loop once, leave it, watch, sleep.
fn help(shared: &Shared) {
    let mut last = 0;
    while let Some(counter) = join(shared, last) {
        last = counter;
        // SAFETY: this thread is counted inside the loop, so `body` is set, is not written, and
        // the closure it points to lives until this thread has left.
        let (body, tasks) = unsafe { (*shared.body.get()).expect("an open loop has a body") };
        // SAFETY: as above.
        let f = unsafe { &*body };
        if catch_unwind(AssertUnwindSafe(|| take_all(shared, f, tasks))).is_err() {
            shared.panicked.store(true, Ordering::Relaxed);
        }
        let before = shared.state.fetch_sub(1, Ordering::AcqRel);
        if before & (OPEN | ACTIVE) == 1 {
            let _guard = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
            shared.left.notify_all();
        }
    }
}

/// Waits for an open loop other than `last` and enters it; `None` when the pool ends.
fn join(shared: &Shared, last: u64) -> Option<u64> {
    let fresh = |state: u64| state & OPEN != 0 && state >> 32 != last;
    loop {
        spin_until(|| {
            fresh(shared.state.load(Ordering::Relaxed)) || shared.stop.load(Ordering::Relaxed)
        });
        if !fresh(shared.state.load(Ordering::Relaxed)) {
            let mut guard = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
            shared.sleepers.fetch_add(1, Ordering::SeqCst);
            while !fresh(shared.state.load(Ordering::SeqCst)) && !shared.stop.load(Ordering::SeqCst)
            {
                guard = shared
                    .opened
                    .wait(guard)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            shared.sleepers.fetch_sub(1, Ordering::SeqCst);
        }
        if shared.stop.load(Ordering::SeqCst) {
            return None;
        }
        let state = shared.state.load(Ordering::Relaxed);
        if fresh(state)
            && shared
                .state
                .compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        {
            return Some(state >> 32);
        }
    }
}

/// Watches for at most [`SPIN`]; whether `done` came true.
fn spin_until(done: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    loop {
        for _ in 0..32 {
            if done() {
                return true;
            }
            std::hint::spin_loop();
        }
        if start.elapsed() > SPIN {
            return done();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_taken_exactly_once() {
        let pool = Pool::new(3);
        for tasks in [0, 1, 2, 7, 100] {
            for _ in 0..500 {
                let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &|i| {
                    counts[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn a_loop_inside_a_loop_runs_on_its_caller() {
        let pool = Pool::new(2);
        let sum = AtomicUsize::new(0);
        pool.run(8, &|_| {
            pool.run(8, &|j| {
                sum.fetch_add(j, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.into_inner(), 8 * 28);
    }

    #[test]
    fn two_callers_at_once_both_finish() {
        let pool = Pool::new(2);
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        pool.run(5, &|_| {
                            total.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 4 * 2000 * 5);
    }

    #[test]
    fn a_panicking_task_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(2);
        for bad in 0..16 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                pool.run(16, &|i| assert!(i != bad, "wanted"));
            }));
            assert!(outcome.is_err());
        }
        let sum = AtomicUsize::new(0);
        pool.run(10, &|i| {
            sum.fetch_add(i, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 45);
    }

    #[test]
    fn one_thread_means_no_helper() {
        assert_eq!(Pool::new(0).threads(), 1);
        assert_eq!(Pool::new(1).threads(), 1);
        assert_eq!(Pool::new(2).threads(), 2);
    }
}
