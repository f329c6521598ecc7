//! Files that only their owner may read and write, whatever the umask and however open the folder is.
//!
//! SQLite gives `-wal` and `-shm` the mode of the database's file, but makes that one readable by all. So it is made here,
//! empty, before SQLite opens it. A file that is there is never opened: closing it would let go of the locks that SQLite holds
//! on it for the whole process (POSIX).

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database, as endings of its file's name.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// The file of a database.
pub(crate) fn database_file(folder: &Path, database: &str) -> PathBuf {
    folder.join(format!("{database}.db"))
}

/// Every file of the databases in a folder, there or not.
pub fn database_files(folder: &Path) -> Vec<PathBuf> {
    let names = ["control", "live", "sandbox"].into_iter();
    let names = names.flat_map(|name| BESIDE.map(|ending| format!("{name}.db{ending}")));
    names.map(|name| folder.join(name)).collect()
}

/// Makes a file that is missing, empty and private; leaves one that is there as it is.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Opens a file that is no database, to lock it; private when it has to be made.
pub fn open_lock(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
}

/// Takes from all but the owner what they may do with a file. Gives back whether they could do anything; a file that is
/// not there is open to nobody.
pub fn close_to_others(path: &Path) -> io::Result<bool> {
    if !is_open_to_others(path) {
        return Ok(false);
    }
    match restrict(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done.map(|()| true),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

/// Whether anybody but the owner may read or write a file.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = std::fs::metadata(path)?.permissions();
    permissions.set_mode(permissions.mode() & 0o700);
    std::fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Elsewhere than on Unix the folder's access list decides.
#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}
