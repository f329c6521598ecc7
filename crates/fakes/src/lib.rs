//! The vendors as strict HTTP and DNS servers of their own.
