//! A PostgreSQL cluster of this test process: made when the first test asks, gone with the process.
//!
//! A shell watches over it and holds one end of a pipe: however the test process ends, the pipe closes, and the
//! shell stops the server and deletes its folder.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    port: u16,
    /// Its standard input is the pipe.
    watcher: Mutex<(Child, BufReader<ChildStdout>)>,
}

const WATCH: &str = r#"
cd "$DIR" || exit 1
"$BIN/initdb" -D data -U signalbox --auth=trust -E UTF8 --locale=C >log 2>&1 || exit 1
begin() {
    "$BIN/pg_ctl" -D data -w -l server.log \
        -o "-p $PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200" \
        start >>log 2>&1 </dev/null
}
begin || exit 1
echo ready
while read -r _; do
    "$BIN/pg_ctl" -D data -m immediate stop >>log 2>&1
    echo gone
    read -r _ || break
    begin && echo back
done
"$BIN/pg_ctl" -D data -m immediate stop >>log 2>&1
cd / && rm -rf "$DIR"
"#;

/// The cluster of this process; none where PostgreSQL is not installed.
///
/// # Panics
/// If it is installed and does not start; if it is not installed where `CI` is set.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let found = CLUSTER.get_or_init(|| installed().map(start)).as_ref();
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "PostgreSQL is not installed, and `CI` is set: its tests must run"
    );
    if found.is_none() {
        eprintln!("skipped: PostgreSQL (initdb, pg_ctl) is not installed");
    }
    found
}

/// A cluster of its own, for a test that stops and starts it; none where PostgreSQL is not installed.
///
/// # Panics
/// As [`cluster`].
pub fn own_cluster() -> Option<Cluster> {
    cluster()?;
    installed().map(start)
}

/// The folder of `initdb` and `pg_ctl`: on the PATH, or where Debian keeps versions side by side.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let has_all = |folder: &PathBuf| {
        ["initdb", "pg_ctl", "createdb", "psql"]
            .iter()
            .all(|p| folder.join(p).exists())
    };
    folders.into_iter().find(has_all)
}

fn start(bin: PathBuf) -> Cluster {
    let folder = tempfile::Builder::new()
        .prefix("signalbox-postgres-")
        .tempdir()
        .expect("a temporary folder");
    // The watcher deletes it.
    let folder = folder.keep();
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a free port")
        .port();
    let mut watcher = as_another_user(&folder)
        .args(["sh", "-c", WATCH])
        .env("BIN", &bin)
        .env("DIR", &folder)
        .env("PORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    let mut output = BufReader::new(watcher.stdout.take().expect("a pipe"));
    output.read_line(&mut line).expect("a line of the watcher");
    if line != "ready\n" {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        panic!(
            "PostgreSQL does not start:\n{}\n{}",
            read("log"),
            read("server.log")
        );
    }
    Cluster {
        bin,
        port,
        watcher: Mutex::new((watcher, output)),
    }
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`, who gets the folder.
fn as_another_user(folder: &Path) -> Command {
    if number_of(&["-u"]) != Some(0) {
        return Command::new("env");
    }
    let users = ["postgres", "nobody"].into_iter();
    let found = users
        .filter_map(|user| Some((number_of(&["-u", user])?, number_of(&["-g", user])?)))
        .next();
    let (user, group) = found.expect("a user `postgres` or `nobody`: PostgreSQL does not run as root");
    std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("root may give a folder away");
    let mut command = Command::new("setpriv");
    command.args([
        &format!("--reuid={user}"),
        &format!("--regid={group}"),
        "--clear-groups",
    ]);
    command
}

fn number_of(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A session of somebody else. Its transaction ends when it is dropped.
#[derive(Debug)]
pub struct Session {
    psql: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Executes statements, and waits until they are done.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn execute(&mut self, sql: &str) {
        let said = writeln!(self.input, "{sql};\n\\echo done");
        said.expect("psql reads");
        let mut line = String::new();
        while line != "done\n" {
            line.clear();
            let count = self.output.read_line(&mut line).expect("psql answers");
            assert_ne!(count, 0, "psql has ended: {sql}");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}

impl Cluster {
    /// Makes an empty database and gives its address. Names are unique within the process.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database(&self, name: &str) -> String {
        self.run("createdb", &[name]);
        format!("postgres://signalbox@127.0.0.1:{}/{name}", self.port)
    }

    /// Executes a statement, as an operator would.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn execute(&self, database: &str, sql: &str) {
        self.run("psql", &["-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]);
    }

    /// A session that executes statements one after the other, and keeps its transaction open between them.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn session(&self, database: &str) -> Session {
        let port = self.port.to_string();
        let mut psql = Command::new(self.bin.join("psql"))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "signalbox", "-d", database])
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql");
        let input = psql.stdin.take().expect("a pipe");
        let output = BufReader::new(psql.stdout.take().expect("a pipe"));
        Session { psql, input, output }
    }

    /// Ends about half of the connections of all hosts.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn cut_half_of_all_connections(&self, database: &str) {
        let sql = include_str!("cut.sql");
        self.execute(database, sql);
    }

    /// The server ends at once, as in a crash.
    ///
    /// # Panics
    /// If it does not.
    pub fn stop(&self) {
        self.tell("gone\n");
    }

    /// The server starts again, and recovers.
    ///
    /// # Panics
    /// If it does not.
    pub fn start_again(&self) {
        self.tell("back\n");
    }

    fn tell(&self, expected: &str) {
        let mut watcher = self.watcher.lock().expect("nobody panics with it");
        let (child, output) = &mut *watcher;
        let input = child.stdin.as_mut().expect("a pipe");
        input.write_all(b"\n").expect("the watcher reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("the watcher answers");
        assert_eq!(line, expected);
    }

    fn run(&self, program: &str, args: &[&str]) {
        let port = self.port.to_string();
        let output = Command::new(self.bin.join(program))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "signalbox"])
            .args(args)
            .output()
            .expect("a PostgreSQL program");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {args:?}: {error}");
    }
}
