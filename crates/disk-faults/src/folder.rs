//! The folders that are watched. A folder is on the list for as long as somebody holds its disk, or a file in it is open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::plan::Script;

static WATCHED: Mutex<Vec<Weak<Folder>>> = Mutex::new(Vec::new());

/// A watched folder, and what is to go wrong in it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    script: Mutex<Script>,
}

impl Folder {
    /// The one folder at this path.
    pub fn of(path: &Path) -> Arc<Self> {
        // SQLite resolves links before it asks for a file.
        let path = path
            .canonicalize()
            .unwrap_or_else(|error| panic!("{} cannot be watched: {error}", path.display()));
        let mut watched = lock(&WATCHED);
        watched.retain(|folder| folder.strong_count() > 0);
        let known = watched.iter().filter_map(Weak::upgrade);
        if let Some(folder) = known.into_iter().find(|folder| folder.path == path) {
            return folder;
        }
        let folder = Arc::new(Self {
            path,
            script: Mutex::default(),
        });
        watched.push(Arc::downgrade(&folder));
        folder
    }

    /// The innermost watched folder that a file is in.
    pub fn holding(file: &Path) -> Option<Arc<Self>> {
        let watched = lock(&WATCHED);
        watched
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|folder| file.starts_with(&folder.path))
            .max_by_key(|folder| folder.path.as_os_str().len())
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.script)
    }
}

/// A test that failed while it held a lock says so itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
