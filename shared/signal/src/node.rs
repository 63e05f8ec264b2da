//! A value in a JSON document together with the path that led to it, so that every complaint names its field.

use crate::error::SignalError;
use crate::quoted::Quoted;
use serde_json::{Map, Value};
use std::fmt::Display;
use std::str::FromStr;

#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Node<'a> {
    /// The document itself. `path` is empty for the event, or the field that held the document as text.
    pub(crate) fn root(path: impl Into<String>, value: &'a Value) -> Self {
        Self { path: path.into(), value }
    }

    /// Where this is, for a message.
    pub(crate) fn path(&self) -> &str {
        if self.path.is_empty() { "event" } else { &self.path }
    }

    /// The field's value; `None` where it is missing or null. Fails where this is no object.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Node<'a>>, SignalError> {
        let value = self.object()?.get(name).filter(|value| !value.is_null());
        Ok(value.map(|value| Node { path: self.path_of(name), value }))
    }

    pub(crate) fn require(&self, name: &str) -> Result<Node<'a>, SignalError> {
        self.get(name)?.ok_or_else(|| SignalError::Missing { field: self.path_of(name) })
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, SignalError> {
        self.value.as_object().ok_or_else(|| self.mistyped("an object"))
    }

    /// The entries of an object, by key. Keys are foreign text, so a path shows them quoted.
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Node<'a>)>, SignalError> {
        let path = self.path.clone();
        Ok(self
            .object()?
            .iter()
            .map(move |(key, value)| (key.as_str(), Node { path: format!("{path}[{}]", Quoted(key)), value })))
    }

    /// The entries of an array of at most `limit`.
    pub(crate) fn list(&self, limit: usize) -> Result<Vec<Node<'a>>, SignalError> {
        let values = self.value.as_array().ok_or_else(|| self.mistyped("an array"))?;
        self.at_most(limit, values.len())?;
        let node = |(index, value)| Node { path: format!("{}[{index}]", self.path), value };
        Ok(values.iter().enumerate().map(node).collect())
    }

    pub(crate) fn at_most(&self, limit: usize, found: usize) -> Result<(), SignalError> {
        if found <= limit {
            return Ok(());
        }
        Err(SignalError::TooMany { field: self.path().to_owned(), found, limit })
    }

    pub(crate) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    pub(crate) fn text(&self) -> Result<&'a str, SignalError> {
        self.value.as_str().ok_or_else(|| self.mistyped("text"))
    }

    pub(crate) fn boolean(&self) -> Result<bool, SignalError> {
        self.value.as_bool().ok_or_else(|| self.mistyped("true or false"))
    }

    pub(crate) fn whole_number(&self) -> Result<u64, SignalError> {
        self.value.as_u64().ok_or_else(|| self.mistyped("a whole number"))
    }

    /// The text, read as `T`, whose own error says what is wrong.
    pub(crate) fn parse<T: FromStr<Err: Display>>(&self) -> Result<T, SignalError> {
        self.text()?.parse().map_err(|error| self.invalid(error))
    }

    pub(crate) fn invalid(&self, problem: impl ToString) -> SignalError {
        SignalError::invalid(self.path(), problem)
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn mistyped(&self, expected: &str) -> SignalError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.invalid(format!("expected {expected}, found {found}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_names_the_whole_path() {
        let value = json!({"a": {"b": [{"c": 7}]}});
        let root = Node::root("", &value);
        let b = root.require("a").unwrap().require("b").unwrap();
        let c = b.list(10).unwrap()[0].require("c").unwrap();
        assert_eq!(c.text().unwrap_err().to_string(), "a.b[0].c: expected text, found a number");
        assert_eq!(b.list(0).unwrap_err().to_string(), "a.b: 1 entries, at most 0 are read");
        assert_eq!(root.text().unwrap_err().to_string(), "event: expected text, found an object");
    }

    #[test]
    fn null_counts_as_missing() {
        let value = json!({"a": null});
        let root = Node::root("event", &value);
        assert!(root.get("a").unwrap().is_none());
        assert_eq!(root.require("a").unwrap_err(), SignalError::Missing { field: "event.a".into() });
    }

    #[test]
    fn a_foreign_key_in_a_path_is_escaped() {
        let value = json!({"\u{1b}[31m": 1});
        let (_, node) = Node::root("map", &value).entries().unwrap().next().unwrap();
        assert_eq!(node.path(), r#"map["\u{1b}[31m"]"#);
    }
}
