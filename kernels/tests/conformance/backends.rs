//! The backends under test, opened once per process.

use std::sync::OnceLock;

use janet_kernels::Pool;
use janet_kernels::signal::{Adapters, Backend, Cpu, Cuda, SignalError, Wgpu};

pub(crate) fn cpu() -> &'static dyn Backend {
    static CPU: OnceLock<Cpu> = OnceLock::new();
    CPU.get_or_init(|| Cpu::new(Pool::new(2)))
}

pub(crate) fn wgpu() -> Option<&'static dyn Backend> {
    static WGPU: OnceLock<Option<Wgpu>> = OnceLock::new();
    let opened = WGPU.get_or_init(|| there(Wgpu::open(Adapters::Any), "CI"));
    opened.as_ref().map(|backend| backend as &dyn Backend)
}

pub(crate) fn cuda() -> Option<&'static dyn Backend> {
    static CUDA: OnceLock<Option<Cuda>> = OnceLock::new();
    let opened = CUDA.get_or_init(|| there(Cuda::open(0), "JANET_REQUIRE_GPU"));
    opened.as_ref().map(|backend| backend as &dyn Backend)
}

/// What was opened. Where it is not there: SKIPPED, but a failure when the variable says that it has to be.
pub(crate) fn there<T: Backend>(opened: Result<T, SignalError>, required_by: &str) -> Option<T> {
    match opened {
        Ok(backend) => {
            println!("{}", backend.name());
            Some(backend)
        }
        Err(error @ SignalError::Unavailable { .. }) => {
            #[expect(clippy::disallowed_methods, reason = "what a job says of its machine")]
            let required = std::env::var(required_by)
                .is_ok_and(|value| !matches!(&*value, "" | "0" | "false"));
            assert!(!required, "{required_by} is set, but {error}");
            println!("SKIPPED: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
