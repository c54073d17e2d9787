//! The boot helper's result on its way through the pipe: eight bytes of length, little-endian, then
//! the body. Not JSON: plaintexts go straight from the pipe's buffer into wiped ones.

use super::BootResult;
use super::task::Task;
use super::wire::{Broken, Reader, Writer};
use crate::finding::{Action, Finding, Rule};
use crate::image::{Admission, ImageIdentity, Matched, Source};
use crate::policy::value::Digest;
use crate::refusal::{Code, Refusal};
use crate::secrets::Opened;
use zeroize::Zeroizing;

/// Bytes of the length that goes first.
pub const HEADER: usize = 8;
/// No body is longer: it stops a broken helper from making PID 1 allocate without end.
const LONGEST: usize = 64 << 20;
/// Everything but plaintexts fits here; more only costs a second allocation.
const ROOM: usize = 16 << 10;
/// The rules of every refusal that a helper can return.
const RULES: [&str; 25] = [
    "image.digest",
    "image.identity",
    "policy.scope",
    "credentials.unavailable",
    "credentials.rejected",
    "aws.settings",
    "kms.unreachable",
    "secret.context",
    "secret.denied",
    "secret.form",
    "secret.key",
    "secret.missing",
    "secret.source",
    "source.denied",
    "source.unreachable",
    "policy.file",
    "policy.invalid",
    "policy.missing",
    "policy.requires",
    "document.kind",
    "document.scope",
    "document.serial",
    "document.signature",
    "document.validity",
    "internal",
];

/// The rules of every finding that a helper can return.
const FINDINGS: [Rule; 3] = [
    Rule::IMAGE_DIGEST,
    Rule::IMAGE_IDENTITY,
    Rule::POLICY_EXPIRING,
];

/// The length of the body that follows this header.
pub fn body_length(header: [u8; HEADER]) -> Result<usize, Refusal> {
    usize::try_from(u64::from_le_bytes(header))
        .ok()
        .filter(|length| *length <= LONGEST)
        .ok_or_else(|| fault(Broken("its length")))
}

/// Header and body of what a boot learned.
pub(super) fn encode(result: &Result<BootResult, Refusal>) -> Zeroizing<Vec<u8>> {
    let plaintexts: usize = result
        .iter()
        .flat_map(|boot| &boot.opened)
        .map(|opened| opened.value.len() + opened.name.len() + opened.key.len() + 3 * HEADER)
        .sum();
    framed(result, plaintexts, write_boot)
}

/// Header and body; `more` bytes are known to be needed.
pub(super) fn framed<T>(
    result: &Result<T, Refusal>,
    more: usize,
    write: impl FnOnce(&mut Writer, &T),
) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::with_capacity(ROOM + more);
    writer.count(0);
    match result {
        Ok(learned) => {
            writer.byte(1);
            write(&mut writer, learned);
        }
        Err(refusal) => {
            writer.byte(0);
            write_refusal(&mut writer, refusal);
        }
    }
    let mut frame = writer.finish();
    let length = (frame.len() - HEADER) as u64;
    frame[..HEADER].copy_from_slice(&length.to_le_bytes());
    frame
}

/// What the helper found out, or why the start is refused. `body` is the frame without its header.
pub fn decode(body: &[u8]) -> Result<BootResult, Refusal> {
    unframed(body, read_boot)
}

pub(super) fn unframed<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Broken>,
) -> Result<T, Refusal> {
    let mut reader = Reader(body);
    let result = match reader.byte() {
        Ok(1) => read(&mut reader).map(Ok),
        Ok(0) => read_refusal(&mut reader).map(Err),
        Ok(_) => Err(Broken("its kind")),
        Err(broken) => Err(broken),
    };
    reader.end().and(result).map_err(fault)?
}

fn fault(broken: Broken) -> Refusal {
    Refusal::new(
        Code::Usage,
        "internal",
        broken.to_string(),
        "start the task again; if it stays so, report it",
    )
}

