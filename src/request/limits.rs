//! The limits of a request, which its readers and the words of a refusal share.

/// The largest body, in bytes; past it, 413.
pub const BODY_MAX: usize = 64 * 1024;
/// The most values of a body: members and items at all levels of a JSON body, parameters of a form. A body is read before the
/// caller is known, and its values are most of what reading costs. The largest valid body has about 460: 100 roles of three members.
pub const VALUES_MAX: usize = 500;
/// The most ETags of If-Match, and of If-None-Match, empty ones counted.
pub const TAGS_MAX: usize = 16;
/// The deepest nesting of a body: the object itself is the first level.
pub const DEPTH_MAX: usize = 32;
