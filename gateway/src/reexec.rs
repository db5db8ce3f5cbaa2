//! Starts this process over, once, with the variables that libraries below read only from there.
//!
//! candle's quantised matrix product keeps one process-wide pool whose size, and whether its
//! threads spin while they wait, are read from the environment at its first use. Spinning beside
//! another busy process is twenty times slower; so the process starts over before the first use.
//! glibc's allocator, too, reads only from there into how many heaps it divides the memory. Left
//! alone it takes eight for each core, and each keeps the tensors' freed pages for itself.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::config::Environment;

/// Says that the process was started over already.
const MARK: &str = "JANET_STARTED_OVER";

/// How many heaps glibc may keep. One would let the threads of a matrix product wait for each
/// other; every further one keeps freed pages of its own.
const HEAPS: &str = "2";

/// Starts over unless that was done; returns if it was, or if it cannot be done.
pub(crate) fn once(environment: &Environment, threads: usize) {
    if environment.is_set(MARK) {
        return;
    }
    let executable = match std::env::current_exe() {
        Ok(executable) => executable,
        Err(error) => {
            return tracing::warn!(%error, "the executable is not known: models may run slower");
        }
    };
    let threads = threads.to_string();
    let mut command = Command::new(executable);
    if !environment.is_set("MALLOC_ARENA_MAX") {
        command.env("MALLOC_ARENA_MAX", HEAPS);
    }
    let error = command
        .args(std::env::args_os().skip(1))
        .env(MARK, "1")
        .env("CANDLE_NUM_THREADS", &threads)
        .env("RAYON_NUM_THREADS", &threads)
        .env("CANDLE_BARRIER_POOL_SPIN_LIMIT", "0")
        .exec();
    tracing::warn!(%error, "the process could not start over: models may run slower");
}
