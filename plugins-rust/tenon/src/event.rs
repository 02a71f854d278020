//! Typed events.

use crate::host::{EmitError, Host};
use crate::reader::Value;
use crate::writer::Writer;

/// Emits the id of an event and its record.
pub fn emit<'v, T: Value<'v>>(host: &Host, id: u64, record: T) -> Result<(), EmitError> {
    let written = Writer::new(id.to_le_bytes().to_vec(), T::SIZE).and_then(|mut writer| {
        record.write(&mut writer, 0)?;
        Ok(writer.into_sink())
    });
    host.emit(&written.map_err(|_| EmitError::Failed)?)
}
