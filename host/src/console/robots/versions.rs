//! What a version of a robot asks for, what attachments grant it, and which versions there are.

use std::sync::Arc;

use maud::{Markup, html};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::RobotVersion;

use super::{short, signer};
use crate::console::format::instant;
use crate::console::visitor::Visitor;
use crate::http::caller::Configure;

/// What it may do in words, with its own reasons.
pub(super) fn permissions(visitor: &Visitor, version: &RobotVersion) -> Markup {
    let (words, manifest) = (visitor.words, &version.manifest);
    html! {
        @if manifest.permission.is_empty() { p.quiet { (words.t("robots-may-nothing")) } }
        ul {
            @for permission in &manifest.permission {
                li {
                    (may(visitor, &permission.interface))
                    " " span.quiet { (words.of(&permission.reason)) }
                }
            }
        }
        @if !manifest.http_hosts.is_empty() {
            p { (words.t("robots-hosts")) ": " @for host in &manifest.http_hosts { code { (host) } " " } }
        }
        p.quiet { (words.t("robots-imports")) ": " (version.imports.join(", ")) }
    }
}

/// An interface in words, with its name in the contract.
pub(super) fn may(visitor: &Visitor, interface: &str) -> Markup {
    html! { strong { (visitor.words.t(&format!("may-{interface}"))) } " " code.quiet { (interface) } }
}

pub(super) fn params(visitor: &Visitor, version: &RobotVersion) -> Markup {
    let words = visitor.words;
    html! {
        @if version.manifest.param.is_empty() { p.quiet { (words.t("list-empty")) } }
        dl.pairs {
            @for param in &version.manifest.param {
                dt { (words.of(&param.title)) @if param.required { " *" } }
                dd { code { (param.key) } @if let Some(help) = &param.help { " " span.quiet { (words.of(help)) } } }
            }
        }
    }
}

/// The attachments with the version that each has, and what it was not granted.
pub(super) fn usage(visitor: &Visitor, attachments: &[&Arc<Attachment>]) -> Markup {
    let words = visitor.words;
    if attachments.is_empty() {
        return html! { p.quiet { (words.t("robots-unused")) } };
    }
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (words.t("runs-attachment")) }
                th scope="col" { (words.t("robots-version")) }
                th scope="col" { (words.t("robots-not-granted")) }
                th scope="col" { (words.t("runs-state")) }
            } }
            tbody { @for attachment in attachments {
                @let version = visitor.directory.robots.get(&attachment.digest);
                tr data-key=(attachment.id) {
                    td { a href={ "/runs?attachment=" (attachment.id) } { (attachment.title) } }
                    td { @match version { Some(version) => (version.manifest.version), None => code { (short(&attachment.digest)) } } }
                    td { @for interface in not_granted(version, attachment) { (may(visitor, interface)) " " } }
                    td { span.chip { (words.t(if attachment.is_enabled { "robots-on" } else { "automation-off" })) } }
                }
            } }
        } }
    }
}

/// Interfaces that the version asks for and the attachment does not grant.
fn not_granted<'a>(version: Option<&'a Arc<RobotVersion>>, attachment: &Attachment) -> Vec<&'a str> {
    let asked = version
        .into_iter()
        .flat_map(|version| &version.manifest.permission);
    asked
        .map(|permission| permission.interface.as_str())
        .filter(|interface| !attachment.grants.iter().any(|grant| grant == interface))
        .collect()
}

/// All versions; attachments can be given another one, newer or older.
pub(super) fn table(
    visitor: &Visitor,
    versions: &[&Arc<RobotVersion>],
    attachments: &[&Arc<Attachment>],
) -> Markup {
    let words = visitor.words;
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (words.t("robots-version")) }
                th scope="col" { (words.t("robots-digest")) }
                th scope="col" { (words.t("robots-signed")) }
                th scope="col" { (words.t("robots-installed")) }
                th.number scope="col" { (words.t("robots-used")) }
                th { span.sr { (words.t("robots-update")) } }
            } }
            tbody { @for version in versions {
                @let used = attachments.iter().filter(|attachment| attachment.digest == version.digest).count();
                tr data-key=(version.digest) {
                    td { (version.manifest.version) @if version.is_current { " " span.chip.chip-info { (words.t("robots-current")) } } }
                    td { code title=(version.digest) { (short(&version.digest)) } }
                    td { (signer(visitor, version)) }
                    td { (instant(version.installed_at, visitor)) }
                    td.number { (used) }
                    td {
                        @if visitor.may::<Configure>() && used < attachments.len() {
                            a.button href={ "/robots/" (version.manifest.id) "/update?digest=" (version.digest) } { (words.t("robots-update")) }
                        }
                    }
                }
            } }
        } }
    }
}
