//! KMS, or the keys of `enforcerctl local`, which protect nothing.

use super::super::cli::Target;
use super::super::{Error, aws, local};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use std::collections::HashMap;
use zeroize::Zeroizing;

type Context = HashMap<String, String>;

/// Who seals.
pub(super) enum Sealer {
    Kms(Client),
    Local,
}

impl Sealer {
    pub(super) fn of(target: &Target) -> Result<Self, Error> {
        if target.local {
            Ok(Self::Local)
        } else {
            aws::kms().map(Self::Kms)
        }
    }

    /// A ciphertext blob of at most 4,096 bytes.
    pub(super) fn encrypt(
        &self,
        key: &str,
        context: &Context,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let Self::Kms(client) = self else {
            let context = context.clone().into_iter().collect();
            return local::encrypt(key, &context, plaintext)
                .map_err(Error::step(format!("seal for {key}")));
        };
        let request = client
            .encrypt()
            .key_id(key)
            .plaintext(Blob::new(plaintext))
            .set_encryption_context(Some(context.clone()));
        let answer = aws::wait(request.send())?.map_err(Error::kms("encrypt with", key))?;
        answer
            .ciphertext_blob
            .map(Blob::into_inner)
            .ok_or_else(|| Error::NoAnswer(key.to_owned()))
    }

    /// A data key, and the same as KMS sealed it.
    pub(super) fn data_key(
        &self,
        key: &str,
        context: &Context,
    ) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), Error> {
        let Self::Kms(client) = self else {
            let mut data_key = Zeroizing::new(vec![0; 32]);
            aws_lc_rs::rand::fill(&mut data_key)
                .map_err(|_| Error::Unsealable("a data key".into()))?;
            let sealed = self.encrypt(key, context, &data_key)?;
            return Ok((data_key, sealed));
        };
        let request = client
            .generate_data_key()
            .key_id(key)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.clone()));
        let answer =
            aws::wait(request.send())?.map_err(Error::kms("generate a data key with", key))?;
        match (answer.plaintext, answer.ciphertext_blob) {
            (Some(plain), Some(sealed)) => {
                Ok((Zeroizing::new(plain.into_inner()), sealed.into_inner()))
            }
            _ => Err(Error::NoAnswer(key.to_owned())),
        }
    }

    /// The same plaintext under another key and context; it does not leave KMS.
    pub(super) fn re_encrypt(
        &self,
        blob: &[u8],
        (from, old): (&str, &Context),
        (to, new): (&str, &Context),
    ) -> Result<Vec<u8>, Error> {
        let Self::Kms(client) = self else {
            let plaintext = self.decrypt(blob, from, old)?;
            return self.encrypt(to, new, &plaintext);
        };
        let request = client
            .re_encrypt()
            .ciphertext_blob(Blob::new(blob))
            .source_key_id(from)
            .set_source_encryption_context(Some(old.clone()))
            .destination_key_id(to)
            .set_destination_encryption_context(Some(new.clone()));
        let answer = aws::wait(request.send())?.map_err(Error::kms("re-encrypt for", to))?;
        answer
            .ciphertext_blob
            .map(Blob::into_inner)
            .ok_or_else(|| Error::NoAnswer(to.to_owned()))
    }

    /// The plaintext.
    pub(super) fn decrypt(
        &self,
        blob: &[u8],
        key: &str,
        context: &Context,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Self::Kms(client) = self else {
            let context = context.clone().into_iter().collect();
            return local::decrypt(key, &context, blob)
                .map_err(Error::step(format!("open with {key}")));
        };
        let request = client
            .decrypt()
            .key_id(key)
            .ciphertext_blob(Blob::new(blob))
            .set_encryption_context(Some(context.clone()));
        let answer = aws::wait(request.send())?.map_err(Error::kms("decrypt with", key))?;
        let plaintext = answer
            .plaintext
            .map(|blob| Zeroizing::new(blob.into_inner()));
        plaintext.ok_or_else(|| Error::NoAnswer(key.to_owned()))
    }
}
