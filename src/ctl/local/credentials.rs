//! The task role's credentials, as the ECS agent hands them out.

use super::answer::Answer;
use super::config::{ACCOUNT, Config};
use super::fault::Whose;
use axum::http::{HeaderMap, header};
use serde_json::json;

/// The id in the credentials address.
pub(super) const CREDENTIALS_ID: &str = "5a1e0c7d-9b8f-4e6a-8c2d-3f4b5a6c7d8e";

pub(super) fn answer(config: &Config, headers: &HeaderMap, whose: Whose) -> Answer {
    let given = headers.get(header::AUTHORIZATION).map(AsRef::as_ref);
    let wanted = config.authorization_token.as_deref().map(str::as_bytes);
    if wanted.is_some() && given != wanted {
        return Answer::agent_error(403, "AccessDenied", "wrong authorization token");
    }
    let principal = match whose {
        Whose::Ours => config.principals.first(),
        Whose::SomebodyElses => config.principals.last(),
    };
    let Some(principal) = principal else {
        return Answer::agent_error(400, "InvalidIdInRequest", "Credentials not found");
    };
    Answer::value(&json!({
        "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/local"),
        "AccessKeyId": principal.access_key_id,
        "SecretAccessKey": principal.secret_access_key,
        "Token": principal.session_token,
        "Expiration": "2099-01-01T00:00:00Z",
    }))
}
