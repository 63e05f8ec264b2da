//! A value of a policy together with the path that led to it, so that every complaint names its place.

use crate::error::{PolicyError, Warning, quoted};
use serde_json::{Map, Value};

#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a Value,
}

impl<'a> Field<'a> {
    pub(crate) fn root(path: &str, value: &'a Value) -> Self {
        Self { path: path.to_owned(), value }
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, PolicyError> {
        self.value.as_object().ok_or_else(|| self.mistyped("an object"))
    }

    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Field<'a>)> + use<'a>, PolicyError> {
        let path = self.path.clone();
        Ok(self
            .object()?
            .iter()
            .map(move |(key, value)| (key.as_str(), Field { path: format!("{path}.{}", shown(key)), value })))
    }

    /// One value, or the values of a list: AWS takes either wherever it takes a list.
    pub(crate) fn items(&self) -> Vec<Field<'a>> {
        match self.value {
            Value::Array(values) => {
                let item = |(index, value)| Field { path: format!("{}[{index}]", self.path), value };
                values.iter().enumerate().map(item).collect()
            }
            _ => vec![self.clone()],
        }
    }

    pub(crate) fn text(&self) -> Result<&'a str, PolicyError> {
        self.value.as_str().ok_or_else(|| self.mistyped("text"))
    }

    pub(crate) fn texts(&self) -> Result<Vec<&'a str>, PolicyError> {
        self.items().iter().map(Field::text).collect()
    }

    pub(crate) fn error(&self, problem: &str) -> PolicyError {
        PolicyError::new(&self.path, problem)
    }

    pub(crate) fn warning(&self, message: &str) -> Warning {
        Warning { at: self.path.clone(), message: message.to_owned() }
    }

    pub(crate) fn mistyped(&self, expected: &str) -> PolicyError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.error(&format!("expected {expected}, found {found}"))
    }
}

/// A foreign key in a path: as it is where it can't harm.
fn shown(key: &str) -> String {
    let plain = key.len() <= 80 && key.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_names_the_whole_path() {
        let value = json!({"Action": ["a", 7]});
        let (_, action) = Field::root("Statement[0]", &value).entries().unwrap().next().unwrap();
        let error = action.texts().unwrap_err();
        assert_eq!(error.to_string(), "Statement[0].Action[1]: expected text, found a number");
    }

    #[test]
    fn a_single_value_is_a_list_of_one() {
        let value = json!("s3:*");
        assert_eq!(Field::root("Action", &value).texts().unwrap(), ["s3:*"]);
    }
}
