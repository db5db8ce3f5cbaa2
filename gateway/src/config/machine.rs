//! The machine as far as the choice of models depends on it.
//!
//! Read once, from files below a root that is an argument, so that every kind of machine can be
//! put in a folder and tested.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether the engine puts models on a GPU. While it does not, one that is there must not make the
/// choice of models bolder.
const ENGINE_USES_GPU: bool = false;
/// A limit this high is none: version 1 of control groups writes the largest page count.
const UNLIMITED: u64 = 1 << 60;

/// What this process may use of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Cores that this process may run on.
    pub cores: usize,
    /// Main memory that it may use, in GB of 1024³ bytes; `None` where it cannot be told.
    pub memory_gb: Option<u64>,
    /// Cores that the machine has.
    pub all_cores: usize,
    /// Main memory that the machine has, in GB of 1024³ bytes; `None` where it cannot be told.
    pub all_memory_gb: Option<u64>,
    /// The GPU.
    pub gpu: Gpu,
}

/// What there is of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gpu {
    /// No device that Janet knows how to use.
    Absent,
    /// A device, but the program was built without what drives it.
    NotBuilt {
        /// The cargo feature that is missing.
        feature: &'static str,
    },
    /// A device and its driver, but the engine keeps its models on the CPU.
    Unused,
    /// Models run on it.
    Used,
}

impl std::fmt::Display for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => write!(f, "no GPU"),
            Self::NotBuilt { feature } => {
                write!(f, "a GPU that this build cannot use (feature {feature})")
            }
            Self::Unused => write!(f, "a GPU that the models do not use yet"),
            Self::Used => write!(f, "a GPU"),
        }
    }
}

impl Gpu {
    fn of(is_there: bool, feature: &'static str, is_built: bool, engine_uses_it: bool) -> Self {
        match (is_there, is_built, engine_uses_it) {
            (false, ..) => Self::Absent,
            (true, false, _) => Self::NotBuilt { feature },
            (true, true, false) => Self::Unused,
            (true, true, true) => Self::Used,
        }
    }
}

impl Machine {
    /// The machine this runs on.
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::read(Path::new("/"), cores)
    }

    /// The machine whose `proc`, `sys` and `dev` lie below `root`; `cores` are those that the
    /// scheduler allows this process.
    fn read(root: &Path, cores: usize) -> Self {
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let all_memory = memory(&text("proc/meminfo"));
        let groups = Groups::read(root, &text("proc/self/cgroup"));
        let memory = match (all_memory, groups.memory()) {
            (Some(all), Some(limit)) => Some(all.min(limit)),
            (all, limit) => all.or(limit),
        };
        let all_cores = cores.max(processors(&text("proc/cpuinfo")));
        let cores = groups.cores().map_or(cores, |limit| cores.min(limit));
        let gpu = if cfg!(target_os = "macos") {
            Gpu::of(true, "metal", cfg!(feature = "metal"), ENGINE_USES_GPU)
        } else {
            let is_there = nvidia(root);
            Gpu::of(is_there, "cuda", cfg!(feature = "cuda"), ENGINE_USES_GPU)
        };
        Self {
            cores,
            memory_gb: memory.map(gigabytes),
            all_cores,
            all_memory_gb: all_memory.map(gigabytes),
            gpu,
        }
    }

    /// Whether a container, or whoever started this process, gives it less than the machine has.
    pub fn is_limited(&self) -> bool {
        self.cores < self.all_cores || self.memory_gb != self.all_memory_gb
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let memory = |gb: Option<u64>| match gb {
            None => "unknown memory".to_owned(),
            Some(0) => "less than 1 GB of memory".to_owned(),
            Some(gb) => format!("{gb} GB of memory"),
        };
        write!(f, "{} cores, {}", self.cores, memory(self.memory_gb))?;
        if self.is_limited() {
            let all = memory(self.all_memory_gb);
            write!(f, " (all it may use of {} cores, {all})", self.all_cores)?;
        }
        write!(f, ", {}", self.gpu)
    }
}

/// An NVIDIA card with its driver loaded: the driver lists cards here, also inside containers.
fn nvidia(root: &Path) -> bool {
    let cards = fs::read_dir(root.join("proc/driver/nvidia/gpus"));
    cards.is_ok_and(|mut cards| cards.next().is_some()) || root.join("dev/nvidia0").exists()
}

/// `MemTotal` of `/proc/meminfo` in bytes.
fn memory(meminfo: &str) -> Option<u64> {
    meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map(|kib| kib.saturating_mul(1024))
}

/// Rounded: of 8 GB the firmware keeps a little.
fn gigabytes(bytes: u64) -> u64 {
    bytes.saturating_add(1 << 29) >> 30
}

fn processors(cpuinfo: &str) -> usize {
    let is_one = |line: &&str| line.starts_with("processor");
    cpuinfo.lines().filter(is_one).count()
}

/// The control groups that this process is in, innermost first, of both versions.
struct Groups {
    folders: Vec<PathBuf>,
}

