//! The matrix: every workflow, killed before and after each of its provider calls and each of its commits, and with
//! each call and each job done twice. It ends as it does undisturbed, or a cell of the matrix says where it does not.
//!
//! A workflow is one function in `workflows.rs`. What it ends in is not written down but compared: every row of the
//! account, what the simulated providers remember included, must be what an undisturbed run leaves.

mod state;
mod table;
mod workflows;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use peeker_app::runner;
use peeker_domain::NewJob;
use peeker_domain::id::OrderId;
use peeker_domain::{Environment, JobKind, Preset};
use peeker_store::entity::jobs;
use peeker_store::{Moment, UnitOfWork};
use peeker_testkit::{
    Client, Commits, Fault, Faults, Process, ProviderCall, TestApp, apply, on_both_engines,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

pub use state::State;
use table::Table;
use workflows::{ALL, Workflow};

/// Where a run is cut off.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// At the provider call of this number.
    Call(usize, Fault),
    /// At the commit of this number.
    Commit(usize, Moment),
}

/// One sandbox in which a workflow runs again and again.
struct Bench<'a> {
    app: &'a TestApp,
    client: Client,
}

impl<'a> Bench<'a> {
    async fn new(app: &'a TestApp) -> Self {
        app.may_leave_jobs();
        workflows::let_half_be_swapped(app).await;
        Self {
            app,
            client: app.client_with(&app.key(Preset::Full, 1_000_000).await),
        }
    }

    /// An empty sandbox at the beginning of time, with everything that starts the workflow.
    async fn begin(&self, workflow: &Workflow) {
        self.client
            .post_text("/sandbox/reset", "")
            .await
            .expect(200);
        (workflow.begin)(self).await;
    }

    /// What a restarted server does.
    async fn recover(&self) {
        runner::end_all_leases(&self.app.app).await.unwrap();
        self.app.run_until_idle().await;
    }

    /// Runs the workflow in order, undisturbed but watched. Gives back its calls, its commits and its jobs.
    async fn watch(&self, workflow: &Workflow) -> Watched {
        self.begin(workflow).await;
        let seen = Arc::<Mutex<BTreeSet<Job>>>::default();
        let faults = Faults::default();
        let watched = Arc::clone(&seen);
        let db = self.app.app.store().sandbox.db.pools.reader.clone();
        let commits = Commits::watched_by(move || {
            let (db, watched) = (db.clone(), Arc::clone(&watched));
            Box::pin(async move {
                let leased = jobs::Entity::find().filter(jobs::Column::LeaseToken.is_not_null());
                let rows = leased.all(&db).await.unwrap();
                let rows = rows
                    .into_iter()
                    .map(|row| (row.kind, row.subject, row.order_id));
                watched.lock().unwrap().extend(rows);
            })
        });
        let mut process = Process::start_in_order(self.app.options(), &faults, &commits);
        process.idle().await;
        process.kill().await;
        let jobs = seen.lock().unwrap().clone();
        Watched {
            calls: faults.take_calls(),
            commits: commits.count(),
            jobs,
        }
    }

    /// Runs the workflow and kills it at the cut; then goes on as after a restart.
    async fn kill(&self, workflow: &Workflow, cut: Cut) -> State {
        self.begin(workflow).await;
        let faults = Faults::default();
        let commits = match cut {
            Cut::Call(number, fault) => {
                faults.plan_number(number, fault);
                Commits::default()
            }
            Cut::Commit(number, moment) => Commits::stopping_at(number, moment),
        };
        let mut process = Process::start_in_order(self.app.options(), &faults, &commits);
        tokio::select! {
            () = faults.hanging() => {}
            () = commits.stopped() => {}
            _ = process.idle() => panic!("{}: {cut:?} was not reached", workflow.name),
        }
        process.kill().await;
        self.recover().await;
        State::read(self.app).await
    }

    /// Runs the workflow with each provider call made twice in a row.
    async fn calls_twice(&self, workflow: &Workflow) -> State {
        self.begin(workflow).await;
        let faults = Faults::default();
        faults.make_twice();
        let server = self.app.faulty_server(&faults).await;
        runner::run_until_idle(&server, Environment::Test)
            .await
            .unwrap();
        State::read(self.app).await
    }

    /// Runs the workflow, and then each of its jobs once more.
    async fn jobs_twice(&self, workflow: &Workflow) -> State {
        let jobs = self.watch(workflow).await.jobs;
        let mut work = UnitOfWork::begin(&self.app.app.store().sandbox.db, [&self.app.partner.id])
            .await
            .unwrap();
        for (kind, subject, order) in jobs {
            let now = self
                .app
                .app
                .account_now(Environment::Test, &self.app.partner.id);
            let mut job = NewJob::new(&self.app.partner.id, kind, subject, now.await.unwrap());
            job.order = order;
            work.enqueue(job);
        }
        work.commit().await.unwrap();
        self.app.run_until_idle().await;
        State::read(self.app).await
    }
}

type Job = (JobKind, String, Option<OrderId>);

struct Watched {
    calls: Vec<ProviderCall>,
    commits: usize,
    jobs: BTreeSet<Job>,
}

async fn fill(app: &TestApp, table: &mut Table) {
    let bench = Bench::new(app).await;
    for workflow in ALL {
        let watched = bench.watch(workflow).await;
        let wanted = State::read(app).await;
        wanted.assert_whole(app).await;
        let calls = watched.calls.iter().zip(1..).map(|(call, number)| {
            let step = format!("{} {}", call.operation, call.domain);
            let cuts = [Fault::HangsBefore, Fault::HangsAfter].map(|at| Cut::Call(number, at));
            (step, cuts)
        });
        let commits = (1..=watched.commits).map(|number| {
            let moments = [Moment::BeforeCommit, Moment::AfterCommit];
            let cuts = moments.map(|moment| Cut::Commit(number, moment));
            (format!("commit {number}"), cuts)
        });
        for (step, cuts) in calls.chain(commits) {
            for cut in cuts {
                let ended = bench.kill(workflow, cut).await;
                ended.assert_whole(app).await;
                table.note(workflow.name, &step, cut, &ended.compared(&wanted));
            }
        }
        for (step, ended) in [
            ("every call twice", bench.calls_twice(workflow).await),
            ("every job twice", bench.jobs_twice(workflow).await),
        ] {
            table.note_twice(workflow.name, step, &ended.compared(&wanted));
        }
    }
}

#[apply(on_both_engines!)]
async fn every_workflow_ends_as_it_should_wherever_it_is_killed(app: &TestApp) {
    let mut table = Table::new(app.engine);
    fill(app, &mut table).await;
    table.store();
    assert!(table.failures.is_empty(), "{}", table.failures.join("\n"));
}
