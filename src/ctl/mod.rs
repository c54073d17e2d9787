//! The workbench: what `enforcerctl` does on laptops and in pipelines.

pub mod local;
