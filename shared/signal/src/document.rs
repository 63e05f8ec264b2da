//! Bytes to a JSON tree in which no object has two equal keys.
//!
//! Depth is bounded by serde_json's own recursion limit of 128; size by [`crate::MAX_EVENT_BYTES`].

use crate::error::SignalError;
use crate::quoted::Quoted;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// Reads one JSON document. `field` is where it was found, for the error.
pub(crate) fn read(bytes: &[u8], field: &str) -> Result<Value, SignalError> {
    let repeated = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value =
        Unrepeated(&repeated).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| match repeated.take() {
        Some(key) => SignalError::RepeatedKey { field: field.to_owned(), key: Quoted(&key).to_string() },
        None => SignalError::NotJson { field: field.to_owned(), problem: Quoted(&error.to_string()).to_string() },
    })
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
    use proptest::prelude::*;

    #[test]
    fn a_repeated_key_is_refused_at_any_depth() {
        let error = read(br#"{"a":[{"b":1,"b":2}]}"#, "event").unwrap_err();
        assert_eq!(error, SignalError::RepeatedKey { field: "event".into(), key: "\"b\"".into() });
        // Written differently, the same key.
        assert_eq!(read(br#"{"b":1,"\u0062":2}"#, "event").unwrap_err(), error);
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused_and_not_followed() {
        let deep = "[".repeat(100_000);
        let error = read(deep.as_bytes(), "event").unwrap_err().to_string();
        assert!(error.contains("recursion limit"), "{error}");
    }

    #[test]
    fn text_after_the_document_is_refused() {
        assert_eq!(read(b"{} {}", "event").unwrap_err().code(), "not_json");
        assert_eq!(read(b"", "event").unwrap_err().code(), "not_json");
        assert_eq!(read(b"\xff\xfe", "event").unwrap_err().code(), "not_json");
    }

    proptest! {
        #[test]
        fn any_bytes_give_the_tree_that_serde_json_gives_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = read(&bytes, "event") {
                prop_assert_eq!(value, serde_json::from_slice::<Value>(&bytes).unwrap());
            }
        }
    }
}
