//! How much memory jobs may use by default: half of what is free, by the machine and by the control groups that this
//! process is in.

use std::fs;
use std::path::{Path, PathBuf};

/// Default budget where the system does not say how much is free, and the most that it ever is.
const MOST_BYTES: u64 = 2 << 30;
/// The least default budget.
const LEAST_BYTES: u64 = 64 << 20;
/// A limit above this is none: version 1 of control groups has a huge number instead of a word.
const NO_LIMIT_BYTES: u64 = 1 << 60;

/// Bytes of memory that images and bodies in progress may take by default: half of what is free, at most 2 GiB.
pub(crate) fn default_memory_bytes() -> u64 {
    budget(Path::new("/"))
}

fn budget(root: &Path) -> u64 {
    match free_bytes(root) {
        Some(free) => (free / 2).clamp(LEAST_BYTES, MOST_BYTES),
        None => MOST_BYTES / 2,
    }
}

/// Free memory: of the machine, or of the control group with the least. `root` is where `proc` and `sys` are.
fn free_bytes(root: &Path) -> Option<u64> {
    let machine = machine_free_bytes(root);
    let groups = group_free_bytes(root);
    machine.into_iter().chain(groups).min()
}

/// A file in which the system says something.
#[expect(clippy::disallowed_methods, reason = "files of the system say how much memory is free")]
fn text_of(path: PathBuf) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn machine_free_bytes(root: &Path) -> Option<u64> {
    let text = text_of(root.join("proc/meminfo"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Which files of a control group say what, by version.
struct Files {
    /// Where the groups are mounted.
    mount: &'static str,
    limits: &'static [&'static str],
    used: &'static str,
    /// The line of `memory.stat` with the bytes of cached files, which the system takes back when it needs them.
    cached: &'static str,
}

const VERSION_1: Files = Files {
    mount: "sys/fs/cgroup/memory",
    limits: &["memory.limit_in_bytes"],
    used: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

const VERSION_2: Files = Files {
    mount: "sys/fs/cgroup",
    limits: &["memory.max", "memory.high"],
    used: "memory.current",
    cached: "inactive_file",
};

/// Free memory of the control group with the least, among this process's own groups and all above them.
fn group_free_bytes(root: &Path) -> Option<u64> {
    let text = text_of(root.join("proc/self/cgroup"))?;
    text.lines().filter_map(|line| least_free(root, line)).min()
}

/// The same for one line of `/proc/self/cgroup`: hierarchy, controllers, path.
fn least_free(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let files = match controllers {
        "" => &VERSION_2,
        _ if controllers.split(',').any(|controller| controller == "memory") => &VERSION_1,
        _ => return None,
    };
    let mount = root.join(files.mount);
    // In a container, the path may be the host's: then the container's own group is mounted, and only its limit is seen.
    let mut group = mount.clone();
    let mut groups: Vec<PathBuf> = vec![group.clone()];
    for part in path.split('/').filter(|part| !part.is_empty() && *part != "..") {
        group.push(part);
        groups.push(group.clone());
    }
    groups.iter().filter_map(|group| free_in(group, files)).min()
}

/// Free memory of one group; `None` if it has no limit.
fn free_in(group: &Path, files: &Files) -> Option<u64> {
    let number = |name: &str| text_of(group.join(name))?.trim().parse::<u64>().ok();
    let limit = files.limits.iter().filter_map(|name| number(name)).filter(|&limit| limit < NO_LIMIT_BYTES).min()?;
    let cached = text_of(group.join("memory.stat")).and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix(files.cached)?.strip_prefix(' ').map(str::to_owned));
        line?.trim().parse::<u64>().ok()
    });
    let used = number(files.used).unwrap_or(0).saturating_sub(cached.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const MIB: u64 = 1 << 20;

    /// A root folder with these files, the numbers among them in MiB.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = match text.strip_suffix(" MiB") {
                Some(number) => (number.parse::<u64>().unwrap() * MIB).to_string(),
                None => (*text).to_owned(),
            };
            fs::write(path, text + "\n").unwrap();
        }
        root
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 1048576 kB\nSwapFree: 1 kB");

    #[test]
    fn without_control_groups_half_of_the_machine_is_used_within_bounds() {
        assert_eq!(budget(root(&[MACHINE]).path()), 512 * MIB);
        assert_eq!(budget(root(&[]).path()), 1024 * MIB);
        let large = root(&[("proc/meminfo", "MemAvailable: 99999999999 kB")]);
        assert_eq!(budget(large.path()), 2048 * MIB);
        let small = root(&[("proc/meminfo", "MemAvailable: 9 kB")]);
        assert_eq!(budget(small.path()), 64 * MIB);
    }

    #[test]
    fn a_version_2_limit_counts_without_what_is_used_and_not_cached() {
        let root = root(&[
            MACHINE,
            ("proc/self/cgroup", "0::/user/job"),
            ("sys/fs/cgroup/user/job/memory.max", "600 MiB"),
            ("sys/fs/cgroup/user/job/memory.high", "max"),
            ("sys/fs/cgroup/user/job/memory.current", "300 MiB"),
            ("sys/fs/cgroup/user/job/memory.stat", "anon 1\ninactive_file 104857600\nactive_file 5"),
        ]);
        assert_eq!(budget(root.path()), 200 * MIB);
    }

    #[test]
    fn a_limit_of_an_outer_group_counts_too() {
        let root = root(&[
            MACHINE,
            ("proc/self/cgroup", "0::/outer/inner"),
            ("sys/fs/cgroup/outer/memory.max", "max"),
            ("sys/fs/cgroup/outer/memory.high", "256 MiB"),
            ("sys/fs/cgroup/outer/inner/memory.max", "512 MiB"),
        ]);
        assert_eq!(budget(root.path()), 128 * MIB);
    }

    #[test]
    fn a_group_without_a_limit_changes_nothing() {
        let root = root(&[
            MACHINE,
            ("proc/self/cgroup", "4:memory:/a\n0::/b"),
            ("sys/fs/cgroup/b/memory.max", "max"),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712"),
            ("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "700 MiB"),
        ]);
        assert_eq!(budget(root.path()), 512 * MIB);
    }

    #[test]
    fn groups_of_version_1_are_nested_too_and_other_controllers_are_ignored() {
        let root = root(&[
            MACHINE,
            ("proc/self/cgroup", "9:pids:/x\n4:cpu,memory:/outer/inner\n0::/"),
            ("sys/fs/cgroup/memory/outer/memory.limit_in_bytes", "400 MiB"),
            ("sys/fs/cgroup/memory/outer/memory.usage_in_bytes", "200 MiB"),
            ("sys/fs/cgroup/memory/outer/memory.stat", "inactive_file 1\ntotal_inactive_file 52428800"),
            ("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", "9223372036854771712"),
        ]);
        assert_eq!(budget(root.path()), 125 * MIB);
    }

    #[test]
    fn in_a_container_the_path_of_the_group_may_not_exist_but_its_own_limit_applies() {
        let root = root(&[
            MACHINE,
            ("proc/self/cgroup", "0::/../../host/docker/abc"),
            ("sys/fs/cgroup/memory.max", "300 MiB"),
            ("sys/fs/cgroup/memory.current", "100 MiB"),
        ]);
        assert_eq!(budget(root.path()), 100 * MIB);
    }
}
