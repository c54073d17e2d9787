//! What looks like a secret: by its name, or by itself.

use crate::secrets::looks_sealed;

/// Parts of names of variables that hold secrets.
const NAMES: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "CONNECTION_STRING",
    "ENCRYPTION_KEY",
];
/// Ends of names that are about a secret and do not hold one.
const ABOUT: [&str; 12] = [
    "_FILE", "_PATH", "_ARN", "_NAME", "_ID", "_URL", "_URI", "_TTL", "_TIMEOUT", "_LENGTH",
    "_EXPIRY", "_HEADER",
];
/// Beginnings of values that nothing else has.
const VALUES: [&str; 9] = [
    "AKIA",
    "ASIA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "-----BEGIN",
];

/// Whether a variable carries a secret in clear.
pub(super) fn is_plain(name: &str, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() || looks_sealed(value.as_bytes()) || is_placeholder(value) {
        return false;
    }
    is_by_itself(value) || is_by_name(name) && !is_harmless(value)
}

/// A key, a token, or a user's password within a URL.
fn is_by_itself(value: &str) -> bool {
    let long = value.len() >= 16;
    long && VALUES.iter().any(|start| value.starts_with(start))
        && !value.starts_with("-----BEGIN PUBLIC")
        && !value.starts_with("-----BEGIN CERT")
        || has_password(value)
}

fn has_password(value: &str) -> bool {
    let rest = value.split_once("://").map(|(_, rest)| rest);
    let user = rest
        .and_then(|rest| rest.split('/').next())
        .and_then(|authority| authority.rsplit_once('@'));
    user.and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty() && !is_placeholder(password))
}

fn is_by_name(name: &str) -> bool {
    let name: String = name
        .chars()
        .map(|c| {
            if c == '-' || c == '.' {
                '_'
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect();
    NAMES.iter().any(|part| name.contains(part)) && !ABOUT.iter().any(|end| name.ends_with(end))
}

/// A switch, a number, a place: not what anybody keeps secret.
fn is_harmless(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "none" | "null" | "on" | "off" | "enabled" | "disabled"
    ) || value.parse::<f64>().is_ok() && value.len() < 6
        || value.starts_with("arn:")
        || value.starts_with('/') && !value.contains(' ')
}

/// What is put in later: `${NAME}`, `{{resolve:…}}`, `$NAME`, `<…>`.
fn is_placeholder(value: &str) -> bool {
    value.contains("${")
        || value.contains("{{")
        || value.starts_with('$')
        || value.starts_with('<') && value.ends_with('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_or_by_itself() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("spring.datasource.password", "hunter2"),
            ("API_KEY", "abcdef0123"),
            ("X", "AKIAIOSFODNN7EXAMPLE"),
            ("DATABASE_URL", "postgres://app:hunter2@db:5432/orders"),
            ("KEY", "-----BEGIN PRIVATE KEY-----\nMIG"),
            ("JWT_SECRET", "123456789"),
        ] {
            assert!(is_plain(name, value), "{name}={value}");
        }
    }

    #[test]
    fn what_is_sealed_or_about_a_secret_is_none() {
        for (name, value) in [
            ("DB_PASSWORD", "kms:v1:AQI="),
            ("DB_PASSWORD", ""),
            ("DB_PASSWORD", "${DbPassword}"),
            ("PASSWORD_FILE", "/run/secrets/p"),
            (
                "SECRET_ARN",
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:x",
            ),
            ("DB_SECRET", "arn:aws:x"),
            ("TOKEN_TTL", "3600"),
            ("USE_TOKEN", "true"),
            ("DATABASE_URL", "postgres://app@db/orders"),
            ("DATABASE_URL", "postgres://app:${PW}@db/orders"),
            ("PASSWORD", "{{resolve:ssm-secure:x}}"),
            ("LOG_LEVEL", "info"),
            ("KEY", "-----BEGIN PUBLIC KEY-----\nMIG"),
        ] {
            assert!(!is_plain(name, value), "{name}={value}");
        }
    }
}
