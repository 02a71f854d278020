/** Checks of group `kind`: whether the methods of a kind are what its document and its facts say. */
import semver from 'semver';
import { TenonError } from '../../base/errors.js';
import { kindSymbol } from '../../inspect/index.js';
import { decodeWith } from '../../kinds/codec.js';
import { documentedModel } from '../../kinds/documented.js';
import type { FieldModel, KindModel } from '../../kinds/model.js';
import { hasSpans, type KindSlot, slotsOf } from '../../kinds/wire.js';
import type { CheckDefinition } from '../definition.js';
import type { CheckerRecord } from '../report-lines.js';
import type { Subject } from '../subject.js';
import { GENEROUS, QUICK } from './calls-shared.js';

/** Symbols with the facts about kinds. */
const OF_KINDS = /^tenon_kind_/;

export const kindChecks: readonly CheckDefinition[] = [
  {
    id: 'kind/facts',
    title: 'The facts about a kind agree with its document, with the descriptor and with the method table.',
    why: 'Hosts decide by the facts whether they can call the methods. If these are wrong, a host calls a method with a record of another one.',
    fix: 'Let the generated code of the kind (tenon kind bind) write the facts, and build all files of the plugin with the same version of it.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/kind-tables'],
    method: {
      type: 'scenario',
      timeout: QUICK,
      judge: (_, subject, records) => factProblems(subject, slotCounts(records)),
    },
  },
  {
    id: 'kind/since',
    title: 'The method table has every method of the version of the kind that the plugin states.',
    why: 'Hosts find in the descriptor that the plugin has the methods of this version, and refuse it when they are not there.',
    fix: 'Rebuild the plugin with the generated code of the version that it states, or state the version that it was built for.',
    severity: 'error',
    level: 'basic',
    needs: ['kind/facts', 'abi/kind-tables'],
    method: {
      type: 'scenario',
      timeout: QUICK,
      skip: withoutDocuments,
      judge: (_, subject, records) => absentMethods(subject, slotCounts(records)),
    },
  },
  {
    id: 'kind/results',
    title: 'The results of methods are records as the document of the kind describes them.',
    why: 'A host checks each result. One that is not such a record breaks the contract, and the instance is not called again.',
    fix: 'Write results with the generated code of the kind. Write spans in the order of their fields, and only UTF-8 into a str.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/methods', 'kind/facts'],
    method: {
      type: 'scenario',
      timeout: QUICK,
      skip: withoutDocuments,
      judge: (_, { examples }, records) => wrongResults(examples.kinds, records),
    },
  },
  {
    id: 'kind/hostile-spans',
    title: 'Methods refuse a message whose spans, strings or members are invalid, with TENON_INVALID.',
    why: 'Messages may come from other programs. A span that leads outside the message makes the plugin read or give away memory of the host.',
    fix: 'Begin each method with the reader that was generated for it (tenon kind bind), which checks the whole message.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/record-length', 'kind/facts'],
    method: {
      type: 'scenario',
      timeout: GENEROUS,
      skip: (subject) => withoutDocuments(subject) ?? withoutSpans(subject),
    },
  },
];

function withoutDocuments({ examples }: Subject): string | null {
  return examples.kinds.length === 0 ? 'it has no documents of kinds' : null;
}

function withoutSpans({ examples }: Subject): string | null {
  const some = examples.kinds.some((kind) =>
    slotsOf(kind).some(({ input }) => input !== null && hasSpans({ form: 'record', fields: input })),
  );
  return some ? null : 'no method takes a record with strings, lists or unions';
}

/** Returns the number of slots in the method table of each kind, by the id of the kind. */
function slotCounts(records: readonly CheckerRecord[]): ReadonlyMap<string, number> {
  return new Map(records.flatMap((one) => (one.type === 'table' ? [[one.kind, one.slots] as const] : [])));
}

function factProblems({ facts }: Subject, counts: ReadonlyMap<string, number>): string[] {
  const { kindFacts, kindProblems, descriptor, exports } = facts;
  const problems = Object.entries(kindProblems).map(
    ([id, problem]) => `The facts about ${id} cannot be used: ${problem}`,
  );
  const symbols = Object.entries(descriptor?.kinds ?? {}).map(([name, version]) => kindSymbol(name, version));
  const unlisted = exports.filter(({ name }) => OF_KINDS.test(name) && !symbols.includes(name));
  problems.push(
    ...unlisted.map(
      ({ name }) => `It exports ${name}, but its descriptor lists no kind of this name and version`,
    ),
  );
  for (const one of kindFacts) {
    const count = counts.get(one.id);
    if (count !== undefined && count !== one.hashes.length)
      problems.push(
        `The facts about ${one.id} state ${one.hashes.length} slots, but the method table has ${count}`,
      );
    const found = one.document === null ? null : documentedModel(one);
    if (found !== null && 'problem' in found) problems.push(`The facts about ${one.id}: ${found.problem}`);
  }
  return problems;
}

const idOf = ({ name, version }: KindModel): string => `${name}/${semver.major(version)}`;

function absentMethods({ facts, examples }: Subject, counts: ReadonlyMap<string, number>): string[] {
  return examples.kinds.flatMap((kind) => {
    const count = counts.get(idOf(kind));
    const version = facts.descriptor?.kinds[kind.name];
    if (count === undefined || version === undefined) return [];
    const due = slotsOf(kind).filter(({ method }) => isDue(method.since, version));
    const absent = due.slice(count).map((slot) => nameWithSince(kind, slot));
    if (absent.length === 0) return [];
    const have = `The method table of ${kind.name} ${version} has ${count} of ${due.length} slots`;
    return [`${have}: ${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not there`];
  });
}

function isDue(since: string | undefined, version: string): boolean {
  return since === undefined || semver.valid(version) === null || semver.gte(version, since);
}

function nameWithSince({ name }: KindModel, slot: KindSlot): string {
  const { since } = slot.method;
  return `${name}.${slot.name}${since === undefined ? '' : ` (since ${since})`}`;
}

function wrongResults(kinds: readonly KindModel[], records: readonly CheckerRecord[]): string[] {
  const slots = new Map(
    kinds.flatMap((kind) =>
      slotsOf(kind).map((slot, i) => [`${idOf(kind)}#${i}`, { slot, name: `${kind.name}.${slot.name}` }]),
    ),
  );
  const problems = records.flatMap((record) => {
    if (record.type !== 'result') return [];
    const found = slots.get(record.method);
    const output = found?.slot.output ?? null;
    if (found === undefined || output === null) return [];
    const problem = problemOf(output, Buffer.from(record.bytes, 'base64'), found.name);
    return problem === null ? [] : [`A result of ${found.name} is not a record of its kind: ${problem}`];
  });
  return [...new Set(problems)];
}

/** Returns what is wrong with the bytes of a record, or null. */
function problemOf(fields: readonly FieldModel[], bytes: Buffer, name: string): string | null {
  try {
    decodeWith(fields, bytes, name, (problem) => {
      throw new TenonError('ERR_TENON_CONTRACT', problem);
    });
    return null;
  } catch (error) {
    if (error instanceof TenonError && error.code === 'ERR_TENON_CONTRACT') return error.message;
    throw error;
  }
}
