//! A disk that fails on request, for tests of whatever keeps its data in SQLite.
//!
//! [`Disk::of`] puts a SQLite VFS in front of the system's own, in this process, and lets it watch one folder. Nothing
//! in the code under test knows of it: it opens its files as always, by whatever library is linked against the same
//! SQLite. Files elsewhere are opened by the system's VFS itself and are none of its business.
//!
//! ```ignore
//! let disk = Disk::of(folder.path());          // before the first file in it is opened
//! disk.fail(Plan::once(Operation::Write, 3, Failure::Full));
//! // … the third write from here on finds the disk full …
//! disk.restore();
//! ```

#![expect(clippy::panic, reason = "a panic is how a test fails")]

mod file;
mod folder;
mod plan;
mod system;
mod vfs;

use std::path::Path;
use std::sync::Arc;

use folder::Folder;
pub use plan::{Failure, Operation, Plan};

/// The disk below one folder. Clones, and further calls of [`Disk::of`] for the same folder, are the same disk.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Folder>);

impl Disk {
    /// The disk below this folder, which must be there. It sees the files that are opened from now on.
    ///
    /// # Panics
    /// When there is no such folder, or SQLite has no VFS of its own to stand in front of.
    pub fn of(folder: &Path) -> Self {
        vfs::register();
        Self(Folder::of(folder))
    }

    /// Lets an operation fail, counted from now. Takes the place of an earlier plan.
    pub fn fail(&self, plan: Plan) {
        self.0.script().follow(plan);
    }

    /// Refuses whatever would change a file, as a file system does that was remounted read-only. Files that are opened
    /// meanwhile can be read.
    pub fn make_read_only(&self) {
        self.0.script().set_read_only(true);
    }

    /// Ends all faults, planned ones too: from here on the disk works.
    pub fn restore(&self) {
        let mut script = self.0.script();
        script.set_read_only(false);
        script.forget();
    }

    /// Operations of this kind since the disk was first watched or [`Disk::reset_counts`], refused ones too.
    pub fn count(&self, operation: Operation) -> u64 {
        self.0.script().count(operation)
    }

    /// How many of them were refused.
    pub fn refused(&self) -> u64 {
        self.0.script().refused()
    }

    /// Counts from 0 again.
    pub fn reset_counts(&self) {
        self.0.script().reset_counts();
    }
}
