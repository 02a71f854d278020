/** The functions of a kind's methods and events in C, its method table and its facts. */
import type { EventModel, KindModel } from '../model.js';
import { eventId, type KindSlot } from '../wire.js';
import { comment, literal } from './c-text.js';
import type { CType } from './c-types.js';

/** A slot with its C types. */
export interface CSlot {
  readonly slot: KindSlot;
  /** The name of its functions: `text_find`. */
  readonly name: string;
  /** Its name in messages: `text.find`. */
  readonly shown: string;
  readonly input: CType | null;
  readonly output: CType | null;
  /** Whether the output can be written field by field. */
  readonly streamed: boolean;
}
/** An event with its C type. */
export interface CEvent {
  readonly event: EventModel;
  readonly name: string;
  readonly type: CType | null;
}

/** Returns the functions that read the input and write the output of a slot. */
export function slotFunctions({ slot, name, shown, input, output, streamed }: CSlot): string[] {
  const { method, part } = slot;
  if (slot.input === null)
    return ['', ...comment(about(method.name, method.doc, method.since, 'Takes and returns plain bytes.'))];
  return [
    '',
    ...comment(
      about(shown, part === 'call' || part === 'open' ? method.doc : undefined, method.since, PARTS[part]),
    ),
    ...readFunction(name, shown, input),
    ...(output === null ? [] : writeFunction(name, output)),
    ...(output !== null && streamed ? beginFunction(name, output) : []),
  ];
}

const PARTS = {
  call: '',
  open: 'Opens a cursor.',
  next: 'Returns at most `max` of the next items, and whether they are the last ones. At least one, unless it is done.',
  close: 'Closes the cursor. The host calls it once for each that was opened.',
} as const;

function about(name: string, doc: string | undefined, since: string | undefined, more: string): string {
  const added = since === undefined ? '' : `Since version ${since}.`;
  return [`${name}:`, doc ?? '', more, added].filter((one) => one !== '').join(' ');
}

function readFunction(name: string, shown: string, input: CType | null): string[] {
  const value = input === null ? '' : `, ${input.c} *value`;
  const check =
    input?.check === undefined || input.check === null ? '' : ` ||\n      !${input.check}(&r, 0, "")`;
  const get = input === null ? [] : [`  *value = ${input.get}(in, 0);`];
  return [
    `static inline tenon_status ${name}_read(const uint8_t *in, size_t in_len${value}, tenon_out *error) {`,
    '  tenon_reader r;',
    `  if (!tenon_reader_begin(&r, in, in_len, ${input?.size ?? 0}, ${input?.spans ?? false})${check}) {`,
    `    tenon_refuse(&r, "${shown}", error);`,
    '    return TENON_INVALID;',
    '  }',
    ...get,
    '  return TENON_OK;',
    '}',
  ];
}

function writeFunction(name: string, output: CType): string[] {
  const spans = [
    '  tenon_writer w;',
    `  tenon_writer_begin(&w, out, ${output.size});`,
    `  ${output.write}(&w, 0, value);`,
    '  return tenon_end(&w);',
  ];
  const fixed = [
    `  uint8_t *to = tenon_zeros(out, ${output.size});`,
    '  if (to == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the record");',
    `  ${output.write}(to, value);`,
    '  return TENON_OK;',
  ];
  return [
    `static inline tenon_status ${name}_write(tenon_out *out, const ${output.c} *value) {`,
    ...(output.spans ? spans : fixed),
    '}',
  ];
}

function beginFunction(name: string, output: CType): string[] {
  return [
    `static inline ${output.c}_writer ${name}_begin(tenon_writer *w, tenon_out *out) {`,
    `  ${output.c}_writer r = {w, 0};`,
    `  tenon_writer_begin(w, out, ${output.size});`,
    '  return r;',
    '}',
  ];
}

/** Returns the function that emits an event. */
export function eventFunction(kind: KindModel, { event, name, type }: CEvent): string[] {
  const value = type === null ? '' : `, const ${type.c} *value`;
  return [
    '',
    ...comment(
      `The event ${event.name}.${event.doc === undefined ? '' : ` ${event.doc}`} Returns what \`emit\` of the host returns.`,
    ),
    `static inline tenon_status ${name}_emit(const tenon_host *host${value}) {`,
    `  const uint64_t id = ${hex(eventId(kind, event))};`,
    ...(type?.spans === true ? emitSpans(type) : emitFixed(type)),
    '}',
  ];
}

function emitFixed(type: CType | null): string[] {
  const size = 8 + (type?.size ?? 0);
  const store = type === null ? [] : [`  ${type.write}(bytes + 8, value);`];
  return [
    `  uint8_t bytes[${size}];`,
    '  memset(bytes, 0, sizeof bytes);',
    '  memcpy(bytes, &id, sizeof id);',
    ...store,
    '  return host->emit(host, bytes, sizeof bytes);',
  ];
}

function emitSpans(type: CType): string[] {
  return [
    '  tenon_out out = tenon_memory();',
    '  tenon_writer w;',
    '  tenon_status status = tenon_write(&out, &id, sizeof id);',
    '  if (status == TENON_OK) {',
    `    tenon_writer_begin(&w, &out, ${type.size});`,
    `    ${type.write}(&w, 0, value);`,
    '    status = w.status;',
    '  }',
    '  if (status == TENON_OK) status = host->emit(host, out.data, out.len);',
    '  free(out.data);',
    '  return status;',
  ];
}

/** Returns the method table. */
export function tableOf(table: string, members: readonly string[]): string[] {
  return [
    '',
    ...comment('The method table. Each method has the signature of `something`: [one-at-a-time, !closed].'),
    `TENON_KIND(${table},`,
    ...members.map((member) => `  tenon_method ${member};`),
    ');',
  ];
}

/** Returns the macro that defines the facts of the kind. */
export function factsOf(table: string, kind: KindModel, document: string, slots: readonly CSlot[]): string[] {
  const upper = table.toUpperCase();
  const hashes = slots.map(({ slot }) => `  ${hex(slot.hash)}`).join(', \\\n');
  const size = Buffer.byteLength(document);
  return [
    '',
    ...comment(
      `Put \`${upper}_FACTS;\` at file scope of one file. Hosts read from it, before they load the plugin, whether it has the same methods as they expect. With TENON_NO_DOCUMENT it leaves out the documentation of the kind.`,
    ),
    `#define ${upper}_FACTS \\`,
    `  TENON_KIND_FACTS(${table}, ${symbolOf(kind)}, "${kind.name}/${kind.version}", ${slots.length}, ${upper}_DOCUMENT_SIZE, ${upper}_DOCUMENT, \\`,
    `${hashes.replace(/^ {2}/gm, '    ')})`,
    '#ifdef TENON_NO_DOCUMENT',
    `#define ${upper}_DOCUMENT_SIZE 0`,
    `#define ${upper}_DOCUMENT ""`,
    '#else',
    `#define ${upper}_DOCUMENT_SIZE ${size}`,
    `#define ${upper}_DOCUMENT \\`,
    literal(document)
      .map((line) => `  ${line}`)
      .join(' \\\n'),
    '#endif',
  ];
}

/** The symbol by which hosts find the facts of a kind. */
function symbolOf({ name, version }: KindModel): string {
  return `tenon_kind_${name.replaceAll('-', '_')}_${version.split('.')[0]}`;
}

const hex = (value: bigint): string => `UINT64_C(0x${value.toString(16).padStart(16, '0')})`;
