//! inbox_names
