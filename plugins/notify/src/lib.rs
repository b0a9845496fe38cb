//! Notifies.
