//! A worker that can be killed: an app in a runtime of its own, all of whose tasks end at once, as with a process.

use std::time::Duration;

use peeker_app::{App, Options, runner};
use peeker_domain::Environment;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::{Commits, Faults};

/// How long a killed runtime may take to let go of its threads.
const LAST_BREATH: Duration = Duration::from_secs(10);

/// A second server that works through what is due now in the sandbox, until it is killed.
#[derive(Debug)]
pub struct Process {
    runtime: Runtime,
    work: JoinHandle<usize>,
}

impl Process {
    /// Starts a server on the databases of `options` and lets it work, with `faults` before its providers.
    pub fn start(options: Options, faults: &Faults) -> Self {
        Self::run(options.behind(faults.layer()))
    }

    /// As [`Process::start`], one job after the other, so that `commits` have the same order each time.
    pub fn start_in_order(mut options: Options, faults: &Faults, commits: &Commits) -> Self {
        options.settings.job_concurrency = 1;
        let options = options.behind(faults.layer());
        Self::run(options.interrupted_by(commits.interruption()))
    }

    fn run(options: Options) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let work = runtime.spawn(async move {
            let app = App::start(options).await.unwrap();
            runner::run_until_idle(&app, Environment::Test)
                .await
                .unwrap()
        });
        Self { runtime, work }
    }

    /// Returns when nothing is due any more. Gives back how many pieces of work that were.
    pub async fn idle(&mut self) -> usize {
        (&mut self.work).await.unwrap()
    }

    /// Ends every task of the process where it stands; nothing of it writes when this returns.
    pub async fn kill(self) {
        let Self { runtime, work } = self;
        drop(work);
        let ending = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(LAST_BREATH));
        ending.await.unwrap();
    }
}