fn write_boot(writer: &mut Writer, boot: &BootResult) {
    writer.option(boot.image.as_ref(), write_image);
    writer.option(boot.admission.as_ref(), write_admission);
    writer.option(boot.task.as_ref(), write_task);
    writer.list(&boot.opened, |writer, opened| {
        writer.text(&opened.name);
        writer.text(&opened.key);
        writer.bytes(&opened.value);
    });
    writer.list(&boot.findings, |writer, finding| {
        let known = FINDINGS.iter().position(|rule| *rule == finding.rule);
        // What no reader knows is refused by it.
        writer.count(known.unwrap_or(usize::MAX));
        writer.text(&finding.message);
        writer.bytes(&finding.object);
    });
}

fn read_boot(reader: &mut Reader<'_>) -> Result<BootResult, Broken> {
    Ok(BootResult {
        image: reader.option(read_image)?,
        admission: reader.option(read_admission)?,
        task: reader.option(read_task)?,
        opened: reader.list(|reader| {
            Ok(Opened {
                name: reader.text()?,
                key: reader.text()?,
                value: Zeroizing::new(reader.bytes()?.to_vec()),
            })
        })?,
        findings: reader.list(|reader| {
            Ok(Finding {
                rule: *FINDINGS.get(reader.count()?).ok_or(Broken("a finding"))?,
                action: Action::Observed,
                message: reader.text()?,
                object: reader.bytes()?.to_vec(),
                process: None,
            })
        })?,
    })
}

fn write_image(writer: &mut Writer, image: &ImageIdentity) {
    writer.text(&image.reference);
    writer.option(image.image_id.as_ref(), write_digest);
    writer.option(image.pinned.as_ref(), write_digest);
}

fn read_image(reader: &mut Reader<'_>) -> Result<ImageIdentity, Broken> {
    Ok(ImageIdentity {
        reference: reader.text()?,
        image_id: reader.option(read_digest)?,
        pinned: reader.option(read_digest)?,
    })
}

fn write_digest(writer: &mut Writer, digest: &Digest) {
    writer.text(digest.as_str());
}

fn read_digest(reader: &mut Reader<'_>) -> Result<Digest, Broken> {
    reader.text()?.parse().map_err(|_| Broken("a digest"))
}

fn write_admission(writer: &mut Writer, admission: &Admission) {
    match admission {
        Admission::Admitted(matched) => {
            writer.byte(1);
            writer.text(&matched.entry);
            write_digest(writer, &matched.digest);
            writer.byte(u8::from(matched.from == Source::Pinned));
        }
        Admission::Refused(refusal) => {
            writer.byte(0);
            write_refusal(writer, refusal);
        }
    }
}

fn read_admission(reader: &mut Reader<'_>) -> Result<Admission, Broken> {
    match reader.byte()? {
        0 => read_refusal(reader).map(Admission::Refused),
        _ => Ok(Admission::Admitted(Matched {
            entry: reader.text()?,
            digest: read_digest(reader)?,
            from: if reader.byte()? == 0 {
                Source::ImageId
            } else {
                Source::Pinned
            },
        })),
    }
}

pub(super) fn write_task(writer: &mut Writer, task: &Task) {
    for fact in [
        &task.arn,
        &task.family,
        &task.revision,
        &task.cluster,
        &task.container,
        &task.account,
        &task.region,
    ] {
        writer.option(fact.as_ref(), |writer, text| writer.text(text));
    }
}

pub(super) fn read_task(reader: &mut Reader<'_>) -> Result<Task, Broken> {
    let mut fact = || reader.option(Reader::text);
    Ok(Task {
        arn: fact()?,
        family: fact()?,
        revision: fact()?,
        cluster: fact()?,
        container: fact()?,
        account: fact()?,
        region: fact()?,
    })
}

fn write_refusal(writer: &mut Writer, refusal: &Refusal) {
    writer.byte(refusal.code.status());
    for text in [
        refusal.rule,
        &refusal.message,
        &refusal.expected,
        &refusal.found,
        &refusal.remedy,
    ] {
        writer.text(text);
    }
}

fn read_refusal(reader: &mut Reader<'_>) -> Result<Refusal, Broken> {
    let status = reader.byte()?;
    let code = Code::ALL
        .into_iter()
        .find(|code| code.status() == status)
        .ok_or(Broken("a status"))?;
    let rule = reader.text()?;
    Ok(Refusal {
        code,
        rule: RULES
            .into_iter()
            .find(|known| *known == rule)
            .ok_or(Broken("a rule"))?,
        message: reader.text()?,
        expected: reader.text()?,
        found: reader.text()?,
        remedy: reader.text()?,
    })
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
