//! Names for ids: what the API calls `employee:3`, people call Anna.

use std::collections::BTreeMap;

use super::super::Failure;
use super::super::client::Client;
use super::super::output::field;

/// Rows that are read of each list.
const ROWS_MAX: usize = 200;

/// Names by id.
#[derive(Debug, Default)]
pub(super) struct Glossary {
    names: BTreeMap<String, String>,
}

impl Glossary {
    /// Asks the host for the names of people and stages.
    pub(super) async fn load(client: &Client) -> Result<Self, Failure> {
        let mut glossary = Glossary::default();
        for person in client.list("/employees", &[], ROWS_MAX).await? {
            glossary
                .names
                .insert(field(&person, "id"), field(&person, "name"));
        }
        for pipeline in client.list("/pipelines", &[], ROWS_MAX).await? {
            let path = format!("/pipelines/{}/stages", field(&pipeline, "id"));
            for stage in client.list(&path, &[], ROWS_MAX).await? {
                let name = format!("«{}»", field(&stage, "title.ru"));
                glossary.names.insert(field(&stage, "id"), name);
            }
        }
        Ok(glossary)
    }

    /// The name of an id, or the text as it is.
    pub(super) fn name(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// The id behind a name.
    pub(super) fn id(&self, name: &str) -> Option<&str> {
        let mut found = self.names.iter().filter(|(_, known)| known.as_str() == name);
        found.next().map(|(id, _)| id.as_str())
    }

    /// A sentence with names instead of ids.
    pub(super) fn sentence(&self, text: &str) -> String {
        let words = text.split(' ').map(|word| {
            let id = word.trim_end_matches([',', ';', '.', ':']);
            let end = &word[id.len()..];
            self.names
                .get(id)
                .map_or_else(|| word.to_owned(), |name| format!("{name}{end}"))
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_sentence_become_names_and_other_words_stay() {
        let names = [("employee:3", "Анна"), ("stage:1", "«Новая»")];
        let names = names.map(|(id, name)| (id.to_owned(), name.to_owned()));
        let glossary = Glossary { names: names.into() };
        assert_eq!(
            glossary.sentence("moved deal:1 to stage:1, for employee:3: employee:33"),
            "moved deal:1 to «Новая», for Анна: employee:33"
        );
        assert_eq!(glossary.id("Анна"), Some("employee:3"));
    }
}
