//! Stages as people write them, one a line: `Предложение | Offer`; and those that a new pipeline begins with.

use serde::Serialize;
use signalbox_crm::ids::ItemKind;
use signalbox_crm::pipeline::StageKind;
use signalbox_crm::value::LocalText;

/// The stages of one kind in each kind of pipeline, one a line.
pub(crate) fn ready(item: ItemKind, stage: StageKind) -> &'static str {
    match (item, stage) {
        (ItemKind::Deal, StageKind::Open) => {
            "Новая сделка | New\nПредложение | Offer\nПереговоры | Negotiation\nДоговор | Contract"
        }
        (ItemKind::Deal, StageKind::Won) => "Успешно | Won",
        (ItemKind::Deal, StageKind::Lost) => "Отказ | Lost",
        (ItemKind::Lead, StageKind::Open) => "Новый лид | New\nВ работе | In work",
        (ItemKind::Lead, StageKind::Won) => "Качественный | Qualified",
        (ItemKind::Lead, StageKind::Lost) => "Некачественный | Unqualified",
    }
}

/// `Продажи | Sales`: Russian and English; one text stands for both.
pub(crate) fn titles(line: &str) -> LocalText {
    let (ru, en) = line.split_once('|').unwrap_or((line, line));
    LocalText {
        ru: ru.trim().to_owned(),
        en: en.trim().to_owned(),
    }
}

/// A key made of the English title that no other has; `else_key` where it has no Latin letter.
pub(crate) fn key_of(title: &LocalText, else_key: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let words = title.en.split(|sign: char| !sign.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let plain: String = words.join("-").chars().take(KEY_CHARS).collect();
    let plain = match plain.trim_matches('-') {
        "" => else_key,
        plain => plain,
    };
    let numbered = (2..).map(|number: u32| format!("{plain}-{number}"));
    let mut all = std::iter::once(plain.to_owned()).chain(numbered);
    all.find(|key| !is_taken(key)).unwrap_or_default()
}

/// The longest key that is made of a title, in characters: below what a key may have, with room for a number.
const KEY_CHARS: usize = 48;

/// A stage that is written in a line, as the API takes it.
#[derive(Debug, Serialize)]
pub(crate) struct StageLine {
    /// Its key, unique among the others.
    pub(crate) key: String,
    /// What the line says.
    pub(crate) title: LocalText,
    /// Under which heading it stood.
    pub(crate) kind: StageKind,
}

/// The stages of a new pipeline from the lines of each kind; empty lines count for nothing.
pub(crate) fn stages<'a>(texts: impl IntoIterator<Item = (StageKind, &'a str)>) -> Vec<StageLine> {
    let mut stages: Vec<StageLine> = Vec::new();
    for (kind, text) in texts {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let title = titles(line);
            let else_key = format!("stage-{}", stages.len() + 1);
            let key = key_of(&title, &else_key, |key| {
                stages.iter().any(|stage| stage.key == key)
            });
            stages.push(StageLine { key, title, kind });
        }
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_stages_with_keys_of_their_own() {
        let open = "Новая | New one!\n\n Новая | New, one\nТолько\n";
        let found = stages([(StageKind::Open, open), (StageKind::Lost, "Отказ|")]);
        let found: Vec<String> = found
            .iter()
            .map(|stage| {
                format!(
                    "{} {}/{} {:?}",
                    stage.key, stage.title.ru, stage.title.en, stage.kind
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "new-one Новая/New one! Open",
                "new-one-2 Новая/New, one Open",
                "stage-3 Только/Только Open",
                "stage-4 Отказ/ Lost",
            ]
        );
    }
}
