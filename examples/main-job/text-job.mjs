/**
 * The job of a plugin with the kind `text`: it finds a needle, counts words and reads the first lines, by typed
 * calls. The same
 * kind is implemented in C, C++ and Rust. Each result is compared with JavaScript's, so all three are identical.
 */
import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { cursor, defineKind, list, method, option } from '../../dist/index.js';
import { countInJavaScript, placesIn, rememberLast } from './count.mjs';
import { count } from './show.mjs';

const NEEDLE = 'the';
/** The number of lines after which the reading of a file ends, which closes the plugin's cursor. */
const MOST_LINES = 20;

/** The kind of examples/kinds/text.kind.json. Admission compares it with the facts in each plugin's file. */
export const textKind = defineKind({
  name: 'text',
  version: '1.1.0',
  methods: {
    find: method(
      { text: 'str', needle: 'str', limit: option('u32') },
      { total: 'u32', hits: list({ at: 'u32', line: 'u32' }), first: 'str' },
    ),
    lines: method({ text: 'str' }, cursor({ at: 'u64', line: 'str' })),
    count: method({ text: 'str' }, { words: 'u64' }, { since: '1.1.0' }),
  },
  events: { progress: { done: 'u64', of: 'u64' } },
});

/** Returns the text of a file, or null if its bytes are not UTF-8, which a `str` must be. */
const textOf = rememberLast((bytes) => (isUtf8(bytes) ? bytes.toString() : null));

/** Finds the needle in JavaScript. */
const findInJavaScript = rememberLast((bytes) => {
  let line = 1;
  let counted = 0;
  const hits = placesIn(bytes, NEEDLE).map((at) => {
    for (let lf = bytes.indexOf('\n', counted); lf >= 0 && lf < at; lf = bytes.indexOf('\n', counted)) {
      line++;
      counted = lf + 1;
    }
    return { at, line };
  });
  return { total: hits.length, hits, first: hits.length === 0 ? '' : lineAt(bytes, hits[0].at) };
});

/** Returns the line with the byte at an offset, without its newline. */
function lineAt(bytes, at) {
  const end = bytes.indexOf('\n', at);
  return bytes.toString('utf8', bytes.lastIndexOf('\n', at) + 1, end < 0 ? bytes.length : end);
}

/** Returns the first lines of a string. The empty rest behind the last newline is not a line. */
function linesInJavaScript(text) {
  const lines = text.split('\n', MOST_LINES);
  const isWhole = lines.join('\n').length === text.length;
  if (isWhole && lines.at(-1) === '') lines.pop();
  let at = 0n;
  return lines.map((line) => {
    const one = { at, line };
    at += BigInt(Buffer.byteLength(line) + 1);
    return one;
  });
}

/** Makes the calls in the tiers where they do not block. */
async function call(api, text) {
  const found = await api.find({ text, needle: NEEDLE });
  const { words } = await api.count({ text });
  const lines = [];
  for await (const line of api.lines({ text }, { max: MOST_LINES })) {
    lines.push(line);
    if (lines.length === MOST_LINES) break;
  }
  return { found, words, lines };
}

function callSync(api, text) {
  const found = api.find({ text, needle: NEEDLE });
  const { words } = api.count({ text });
  const lines = [];
  for (const line of api.lines({ text }, { max: MOST_LINES })) {
    lines.push(line);
    if (lines.length === MOST_LINES) break;
  }
  return { found, words, lines };
}

/** Creates the job of a plugin with the kind `text`. `optional` is the reason why it may be absent. */
export function textJob(plugin, optional) {
  const total = { places: 0, words: 0n, lines: 0 };
  return {
    plugin,
    optional,
    checkedBy: 'JavaScript, which found the same places, words and lines',
    uncheckedBecause: 'not UTF-8, so no string',
    connect(instance, isInline) {
      const api = isInline ? instance.asSync(textKind) : instance.as(textKind);
      const make = isInline ? callSync : call;
      return (input) => {
        const text = textOf(input);
        return text === null ? null : make(api, text);
      };
    },
    add(_input, result) {
      if (result === null) return;
      total.places += result.found.total;
      total.words += result.words;
      total.lines += result.lines.length;
    },
    check(input, result) {
      if (result === null) return null;
      const [, words] = countInJavaScript(input);
      return (
        result.words === BigInt(words) &&
        isDeepStrictEqual(result.found, findInJavaScript(input)) &&
        isDeepStrictEqual(result.lines, linesInJavaScript(textOf(input)))
      );
    },
    summary: () =>
      `"${NEEDLE}" ${count(total.places)} times, ${count(total.words)} words, ${count(total.lines)} lines read`,
  };
}
