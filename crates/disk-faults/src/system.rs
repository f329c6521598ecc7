//! Calls that go on to the VFS of the system.

/// Calls a method of the system's VFS; `$otherwise` is the answer where it has none.
macro_rules! system {
    ($vfs:expr, $otherwise:expr, $method:ident($($argument:expr),*)) => {{
        // SAFETY: SQLite calls with the table that was registered, whose data is the system's VFS, and with arguments
        // as the method wants them. They go on unchanged.
        unsafe {
            let system = (*$vfs).pAppData.cast::<sqlite3_vfs>();
            match (*system).$method {
                Some(method) => method(system, $($argument),*),
                None => $otherwise,
            }
        }
    }};
}
pub(crate) use system;
