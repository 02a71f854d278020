/** Writes the facts about a kind as C source, by hand, so that the tests do not depend on the generators. */
import { documentText, toDocument } from '../../src/kinds/document.js';
import type { KindModel } from '../../src/kinds/model.js';
import { slotsOf } from '../../src/kinds/wire.js';

/** The parts of the facts that a test may replace. */
export interface FactsParts {
  readonly magic: string;
  readonly size: number;
  readonly slots: number;
  readonly documentAt: number;
  readonly documentSize: number;
  readonly kind: string;
  readonly hashes: readonly bigint[];
  /** The document; null for none. */
  readonly document: string | null;
}

/** Returns the parts of valid facts about a kind. */
export function factsParts(model: KindModel, withDocument = true): FactsParts {
  const hashes = slotsOf(model).map((slot) => slot.hash);
  const document = withDocument ? JSON.stringify(JSON.parse(documentText(toDocument(model)))) : null;
  const least = 88 + 8 * hashes.length;
  const size = document === null ? 0 : Buffer.byteLength(document);
  return {
    magic: 'TENONK\0\x01',
    size: least + size,
    slots: hashes.length,
    documentAt: document === null ? 0 : least,
    documentSize: size,
    kind: `${model.name}/${model.version}`,
    hashes,
    document,
  };
}

/** Returns the C source of a variable with these facts. */
export function factsSource(symbol: string, parts: FactsParts): string {
  const bytes = factsBytes(parts);
  return `__attribute__((visibility("default"), aligned(8))) const unsigned char ${symbol}[${bytes.length}] = {${[...bytes].join()}};\n`;
}

function factsBytes(parts: FactsParts): Buffer {
  const header = Buffer.alloc(88);
  header.write(parts.magic, 0, 'latin1');
  [parts.size, parts.slots, parts.documentAt, parts.documentSize].forEach((value, i) => {
    header.writeUInt32LE(value, 8 + 4 * i);
  });
  header.write(parts.kind, 24, 'latin1');
  const hashes = Buffer.alloc(8 * parts.hashes.length);
  for (const [i, hash] of parts.hashes.entries()) hashes.writeBigUInt64LE(hash, 8 * i);
  return Buffer.concat([header, hashes, Buffer.from(parts.document ?? '', 'latin1')]);
}

/** Returns the source of a plugin with the given kinds, whose methods all answer with their input. */
export function kindPlugin(name: string, kinds: string, slots: number, facts: string): string {
  const id = kinds.replace(/\..*$/, '');
  return `#include "tenon.h"
${facts}
static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, in_len);
}
static const struct { uint32_t size, count; tenon_method methods[${slots}]; } table = {
    sizeof table, ${slots}, {${'answer, '.repeat(slots)}}};
static const void *extension(const char *id) { return strcmp(id, "${id}") == 0 ? &table : NULL; }
TENON_PLUGIN_WITH("${name}", "1.0.0", "${kinds}", 0, tenon_new_nothing, tenon_drop_nothing, answer, extension);
`;
}
