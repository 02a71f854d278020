/** Counts in JavaScript what the plugins count. */

const LF = 10;

/** Returns the offsets of all places of a needle, from left to right, that do not overlap. */
export function placesIn(bytes, needle) {
  const places = [];
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + needle.length))
    places.push(at);
  return places;
}

export const countLines = (bytes) => placesIn(bytes, '\n').length;

const isSpace = (byte) => byte === 32 || (byte >= 9 && byte <= 13);

/** Counts lines, words and bytes. Several jobs need it of the same file, one after another. */
export const countInJavaScript = rememberLast((bytes) => {
  let lines = 0;
  let words = 0;
  let inWord = false;
  for (const byte of bytes) {
    if (byte === LF) lines++;
    const isBegin = !isSpace(byte) && !inWord;
    if (isBegin) words++;
    inWord = !isSpace(byte);
  }
  return [lines, words, bytes.length];
});

/** Returns the function with a memory for its last argument. */
export function rememberLast(compute) {
  let last;
  let result;
  return (argument) => {
    if (argument !== last) {
      result = compute(argument);
      last = argument;
    }
    return result;
  };
}
