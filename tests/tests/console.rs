//! The console, as a browser sees it: pages, forms, cookies. What needs a real browser is in `browser`.

mod automation;
mod board;
mod card;
mod contacts;
mod door;
mod explain;
pub(crate) mod harness;
mod live;
pub(crate) mod pages;
mod pipelines;
mod robots;
mod roles;
pub(crate) mod runs;
mod russian;
mod settings;
mod setup_file;