impl Groups {
    /// `membership` is `/proc/self/cgroup`: a line `ID:CONTROLLERS:PATH` per hierarchy, that of
    /// version 2 with the id 0 and no controllers.
    fn read(root: &Path, membership: &str) -> Self {
        let mut folders = Vec::new();
        for line in membership.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
                continue;
            };
            let hierarchy = root.join("sys/fs/cgroup").join(controllers);
            // Inside a container the path may be the host's, and only the top is to be seen.
            let inner = Path::new(path.trim_start_matches('/'));
            folders.extend(inner.ancestors().map(|path| hierarchy.join(path)));
        }
        Self { folders }
    }

    fn numbers(&self, file: &str) -> impl Iterator<Item = Vec<Option<u64>>> {
        let texts = self.folders.iter().map(move |folder| folder.join(file));
        let texts = texts.filter_map(|path| fs::read_to_string(path).ok());
        // What is no number (`max`, or −1) is no limit.
        texts.map(|text| text.split_whitespace().map(|n| n.parse().ok()).collect())
    }

    /// The lowest memory limit, in bytes.
    fn memory(&self) -> Option<u64> {
        let files = ["memory.max", "memory.limit_in_bytes"];
        let limits = files.into_iter().flat_map(|file| {
            let numbers = self.numbers(file);
            numbers.filter_map(|numbers| numbers.first().copied().flatten())
        });
        limits.filter(|limit| *limit < UNLIMITED).min()
    }

    /// The lowest limit of processor time, in whole cores, at least 1.
    fn cores(&self) -> Option<usize> {
        let share = |quota: Option<u64>, period: Option<u64>| {
            let cores = quota?.checked_div(period?)?.max(1);
            usize::try_from(cores).ok()
        };
        let both = self
            .numbers("cpu.max")
            .filter_map(|numbers| match numbers[..] {
                [quota, period] => share(quota, period),
                _ => None,
            });
        let first = |file| {
            self.numbers(file)
                .map(|numbers| numbers.first().copied().flatten())
        };
        let old = first("cpu.cfs_quota_us").zip(first("cpu.cfs_period_us"));
        let old = old.filter_map(|(quota, period)| share(quota, period));
        both.chain(old).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &str = "MemTotal:       24576000 kB\nMemFree: 1 kB\n";

    /// A machine made of these files.
    fn machine(files: &[(&str, &str)]) -> Machine {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
            fs::write(path, text).expect("writable");
        }
        Machine::read(root.path(), 8)
    }

    #[test]
    fn without_limits_it_is_what_proc_says() {
        let plain = machine(&[("proc/meminfo", MEMINFO), ("proc/self/cgroup", "0::/\n")]);
        assert_eq!((plain.cores, plain.memory_gb), (8, Some(23)));
        assert!(!plain.is_limited() && plain.gpu == Gpu::Absent, "{plain}");
        let unknown = machine(&[]);
        assert_eq!((unknown.cores, unknown.memory_gb), (8, None));
        assert!(unknown.to_string().contains("unknown memory"), "{unknown}");
        let small = machine(&[("proc/meminfo", "MemTotal: 262144 kB\n")]).to_string();
        assert!(small.contains("less than 1 GB"), "{small}");
    }

    #[test]
    fn a_container_counts_when_it_gives_less_than_the_machine_has() {
        let group = "0::/docker/abc\n";
        for (name, files, expected) in [
            (
                "version 2, own group",
                vec![
                    ("sys/fs/cgroup/docker/abc/memory.max", "4294967296\n"),
                    ("sys/fs/cgroup/docker/abc/cpu.max", "250000 100000\n"),
                ],
                (2, 4),
            ),
            (
                "version 2, the lowest of the groups above",
                vec![
                    ("sys/fs/cgroup/docker/memory.max", "2147483648\n"),
                    ("sys/fs/cgroup/docker/abc/memory.max", "4294967296\n"),
                    ("sys/fs/cgroup/cpu.max", "max 100000\n"),
                ],
                (8, 2),
            ),
            (
                "version 2, only the top is to be seen",
                vec![("sys/fs/cgroup/memory.max", "1073741824")],
                (8, 1),
            ),
            (
                "so little that it is none of a GB",
                vec![("sys/fs/cgroup/memory.max", "268435456")],
                (8, 0),
            ),
            (
                "half a core is one",
                vec![("sys/fs/cgroup/cpu.max", "50000 100000")],
                (1, 23),
            ),
            (
                "more than the machine has is no limit",
                vec![
                    ("sys/fs/cgroup/memory.max", "999999999999"),
                    ("sys/fs/cgroup/cpu.max", "6400000 100000"),
                ],
                (8, 23),
            ),
            (
                "nonsense is no limit",
                vec![
                    ("sys/fs/cgroup/memory.max", "max"),
                    ("sys/fs/cgroup/cpu.max", "0 0"),
                ],
                (8, 23),
            ),
        ] {
            let mut files = files;
            files.extend([("proc/meminfo", MEMINFO), ("proc/self/cgroup", group)]);
            let found = machine(&files);
            let gb = found.memory_gb.expect("it can be told");
            assert_eq!((found.cores, gb), expected, "{name}");
            assert_eq!(found.is_limited(), expected != (8, 23), "{name}");
        }
    }

    #[test]
    fn version_1_of_control_groups_counts_as_well() {
        let found = machine(&[
            ("proc/meminfo", MEMINFO),
            ("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n"),
            (
                "sys/fs/cgroup/memory/box/memory.limit_in_bytes",
                "3221225472",
            ),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712",
            ),
            ("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "300000"),
            ("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"),
        ]);
        assert_eq!((found.cores, found.memory_gb), (3, Some(3)));
        let text = found.to_string();
        assert!(
            text.contains("3 cores, 3 GB") && text.contains("of 8 cores, 23 GB"),
            "{text}"
        );
    }

    #[test]
    fn a_gpu_counts_only_where_models_run_on_it() {
        for (is_there, is_built, is_used, expected) in [
            (false, true, true, Gpu::Absent),
            (true, false, true, Gpu::NotBuilt { feature: "cuda" }),
            (true, true, false, Gpu::Unused),
            (true, true, true, Gpu::Used),
        ] {
            assert_eq!(Gpu::of(is_there, "cuda", is_built, is_used), expected);
        }
        let card = "proc/driver/nvidia/gpus/0000:01:00.0/information";
        assert_ne!(machine(&[(card, "x")]).gpu, Gpu::Absent);
    }
}
