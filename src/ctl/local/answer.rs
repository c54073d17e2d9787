//! A status and a body, and the ways in which they reach the client.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use http_body::Frame;
use serde_json::{Value, json};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{io, mem};

/// An answer that is not yet sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type: "application/json",
            body,
        }
    }

    pub fn html(page: &str) -> Self {
        Self {
            status: 200,
            content_type: "text/html",
            body: page.as_bytes().to_vec(),
        }
    }

    pub fn value(value: &Value) -> Self {
        Self::json(200, value.to_string().into_bytes())
    }

    /// As KMS reports an error: JSON 1.1, 500 for its own faults and 400 for everything else.
    pub fn kms_error(code: &str, message: &str) -> Self {
        let own = [
            "KMSInternalException",
            "KeyUnavailableException",
            "DependencyTimeoutException",
        ];
        let body = json!({"__type": code, "message": message}).to_string();
        Self {
            status: if own.contains(&code) { 500 } else { 400 },
            content_type: "application/x-amz-json-1.1",
            body: body.into_bytes(),
        }
    }

    /// As the ECS agent reports an error of its credentials endpoint.
    pub fn agent_error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"code": code, "message": message, "HTTPErrorCode": status});
        Self::json(status, body.to_string().into_bytes())
    }

    pub fn whole(self) -> Response {
        let body = Body::from(self.body);
        respond(self.status, self.content_type, body)
    }

    /// Announces the whole length, sends half of it and closes the connection.
    pub fn half(self, then: Then) -> Response {
        let length = self.body.len();
        let half = Bytes::copy_from_slice(&self.body[..length / 2]);
        let body = Body::new(Half::Begin(half, then));
        let mut response = respond(self.status, self.content_type, body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        response
    }

    pub fn redirect(self, to: &str) -> Response {
        let mut response = self.whole();
        if let Ok(to) = HeaderValue::from_str(to) {
            response.headers_mut().insert(header::LOCATION, to);
        }
        response
    }
}

fn respond(status: u16, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// What comes after the first half of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The server drops the connection.
    Fails,
    /// The connection stays open.
    Stalls,
}

/// A body of which only the first piece comes.
enum Half {
    Begin(Bytes, Then),
    /// The server writes what it has once the body makes it wait.
    Flush,
    Fail,
    Stall,
}

impl http_body::Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Begin(half, then) => {
                let (half, then) = (mem::take(half), *then);
                *self = match then {
                    Then::Fails => Self::Flush,
                    Then::Stalls => Self::Stall,
                };
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            Self::Flush => {
                *self = Self::Fail;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            // Nobody wakes it.
            Self::Stall => Poll::Pending,
            Self::Fail => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }
}
