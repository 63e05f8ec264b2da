//! The request context: condition keys and their values.

use serde_json::Value;

/// What is known of a request beyond who, what and on which resource.
///
/// In a closed world a key that isn't given is absent from the request. In an open one it is unknown, unless it follows
/// from the request itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// By key in lower case, sorted.
    entries: Vec<Entry>,
    closed: bool,
}

/// A key and its values.
type Entry = (Box<str>, Box<[Box<str>]>);

impl Context {
    /// Nothing is known.
    pub fn open() -> Self {
        Self { entries: Vec::new(), closed: false }
    }

    /// Nothing is there but what [`Context::with`] adds.
    pub fn closed() -> Self {
        Self { entries: Vec::new(), closed: true }
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Gives a key its values, in place of those it had. With no values the key is absent.
    #[must_use]
    pub fn with<T: AsRef<str>>(mut self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        let key: Box<str> = key.to_ascii_lowercase().into();
        let values = values.into_iter().map(|value| value.as_ref().into()).collect();
        match self.entries.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.1 = values;
                }
            }
            Err(at) => self.entries.insert(at, (key, values)),
        }
        self
    }

    /// Gives a key a JSON value: text, a number, true or false, or a list of them. `None` for anything else.
    #[must_use]
    pub fn with_json(self, key: &str, value: &Value) -> Option<Self> {
        let values = match value {
            Value::Array(values) => values.iter().map(scalar).collect::<Option<Vec<_>>>()?,
            value => vec![scalar(value)?],
        };
        Some(self.with(key, values))
    }

    /// `None` where the key was not given; nothing where it was said to be absent.
    pub(crate) fn get(&self, lower: &str) -> Option<&[Box<str>]> {
        let at = self.entries.binary_search_by(|(known, _)| (**known).cmp(lower)).ok()?;
        self.entries.get(at).map(|(_, values)| &**values)
    }

    /// The keys given that start so, with what follows.
    pub(crate) fn starting_with<'a>(&'a self, lower: &'a str) -> impl Iterator<Item = (&'a str, &'a [Box<str>])> {
        self.entries.iter().filter_map(move |(key, values)| Some((key.strip_prefix(lower)?, &**values)))
    }
}

/// Text, a number, or true or false, as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_found_without_case_and_the_last_value_counts() {
        let context = Context::closed().with("AWS:SourceIp", ["1.2.3.4"]).with("aws:sourceip", ["::1"]);
        assert_eq!(context.get("aws:sourceip"), Some(&[Box::from("::1")][..]));
        assert_eq!(context.get("aws:x"), None);
    }

    #[test]
    fn json_values_become_text() {
        let context = Context::open().with_json("a", &json!([1, true, "x"])).unwrap();
        assert_eq!(context.get("a").unwrap().join(","), "1,true,x");
        assert!(Context::open().with_json("a", &json!({})).is_none());
        assert!(Context::open().with_json("a", &json!([null])).is_none());
    }
}
