//! `kms:v1e:`: a value that KMS could not take as a whole, under a data key that KMS sealed.
//!
//! The bytes are: one of version, two of the data key blob's length (big endian), the blob as `GenerateDataKey` gave it,
//! a nonce of 12, and AES-256-GCM's ciphertext with its tag of 16. What is authenticated beside it is the encryption
//! context as canonical JSON: the names in order of their bytes, without spaces.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::collections::{BTreeMap, HashMap};
use zeroize::Zeroizing;

/// The only version.
const VERSION: u8 = 1;
/// The tag of AES-GCM.
const TAG: usize = 16;

/// An envelope, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The data key, as KMS sealed it.
    pub data_key: Vec<u8>,
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

/// Not an envelope, or not one of this key and context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Envelope {
    /// Takes the bytes apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, Broken> {
        let Some(([VERSION, high, low], rest)) = bytes.split_first_chunk() else {
            return Err(Broken);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (data_key, rest) = rest.split_at_checked(length).ok_or(Broken)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(Broken)?;
        if data_key.is_empty() || sealed.len() < TAG {
            return Err(Broken);
        }
        Ok(Self {
            data_key: data_key.to_vec(),
            nonce: *nonce,
            sealed: sealed.to_vec(),
        })
    }

    /// The plaintext, under the opened data key and in this context.
    pub fn open(
        &self,
        data_key: &[u8],
        context: &HashMap<String, String>,
    ) -> Result<Zeroizing<Vec<u8>>, Broken> {
        let key = UnboundKey::new(&AES_256_GCM, data_key).map_err(|_| Broken)?;
        let mut bytes = Zeroizing::new(self.sealed.clone());
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let opened =
            LessSafeKey::new(key).open_in_place(nonce, Aad::from(canonical(context)), &mut bytes);
        let length = opened.map_err(|_| Broken)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// The bytes of the same envelope, with its data key sealed for another key.
    #[cfg(feature = "workbench")]
    pub fn with_data_key(&self, sealed_key: &[u8]) -> Result<Vec<u8>, Broken> {
        let length = u16::try_from(sealed_key.len()).map_err(|_| Broken)?;
        let header = length.to_be_bytes();
        Ok([
            &[VERSION][..],
            &header,
            sealed_key,
            &self.nonce,
            &self.sealed,
        ]
        .concat())
    }

    /// The bytes of an envelope around a plaintext. A data key is used once, so the nonce cannot come again.
    #[cfg(feature = "workbench")]
    pub fn seal(
        data_key: &[u8],
        sealed_key: &[u8],
        context: &HashMap<String, String>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Broken> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| Broken)?;
        let key = UnboundKey::new(&AES_256_GCM, data_key).map_err(|_| Broken)?;
        let mut sealed = plaintext.to_vec();
        LessSafeKey::new(key)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(canonical(context)),
                &mut sealed,
            )
            .map_err(|_| Broken)?;
        let data_key = Vec::new();
        let envelope = Self {
            data_key,
            nonce,
            sealed,
        };
        envelope.with_data_key(sealed_key)
    }
}

/// Names in order, no spaces; strings as JSON has them.
fn canonical(context: &HashMap<String, String>) -> Vec<u8> {
    let ordered: BTreeMap<_, _> = context.iter().collect();
    serde_json::json!(ordered).to_string().into_bytes()
}

#[cfg(all(test, feature = "workbench"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn context(app: &str) -> HashMap<String, String> {
        HashMap::from([
            ("var".to_owned(), "TLS_KEY".to_owned()),
            ("app".to_owned(), app.to_owned()),
        ])
    }

    #[test]
    fn the_context_is_written_in_one_way() {
        assert_eq!(
            canonical(&context("or\"ders")),
            br#"{"app":"or\"ders","var":"TLS_KEY"}"#
        );
    }

    #[test]
    fn it_opens_under_its_key_and_context_alone() {
        let bytes = Envelope::seal(&KEY, b"blob", &context("orders"), b"secret").unwrap();
        let envelope = Envelope::parse(&bytes).unwrap();
        assert_eq!(envelope.data_key, b"blob");
        assert_eq!(
            envelope.open(&KEY, &context("orders")).unwrap().as_slice(),
            b"secret"
        );
        assert_eq!(envelope.open(&KEY, &context("billing")), Err(Broken));
        assert_eq!(envelope.open(&[8; 32], &context("orders")), Err(Broken));
        assert_eq!(envelope.open(&KEY[..16], &context("orders")), Err(Broken));
        let again = Envelope::seal(&KEY, b"blob", &context("orders"), b"secret").unwrap();
        assert_ne!(bytes, again, "the nonce is new each time");
    }

    #[test]
    fn not_one_byte_of_the_value_can_be_altered_or_left_out() {
        let bytes = Envelope::seal(&KEY, b"blob", &context("orders"), b"secret").unwrap();
        let header = 3 + b"blob".len();
        for at in header..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(
                Envelope::parse(&altered)
                    .unwrap()
                    .open(&KEY, &context("orders"))
                    .is_err(),
                "{at}"
            );
        }
        for length in 0..bytes.len() {
            let opened = Envelope::parse(&bytes[..length])
                .and_then(|cut| cut.open(&KEY, &context("orders")));
            assert_eq!(opened, Err(Broken), "{length}");
        }
        let newer = [&[2][..], &bytes[1..]].concat();
        assert_eq!(Envelope::parse(&newer), Err(Broken));
    }

    proptest! {
        #[test]
        fn any_plaintext_comes_back(plaintext in prop::collection::vec(any::<u8>(), 0..9000)) {
            let bytes = Envelope::seal(&KEY, b"blob", &context("orders"), &plaintext).unwrap();
            let opened = Envelope::parse(&bytes).unwrap().open(&KEY, &context("orders")).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        }

        #[test]
        fn any_bytes_are_taken_apart_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _parsed = Envelope::parse(&bytes);
        }
    }
}
