//! The VFS: it opens the files of watched folders itself and leaves everything else to the system's.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Once};

use libsqlite3_sys as sqlite;
use sqlite::{sqlite3_file, sqlite3_int64, sqlite3_syscall_ptr, sqlite3_vfs};

use crate::file::{self, Opening};
use crate::folder::Folder;
use crate::system::system;

const NAME: &CStr = c"peeker-disk-faults";
/// The newest version of the table that is written down here.
const VERSION: c_int = 3;

/// Makes this the VFS of all connections that are opened from now on, once per process.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: a null name asks for the default VFS. SQLite initialises itself on this call.
        let system = unsafe { sqlite::sqlite3_vfs_find(ptr::null()) };
        assert!(!system.is_null(), "SQLite has no VFS");
        // SAFETY: a registered VFS lives and stays as it is until it is unregistered; nobody unregisters the system's.
        let vfs = Box::leak(Box::new(in_front_of(unsafe { &*system })));
        vfs.pAppData = system.cast();
        // SAFETY: the table is leaked, so it lives as long as SQLite may use it.
        let code = unsafe { sqlite::sqlite3_vfs_register(vfs, 1) };
        assert_eq!(code, sqlite::SQLITE_OK, "the VFS was refused");
    });
}

fn in_front_of(system: &sqlite3_vfs) -> sqlite3_vfs {
    sqlite3_vfs {
        iVersion: system.iVersion.min(VERSION),
        szOsFile: file::size(system.szOsFile),
        mxPathname: system.mxPathname,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: Some(dl_open),
        xDlError: Some(dl_error),
        xDlSym: Some(dl_sym),
        xDlClose: Some(dl_close),
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: Some(set_system_call),
        xGetSystemCall: Some(get_system_call),
        xNextSystemCall: Some(next_system_call),
    }
}

/// The watched folder that a file is in. Temporary files have no name.
///
/// # Safety
/// `name` is null, or a text that ends with a null.
unsafe fn folder_of(name: *const c_char) -> Option<Arc<Folder>> {
    if name.is_null() {
        return None;
    }
    // SAFETY: by the caller's word.
    let name = unsafe { CStr::from_ptr(name) };
    Folder::holding(Path::new(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a name or null.
    match unsafe { folder_of(name) } {
        // SAFETY: `file` has the room that `szOsFile` asks for, and the rest is SQLite's as well.
        Some(folder) => unsafe {
            file::open(
                folder,
                &Opening {
                    vfs,
                    name,
                    flags,
                    out_flags,
                },
                file,
            )
        },
        None => system!(
            vfs,
            sqlite::SQLITE_CANTOPEN,
            xOpen(name, file, flags, out_flags)
        ),
    }
}

unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite gives a name.
    let folder = unsafe { folder_of(name) };
    if folder.is_some_and(|folder| folder.script().refuse_if_read_only()) {
        return sqlite::SQLITE_IOERR_DELETE;
    }
    system!(vfs, sqlite::SQLITE_IOERR, xDelete(name, sync_folder))
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    system!(vfs, sqlite::SQLITE_IOERR, xAccess(name, flags, out))
}

unsafe extern "C" fn full_pathname(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    system!(vfs, sqlite::SQLITE_IOERR, xFullPathname(name, room, out))
}

unsafe extern "C" fn dl_open(vfs: *mut sqlite3_vfs, name: *const c_char) -> *mut c_void {
    system!(vfs, ptr::null_mut(), xDlOpen(name))
}

unsafe extern "C" fn dl_error(vfs: *mut sqlite3_vfs, room: c_int, message: *mut c_char) {
    system!(vfs, (), xDlError(room, message));
}

/// A function of a loaded library, as SQLite declares it.
type Symbol = Option<unsafe extern "C" fn(*mut sqlite3_vfs, *mut c_void, *const c_char)>;

unsafe extern "C" fn dl_sym(
    vfs: *mut sqlite3_vfs,
    library: *mut c_void,
    symbol: *const c_char,
) -> Symbol {
    system!(vfs, None, xDlSym(library, symbol))
}

unsafe extern "C" fn dl_close(vfs: *mut sqlite3_vfs, library: *mut c_void) {
    system!(vfs, (), xDlClose(library));
}

unsafe extern "C" fn randomness(vfs: *mut sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    system!(vfs, 0, xRandomness(length, out))
}

unsafe extern "C" fn sleep(vfs: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    system!(vfs, 0, xSleep(microseconds))
}

unsafe extern "C" fn current_time(vfs: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    system!(vfs, sqlite::SQLITE_ERROR, xCurrentTime(out))
}

unsafe extern "C" fn current_time_int64(vfs: *mut sqlite3_vfs, out: *mut sqlite3_int64) -> c_int {
    system!(vfs, sqlite::SQLITE_ERROR, xCurrentTimeInt64(out))
}

unsafe extern "C" fn get_last_error(
    vfs: *mut sqlite3_vfs,
    room: c_int,
    message: *mut c_char,
) -> c_int {
    system!(vfs, 0, xGetLastError(room, message))
}

unsafe extern "C" fn set_system_call(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    call: sqlite3_syscall_ptr,
) -> c_int {
    system!(vfs, sqlite::SQLITE_NOTFOUND, xSetSystemCall(name, call))
}

unsafe extern "C" fn get_system_call(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
) -> sqlite3_syscall_ptr {
    system!(vfs, None, xGetSystemCall(name))
}

unsafe extern "C" fn next_system_call(vfs: *mut sqlite3_vfs, name: *const c_char) -> *const c_char {
    system!(vfs, ptr::null(), xNextSystemCall(name))
}
