//! Reading forms.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use signalbox_crm::account::is_own_path;
use url::form_urlencoded;

use crate::http::problem::{Kind, Problem};
use signalbox_crm::said;

/// The fields of a form in their order, as they were typed, without NUL characters and with plain line ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form(pub(super) Vec<(String, String)>);

impl Form {
    /// The fields of a query or body.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let clean = |text: &str| text.replace('\0', "").replace("\r\n", "\n");
        let pairs = form_urlencoded::parse(bytes);
        Form(pairs.map(|(name, value)| (clean(&name), clean(&value))).collect())
    }

    /// The last value under a name: browsers send a hidden field before its checkbox.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().rev().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// As `get`, without spaces around it; none when nothing was typed.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A path of this host under a name: where a form leads back to.
    pub(super) fn own_path(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|path| is_own_path(path))
    }

    /// A whole number that the page itself put into the form.
    ///
    /// # Errors
    /// `invalid`, when somebody has changed it.
    pub(super) fn number(&self, name: &str) -> Result<i64, Problem> {
        let text = self.get(name).unwrap_or_default();
        text.parse()
            .map_err(|_| Problem::invalid(name, said!("`{text}` is no number", text)))
    }

    /// All values under a name.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    /// The query of a GET, the body of anything else.
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.method().is_safe() {
            return Ok(Form::parse(request.uri().query().unwrap_or_default().as_bytes()));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::new(Kind::TooLarge, said!("the form is larger than this page takes")))?;
        Ok(Form::parse(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_typed() {
        let form = Form::parse(b"name=+Anna+&text=a%0D%0Ab%00&on=off&on=on&x=%D0%B0&empty=+");
        assert_eq!(form.get("name"), Some(" Anna "));
        assert_eq!(form.filled("name"), Some("Anna"));
        assert_eq!(form.get("text"), Some("a\nb"));
        assert_eq!(form.get("on"), Some("on"));
        assert_eq!(form.all("on").collect::<Vec<_>>(), ["off", "on"]);
        assert_eq!(form.get("x"), Some("а"));
        assert_eq!((form.filled("empty"), form.get("none")), (None, None));
    }
}
