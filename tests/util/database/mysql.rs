//! A MariaDB server. Without its programs, tests that need it fail.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::{Scratch, ServerUser, free_port, run};

/// A user with all privileges, and its password.
pub(crate) const USER: &str = "pixloom";
pub(crate) const PASSWORD: &str = "pass: w/ö%rd'";

/// Where distributions install the programs; PIXLOOM_TEST_MARIADB names another folder.
const FOLDERS: [&str; 6] =
    ["/usr/sbin", "/usr/bin", "/usr/libexec", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/mariadb/bin"];
/// Attempts to find a port that is still free when the server opens it.
const ATTEMPTS: usize = 5;
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);
/// Settings of a server whose data need not survive the machine.
const FAST: [&str; 3] = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--sync-frm=0"];

/// A server that stops, and whose folder is removed, when it is dropped or this process ends.
pub(crate) struct Mysql {
    scratch: Scratch,
    settings: Vec<String>,
    port: u16,
    process: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It rolls back and closes its files.
    Clean,
    /// Its process is killed, and it recovers when it starts again.
    Kill,
}

impl Mysql {
    /// The server of this process. Tests use databases of their own and don't stop it.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Mysql> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&FAST))
    }

    /// A server with these options.
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self::start_with(settings, |_| {})
    }

    /// A server with these options, in a folder that is prepared first; `FOLDER` in an option is its path.
    pub(crate) fn start_with(settings: &[&str], prepare: impl FnOnce(&Scratch)) -> Self {
        let user = ServerUser::find(&["mysql", "nobody"]);
        let scratch = Scratch::new(user, "kill -KILL \"$(cat \"$1/pid\")\"");
        let mut install = scratch.command(program("mariadb-install-db"));
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        install.arg(format!("--datadir={}", scratch.path().join("data").display()));
        // In the common folder, servers that start at the same time remove each other's temporary tables.
        install.arg(format!("--tmpdir={}", scratch.path().display()));
        run(&mut install, "").expect("mariadb-install-db runs");
        let password = PASSWORD.replace('\'', "''");
        scratch.file(
            "users.sql",
            &format!(
                "CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{password}';\n\
                 GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;\n\
                 ALTER USER root@localhost IDENTIFIED BY '{password}';\n"
            ),
        );
        prepare(&scratch);
        let folder = scratch.path().display().to_string();
        let settings = settings.iter().map(|setting| setting.replace("FOLDER", &folder)).collect();
        let mut server = Self { scratch, settings, port: 0, process: Mutex::default(), databases: AtomicUsize::new(0) };
        for attempt in 1.. {
            server.port = free_port();
            match server.try_start() {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS => panic!("MariaDB does not start: {error}\n{}", server.log()),
                Err(_) => {}
            }
        }
        server
    }

    /// Starts it and waits until it answers, as a server for all does: its first statements have run by then.
    fn try_start(&self) -> Result<(), String> {
        let folder = self.scratch.path();
        let mut command = self.scratch.command(program("mariadbd"));
        command.arg("--no-defaults");
        for (name, file) in [("datadir", "data"), ("pid-file", "pid"), ("socket", "socket"), ("log-error", "log")] {
            command.arg(format!("--{name}={}", folder.join(file).display()));
        }
        command.arg(format!("--tmpdir={}", folder.display()));
        command.arg(format!("--init-file={}", folder.join("users.sql").display()));
        command.arg(format!("--port={}", self.port));
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=64M"]);
        command.args(&self.settings);
        let mut process = command.spawn().map_err(|error| error.to_string())?;
        let since = Instant::now();
        loop {
            if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
                return Err(status.to_string());
            }
            let answer = self.try_sql("", "SELECT 1");
            if answer.is_ok() {
                break;
            }
            assert!(since.elapsed() < DEADLINE, "MariaDB does not answer: {answer:?}\n{}", self.log());
            std::thread::sleep(LOOK);
        }
        *self.process() = Some(process);
        Ok(())
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it; its data stays.
    pub(crate) fn stop(&self, how: Stop) {
        let mut process = self.process().take().expect("it runs");
        if how == Stop::Kill {
            process.kill().expect("it is killed");
        } else {
            let pid = rustix::process::Pid::from_child(&process);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it gets the signal");
        }
        process.wait().expect("it ends");
    }

    /// Starts it again on the same port.
    pub(crate) fn start_again(&self) {
        self.try_start().unwrap_or_else(|error| panic!("MariaDB does not start again: {error}\n{}", self.log()));
    }

    /// Stops and starts it.
    pub(crate) fn restart(&self, how: Stop) {
        self.stop(how);
        self.start_again();
    }

    /// An empty database of its own.
    pub(crate) fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("", &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        name
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data and log; its socket is `socket` there.
    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The data source name of a database, without a password.
    pub(crate) fn dsn(&self, database: &str) -> String {
        format!("mysql://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same with the password in it.
    pub(crate) fn dsn_with_password(&self, database: &str) -> String {
        let encoded = percent_encoding::utf8_percent_encode(PASSWORD, percent_encoding::NON_ALPHANUMERIC);
        format!("mysql://{USER}:{encoded}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements with the command-line client; returns rows as lines, columns separated by tabs. Panics if one
    /// fails.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> String {
        self.try_sql(database, statements).unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    fn try_sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut client = Command::new(program("mariadb"));
        client.env_clear().env("MYSQL_PWD", PASSWORD);
        client.args(["--no-defaults", "-h", "127.0.0.1", "-P", &self.port.to_string(), "-u", USER, "-N", "-B"]);
        client.arg("--default-character-set=utf8mb4");
        client.args(Some(database).filter(|name| !name.is_empty()));
        run(&mut client, statements)
    }

    /// The server's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Mysql {
    fn drop(&mut self) {
        if let Some(mut process) = self.process().take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn program(name: &str) -> PathBuf {
    let named = std::env::var_os("PIXLOOM_TEST_MARIADB").map(PathBuf::from);
    let folders = named.into_iter().chain(FOLDERS.map(PathBuf::from));
    let mut found = folders.map(|folder| folder.join(name)).filter(|path| path.is_file());
    found.next().unwrap_or_else(|| {
        panic!(
            "this test needs {name}: install the package mariadb-server (.ci/setup test), or name the folder of the \
             programs in PIXLOOM_TEST_MARIADB"
        )
    })
}
