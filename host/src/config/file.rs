//! The configuration file.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, Layer, Origin, SETTINGS, Setting};

/// The largest file, in bytes. 64 KiB: the example has three.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Reads a configuration file.
///
/// # Errors
/// `Unreadable`, `Syntax`, `UnknownKey`, `BadValue` where a text stands for a number or the other way round.
pub fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let unreadable = |problem: String| ConfigError::Unreadable {
        path: path.to_owned(),
        problem,
    };
    let size = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(unreadable(format!(
            "it has {size} bytes, at most {FILE_BYTES_MAX} are read"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let table = DeTable::parse(&text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: line_of(&text, error.span().map_or(0, |span| span.start)),
        problem: error.message().to_owned(),
    })?;
    let entries = table.into_inner().into_iter();
    entries
        .map(|(key, value)| {
            let origin = Origin::File(path.to_owned(), line_of(&text, key.span().start));
            let setting = find(key.get_ref(), &origin)?;
            let value = read_value(setting, &value, &origin)?;
            Ok((setting.key, (value, origin)))
        })
        .collect()
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn find(key: &str, origin: &Origin) -> Result<&'static Setting, ConfigError> {
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
        return Ok(setting);
    }
    let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    let hint = format!("; known are {}", keys.join(", "));
    Err(ConfigError::UnknownKey {
        origin: origin.clone(),
        key: key.to_owned(),
        hint,
    })
}

fn read_value(
    setting: &'static Setting,
    value: &Spanned<DeValue<'_>>,
    origin: &Origin,
) -> Result<String, ConfigError> {
    match (value.get_ref(), setting.is_number) {
        (DeValue::String(text), false) => Ok(text.to_string()),
        (DeValue::Integer(number), true) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        (other, is_number) => Err(ConfigError::BadValue {
            origin: origin.clone(),
            key: setting.key,
            value: other.type_str().to_owned(),
            problem: format!(
                "use {}",
                if is_number {
                    "a whole number"
                } else {
                    "a text in quotes"
                }
            ),
        }),
    }
}
