//! Real database servers for tests, each in a scratch folder on a free port of 127.0.0.1. A test program that uses a part
//! of this says `#[expect(dead_code, reason = "...")]` at its `mod`.

#![expect(clippy::expect_used, reason = "tests")]

pub(crate) mod certificates;
pub(crate) mod mysql;
pub(crate) mod postgres;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder that belongs to the user of a server. A helper process removes it when this process ends in any way, after a
/// command that stops the server.
pub(crate) struct Scratch {
    path: PathBuf,
    user: ServerUser,
    watcher: Child,
}

/// Who runs a server: the current user or, because servers refuse root, another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerUser(Option<(u32, u32)>);

impl ServerUser {
    /// The first of these users that exists, if this is root.
    pub(crate) fn find(names: &[&str]) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").expect("users");
        let ids = |name: &&str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut numbers = line.split(':').skip(2).map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        };
        Self(Some(names.iter().find_map(ids).expect("root needs one of the users of servers")))
    }

    /// A command of this user, in a session of its own, without input and output.
    pub(crate) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program);
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
        command.process_group(0).current_dir("/").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Scratch {
    /// An empty folder. `stop` is a shell command that ends the server; `$1` in it is the folder.
    pub(crate) fn new(user: ServerUser, stop: &str) -> Self {
        let path = tempfile::Builder::new().prefix("pixloom-db-").tempdir().expect("a folder").keep();
        if let ServerUser(Some((uid, gid))) = user {
            std::os::unix::fs::chown(&path, Some(uid), Some(gid)).expect("the folder changes its owner");
        }
        let script = format!("trap '' HUP INT TERM; read _; ({stop}) >/dev/null 2>&1; rm -rf \"$1\"");
        let mut watcher = user.command("/bin/sh");
        watcher.args(["-c", &script, "sh"]).arg(&path).stdin(Stdio::piped());
        let watcher = watcher.spawn().expect("a shell");
        Self { path, user, watcher }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A command of the server's user.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.user.command(program)
    }

    /// Writes a file into the folder that only the server's user can read.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let path = self.path.join(name);
        std::fs::write(&path, content).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
        if let ServerUser(Some((uid, gid))) = self.user {
            chown(&path, Some(uid), Some(gid)).expect("the file changes its owner");
        }
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// A port of 127.0.0.1 that was free just now.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Runs a command to its end with this input; its output if it succeeds, else an error with what it wrote.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let mut stdin = child.stdin.take().expect("its input");
    // Large inputs are files: this one fits into the pipe or is read at once.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.success() { Ok(stdout.into_owned()) } else { Err(format!("{command:?}: {status}\n{stdout}{stderr}")) }
}
