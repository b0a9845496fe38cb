//! The Russian console says nothing in English: neither in its pages nor in what it answers to mistakes.

use serde_json::json;
use signalbox_crm::people::Role;

use super::automation::{add, version};
use super::harness::{PASSWORD, Page, Sales, Site, Visitor};
use super::pages::furnished;

/// What stands in Latin letters in Russian texts too: names of products, formats and units, and words of this set-up.
const KNOWN: &[&str] = &[
    "Signalbox",
    "API",
    "Esc",
    "com",
    "English",
    "JavaScript",
    "wasm",
    "KiB",
    "MSK",
    "RUB",
    "UTC",
    "e-mail",
    "E-mail",
];
/// What this set-up is called: people, the first token, the deal, robots, codes; and why a robot failed, in its words.
const NAMES: &[&str] = &[
    "Olga",
    "nobody",
    "behind",
    "Administrator",
    "administrator",
    "made",
    "start",
    "admin",
    "Pool",
    "pool",
    "notify",
    "auto-reply",
    "create-activity",
    "move-stage",
    "reassign",
    "script",
    "stage-control",
    "trap",
];

/// All words in Latin letters that a reader of the page meets, but for code, values in quotation marks and what
/// `KNOWN` and `NAMES` have.
fn english(page: &Page) -> Vec<String> {
    let (_, body) = page.text.split_once("<body").expect("a page");
    let mut texts = Vec::new();
    let mut quiet = 0_usize;
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("every tag ends");
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        // Code, what somebody has typed, and the languages by their own names.
        let is_quiet = ["code", "pre", "textarea", "kbd", "script", "del", "ins"].contains(&name);
        match tag.strip_prefix('/') {
            Some(end) if ["code", "pre", "textarea", "kbd", "script", "del", "ins"].contains(&end) => {
                quiet -= 1;
            }
            _ if is_quiet => quiet += 1,
            _ => {}
        }
        for attribute in ["title=\"", "aria-label=\"", "placeholder=\"", "data-confirm=\""] {
            let values = tag.split(attribute).skip(1);
            texts.extend(values.filter_map(|rest| rest.split('"').next()));
        }
        if quiet == 0 {
            texts.push(text);
        }
    }
    let words = texts.into_iter().flat_map(|text| words(&unquoted(text)));
    words
        .filter(|word| !KNOWN.contains(&word.as_str()) && !NAMES.contains(&word.as_str()))
        .collect()
}

/// Without what stands between quotation marks.
fn unquoted(text: &str) -> String {
    let text = text
        .replace("&quot;", "")
        .replace("&amp;", "")
        .replace("&lt;", "")
        .replace("&gt;", "");
    let mut parts = text.split('\u{ab}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let rest = part.split_once('\u{bb}').map_or(part, |(_, rest)| rest);
        all + " " + rest
    })
}

/// Words of three Latin letters and more. Ids such as `deal:1`, keys and addresses are none.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c.is_whitespace() || "(),;.!?\u{2014}".contains(c));
    let is_word = |word: &&str| {
        word.len() > 2
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
    };
    parts.filter(is_word).map(str::to_owned).collect()
}

/// An administrator who reads Russian.
async fn reader(site: &Site) -> Visitor {
    let mut admin = site.visitor(Role::Admin).await;
    admin.language = "ru".to_owned();
    let russian = [("language", "ru"), ("back", "/me")];
    admin.post("/me/likes", &russian).await.shows("Мой профиль");
    admin
}

/// In Russian, with a deal, a field, and a robot in the draft.
async fn company() -> (Site, Sales, Visitor) {
    let site = Site::start().await;
    let sales = site.sales().await;
    let title = json!({"ru": "Бюджет", "en": "Budget"});
    let field = json!({"key": "budget", "title": title, "field_type": "number"});
    site.api("POST", "/fields", None, field).await;
    site.create("/items", sales.deal("Pool")).await;
    let mut admin = reader(&site).await;
    add(&mut admin, &sales.new, "notify").await.ok();
    (site, sales, admin)
}

/// These show what is stored: deeds and values in the log, a robot's words in the record of its run.
const AS_STORED: &[&str] = &["/settings/audit", "/runs/1"];

#[tokio::test]
async fn russian_pages_have_no_english_words() {
    let site = Site::start().await;
    let mut pages = furnished(&site).await;
    pages.retain(|page| !AS_STORED.contains(&page.as_str()));
    let mut admin = reader(&site).await;
    let mut found = Vec::new();
    for path in &pages {
        let page = admin.get(path).await;
        let words = english(&page);
        if !words.is_empty() {
            found.push(format!("{path}: {words:?}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn mistakes_are_answered_in_russian() {
    let (_site, sales, mut admin) = company().await;
    let draft = version(&admin.get("/automation/1").await);
    let page = |fields: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    };
    let long = "ю".repeat(501);
    for (path, fields, told) in [
        (
            "/deals/1/fields",
            page(&[("version", "1"), ("field.amount", "lots")]),
            "«amount»: «lots» — это не сумма вида «1500.00 RUB»",
        ),
        (
            "/deals/1/fields",
            page(&[("version", "1"), ("field.budget", "lots")]),
            "«lots» — не число",
        ),
        (
            "/deals/1/fields",
            page(&[("version", "1"), ("field.title", "")]),
            "название не заполнено",
        ),
        (
            "/deals/1/fields",
            page(&[("version", "1"), ("field.title", &long)]),
            "501 символ",
        ),
        (
            "/deals/1/fields",
            page(&[("version", "7"), ("field.title", "Pool")]),
            "«deal:1» уже версия 1, а не 7",
        ),
        (
            "/deals/1/fields",
            page(&[("version", "1"), ("field.contact", "ivan")]),
            "«ivan» — не номер контакта вида «contact:17»",
        ),
        (
            "/deals/1/move",
            page(&[("version", "1"), ("stage", &sales.offer)]),
            "Сумма",
        ),
        (
            "/deals/1/move",
            page(&[("version", "1"), ("stage", "stage:99")]),
            "«stage:99» не существует",
        ),
        (
            "/deals/1/comments",
            page(&[("text", " ")]),
            "одни пробелы, а допустимо от 1 до",
        ),
        (
            "/settings",
            page(&[("name", "Boris"), ("email", "boris"), ("role", "operator")]),
            "«boris» — это не адрес почты: в нём нет «@»",
        ),
        (
            "/settings",
            page(&[("name", ""), ("email", ""), ("role", "operator")]),
            "имя: 0 символов, а допустимо от 1 до",
        ),
        (
            "/me/password",
            page(&[("present", PASSWORD), ("password", "short")]),
            "в пароле 5 символов, а нужно не меньше 12",
        ),
        (
            "/me/filters",
            page(&[("name", ""), ("path", "/deals")]),
            "в названии фильтра от 1 до",
        ),
        (
            "/automation/1/publish",
            page(&[("version", &draft)]),
            "Черновик нельзя опубликовать",
        ),
        (
            "/automation/1/publish",
            page(&[("version", "77")]),
            "Черновик тем временем изменили",
        ),
        (
            "/deals/bulk",
            page(&[("item", "nonsense")]),
            "«nonsense» — не карточка",
        ),
        ("/runs/99/retry", page(&[]), "нет"),
    ] {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let page = admin.post(path, &fields).await;
        assert!(page.status >= 400, "{path} {fields:?} is taken");
        page.shows(told);
        assert_eq!(english(&page), Vec::<String>::new(), "{path} {fields:?}");
    }
}
