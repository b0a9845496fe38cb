//! The shell around every page.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use signalbox_crm::account::{Language, Theme};
use signalbox_crm::ids::ItemKind;

use super::assets::{asset_path, version};
use super::visitor::Visitor;
use super::words::Words;
use crate::engine::changes::Topic;
use crate::http::caller::{Administer, Configure, Read, ReadClients};

/// Where a page belongs in the main menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Boards, lists and cards of one kind.
    Items(ItemKind),
    /// Clients.
    Contacts,
    /// Activities by day.
    Calendar,
    /// The robots designer.
    Automation,
    /// The run journal.
    Runs,
    /// Installed robots.
    Robots,
    /// People, tokens, audit.
    Settings,
    /// Nowhere.
    None,
}

/// A page for somebody.
pub(super) struct Page<'v> {
    visitor: &'v Visitor,
    section: Section,
    title: Cow<'v, str>,
    topics: Vec<Topic>,
    styles: Vec<&'static str>,
    scripts: Vec<&'static str>,
    body: Markup,
    is_wide: bool,
}

impl<'v> Page<'v> {
    /// An empty page.
    pub(super) fn new(visitor: &'v Visitor, section: Section, title: impl Into<Cow<'v, str>>) -> Self {
        Page {
            visitor,
            section,
            title: title.into(),
            topics: Vec::new(),
            styles: Vec::new(),
            scripts: Vec::new(),
            body: html! {},
            is_wide: false,
        }
    }

    /// What is inside.
    pub(super) fn body(mut self, body: Markup) -> Self {
        self.body = body;
        self
    }

    /// Draws itself anew when something of this is written, or somebody tells the visitor something.
    pub(super) fn watches(mut self, topics: impl IntoIterator<Item = Topic>) -> Self {
        self.topics.extend(topics);
        self.topics.push(Topic::Bell(self.visitor.me.id));
        self
    }

    /// With a style sheet and a module of its own, `NAME.css` and `NAME.js`.
    pub(super) fn with(mut self, style: Option<&'static str>, script: Option<&'static str>) -> Self {
        self.styles.extend(style);
        self.scripts.extend(script);
        self
    }

    /// Uses the whole width of the window.
    pub(super) fn wide(mut self) -> Self {
        self.is_wide = true;
        self
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let visitor = self.visitor;
        let words = visitor.words;
        let topics: Vec<String> = self.topics.iter().map(Topic::to_string).collect();
        let live = format!("/live?topics={}", topics.join(","));
        let body = html! {
            body data-live=[(!self.topics.is_empty()).then_some(live)]
                data-shortcuts=[visitor.likes.has_shortcuts.then_some("on")] {
                a.skip href="#main" { (words.t("skip-to-content")) }
                (header(visitor, self.section))
                main #main tabindex="-1" class=[self.is_wide.then_some("wide")] { (self.body) }
                p #status role="status" aria-live="polite" {}
                p #connection.connection hidden
                    data-lost=(words.t("live-lost")) data-back=(words.t("live-back"))
                    data-kept=(words.t("live-kept")) {}
                (keys(words))
            }
        };
        document(
            words,
            visitor.likes.theme,
            &self.title,
            &self.styles,
            &self.scripts,
            body,
        )
        .into_response()
    }
}

/// A page for somebody who is not signed in.
pub(super) fn bare(words: Words, title: &str, body: Markup) -> Response {
    let body = html! {
        body.bare {
            main #main tabindex="-1" { (body) }
        }
    };
    document(words, Theme::System, title, &[], &[], body).into_response()
}

fn document(
    words: Words,
    theme: Theme,
    title: &str,
    styles: &[&str],
    scripts: &[&str],
    body: Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.0.as_str()) data-theme=(theme.as_str()) data-version=(version()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - " (words.t("app-name")) }
                link rel="icon" type="image/svg+xml" href=(asset_path("icon.svg"));
                link rel="stylesheet" href=(asset_path("app.css"));
                @for style in styles { link rel="stylesheet" href=(asset_path(&format!("{style}.css"))); }
                script type="module" src=(asset_path("app.js")) {}
                @for script in scripts { script type="module" src=(asset_path(&format!("{script}.js"))) {} }
            }
            (body)
        }
    }
}

