//! Whether a document fits a schema.

use serde_json::Value;

/// Just enough of JSON Schema for what schemars writes of our records: types, properties, items, references, choices.
pub(crate) fn fits(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    if let Some(path) = schema["$ref"].as_str() {
        let definition =
            root.pointer(path.trim_start_matches('#')).ok_or(format!("{at}: {path} leads nowhere"))?;
        fits(value, definition, root, at)?;
    }
    let choices = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
    if choices.is_some_and(|all| all.iter().all(|c| fits(value, c, root, at).is_err())) {
        return Err(format!("{at}: {value} is none of {choices:?}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(t) => vec![t],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind],
    };
    if !allowed.contains(&kind) {
        return Err(format!("{at}: {value} is {kind}, not {allowed:?}"));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(key).is_none() {
            return Err(format!("{at}: {key} is missing"));
        }
    }
    for (key, item) in value.as_object().into_iter().flatten() {
        // Stricter than JSON Schema: a key that the schema does not know is a mistake of ours.
        match (schema["properties"].get(key), schema["properties"].is_object()) {
            (Some(property), _) => fits(item, property, root, &format!("{at}.{key}"))?,
            (None, true) => return Err(format!("{at}: {key} is in no schema")),
            (None, false) => {}
        }
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            fits(item, &schema["items"], root, &format!("{at}[{i}]"))?;
        }
    }
    Ok(())
}
