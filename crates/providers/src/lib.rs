//! Provider ports and their adapters.
