//! The events of a log that a mapping names.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// An activity, with one lifecycle transition or with every one.
///
/// In a file: `"A_SUBMITTED"`, or `{ activity = "W_Call", transition = "start" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The activity's name in the log.
    pub activity: String,
    /// The transition in lower case; `None` stands for every one.
    pub transition: Option<String>,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.transition {
            Some(transition) => write!(f, "`{}` (transition `{transition}`)", self.activity),
            None => write!(f, "`{}`", self.activity),
        }
    }
}

impl<'de> Deserialize<'de> for Trigger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TriggerVisitor)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WithTransition {
    activity: String,
    transition: String,
}

/// By hand, because an untagged enum hides which of the two forms is wrong, and how.
struct TriggerVisitor;

impl<'de> Visitor<'de> for TriggerVisitor {
    type Value = Trigger;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an activity's name, or { activity = \"..\", transition = \"..\" }")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Trigger, E> {
        Ok(Trigger {
            activity: name.to_owned(),
            transition: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Trigger, A::Error> {
        let WithTransition { activity, transition } =
            Deserialize::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Trigger {
            activity,
            transition: Some(transition.to_lowercase()),
        })
    }
}
