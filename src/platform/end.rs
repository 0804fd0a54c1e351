//! This process's own end.

use rustix::process::{Signal, getpid, kill_process};

/// Ends this process as `kill -9` would: nothing is closed, written or told.
pub fn at_once() -> ! {
    if kill_process(getpid(), Signal::KILL).is_err() {
        std::process::abort();
    }
    loop {
        std::thread::park();
    }
}
