//! The JSON Schemas of documents, from the types that read them.

use crate::policy::{Allowlist, BreakGlass, Policy};
use crate::trust::Trust;
use clap::ValueEnum;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, json_schema};
use serde_json::json;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// What a container is under
    Policy,
    /// The images that may run
    Allowlist,
    /// What lets a task out of named controls
    BreakGlass,
    /// Who may sign what
    Trust,
}

/// The schema as it is shipped. Draft 7 is what editors know best.
pub fn schema(of: Document) -> String {
    let generator = SchemaSettings::draft07()
        .with_transform(RecursiveTransform(ignore_extensions))
        .into_generator();
    let schema = match of {
        Document::Policy => generator.into_root_schema_for::<Policy>(),
        Document::Allowlist => generator.into_root_schema_for::<Allowlist>(),
        Document::BreakGlass => generator.into_root_schema_for::<BreakGlass>(),
        Document::Trust => generator.into_root_schema_for::<Trust>(),
    };
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
