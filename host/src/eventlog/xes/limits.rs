//! What one log may cost. A log from outside is not trusted: each list, string and depth in it has a limit.

/// The longest tag, comment or blank between two tags, in bytes of XML.
pub const MARKUP_BYTES_MAX: u64 = 1024 * 1024;

/// The longest key or value of an attribute, in bytes of XML: enough for a comment, too little for a document.
pub const ATTRIBUTE_BYTES_MAX: usize = 64 * 1024;

/// The most attributes of one event or of one case, nested ones included.
pub const ATTRIBUTES_PER_ELEMENT_MAX: usize = 256;

/// The most events of one case.
pub const EVENTS_PER_CASE_MAX: usize = 100_000;

/// The longest case, in bytes of XML: one case is in memory at a time.
pub const CASE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The deepest nesting of elements, `log` included.
pub const ELEMENT_DEPTH_MAX: usize = 32;

/// The longest log, in bytes of XML after decompression: it ends a gzip file that expands without end.
pub const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
