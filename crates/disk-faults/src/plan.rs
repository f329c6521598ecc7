//! What goes wrong, and when: the part that knows nothing of SQLite but its error codes.

use std::ffi::c_int;

use libsqlite3_sys as sqlite;

/// What SQLite asks of a disk that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Opening a file, or making it.
    Open,
    /// Writing a piece of a file: a page, or the head or a frame of the log.
    Write,
    /// Having what was written reach the disk.
    Sync,
    /// Cutting a file to a length.
    Truncate,
    /// Mapping a piece of the memory that the connections of a database share, which makes its file grow.
    ShmMap,
    /// Whichever of these comes next.
    Any,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No room is left. A sync says so as well, as those of network file systems and quotas do.
    Full,
    /// The device does not answer, or says that it could not.
    Io,
    /// There is no memory to do it with.
    NoMemory,
}

/// One fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    operation: Operation,
    nth: u64,
    failure: Failure,
    lasts: bool,
    is_torn: bool,
}

impl Plan {
    /// The `nth` such operation from now on fails, where the next one is 1; those after it work again.
    pub const fn once(operation: Operation, nth: u64, failure: Failure) -> Self {
        Self {
            operation,
            nth,
            failure,
            lasts: false,
            is_torn: false,
        }
    }

    /// As [`Plan::once`], and so do all after it until the disk is restored.
    pub const fn from(operation: Operation, nth: u64, failure: Failure) -> Self {
        Self {
            lasts: true,
            ..Self::once(operation, nth, failure)
        }
    }

    /// Half of what a failing write was to write is written.
    #[must_use]
    pub const fn torn(self) -> Self {
        Self {
            is_torn: true,
            ..self
        }
    }
}

/// What an operation is answered instead of being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The code for SQLite.
    pub code: c_int,
    /// Whether half of a write is to be done all the same.
    pub is_torn: bool,
}

/// The plan of one disk, and its counts.
#[derive(Debug, Default)]
pub(crate) struct Script {
    counts: [u64; Operation::Any as usize],
    refused: u64,
    plan: Option<Plan>,
    is_read_only: bool,
}

impl Script {
    pub fn follow(&mut self, plan: Plan) {
        self.plan = Some(plan);
    }

    pub fn forget(&mut self) {
        self.plan = None;
    }

    pub fn set_read_only(&mut self, is_read_only: bool) {
        self.is_read_only = is_read_only;
    }

    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    pub fn count(&self, operation: Operation) -> u64 {
        match operation {
            Operation::Any => self.counts.iter().sum(),
            one => self.counts[one as usize],
        }
    }

    pub fn refused(&self) -> u64 {
        self.refused
    }

    pub fn reset_counts(&mut self) {
        self.counts = [0; _];
        self.refused = 0;
    }

    /// Counts one operation; says how it fails when it is to.
    pub fn meet(&mut self, operation: Operation) -> Option<Refusal> {
        self.counts[operation as usize] += 1;
        let refusal = self.planned(operation).or_else(|| {
            // Opening and mapping do not always write; the caller looks.
            let writes = !matches!(operation, Operation::Open | Operation::ShmMap);
            (self.is_read_only && writes).then(|| Refusal {
                code: Failure::Io.code(operation),
                is_torn: false,
            })
        });
        self.refused += u64::from(refusal.is_some());
        refusal
    }

    /// Counts a refusal of something that is no [`Operation`], such as a removal on a read-only disk.
    pub fn refuse_if_read_only(&mut self) -> bool {
        self.refused += u64::from(self.is_read_only);
        self.is_read_only
    }

    fn planned(&mut self, operation: Operation) -> Option<Refusal> {
        let plan = self.plan.as_mut()?;
        if plan.operation != operation && plan.operation != Operation::Any {
            return None;
        }
        plan.nth = plan.nth.saturating_sub(1);
        if plan.nth > 0 {
            return None;
        }
        let refusal = Refusal {
            code: plan.failure.code(operation),
            is_torn: plan.is_torn,
        };
        if !plan.lasts {
            self.plan = None;
        }
        Some(refusal)
    }
}

impl Failure {
    /// What SQLite's own VFS for Unix answers when the system fails like this.
    fn code(self, operation: Operation) -> c_int {
        match (self, operation) {
            (_, Operation::Open) => sqlite::SQLITE_CANTOPEN,
            (Self::NoMemory, Operation::ShmMap) => sqlite::SQLITE_NOMEM,
            (Self::NoMemory, _) => sqlite::SQLITE_IOERR_NOMEM,
            (Self::Full, Operation::ShmMap) => sqlite::SQLITE_IOERR_SHMSIZE,
            (Self::Full, Operation::Write | Operation::Sync) => sqlite::SQLITE_FULL,
            (Self::Io, Operation::Write) => sqlite::SQLITE_IOERR_WRITE,
            (Self::Io, Operation::Sync) => sqlite::SQLITE_IOERR_FSYNC,
            (_, Operation::Truncate) => sqlite::SQLITE_IOERR_TRUNCATE,
            (_, Operation::ShmMap) => sqlite::SQLITE_IOERR_SHMMAP,
            (_, Operation::Any) => sqlite::SQLITE_IOERR,
        }
    }
}
