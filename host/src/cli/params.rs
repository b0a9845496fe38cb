//! Names and parameters as people type them, turned into what the API takes.

use std::collections::HashMap;

use serde_json::{Map, Value};
use signalbox_crm::robot::{Manifest, Param, ParamType};

use super::client::Client;
use super::output::field;
use super::{Exit, Failure};

/// The most rows that are searched for a name.
const ROWS_MAX: usize = 10_000;
/// Names that an error lists.
const KNOWN_MAX: usize = 20;

/// Looks up names at the host: `sales/won`, `anna@example.com`. An id such as `stage:3` stays as it is.
pub(super) struct Names<'a> {
    client: &'a Client,
}

impl<'a> Names<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Names { client }
    }

    /// The id of an employee, by e-mail address.
    pub(super) async fn employee(&self, name: &str) -> Result<String, Failure> {
        self.find("employee", "/employees", "email", name).await
    }

    /// The id of a pipeline, by key.
    pub(super) async fn pipeline(&self, name: &str) -> Result<String, Failure> {
        self.find("pipeline", "/pipelines", "key", name).await
    }

    /// The id of a channel, by key.
    pub(super) async fn channel(&self, name: &str) -> Result<String, Failure> {
        self.find("channel", "/channels", "key", name).await
    }

    /// The id of a stage, written `pipeline/stage`.
    pub(super) async fn stage(&self, name: &str) -> Result<String, Failure> {
        if is_id(name, "stage") {
            return Ok(name.to_owned());
        }
        let (_, stage) = self.stage_with_pipeline(name).await?;
        Ok(stage)
    }

    /// The ids of a pipeline and of its stage, written `pipeline/stage`.
    pub(super) async fn stage_with_pipeline(&self, name: &str) -> Result<(String, String), Failure> {
        let Some((pipeline, stage)) = name.split_once('/') else {
            let message = format!(
                "`{name}` is not a stage: write `pipeline/stage`; `signalbox pipeline list` has them all"
            );
            return Err(Failure::say(Exit::Usage, message));
        };
        let pipeline = self.pipeline(pipeline).await?;
        let path = format!("/pipelines/{pipeline}/stages");
        let stage = self.find("stage", &path, "key", stage).await?;
        Ok((pipeline, stage))
    }

    /// The names of all stages, written `pipeline/stage`, by id.
    pub(super) async fn stages(&self) -> Result<HashMap<String, String>, Failure> {
        let mut names = HashMap::new();
        for pipeline in self.client.list("/pipelines", &[], ROWS_MAX).await? {
            let path = format!("/pipelines/{}/stages", field(&pipeline, "id"));
            for stage in self.client.list(&path, &[], ROWS_MAX).await? {
                let name = format!("{}/{}", field(&pipeline, "key"), field(&stage, "key"));
                names.insert(field(&stage, "id"), name);
            }
        }
        Ok(names)
    }

    async fn find(&self, kind: &str, path: &str, key: &str, name: &str) -> Result<String, Failure> {
        if is_id(name, kind) {
            return Ok(name.to_owned());
        }
        let rows = self.client.list(path, &[], ROWS_MAX).await?;
        if let Some(row) = rows
            .iter()
            .find(|row| row.get(key).and_then(Value::as_str) == Some(name))
        {
            return Ok(field(row, "id"));
        }
        let known: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.get(key)?.as_str())
            .take(KNOWN_MAX)
            .collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        Err(Failure::say(
            Exit::NotFound,
            format!("there is no {kind} `{name}`; known: {known}"),
        ))
    }

    /// The parameters of an attachment out of `key=value`.
    pub(super) async fn params(
        &self,
        manifest: &Manifest,
        given: &[String],
    ) -> Result<Map<String, Value>, Failure> {
        let mut params = Map::new();
        for text in given {
            let (key, value) = split(text)?;
            let value = match manifest.param(key) {
                Some(param) => self.value(param, value).await?,
                // The host refuses it in words that name the robot.
                None => Value::String(value.to_owned()),
            };
            if params.insert(key.to_owned(), value).is_some() {
                return Err(Failure::say(
                    Exit::Usage,
                    format!("--param: `{key}` is given twice; write a list as JSON"),
                ));
            }
        }
        Ok(params)
    }

    async fn value(&self, param: &Param, text: &str) -> Result<Value, Failure> {
        match typed(param, text) {
            Value::Array(many) => {
                let mut resolved = Vec::with_capacity(many.len());
                for one in many {
                    resolved.push(self.resolve(param.param_type, one).await?);
                }
                Ok(Value::Array(resolved))
            }
            one => self.resolve(param.param_type, one).await,
        }
    }

    /// Roles such as `role:head` stay as they are.
    async fn resolve(&self, param_type: ParamType, value: Value) -> Result<Value, Failure> {
        let Some(name) = value.as_str().filter(|name| !name.starts_with("role:")) else {
            return Ok(value);
        };
        let id = match param_type {
            ParamType::User | ParamType::Users => self.employee(name).await?,
            ParamType::Stage => self.stage(name).await?,
            ParamType::Pipeline => self.pipeline(name).await?,
            ParamType::Channel => self.channel(name).await?,
            _ => return Ok(value),
        };
        Ok(Value::String(id))
    }
}

