/**
 * The jobs, one for each plugin. A job has the config of its plugin, adds up results, and verifies each result without
 * the plugin: `check` returns true or false, or null if the result cannot be compared. A job calls the plugin's method
 * with the bytes of a file, unless it has a `connect` of its own, which returns a function that makes the calls.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { countInJavaScript, countLines } from './count.mjs';
import { count, megabytes } from './show.mjs';
import { textJob } from './text-job.mjs';

function wordcountJob() {
  const total = { lines: 0, words: 0, bytes: 0 };
  const read = (result) => [0, 8, 16].map((offset) => Number(result.readBigUInt64LE(offset)));
  return {
    plugin: 'wordcount',
    checkedBy: 'a count in JavaScript',
    add(_input, result) {
      const [lines, words, bytes] = read(result);
      total.lines += lines;
      total.words += words;
      total.bytes += bytes;
    },
    check: (input, result) => countInJavaScript(input).every((value, index) => value === read(result)[index]),
    summary: () => `${count(total.lines)} lines, ${count(total.words)} words, ${count(total.bytes)} bytes`,
  };
}

function gzipJob() {
  const total = { plain: 0, packed: 0 };
  const unpacksTo = (input, result) => {
    try {
      return gunzipSync(result).equals(input);
    } catch {
      return false;
    }
  };
  return {
    plugin: 'gzip',
    config: { level: 6 },
    checkedBy: 'node:zlib, which unpacked them to the same bytes',
    add(input, result) {
      total.plain += input.length;
      total.packed += result.length;
    },
    check: unpacksTo,
    summary() {
      const ratio = total.packed === 0 ? 1 : total.plain / total.packed;
      return `${megabytes(total.plain)} packed to ${megabytes(total.packed)}, ratio ${ratio.toFixed(2)}`;
    },
  };
}

/**
 * Converts the pattern to a JavaScript RegExp. Returns null if JavaScript has a different meaning or none for
 * it: flags in the pattern, POSIX classes and set operations of Rust's regex crate.
 */
function toRegExp(pattern) {
  if (/\(\?(?!:)|\[\[|&&|--|~~/.test(pattern)) return null;
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return null;
  }
}

/** Returns the lines that match, found in JavaScript. */
function grepInJavaScript(bytes, regExp) {
  const lines = bytes.toString().split('\n');
  if (lines.at(-1) === '') lines.pop();
  const found = lines.filter((line) => regExp.test(line.endsWith('\r') ? line.slice(0, -1) : line));
  return Buffer.from(found.map((line) => `${line}\n`).join(''));
}

const NO_RUST = 'it is written in Rust and was not built';

function grepJob(pattern) {
  const total = { lines: 0, files: 0 };
  const regExp = toRegExp(pattern);
  // For `\w`, `\d`, `\s`, `\b` and `.`, Rust and JavaScript agree only on ASCII input without a lone CR.
  const isPlain = !/[\\.]/.test(pattern);
  const isComparable = (input) => {
    if (regExp === null) return false;
    return isPlain ? isUtf8(input) : isAscii(input) && !input.includes('\r');
  };
  return {
    plugin: 'grep',
    config: { pattern },
    optional: NO_RUST,
    checkedBy: "JavaScript's RegExp, which found the same lines",
    uncheckedBecause: 'not UTF-8, or the pattern means something else in JavaScript',
    add(_input, result) {
      total.lines += countLines(result);
      if (result.length > 0) total.files++;
    },
    check: (input, result) => (isComparable(input) ? grepInJavaScript(input, regExp).equals(result) : null),
    summary: () => `${count(total.lines)} lines in ${count(total.files)} files match /${pattern}/`,
  };
}

/** Creates all jobs, in the order in which they run. */
export const makeJobs = (pattern) => [
  wordcountJob(),
  gzipJob(),
  grepJob(pattern),
  textJob('text'),
  textJob('text-cpp'),
  textJob('text-rs', NO_RUST),
];
