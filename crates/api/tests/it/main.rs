//! The API as a partner sees it, on both engines. Files mirror the URLs.

mod orders;
