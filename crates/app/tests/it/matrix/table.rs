//! The matrix as a table, left where `scripts/test` finds it.

use std::fmt::Write;

use peeker_store::Moment;
use peeker_testkit::{Engine, Fault};

use super::Cut;

/// A step of a workflow: what came of a cut before and after it, or of doing it twice.
struct Row {
    workflow: &'static str,
    step: String,
    before: String,
    after: String,
}

/// All steps of all workflows on one engine.
pub struct Table {
    engine: Engine,
    rows: Vec<Row>,
    pub failures: Vec<String>,
}

impl Table {
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Notes a cell: its outcome, or how it differs from the undisturbed run.
    pub fn note(
        &mut self,
        workflow: &'static str,
        step: &str,
        cut: Cut,
        ended: &Result<String, String>,
    ) {
        let outcome = self.outcome(workflow, &format!("{step}, {cut:?}"), ended);
        match cut {
            Cut::Call(_, Fault::HangsBefore) | Cut::Commit(_, Moment::BeforeCommit) => {
                self.rows.push(Row {
                    workflow,
                    step: step.to_owned(),
                    before: outcome,
                    after: String::new(),
                });
            }
            _ => self.rows.last_mut().unwrap().after = outcome,
        }
    }

    /// Notes a run with something done twice.
    pub fn note_twice(
        &mut self,
        workflow: &'static str,
        step: &str,
        ended: &Result<String, String>,
    ) {
        let after = self.outcome(workflow, step, ended);
        self.rows.push(Row {
            workflow,
            step: step.to_owned(),
            before: String::new(),
            after,
        });
    }

    fn outcome(&mut self, workflow: &str, cell: &str, ended: &Result<String, String>) -> String {
        match ended {
            Ok(outcome) => outcome.clone(),
            Err(difference) => {
                self.failures
                    .push(format!("{workflow}, {cell}:\n{difference}"));
                "DIFFERS".to_owned()
            }
        }
    }

    /// Writes the table to `target/tmp/matrix-<engine>.txt`, from where `scripts/test` prints it.
    pub fn store(&self) {
        let engine = match self.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        let cells = self
            .rows
            .iter()
            .map(|row| if row.before.is_empty() { 1 } else { 2 });
        let mut text = format!(
            "{} cells: workflow, step, and what it ends in when killed before and after\n",
            cells.sum::<usize>()
        );
        for row in &self.rows {
            let (workflow, step) = (row.workflow, &row.step);
            writeln!(
                text,
                "{workflow:<14} {step:<40} {:<26} {}",
                row.before, row.after
            )
            .unwrap();
        }
        let path = format!("{}/matrix-{engine}.txt", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(path, text).unwrap();
    }
}
