//! What AWS knows of an image: whether ECR has scanned it, and whether ECS runs it.

use super::super::registry::Digests;
use super::super::{Error, aws};
use super::cli::Severity;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FINDINGS: &str = "AmazonEC2ContainerRegistry_V20150921.DescribeImageScanFindings";
const LIST: &str = "AmazonEC2ContainerServiceV20141113.ListTasks";
const DESCRIBE: &str = "AmazonEC2ContainerServiceV20141113.DescribeTasks";

/// What an entry records of the scan of every platform's manifest; an error if one is not complete and clean.
pub(super) fn scanned(digests: &Digests, worst: Severity) -> Result<Vec<(String, String)>, Error> {
    let not = |said: String| Error::Registry {
        repository: digests.repository.clone(),
        said,
    };
    let (host, path) = digests.repository.split_once('/').unwrap_or_default();
    let mut parts = host.split('.');
    let (account, region) = (parts.next().unwrap_or_default(), parts.nth(2));
    if !host.contains(".dkr.ecr") {
        return Err(not(
            "is not in ECR, whose scan --require-scan asks for".into()
        ));
    }
    let mut completed = String::new();
    for digest in &digests.manifests {
        let request = json!({"registryId": account, "repositoryName": path, "imageId": {"imageDigest": digest}, "maxResults": 1});
        let answer = aws::call("ecr", FINDINGS, region, &request)?;
        completed = judged(&answer, worst).map_err(|said| not(format!("{digest}: {said}")))?;
    }
    let below = format!("nothing {} or worse", worst.name().to_lowercase());
    Ok(vec![
        ("scan".into(), "complete".into()),
        ("scan_found".into(), below),
        ("scanned_at".into(), completed),
    ])
}

/// When the scan was completed, if it was and found nothing so bad.
fn judged(answer: &Value, worst: Severity) -> Result<String, String> {
    let status = answer["imageScanStatus"]["status"]
        .as_str()
        .unwrap_or("unknown");
    // ACTIVE: Inspector scans it again whenever it learns of something new.
    if !matches!(status, "COMPLETE" | "ACTIVE") {
        return Err(format!(
            "its scan is {status}; scan it, or wait for the scan"
        ));
    }
    let findings = answer
        .get("imageScanFindings")
        .ok_or("its scan has no findings to look at")?;
    let counts = findings["findingSeverityCounts"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let known = [
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let is_below = |name: &str| {
        known
            .iter()
            .any(|severity| severity.name() == name && *severity < worst)
    };
    // A severity that is not known here, such as UNTRIAGED or UNDEFINED, may be as bad as any.
    let bad: Vec<String> = counts
        .iter()
        .filter(|(name, count)| !is_below(name) && count.as_u64() != Some(0))
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    if bad.is_empty() {
        Ok(findings["imageScanCompletedAt"]
            .to_string()
            .trim_matches('"')
            .to_owned())
    } else {
        Err(format!("its scan found {}", bad.join(", ")))
    }
}

/// The digests of every image that runs in these clusters.
pub(super) fn running(clusters: &[String]) -> Result<BTreeSet<String>, Error> {
    let mut digests = BTreeSet::new();
    for cluster in clusters {
        let mut next = Value::Null;
        loop {
            let mut request = json!({"cluster": cluster});
            if next.is_string() {
                request["nextToken"] = next.clone();
            }
            let page = aws::call("ecs", LIST, None, &request)?;
            let tasks = page["taskArns"].as_array().cloned().unwrap_or_default();
            for hundred in tasks.chunks(100) {
                let described = aws::call(
                    "ecs",
                    DESCRIBE,
                    None,
                    &json!({"cluster": cluster, "tasks": hundred}),
                )?;
                digests.extend(images(&described));
            }
            next = page["nextToken"].clone();
            if !next.is_string() {
                break;
            }
        }
    }
    Ok(digests)
}

fn images(described: &Value) -> Vec<String> {
    let each = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let tasks = each(described, "tasks");
    let containers = tasks.iter().flat_map(|task| each(task, "containers"));
    containers
        .filter_map(|container| container["imageDigest"].as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(status: &str, counts: &Value) -> Value {
        json!({"imageScanStatus": {"status": status},
               "imageScanFindings": {"findingSeverityCounts": counts, "imageScanCompletedAt": 1_795_447_600}})
    }

    #[test]
    fn only_a_complete_and_clean_scan_counts() {
        let judge = |status, counts: Value| judged(&scan(status, &counts), Severity::High);
        assert_eq!(
            judge("COMPLETE", json!({"LOW": 7, "MEDIUM": 2, "HIGH": 0})),
            Ok("1795447600".into())
        );
        assert!(judge("ACTIVE", json!({})).is_ok());
        assert!(
            judge("IN_PROGRESS", json!({}))
                .unwrap_err()
                .contains("IN_PROGRESS")
        );
        assert!(judge("FAILED", json!({})).is_err());
        assert!(
            judge("COMPLETE", json!({"CRITICAL": 1}))
                .unwrap_err()
                .contains("1 CRITICAL")
        );
        assert!(judge("COMPLETE", json!({"HIGH": 1})).is_err());
        assert!(
            judge("COMPLETE", json!({"UNTRIAGED": 1})).is_err(),
            "what is not known may be as bad as any"
        );
        assert!(
            judged(
                &json!({"imageScanStatus": {"status": "COMPLETE"}}),
                Severity::High
            )
            .is_err()
        );
        assert!(judged(&json!({}), Severity::High).is_err());
    }

    #[test]
    fn what_runs_is_named_by_its_digests() {
        let described = json!({"tasks": [{"containers": [{"imageDigest": "sha256:a"}, {"name": "no digest"}]}, {}]});
        assert_eq!(images(&described), ["sha256:a"]);
    }
}