fn header(visitor: &Visitor, section: Section) -> Markup {
    let words = visitor.words;
    let here = |of: Section| (section == of).then_some("page");
    let reads_clients = visitor.may::<ReadClients>();
    html! {
        header.top {
            a.brand href="/" { (words.t("app-name")) }
            nav aria-label=(words.t("nav-label")) {
                @if reads_clients {
                    @let (deals, leads) = (Section::Items(ItemKind::Deal), Section::Items(ItemKind::Lead));
                    a href="/deals" aria-current=[here(deals)] { (words.t("nav-deals")) }
                    a href="/leads" aria-current=[here(leads)] { (words.t("nav-leads")) }
                    a href="/contacts" aria-current=[here(Section::Contacts)] { (words.t("nav-contacts")) }
                    a href="/calendar" aria-current=[here(Section::Calendar)] { (words.t("nav-calendar")) }
                }
                @if visitor.may::<Read>() {
                    a href="/automation" aria-current=[here(Section::Automation)] { (words.t("nav-automation")) }
                    a href="/runs" aria-current=[here(Section::Runs)] { (words.t("nav-runs")) }
                    a href="/robots" aria-current=[here(Section::Robots)] { (words.t("nav-robots")) }
                }
                @if visitor.may::<Configure>() {
                    @let settings = if visitor.may::<Administer>() { "/settings" } else { "/settings/pipelines" };
                    a href=(settings) aria-current=[here(Section::Settings)] { (words.t("nav-settings")) }
                }
            }
            div.tools {
                @if reads_clients {
                    form.search role="search" action="/search" {
                        input #search type="search" name="q" aria-label=(words.t("search-label"))
                            placeholder=(words.t("search-placeholder"));
                    }
                    a.bell href="/bell" {
                        (words.t("bell-title"))
                        @if visitor.unread > 0 { " " span.chip.chip-info { (visitor.unread) } }
                    }
                }
                (menu(visitor))
            }
        }
    }
}

/// The person's own menu: likes, account, the way out.
fn menu(visitor: &Visitor) -> Markup {
    let words = visitor.words;
    html! {
        details.menu {
            summary { (visitor.me.name) }
            div.menu-body {
                form method="post" action="/me/likes" {
                    input type="hidden" name="back" value=(visitor.at);
                    fieldset {
                        legend { (words.t("theme-label")) }
                        @for theme in Theme::ALL {
                            button name="theme" value=(theme.as_str()) aria-pressed=(theme == visitor.likes.theme) {
                                (words.t(&format!("theme-{}", theme.as_str())))
                            }
                        }
                    }
                    fieldset {
                        legend { (words.t("language-label")) }
                        @for language in Language::ALL {
                            button name="language" value=(language.as_str()) lang=(language.as_str())
                                aria-pressed=(language == words.0) {
                                (words.t(&format!("language-{}", language.as_str())))
                            }
                        }
                    }
                }
                a href="/me" { (words.t("menu-me")) }
                form method="post" action="/sign-out" { button { (words.t("sign-out")) } }
            }
        }
    }
}

/// The list of shortcuts; `app.js` opens it.
fn keys(words: Words) -> Markup {
    let pairs = [
        ("?", "keys-help"),
        ("/", "keys-search"),
        ("g d", "keys-deals"),
        ("g l", "keys-leads"),
        ("g c", "keys-calendar"),
        ("g a", "keys-automation"),
        ("g r", "keys-runs"),
    ];
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { (words.t("keys-title")) }
            dl.keys {
                @for (key, meaning) in pairs {
                    dt { kbd { (key) } }
                    dd { (words.t(meaning)) }
                }
            }
            p { (words.t("keys-card")) }
            p.quiet { (words.t("keys-off")) }
            form method="dialog" { button autofocus { (words.t("keys-close")) } }
        }
    }
}
