//! A PostgreSQL server. Without its programs, tests that need it fail.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Scratch, ServerUser, free_port, run};

/// The superuser, and its password.
pub(crate) const USER: &str = "pixloom";
pub(crate) const PASSWORD: &str = "pass: w/ö%rd'";

/// Where distributions install the programs, newest first; PIXLOOM_TEST_POSTGRES names another folder.
const FOLDERS: [&str; 8] = [
    "/usr/lib/postgresql/18/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/pgsql-17/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
];
/// Attempts to find a port that is still free when the server opens it.
const ATTEMPTS: usize = 5;
/// Longest wait for a start or stop, in seconds, and as a deadline for what follows a kill.
const LONGEST_S: &str = "60";
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);

/// A server that stops, and whose folder is removed, when it is dropped or this process ends.
pub(crate) struct Postgres {
    scratch: Scratch,
    programs: PathBuf,
    port: u16,
    databases: AtomicUsize,
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It rolls back and closes its files.
    Fast,
    /// It ends all sessions at once, and recovers when it starts again.
    Immediate,
    /// Its main process is killed.
    Kill,
}

impl Postgres {
    /// The server of this process. Tests use databases of their own and don't stop it.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["fsync=off", "full_page_writes=off"]))
    }

    /// A server with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let programs = programs();
        let user = ServerUser::find(&["postgres", "nobody"]);
        let stop = format!("{}/pg_ctl stop -D \"$1/data\" -m immediate -t {LONGEST_S}", programs.display());
        let scratch = Scratch::new(user, &stop);
        let password = scratch.file("password", PASSWORD);
        let mut initdb = scratch.command(programs.join("initdb"));
        initdb.arg("-D").arg(scratch.path().join("data")).arg("--pwfile").arg(password);
        initdb.args(["-U", USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.args(["--no-sync", "--wal-segsize=1"]);
        run(&mut initdb, "").expect("initdb runs");
        let mut server = Self { scratch, programs, port: 0, databases: AtomicUsize::new(0) };
        for attempt in 1.. {
            server.port = free_port();
            let folder = server.scratch.path().display();
            let mut lines = format!(
                "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{folder}'\n\
                 shared_buffers = '32MB'\nmax_connections = 60\ntimezone = 'UTC'\n",
                server.port
            );
            settings.iter().for_each(|setting| lines.extend([setting, "\n"]));
            server.scratch.file("data/postgresql.auto.conf", &lines);
            match server.try_start() {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS => panic!("PostgreSQL does not start: {error}\n{}", server.log()),
                Err(_) => {}
            }
        }
        server
    }

    fn try_start(&self) -> Result<(), String> {
        let mut start = self.scratch.command(self.programs.join("pg_ctl"));
        start.args(["start", "-w", "-t", LONGEST_S, "-D"]).arg(self.scratch.path().join("data"));
        start.arg("-l").arg(self.scratch.path().join("log"));
        let status = start.status().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(status.to_string()) }
    }

    /// Stops it; its data stays.
    pub(crate) fn stop(&self, how: Stop) {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
            Stop::Kill => return self.kill(),
        };
        let mut stop = self.scratch.command(self.programs.join("pg_ctl"));
        stop.args(["stop", "-w", "-t", LONGEST_S, "-m", mode, "-D"]).arg(self.scratch.path().join("data"));
        run(&mut stop, "").expect("it stops");
    }

    /// Kills its main process; the others end when they see it.
    fn kill(&self) {
        let pid_file = self.scratch.path().join("data/postmaster.pid");
        let text = std::fs::read_to_string(pid_file).expect("it runs");
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok()).expect("its process");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is killed");
    }

    /// Starts it again on the same port.
    pub(crate) fn start_again(&self) {
        // After a kill, the server's other processes keep its memory until they have ended.
        let since = Instant::now();
        while let Err(error) = self.try_start() {
            assert!(since.elapsed() < DEADLINE, "PostgreSQL does not start again: {error}\n{}", self.log());
            std::thread::sleep(LOOK);
        }
    }

    /// Stops and starts it.
    pub(crate) fn restart(&self, how: Stop) {
        self.stop(how);
        self.start_again();
    }

    /// An empty database of its own.
    pub(crate) fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Writes a file that only the server can read into the folder of its data.
    pub(crate) fn data_file(&self, name: &str, content: &str) {
        self.scratch.file(&format!("data/{name}"), content);
    }

    /// The folder of its socket, data and log.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.scratch.path()
    }

    /// The data source name of a database, without a password.
    pub(crate) fn dsn(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same with the password in it.
    pub(crate) fn dsn_with_password(&self, database: &str) -> String {
        let encoded = percent_encoding::utf8_percent_encode(PASSWORD, percent_encoding::NON_ALPHANUMERIC);
        format!("postgres://{USER}:{encoded}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements with psql; returns rows as lines, columns separated by `|`. Panics if one fails.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.env_clear()
            .env("PGPASSWORD", PASSWORD)
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGCONNECT_TIMEOUT", LONGEST_S);
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, "-d", database]);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        run(&mut psql, statements).unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    /// The server's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }
}

fn programs() -> PathBuf {
    let named = std::env::var_os("PIXLOOM_TEST_POSTGRES").map(PathBuf::from);
    let folders = named.into_iter().chain(FOLDERS.map(PathBuf::from));
    let mut found = folders.filter(|folder| folder.join("initdb").is_file());
    found.next().expect(
        "this test needs PostgreSQL: install the package postgresql (.ci/setup test), or name the folder of initdb in \
         PIXLOOM_TEST_POSTGRES",
    )
}
