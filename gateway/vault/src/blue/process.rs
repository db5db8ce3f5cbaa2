//! What keeps the whole process's memory to itself.

/// Why the process is not closed up.
#[derive(Debug, thiserror::Error)]
#[error("this process cannot be kept from being dumped: {0}")]
pub struct HardenError(#[from] std::io::Error);

/// No core dump of this process is written, and (Linux) nobody of the same user can attach to it or
/// read its memory. For the process that serves; what it starts inherits the limit alone.
pub fn harden_process() -> Result<(), HardenError> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(std::io::Error::from)?;
    // The limit alone does not bind a handler to which the system pipes dumps.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(std::io::Error::from)?;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{self, DumpableBehavior, Resource};

    use super::super::memory_tests::{in_a_child, is_child, searched};

    /// Not a test of its own: does nothing unless the next one started it.
    #[test]
    fn hardens_itself() {
        if !is_child() {
            return;
        }
        assert_eq!(process::dumpable_behavior(), Ok(DumpableBehavior::Dumpable));
        super::harden_process().expect("both can be set");
        assert_eq!(
            process::dumpable_behavior(),
            Ok(DumpableBehavior::NotDumpable)
        );
        let limit = process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        // Whoever is no administrator is kept out of its memory by the system, itself included.
        if !process::geteuid().is_root() {
            std::fs::File::open("/proc/self/mem").expect_err("closed");
        }
        searched();
    }

    #[test]
    fn a_hardened_process_leaves_no_dump() {
        in_a_child("blue::process::tests::hardens_itself");
    }
}
