//! The bytes of the helper's result: numbers, strings and lists, each with its length before it.
//! Written into one wiped buffer, read without copying more than the values themselves.

use zeroize::Zeroizing;

/// The bytes are not what a helper writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the boot helper's result is not one: {0}")]
pub(super) struct Broken(pub(super) &'static str);

/// Appends.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// With room for `length` bytes, so that plaintexts are not left behind by growing.
    pub(super) fn with_capacity(length: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(length)))
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A byte says whether there is one.
    pub(super) fn option<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn list<T>(&mut self, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.count(values.len());
        for value in values {
            write(self, value);
        }
    }
}

/// Takes from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn count(&mut self) -> Result<usize, Broken> {
        let bytes = self.take(8)?.try_into().map_err(|_| Broken("a length"))?;
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| Broken("a length"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = self.count()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<String, Broken> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| Broken("a text"))?;
        Ok(text.to_owned())
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Broken("an option")),
        }
    }

    /// Nothing is allocated before there are bytes for it.
    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Broken>,
    ) -> Result<Vec<T>, Broken> {
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    pub(super) fn end(self) -> Result<(), Broken> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Broken("what follows it"))
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Broken("its length"))?;
        self.0 = rest;
        Ok(taken)
    }
}
