//! The HTTP front door: routes, extractors, error envelope, OpenAPI.
