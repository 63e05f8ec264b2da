//! Bytes to a JSON tree in which no object has two equal keys.
//!
//! Parsers disagree on which of two equal keys counts, so a second `"Effect"` could hide the first: it is an error.
//! Depth is bounded by serde_json's own recursion limit of 128.

use crate::error::{PolicyError, quoted};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one JSON document of at most `limit` bytes; `name` is what it is called in an error.
///
/// # Errors
/// Too large, starts with a byte order mark, not JSON, more text after the document, or an object with a repeated key.
pub fn read(bytes: &[u8], limit: usize, name: &str) -> Result<Value, PolicyError> {
    if bytes.len() > limit {
        let problem = format!("{} bytes; at most {limit} are read, and AWS stores no larger one", bytes.len());
        return Err(PolicyError::new(name, problem));
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Err(PolicyError::new(name, "starts with a byte order mark; save it as UTF-8 without one"));
    }
    let repeated = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value =
        Unrepeated(&repeated).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| match repeated.take() {
        Some(key) => {
            let problem = format!("the key {} stands twice in one object; keep one", quoted(&key));
            PolicyError::new(name, problem)
        }
        None => PolicyError::new(name, format!("not JSON: {}", escaped(&error.to_string()))),
    })
}

/// serde_json's messages may quote what they found.
fn escaped(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).collect()
}

/// Builds the tree; on a repeated key it leaves that key here and fails.
#[derive(Clone, Copy)]
struct Unrepeated<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Unrepeated<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unrepeated<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = entries.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                self.0.replace(Some(key));
                return Err(A::Error::custom("repeated key"));
            }
            let value = entries.next_value_seed(self)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> String {
        read(bytes, 1000, "policy").unwrap_err().to_string()
    }

    #[test]
    fn a_repeated_key_is_refused_at_any_depth_and_in_any_spelling() {
        let found = problem(br#"{"Statement":[{"Effect":"Deny","\u0045ffect":"Allow"}]}"#);
        assert_eq!(found, r#"policy: the key "Effect" stands twice in one object; keep one"#);
    }

    #[test]
    fn what_is_too_large_or_too_deep_or_cut_off_or_marked_is_refused() {
        assert!(problem(&[b' '; 1001]).contains("at most 1000"));
        assert!(problem("[".repeat(1000).as_bytes()).contains("recursion limit"));
        assert!(problem(br#"{"Statement":[{"#).contains("not JSON"));
        assert!(problem(b"\xef\xbb\xbf{}").contains("byte order mark"));
        assert!(problem(b"{} {}").contains("trailing"));
        assert!(problem(b"\xff").contains("not JSON"));
    }
}
