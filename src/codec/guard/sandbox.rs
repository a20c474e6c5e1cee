//! The sandbox of a helper, set up before its first file. On Linux a helper can open no file and no socket and start no
//! program: only its pipes and the shared memory stay open.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the system's own files, and what a helper must not be able to do, which a test checks"
)]

use std::io;
use std::process::ExitCode;

/// Prepares the process: no core files, and the first choice when memory runs out.
pub(super) fn prepare() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/oom_score_adj", "800");
}

/// Limits the processor time of the next task, where the program that started this one can't measure it. Linux can, and
/// its sandbox forbids this call; on Windows only the item's time limit applies.
pub(super) fn limit_processor_time(seconds: u64) {
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
        // The system compares whole seconds, and ends the process with SIGXCPU.
        let current = u64::try_from(used).unwrap_or_default().saturating_add(seconds).saturating_add(1);
        let maximum = getrlimit(Resource::Cpu).maximum;
        let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum });
    }
    #[cfg(not(all(unix, not(any(target_os = "linux", target_os = "android")))))]
    let _ = seconds;
}

/// Discards what libraries print to standard error, which is the shared memory.
pub(super) fn silence_standard_error() -> io::Result<()> {
    #[cfg(unix)]
    rustix::stdio::dup2_stderr(std::fs::OpenOptions::new().write(true).open("/dev/null")?)?;
    Ok(())
}

/// Activates the sandbox for this thread and all threads it starts. Fails if the system has none.
pub(super) fn close() -> Result<(), String> {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    linux::close().map_err(|error| format!("its sandbox couldn't be set up: {error}"))?;
    Ok(())
}

/// Prints what a helper can reach from its sandbox: for tests.
pub(super) fn report(out: &mut dyn io::Write, path: &std::ffi::OsStr) -> ExitCode {
    let mut say = |what: &str, outcome: Result<(), String>| {
        let _ = match outcome {
            Ok(()) => writeln!(out, "{what}: possible"),
            Err(error) => writeln!(out, "{what}: {error}"),
        };
    };
    say("before", std::fs::File::open(path).map(drop).map_err(|error| error.to_string()));
    say("sandbox", close());
    let said = |error: io::Error| error.to_string();
    say("read", std::fs::File::open(path).map(drop).map_err(said));
    say("write", std::fs::File::create(path).map(drop).map_err(said));
    say("list", std::fs::read_dir("/").map(drop).map_err(said));
    say("listen", std::net::TcpListener::bind(("127.0.0.1", 0)).map(drop).map_err(said));
    say("send", std::net::UdpSocket::bind(("127.0.0.1", 0)).map(drop).map_err(said));
    say("program", std::process::Command::new(path).status().map(drop).map_err(said));
    let thread = std::thread::Builder::new().name("pixloom-thread".to_owned()).spawn(|| 0);
    say(
        "thread",
        thread.and_then(|thread| thread.join().map(drop).map_err(|_| io::ErrorKind::Other.into())).map_err(said),
    );
    ExitCode::SUCCESS
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod linux {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch,
    };

    /// System calls for computing, memory, threads and open files. None of them takes a path or opens anything.
    const ALLOWED: [libc::c_long; 40] = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_pread64,
        libc::SYS_pwrite64,
        libc::SYS_lseek,
        libc::SYS_fstat,
        libc::SYS_ftruncate,
        libc::SYS_close,
        libc::SYS_ppoll,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_membarrier,
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getcpu,
        libc::SYS_nanosleep,
        libc::SYS_clock_nanosleep,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_tgkill,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// All other calls fail as if they didn't exist, so that the C library falls back to older ones.
    pub(super) fn close() -> Result<(), Box<dyn std::error::Error>> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
        // Threads may be started, processes not. `clone3` hides its flags, so it is not allowed.
        let flags = libc::CLONE_THREAD as u64;
        let is_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flags), flags)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_thread])?]);
        let otherwise = SeccompAction::Errno(libc::ENOSYS as u32);
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        let program: BpfProgram = SeccompFilter::new(rules, otherwise, SeccompAction::Allow, arch)?.try_into()?;
        seccompiler::apply_filter(&program)?;
        Ok(())
    }
}
