//! Limits of requests, shared by the readers and the error texts.

/// The maximum size of a body, in bytes. Above that limit the API returns 413.
pub const BODY_MAX: usize = 64 * 1024;
/// The maximum number of values in a body: members and items at all levels of a JSON body, or parameters of a form. It
/// bounds the work before the caller is authenticated. The largest valid body has 3,402 values: a verification of 50 tokens
/// that each need 16 roles of three members.
pub const VALUES_MAX: usize = 3500;
/// The maximum number of ETags in If-Match, and in If-None-Match, empty ones included.
pub const TAGS_MAX: usize = 16;
/// The maximum nesting of a body. The object itself is the first level.
pub const DEPTH_MAX: usize = 32;
