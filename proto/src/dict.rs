//! Between serde and D-Bus: a record travels as `a{sv}` whose values are made of basic types, `av` and `a{sv}`.
//! Null values are left out, as absent keys are read as null again.

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use zbus::wire::OwnedVariant;
use zbus::wire::{Array, Dict, Signature, Variant};

use crate::error::{ApiError, ErrorKind};

/// A dictionary as it travels.
pub type Dictionary = HashMap<String, OwnedVariant>;

/// The dictionary of a record.
///
/// # Errors
/// When the type is not a record (serialises to something other than an object).
pub fn to_dict<T: Serialize>(record: &T) -> Result<Dictionary, ApiError> {
    match serde_json::to_value(record).map_err(internal)? {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| Ok((k, to_variant(v)?.try_into_owned().map_err(internal)?)))
            .collect(),
        other => Err(ApiError::new(ErrorKind::Failed, format!("not a record: {other}"))),
    }
}

/// The record of a dictionary.
///
/// # Errors
/// Names the key that is missing, unknown or of the wrong type.
pub fn from_dict<T: DeserializeOwned>(dict: &Dictionary) -> Result<T, ApiError> {
    let map: Map<String, Value> =
        dict.iter().map(|(k, v)| Ok((k.clone(), from_variant(v)?))).collect::<Result<_, ApiError>>()?;
    serde_json::from_value(Value::Object(map)).map_err(|e| ApiError::usage(e.to_string()))
}

fn internal(e: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorKind::Failed, e.to_string())
}

/// A JSON value as a variant.
///
/// # Errors
/// When D-Bus has no form for it (nesting beyond 64).
pub fn to_variant(value: Value) -> Result<Variant<'static>, ApiError> {
    Ok(match value {
        Value::Null => Variant::new(""),
        Value::Bool(b) => Variant::new(b),
        Value::Number(n) => number(&n),
        Value::String(s) => Variant::new(s),
        Value::Array(items) => {
            let mut array = Array::new(&Signature::Variant);
            for item in items {
                array.append(Variant::Variant(Box::new(to_variant(item)?))).map_err(internal)?;
            }
            Variant::Array(array)
        }
        Value::Object(map) => {
            let mut dict = Dict::new(&Signature::Str, &Signature::Variant);
            for (k, v) in map.into_iter().filter(|(_, v)| !v.is_null()) {
                dict.append(Variant::new(k), Variant::Variant(Box::new(to_variant(v)?))).map_err(internal)?;
            }
            Variant::Dict(dict)
        }
    })
}

fn number(n: &Number) -> Variant<'static> {
    if let Some(u) = n.as_u64() {
        Variant::new(u)
    } else if let Some(i) = n.as_i64() {
        Variant::new(i)
    } else {
        Variant::new(n.as_f64().unwrap_or_default())
    }
}

/// A variant as a JSON value.
///
/// # Errors
/// Names the D-Bus type that has no JSON form (file descriptors).
pub fn from_variant(value: &Variant<'_>) -> Result<Value, ApiError> {
    Ok(match value {
        Variant::U8(n) => (*n).into(),
        Variant::Bool(b) => (*b).into(),
        Variant::I16(n) => (*n).into(),
        Variant::U16(n) => (*n).into(),
        Variant::I32(n) => (*n).into(),
        Variant::U32(n) => (*n).into(),
        Variant::I64(n) => (*n).into(),
        Variant::U64(n) => (*n).into(),
        Variant::F64(n) => (*n).into(),
        Variant::Str(s) => s.as_str().into(),
        Variant::ObjectPath(p) => p.as_str().into(),
        Variant::Signature(s) => s.to_string().into(),
        Variant::Variant(inner) => from_variant(inner)?,
        Variant::Array(items) => {
            Value::Array(items.inner().iter().map(from_variant).collect::<Result<_, _>>()?)
        }
        Variant::Dict(dict) => {
            let mut map = Map::new();
            for (k, v) in dict.iter() {
                let key = match from_variant(k)? {
                    Value::String(s) => s,
                    other => other.to_string(),
                };
                map.insert(key, from_variant(v)?);
            }
            Value::Object(map)
        }
        Variant::Structure(s) => Value::Array(s.fields().iter().map(from_variant).collect::<Result<_, _>>()?),
        other => {
            let signature = other.value_signature();
            return Err(ApiError::usage(format!("a value of D-Bus type `{signature}` is not taken here")));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (i64::MIN..0).prop_map(Value::from),
            "[^\0]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map("[a-z_]{1,8}", inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_survive_the_trip(value in prop::collection::hash_map("[a-z_]{1,8}", json(), 0..6)) {
            let record = Value::Object(value.into_iter().collect());
            let dict = to_dict(&record).unwrap();
            // Over the wire and back, as D-Bus would.
            let context = zbus::wire::serialized::Context::new(zbus::wire::LE, 0);
            let bytes = zbus::wire::to_bytes(context, &dict).unwrap();
            let (dict, _): (Dictionary, _) = bytes.deserialize().unwrap();
            prop_assert_eq!(from_dict::<Value>(&dict).unwrap(), record);
        }
    }
}
