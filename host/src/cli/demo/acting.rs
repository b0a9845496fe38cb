//! What people and clients do: through the HTTP API with their own tokens, and through the webhook.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::output::field;
use super::super::{Exit, Failure};
use super::player::{Player, must};
use super::updates::Person;

impl Player {
    /// Sends a client's update; the host must accept it.
    pub(super) async fn telegram(&self, from: &Person, what: &str, update: &Value) -> Result<(), Failure> {
        let status = self.messenger.send(update).await?;
        let answer = format!("update {}: {}", update["update_id"], status.as_u16());
        self.teller.request(from.first_name, what, &answer);
        must(status.as_u16() == 200, || {
            format!("the webhook answered {status} to an update")
        })
    }

    /// Sends an update without the right secret; the host must refuse it.
    pub(super) async fn forged(&self, update: &Value) -> Result<(), Failure> {
        let status = self.messenger.send_with("a guess", update).await?;
        let answer = format!("update {}: {}", update["update_id"], status.as_u16());
        self.teller
            .request("A forger", "sends a message with a wrong secret token", &answer);
        must(status.as_u16() == 401, || {
            format!("the webhook answered {status} to a forged update")
        })
    }

    /// A person moves a deal to the stage with this title.
    pub(super) async fn move_to(&self, by: &str, item: &str, stage: &str) -> Result<(), Failure> {
        let id = self.glossary.id(stage).unwrap_or(stage);
        let path = format!("/items/{item}/move");
        self.change(by, Method::POST, item, &path, &json!({ "stage": id }))
            .await?;
        self.teller
            .request(by, &format!("moves {item} to {stage}"), "200");
        Ok(())
    }

    /// A person changes fields of a deal.
    pub(super) async fn edit(&self, by: &str, item: &str, fields: &Value) -> Result<(), Failure> {
        self.change(by, Method::PATCH, item, &format!("/items/{item}"), fields)
            .await?;
        self.teller
            .request(by, &format!("changes {item}: {fields}"), "200");
        Ok(())
    }

    /// A person completes the open activity of a deal.
    pub(super) async fn complete(&self, by: &str, item: &str) -> Result<(), Failure> {
        let query = [("item", item.to_owned()), ("state", "open".to_owned())];
        let open = self.client.list("/activities", &query, 1).await?;
        let activity = open.first().cloned().unwrap_or_default();
        let path = format!("/activities/{}/complete", field(&activity, "id"));
        let version = activity["version"].as_i64().unwrap_or_default();
        self.person(by)?
            .change(Method::POST, &path, version, &json!({}))
            .await?;
        let what = format!(
            "completes {} \u{ab}{}\u{bb}",
            field(&activity, "id"),
            field(&activity, "title")
        );
        self.teller.request(by, &what, "200");
        Ok(())
    }

    async fn change(
        &self,
        by: &str,
        method: Method,
        item: &str,
        path: &str,
        body: &Value,
    ) -> Result<(), Failure> {
        let client = self.person(by)?;
        let version = client.get(&format!("/items/{item}")).await?["version"].as_i64();
        client
            .change(method, path, version.unwrap_or_default(), body)
            .await
            .map(drop)
    }

    fn person(&self, name: &str) -> Result<&super::super::client::Client, Failure> {
        let found = self.people.get(name);
        found.ok_or_else(|| Failure::say(Exit::Failed, format!("nobody is called `{name}`")))
    }

    /// The webhook's secret, and an update that nobody has sent yet.
    pub(super) fn next_update(&self) -> (&str, String) {
        let person = json!({ "id": 5003, "is_bot": false, "first_name": "Павел" });
        let chat = json!({ "id": 5003, "type": "private", "first_name": "Павел" });
        let message = json!({
            "message_id": 1, "date": 1_773_055_201, "from": person, "chat": chat, "text": "Добрый день",
        });
        let update = json!({ "update_id": 900_001, "message": message });
        (self.messenger.secret(), update.to_string())
    }
}
