//! KMS by moto, in a child that ends when this process does.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock};

/// A running moto and the pipes by which it is asked for ciphertexts.
pub struct Kms {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// `https://ADDRESS:PORT`
    pub endpoint: String,
    /// The ARN of its key.
    pub key: String,
}

/// The one KMS of all tests.
pub fn kms() -> MutexGuard<'static, Kms> {
    static KMS: OnceLock<Mutex<Kms>> = OnceLock::new();
    let kms = KMS.get_or_init(|| Mutex::new(Kms::start()));
    kms.lock().unwrap()
}

impl Kms {
    fn start() -> Self {
        crate::platform::ready();
        let mut child = Command::new("target/venv/bin/python")
            .arg("tests/container/kms.py")
            .args([crate::platform::ADDRESS, "5599"])
            .arg(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("target/venv: tests/setup.sh makes it");
        let requests = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let served = answer(&mut answers);
        let text = |key: &str| served[key].as_str().unwrap().to_owned();
        Self {
            endpoint: text("endpoint"),
            key: text("key"),
            child,
            requests,
            answers,
        }
    }

    /// A key that seals, or signs; its ARN and, of one that signs, its public half in PEM.
    pub fn create(&mut self, what: &str) -> (String, String) {
        let made = self.ask(&json!({"create": what}));
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        (text("key"), text("pem"))
    }

    /// Stores a document in SSM or S3.
    pub fn put(&mut self, source: &str, text: &str) {
        self.ask(&json!({"put": source, "text": text}));
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        let answer = answer(&mut self.answers);
        assert!(self.child.try_wait().unwrap().is_none(), "moto has ended");
        answer
    }

    /// A variable's sealed value, made by boto3 under `context` and the variable's name.
    pub fn seal(&mut self, application: &str, name: &str, plaintext: &str) -> String {
        let context = json!({"app": application, "var": name});
        let request = json!({"plaintext": plaintext, "context": context});
        let answer = self.ask(&request);
        format!("kms:v1:{}", answer["ciphertext"].as_str().unwrap())
    }
}

/// Where moto leaves the certificate of its authority.
pub fn folder() -> &'static Path {
    let folder = Path::new("target/container/kms");
    std::fs::create_dir_all(folder).unwrap();
    folder
}

fn answer(answers: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    serde_json::from_str(&line).expect("moto answers with a line of JSON")
}
