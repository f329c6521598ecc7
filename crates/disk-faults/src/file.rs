//! An open file of a watched folder: it asks the folder's script before whatever can fail, and hands everything on to
//! the file of the system's VFS, which lies behind it in the same piece of memory.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use libsqlite3_sys as sqlite;
use sqlite::{sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use crate::folder::Folder;
use crate::plan::Operation;
use crate::system::system;

/// What SQLite sees as its file. The system's follows, at an address that is as well aligned: the size is a multiple of 8.
#[repr(C, align(8))]
struct WatchedFile {
    base: sqlite3_file,
    /// From `Arc::into_raw`; given back when the file is closed.
    folder: *const Folder,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};

/// The room that a file needs when the system's needs `system`.
pub(crate) fn size(system: c_int) -> c_int {
    c_int::try_from(size_of::<WatchedFile>()).map_or(c_int::MAX, |ours| ours + system)
}

/// How SQLite asks for a file.
pub(crate) struct Opening {
    pub vfs: *mut sqlite3_vfs,
    pub name: *const c_char,
    pub flags: c_int,
    pub out_flags: *mut c_int,
}

impl Opening {
    fn with(&self, flags: c_int, file: *mut sqlite3_file) -> c_int {
        system!(
            self.vfs,
            sqlite::SQLITE_CANTOPEN,
            xOpen(self.name, file, flags, self.out_flags)
        )
    }

    /// Opens the system's file, as far as the disk allows.
    fn open(&self, folder: &Folder, file: *mut sqlite3_file) -> c_int {
        let mut script = folder.script();
        if let Some(refusal) = script.meet(Operation::Open) {
            return refusal.code;
        }
        let is_read_only = script.is_read_only();
        drop(script);
        if is_read_only {
            // What is there can be read, and nothing is made: SQLite's own VFS falls back in the same way.
            let changing = sqlite::SQLITE_OPEN_READWRITE
                | sqlite::SQLITE_OPEN_CREATE
                | sqlite::SQLITE_OPEN_EXCLUSIVE;
            return self.with(
                (self.flags & !changing) | sqlite::SQLITE_OPEN_READONLY,
                file,
            );
        }
        self.with(self.flags, file)
    }
}

/// Opens a file of a watched folder.
///
/// # Safety
/// `file` has the room that [`size`] says, and `opening` is as SQLite gave it to the VFS.
pub(crate) unsafe fn open(
    folder: Arc<Folder>,
    opening: &Opening,
    file: *mut sqlite3_file,
) -> c_int {
    // SAFETY: there is room for both.
    let system = unsafe { system_file(file) };
    // SAFETY: as above. A file without methods is one that was not opened, and SQLite does not close it.
    unsafe {
        (*file).pMethods = ptr::null();
        (*system).pMethods = ptr::null();
    }
    let code = opening.open(&folder, system);
    // SAFETY: the system's VFS has set it, or left it null.
    let is_open = unsafe { !(*system).pMethods.is_null() };
    if is_open {
        let watched = WatchedFile {
            base: sqlite3_file {
                pMethods: &raw const METHODS,
            },
            folder: Arc::into_raw(folder),
        };
        // SAFETY: there is room, aligned to 8 as all memory of SQLite is. Nothing is dropped: nothing was there.
        unsafe { ptr::write(file.cast(), watched) };
    }
    code
}

/// # Safety
/// `file` is one of ours, or the room for one.
unsafe fn system_file(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: the system's file lies behind ours in the same piece of memory.
    unsafe { file.cast::<WatchedFile>().add(1).cast() }
}

/// # Safety
/// `file` is one of ours, and open.
unsafe fn folder<'a>(file: *mut sqlite3_file) -> &'a Folder {
    // SAFETY: the folder is given back by `close`, after which SQLite makes no further call.
    unsafe { &*(*file.cast::<WatchedFile>()).folder }
}

/// Calls a method of the system's file; `$otherwise` is the answer where it has none.
macro_rules! pass {
    ($file:expr, $otherwise:expr, $method:ident($($argument:expr),*)) => {{
        // SAFETY: SQLite calls with an open file of ours, behind which lies the system's, open as well, and with
        // arguments as the method wants them.
        unsafe {
            let system = system_file($file);
            match (*(*system).pMethods).$method {
                Some(method) => method(system, $($argument),*),
                None => $otherwise,
            }
        }
    }};
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let code = pass!(file, sqlite::SQLITE_OK, xClose());
    // SAFETY: `open` made it of an `Arc`, and SQLite closes a file once.
    drop(unsafe { Arc::from_raw((*file.cast::<WatchedFile>()).folder) });
    // SAFETY: the memory is SQLite's until this returns.
    unsafe { (*file).pMethods = ptr::null() };
    code
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    out: *mut c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    pass!(file, sqlite::SQLITE_IOERR_READ, xRead(out, length, offset))
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    data: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls with an open file of ours.
    let refusal = unsafe { folder(file) }.script().meet(Operation::Write);
    let written = match refusal {
        None => length,
        Some(refusal) if refusal.is_torn => length / 2,
        Some(refusal) => return refusal.code,
    };
    let code = pass!(
        file,
        sqlite::SQLITE_IOERR_WRITE,
        xWrite(data, written, offset)
    );
    refusal.map_or(code, |refusal| refusal.code)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    // SAFETY: SQLite calls with an open file of ours.
    match unsafe { folder(file) }.script().meet(Operation::Truncate) {
        Some(refusal) => refusal.code,
        None => pass!(file, sqlite::SQLITE_IOERR_TRUNCATE, xTruncate(length)),
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite calls with an open file of ours.
    match unsafe { folder(file) }.script().meet(Operation::Sync) {
        Some(refusal) => refusal.code,
        None => pass!(file, sqlite::SQLITE_IOERR_FSYNC, xSync(flags)),
    }
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite calls with an open file of ours.
    match unsafe { folder(file) }.script().meet(Operation::ShmMap) {
        Some(refusal) => refusal.code,
        None => pass!(
            file,
            sqlite::SQLITE_IOERR_SHMMAP,
            xShmMap(region, size, extend, out)
        ),
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    pass!(file, sqlite::SQLITE_IOERR_FSTAT, xFileSize(out))
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    pass!(file, sqlite::SQLITE_IOERR_LOCK, xLock(level))
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    pass!(file, sqlite::SQLITE_IOERR_UNLOCK, xUnlock(level))
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    pass!(
        file,
        sqlite::SQLITE_IOERR_CHECKRESERVEDLOCK,
        xCheckReservedLock(out)
    )
}

unsafe extern "C" fn file_control(
    file: *mut sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    pass!(
        file,
        sqlite::SQLITE_NOTFOUND,
        xFileControl(operation, argument)
    )
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    pass!(file, 0, xSectorSize())
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    pass!(file, 0, xDeviceCharacteristics())
}

unsafe extern "C" fn shm_lock(
    file: *mut sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    pass!(
        file,
        sqlite::SQLITE_IOERR_SHMLOCK,
        xShmLock(offset, count, flags)
    )
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    pass!(file, (), xShmBarrier());
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    pass!(file, sqlite::SQLITE_OK, xShmUnmap(delete))
}

unsafe extern "C" fn fetch(
    file: *mut sqlite3_file,
    offset: sqlite3_int64,
    length: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(file, sqlite::SQLITE_IOERR_MMAP, xFetch(offset, length, out))
}

unsafe extern "C" fn unfetch(
    file: *mut sqlite3_file,
    offset: sqlite3_int64,
    page: *mut c_void,
) -> c_int {
    pass!(file, sqlite::SQLITE_OK, xUnfetch(offset, page))
}