fn is_id(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(':'))
}

/// Splits `key=value` at the first `=`.
fn split(text: &str) -> Result<(&str, &str), Failure> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    parts.ok_or_else(|| Failure::say(Exit::Usage, format!("--param: `{text}` is not `key=value`")))
}

/// A value in the JSON type that the parameter has. Texts need no quotes; lists may be separated by commas.
fn typed(param: &Param, text: &str) -> Value {
    let is_list = param.multiple || param.param_type == ParamType::Users;
    let json = serde_json::from_str::<Value>(text).ok();
    match json {
        Some(Value::Array(many)) if is_list => Value::Array(many),
        _ if is_list => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| scalar(param.param_type, part)).collect())
        }
        _ => scalar(param.param_type, text),
    }
}

fn scalar(param_type: ParamType, text: &str) -> Value {
    let json = serde_json::from_str::<Value>(text).ok();
    match (param_type, json) {
        (ParamType::Bool, Some(flag @ Value::Bool(_))) => flag,
        (ParamType::Int | ParamType::Double | ParamType::Duration, Some(number @ Value::Number(_))) => number,
        (_, Some(quoted @ Value::String(_))) => quoted,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(param_type: &str, multiple: bool, text: &str, expected: Value) {
        let title = json!({ "ru": "x", "en": "x" });
        let param = json!({ "key": "k", "type": param_type, "title": title, "multiple": multiple });
        let param: Param = serde_json::from_value(param).unwrap();
        assert_eq!(typed(&param, text), expected, "{param_type} {text}");
    }

    #[test]
    fn value_has_the_type_of_its_parameter() {
        check("int", false, "17", json!(17));
        check("string", false, "17", json!("17"));
        check("string", false, "\"17\"", json!("17"));
        check(
            "text",
            false,
            "a, b = {=Document:TITLE}",
            json!("a, b = {=Document:TITLE}"),
        );
        check("bool", false, "true", json!(true));
        check("bool", false, "yes", json!("yes"));
        check("duration", false, "4h", json!("4h"));
        check("duration", false, "90", json!(90));
        check("money", false, "1500.00 RUB", json!("1500.00 RUB"));
        check("users", false, "role:head, a@b.c", json!(["role:head", "a@b.c"]));
        check("users", false, "[\"employee:1\"]", json!(["employee:1"]));
        check("string", true, "a,b", json!(["a", "b"]));
        check("int", true, "[1, 2]", json!([1, 2]));
    }

    #[test]
    fn parameter_is_split_at_its_first_equals_sign() {
        assert_eq!(split("a=b=c").unwrap(), ("a", "b=c"));
        for text in ["", "a", "=b"] {
            assert_eq!(split(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
    }
}
