//! The console in a real browser: Chromium without a window, driven through its driver.
//!
//! Needs `chromium` and `chromedriver`. Where they are missing the tests say so and pass; in CI they fail.

mod board;
mod card;
mod designer;
mod designer_drag;
pub(crate) mod driver;
mod every_page;
mod first_minute;
mod journal;
mod lost_server;
mod people;
mod robots;
pub(crate) mod stage;
mod touch;
