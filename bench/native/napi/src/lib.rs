//! The search of find.c, with the types of the kind `text`.

use napi_derive::napi;

const MOST: u32 = 3;
const LONGEST: usize = 63;

/// A search.
#[napi(object)]
pub struct Input {
    /// The text, one line.
    pub text: String,
    /// The text to find in it.
    pub needle: String,
    /// The largest number of hits to return.
    pub limit: Option<u32>,
}

/// A place of the needle.
#[napi(object)]
pub struct Hit {
    /// The byte at which it begins.
    pub at: u32,
    /// The line.
    pub line: u32,
}

/// The result of a search.
#[napi(object)]
pub struct Found {
    /// The number of places.
    pub total: u32,
    /// The first places.
    pub hits: Vec<Hit>,
    /// The line of the first place.
    pub first: String,
}

/// Finds the needle in one line of text.
#[napi]
pub fn find(input: Input) -> Found {
    let (text, needle) = (input.text.as_bytes(), input.needle.as_bytes());
    let limit = input.limit.unwrap_or(MOST).min(MOST) as usize;
    let mut found = Found {
        total: 0,
        hits: Vec::new(),
        first: String::new(),
    };
    let mut at = 0;
    while !needle.is_empty() && at + needle.len() <= text.len() {
        if text[at] != needle[0] || &text[at..at + needle.len()] != needle {
            at += 1;
            continue;
        }
        found.total += 1;
        if found.hits.len() < limit {
            found.hits.push(Hit {
                at: at as u32,
                line: 1,
            });
        }
        at += needle.len();
    }
    if found.total > 0 {
        let mut length = LONGEST.min(text.len());
        while !input.text.is_char_boundary(length) {
            length -= 1;
        }
        found.first = input.text[..length].to_owned();
    }
    found
}
