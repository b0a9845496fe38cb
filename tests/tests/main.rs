//! All tests that need the whole host: one binary, because each would link the host again.

mod scenarios;
