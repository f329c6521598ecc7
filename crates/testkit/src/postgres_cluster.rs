//! A PostgreSQL of a test's own, which it may stop and start: the one of all tests must not be disturbed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Finds the binaries, and knows what PostgreSQL asks of whom it runs as.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");
/// What was committed survives a crash of the server, as it does in production; that of the machine nobody tries.
const DURABLE: &str = "synchronous_commit=on";

/// A running cluster in a temporary folder. It ends with the test.
#[derive(Debug)]
pub struct PostgresCluster {
    folder: TempDir,
}

impl PostgresCluster {
    /// Makes one and starts it, which takes a second or two. Gives back the URL of an empty database in it.
    pub async fn start() -> (Self, String) {
        let reachable = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(reachable).tempdir();
        let cluster = Self {
            folder: folder.unwrap(),
        };
        let url = cluster.run("start", DURABLE).await;
        (cluster, url)
    }

    /// Stops it as a crash does: every connection breaks, and nothing is tidied up.
    pub async fn crash(&self) {
        self.run("stop", "immediate").await;
    }

    /// Starts it after a crash, on the same port.
    pub async fn start_again(&self) {
        self.run("start", DURABLE).await;
    }

    async fn run(&self, verb: &str, how: &str) -> String {
        let mut command = self.command(verb, how);
        let ran = tokio::task::spawn_blocking(move || command.output());
        printed(&ran.await.unwrap().unwrap())
    }

    fn command(&self, verb: &str, how: &str) -> Command {
        let mut command = Command::new(SCRIPT);
        command
            .arg(verb)
            .arg(self.folder.path().join("cluster"))
            .arg(how);
        command
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        // Fails when it stands still already.
        let _ = self.command("stop", "immediate").output();
    }
}

fn printed(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{SCRIPT}: {complaint}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
