//! Long commands: progress on a terminal, and a clean end at the first signal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Exit;
use crate::eventlog::mapping::Language;
use crate::rehearsal::Go;

/// How often the line changes: often enough for people, seldom enough for the work.
const DRAWS_PER_S: u8 = 5;

/// The language of names and titles that come from a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LanguageArg {
    /// Russian
    Ru,
    /// English
    En,
}

impl From<LanguageArg> for Language {
    fn from(language: LanguageArg) -> Language {
        match language {
            LanguageArg::Ru => Language::Ru,
            LanguageArg::En => Language::En,
        }
    }
}

/// A line of progress, where there is a terminal and nobody asked for JSON; and the wish to stop.
pub(super) struct Watching {
    bar: Option<ProgressBar>,
    is_stopped: Arc<AtomicBool>,
}

impl Watching {
    /// Begins to listen for signals: the first asks for a clean end, the second ends the process at once.
    pub(super) fn new(is_json: bool) -> Self {
        let has_line = !is_json && std::io::stderr().is_terminal();
        let is_stopped = Arc::new(AtomicBool::new(false));
        tokio::spawn(listen(Arc::clone(&is_stopped)));
        Watching {
            bar: has_line.then(bar),
            is_stopped,
        }
    }

    /// Shows how far the work is, and whether it should go on. `words` are made only when they are shown.
    pub(super) fn show(&self, done: usize, total: usize, words: impl FnOnce(Duration) -> String) -> Go {
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            bar.set_message(words(bar.elapsed()));
            bar.set_position(done as u64);
        }
        if self.is_stopped.load(Ordering::Relaxed) {
            Go::Stop
        } else {
            Go::On
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_S);
    let style = ProgressStyle::with_template("{percent:>3}%  {msg}  {eta} left");
    let bar = ProgressBar::with_draw_target(Some(0), target);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

async fn listen(is_stopped: Arc<AtomicBool>) {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        // Then the signals end the process, which loses nothing that is stored.
        Err(_) => return,
    };
    for count in 0.. {
        tokio::select! {
            heard = tokio::signal::ctrl_c() => if heard.is_err() { return },
            heard = terminate.recv() => if heard.is_none() { return },
        }
        if count > 0 {
            std::process::exit(Exit::Interrupted as i32);
        }
        is_stopped.store(true, Ordering::Relaxed);
    }
}
