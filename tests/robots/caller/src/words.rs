//! The words of a line.

use signalbox_sdk::{Failure, Field, FieldValue, Money, OtherValue};

/// The words of a call, from left to right.
pub struct Words {
    words: Vec<String>,
    next: usize,
}

impl Words {
    pub fn new(words: Vec<String>) -> Words {
        Words { words, next: 0 }
    }

    /// The next word; nothing where there is none.
    pub fn text(&mut self) -> String {
        self.next += 1;
        self.words.get(self.next - 1).cloned().unwrap_or_default()
    }

    /// The next word, unless it is missing or `-`.
    pub fn maybe(&mut self) -> Option<String> {
        let word = self.text();
        (!word.is_empty() && word != "-").then_some(word)
    }

    pub fn number(&mut self) -> Result<u32, Failure> {
        number(&self.text())
    }

    pub fn maybe_number(&mut self) -> Result<Option<u32>, Failure> {
        self.maybe().map(|word| number(&word)).transpose()
    }

    pub fn flag(&mut self) -> bool {
        self.text() == "yes"
    }

    /// The next word, cut at commas.
    pub fn list(&mut self) -> Vec<String> {
        self.maybe_list().unwrap_or_default()
    }

    pub fn maybe_list(&mut self) -> Option<Vec<String>> {
        self.maybe()
            .map(|word| word.split(',').map(str::to_owned).collect())
    }

    pub fn money(&mut self) -> Option<Money> {
        self.maybe().map(|word| money(&word))
    }

    /// All words that are left: `key=kind:value`, or `key=` for an empty field.
    pub fn fields(&mut self) -> Result<Vec<Field>, Failure> {
        let rest = self.words.iter().skip(self.next);
        let fields = rest.map(|word| field(word)).collect();
        self.next = self.words.len();
        fields
    }
}

/// A call that the robot does not understand.
pub fn bad(what: &str) -> Failure {
    Failure::new("bad-script", what)
}

fn number(word: &str) -> Result<u32, Failure> {
    word.parse().map_err(|_| bad(word))
}

fn money(word: &str) -> Money {
    let (amount, currency) = word.split_once(' ').unwrap_or((word, ""));
    Money {
        amount: amount.to_owned(),
        currency: currency.to_owned(),
    }
}

fn field(word: &str) -> Result<Field, Failure> {
    let (key, value) = word.split_once('=').ok_or_else(|| bad(word))?;
    let value = match value {
        "" => None,
        value => Some(field_value(value)?),
    };
    Ok(Field {
        key: key.to_owned(),
        value,
    })
}

fn field_value(word: &str) -> Result<FieldValue, Failure> {
    let (kind, value) = word.split_once(':').ok_or_else(|| bad(word))?;
    let text = value.to_owned();
    Ok(match kind {
        "text" => FieldValue::Text(text),
        // Without the tables that reading decimals needs: the robot is to be small.
        "number" => FieldValue::Number(f64::from(number(value)?)),
        "endless" => FieldValue::Number(f64::INFINITY),
        "flag" => FieldValue::Flag(value == "yes"),
        "instant" => FieldValue::Instant(text),
        "money" => FieldValue::Money(money(value)),
        "many" => FieldValue::Many(value.split(',').map(str::to_owned).collect()),
        kind => FieldValue::Other(OtherValue {
            kind: kind.to_owned(),
            text,
        }),
    })
}
