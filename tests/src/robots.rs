//! The components of the robots in `robots/`, for the tests.

include!(concat!(env!("OUT_DIR"), "/robots.rs"));
