//! The JSON Schema of policies, from the types that read them.

use crate::policy::Policy;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, json_schema};
use serde_json::json;

/// The schema as it is shipped. Draft 7 is what editors know best.
pub fn schema() -> String {
    let schema = SchemaSettings::draft07()
        .with_transform(RecursiveTransform(ignore_extensions))
        .into_generator()
        .into_root_schema_for::<Policy>();
    format!("{:#}\n", schema.as_value())
}

/// The same without references, to be walked.
pub(super) fn inlined() -> Schema {
    SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Policy>()
}

/// Where unknown keys are refused, `x-*` is not.
fn ignore_extensions(schema: &mut Schema) {
    if schema.get("additionalProperties") == Some(&json!(false)) {
        let extensions = json_schema!({"^x-": true});
        schema.insert("patternProperties".into(), extensions.into());
    }
}
