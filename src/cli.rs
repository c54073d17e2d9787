//! Command line and environment → what was asked; the only reader of the environment.

use crate::refusal::{Code, Refusal};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use zeroize::Zeroizing;

/// Shown by `--help`.
pub const HELP: &str = "\
micro-enforcer: starts the application of a container, if image, command and secrets are as the policy wants them

Usage:  micro-enforcer [--] COMMAND [ARG...]
        micro-enforcer --version | --help | --probe URL

In a Dockerfile:
        ENTRYPOINT [\"/micro-enforcer\", \"/app/server\"]
        HEALTHCHECK CMD [\"/micro-enforcer\", \"--probe\", \"http://127.0.0.1:8080/health\"]

Files:  /etc/micro-enforcer/policy.yaml   what is allowed
Exit:   the application's own status; 128+n if signal n ended it; 126, 127 if it could not be executed;
        200 to 213 if the enforcer refused: standard error says why and what to do
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Start this.
    Run(Box<Invocation>),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Ask this address whether the application is well.
    Probe(OsString),
}

/// The variables that the wrapper itself reads, as they arrived.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `MICRO_ENFORCER_POLICY`
    pub policy: Option<OsString>,
    /// `MICRO_ENFORCER_MODE`
    pub mode: Option<OsString>,
    /// `MICRO_ENFORCER_BREAK_GLASS`
    pub break_glass: Option<OsString>,
    /// `ECS_CONTAINER_METADATA_URI_V4`
    pub metadata_uri: Option<String>,
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`
    pub credentials_relative_uri: Option<String>,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`
    pub credentials_full_uri: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`
    pub authorization_token: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`
    pub authorization_token_file: Option<String>,
    /// `AWS_REGION`
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_KMS`
    pub endpoint_url_kms: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`
    pub endpoint_url_ssm: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`
    pub endpoint_url_s3: Option<String>,
    /// `AWS_CA_BUNDLE`
    pub ca_bundle: Option<String>,
    /// `AWS_USE_FIPS_ENDPOINT`
    pub use_fips_endpoint: Option<String>,
    /// `HTTPS_PROXY`
    pub https_proxy: Option<String>,
}

/// What the wrapper was asked to start.
#[derive(Debug)]
pub struct Invocation {
    /// The application and its arguments; never empty.
    pub command: Vec<OsString>,
    /// The environment as it arrived, entry by entry, byte for byte; wiped when it is dropped, as ECS injects secrets.
    pub environment: Zeroizing<Vec<Vec<u8>>>,
    /// What the wrapper reads of it.
    pub settings: Settings,
}

impl Request {
    /// From the arguments after our own name and the environment, entry by entry.
    pub fn parse(
        mut arguments: Vec<OsString>,
        environment: Zeroizing<Vec<Vec<u8>>>,
    ) -> Result<Self, Refusal> {
        let first = arguments
            .first()
            .map(|first| first.as_encoded_bytes().to_vec())
            .unwrap_or_default();
        match (first.as_slice(), arguments.len()) {
            (b"--help", 1) => return Ok(Self::Help),
            (b"--version", 1) => return Ok(Self::Version),
            (b"--probe", 2) => return Ok(Self::Probe(arguments.remove(1))),
            (b"--", _) => drop(arguments.remove(0)),
            (reserved, _) if reserved.starts_with(b"-") => {
                return Err(usage(format!(
                    "{} is not an option",
                    String::from_utf8_lossy(reserved)
                )));
            }
            _ => {}
        }
        if arguments.first().is_none_or(|name| name.is_empty()) {
            return Err(usage("there is no command to start"));
        }
        let settings = Settings::read(&environment);
        Ok(Self::Run(Box::new(Invocation {
            command: arguments,
            environment,
            settings,
        })))
    }
}

fn usage(message: impl Into<String>) -> Refusal {
    Refusal::new(
        Code::Usage,
        "usage",
        message,
        "write ENTRYPOINT [\"/micro-enforcer\", \"/app/server\"], with `--` before a command that begins with a dash",
    )
}

impl Settings {
    /// The first entry of a name counts, as it does for getenv(3).
    pub(crate) fn read(environment: &[Vec<u8>]) -> Self {
        let raw = |name: &str| {
            let value = |entry: &Vec<u8>| {
                Some(
                    entry
                        .strip_prefix(name.as_bytes())?
                        .strip_prefix(b"=")?
                        .to_vec(),
                )
            };
            environment.iter().find_map(value).map(OsString::from_vec)
        };
        // What is not UTF-8 is no address either; it is kept in a form that no check accepts.
        let text = |name| raw(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            policy: raw("MICRO_ENFORCER_POLICY"),
            mode: raw("MICRO_ENFORCER_MODE"),
            break_glass: raw("MICRO_ENFORCER_BREAK_GLASS"),
            metadata_uri: text("ECS_CONTAINER_METADATA_URI_V4"),
            credentials_relative_uri: text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            credentials_full_uri: text("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            authorization_token: text("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
            authorization_token_file: text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            region: text("AWS_REGION"),
            endpoint_url_kms: text("AWS_ENDPOINT_URL_KMS"),
            endpoint_url_ssm: text("AWS_ENDPOINT_URL_SSM"),
            endpoint_url_s3: text("AWS_ENDPOINT_URL_S3"),
            ca_bundle: text("AWS_CA_BUNDLE"),
            use_fips_endpoint: text("AWS_USE_FIPS_ENDPOINT"),
            https_proxy: text("HTTPS_PROXY"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Request, Refusal> {
        Request::parse(
            arguments.iter().map(OsString::from).collect(),
            Zeroizing::default(),
        )
    }

    fn command(arguments: &[&str]) -> Vec<OsString> {
        match parse(arguments) {
            Ok(Request::Run(invocation)) => invocation.command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_after_the_optional_dashes_is_the_application() {
        assert_eq!(command(&["/app", "--help"]), ["/app", "--help"]);
        assert_eq!(command(&["--", "/app", "--", "-x"]), ["/app", "--", "-x"]);
        assert_eq!(command(&["--", "-odd"]), ["-odd"]);
    }

    #[test]
    fn an_option_stands_alone() {
        assert!(matches!(parse(&["--help"]), Ok(Request::Help)));
        assert!(matches!(parse(&["--version"]), Ok(Request::Version)));
        assert!(matches!(
            parse(&["--probe", "http://127.0.0.1/"]),
            Ok(Request::Probe(_))
        ));
        for arguments in [
            &["--help", "x"][..],
            &["--probe"],
            &["-x"],
            &["--policy=/tmp/p"],
            &[],
            &["--"],
            &[""],
        ] {
            assert_eq!(
                parse(arguments).unwrap_err().code,
                Code::Usage,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn the_first_of_two_entries_counts_and_odd_entries_pass() {
        let environment = [
            &b"=x"[..],
            b"AWS_REGION",
            b"AWS_REGION=eu-west-1",
            b"AWS_REGION=us-east-1",
            b"\xff=\xfe",
        ];
        let environment = Zeroizing::new(
            environment
                .iter()
                .map(|entry| entry.to_vec())
                .collect::<Vec<_>>(),
        );
        let Ok(Request::Run(invocation)) = Request::parse(vec!["/app".into()], environment.clone())
        else {
            panic!()
        };
        assert_eq!(invocation.settings.region.as_deref(), Some("eu-west-1"));
        assert_eq!(invocation.environment, environment);
    }
}
