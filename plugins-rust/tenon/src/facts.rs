//! The facts about a kind that a host reads from the plugin's file.

/// The facts about a kind with `S` slots and a document of `D` bytes. No pointers, so the bytes in the file are
/// final.
#[repr(C, align(8))]
#[derive(Debug)]
pub struct Facts<const S: usize, const D: usize> {
    magic: [u8; 8],
    size: u32,
    slots: u32,
    document_at: u32,
    document_size: u32,
    kind: [u8; 64],
    hashes: [u64; S],
    document: [u8; D],
}

const HEADER: usize = 88;
const _: () = assert!(core::mem::offset_of!(Facts<2, 3>, hashes) == HEADER);
const _: () = assert!(core::mem::offset_of!(Facts<2, 3>, document) == HEADER + 16);

/// Makes the facts about a kind. `document` is empty to leave it out.
pub const fn facts<const S: usize, const D: usize>(spec: &str, hashes: [u64; S], document: &str) -> Facts<S, D> {
    assert!(spec.len() < 64, "kinds: a kind and its version have at most 63 bytes");
    let mut kind = [0; 64];
    let mut i = 0;
    while i < spec.len() {
        kind[i] = spec.as_bytes()[i];
        i += 1;
    }
    let least = HEADER + 8 * S;
    let Some(document) = document.as_bytes().first_chunk::<D>() else {
        panic!("the macro measures the document itself");
    };
    Facts {
        magic: *b"TENONK\0\x01",
        size: (least + D) as u32,
        slots: S as u32,
        document_at: if D == 0 { 0 } else { least as u32 },
        document_size: D as u32,
        kind,
        hashes,
        document: *document,
    }
}

/// Exports the facts about a kind. Generated code uses it.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind_facts {
    ($symbol:ident, $spec:expr, $hashes:expr, $document:expr) => {
        #[unsafe(no_mangle)]
        #[used]
        #[allow(non_upper_case_globals)]
        pub static $symbol: $crate::__private::Facts<{ $hashes.len() }, { $document.len() }> =
            $crate::__private::facts($spec, $hashes, $document);
    };
}
