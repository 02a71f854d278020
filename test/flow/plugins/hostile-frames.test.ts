/** Every plugin that takes frames refuses those that break the layout, in every tier, and stays usable. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { POSTPROCESSOR, PREPROCESSOR, SINK } from '../../../src/flow/kinds.js';
import type { Instance } from '../../../src/index.js';
import { temporaryFolder } from '../../support/index.js';
import { tryable } from '../../support/tools.js';
import { connectors, frameOf, fullFrame, hostileFrames, TIERS } from './support.js';

type Take = (bytes: Uint8Array) => Promise<Uint8Array>;

interface Taker {
  readonly name: string;
  readonly plugin: string;
  readonly config?: () => object;
  readonly rust?: true;
  readonly take: (instance: Instance) => Promise<Take>;
}

const before = async (instance: Instance): Promise<Take> => instance.as(PREPROCESSOR).process;
const after = async (instance: Instance): Promise<Take> => instance.as(POSTPROCESSOR).process;
const sink = async (instance: Instance): Promise<Take> => {
  const { connect, write } = instance.as(SINK);
  await connect(new Uint8Array(0));
  return write;
};

const TAKERS: readonly Taker[] = [
  { name: 'lines, cutting', plugin: 'lines', take: before },
  { name: 'lines, appending newlines', plugin: 'lines', take: after },
  { name: 'length-prefixed, cutting', plugin: 'length-prefixed', take: before },
  { name: 'length-prefixed, writing lengths', plugin: 'length-prefixed', take: after },
  { name: 'gzip-stream, decompressing', plugin: 'gzip-stream', take: before },
  { name: 'gzip-stream, compressing', plugin: 'gzip-stream', take: after },
  { name: 'blackhole', plugin: 'blackhole', take: sink },
  { name: 'file', plugin: 'file', config: () => ({ path: join(temporaryFolder(), 'out') }), take: sink },
];

const RUST: readonly Taker[] = [
  { name: 'json-filter', plugin: 'json-filter', rust: true, take: before },
  { name: 'blackhole-rs', plugin: 'blackhole-rs', rust: true, take: sink },
];

/** A frame that each of them accepts. */
const empty = frameOf([]);

describe.each(TIERS)('in the tier %s', (isolation) => {
  const takers = tryable(
    [...TAKERS, ...RUST],
    ({ name }) => `${name} refuses each hostile frame`,
    ({ rust }) => (rust ? ['cargo'] : []),
  );
  test.each(takers)('$name refuses each hostile frame', async ({ plugin, config, take }) => {
    const loaded = await connectors().load(plugin, { isolation });
    const instance = await loaded.new(config?.() ?? {});
    const call = await take(instance);
    for (const [what, bytes] of hostileFrames()) {
      const refusal = await call(bytes).then(
        () => 'accepted',
        (error: { status?: string; message: string }) => `${error.status}: ${error.message}`,
      );
      expect(refusal, what).toMatch(/^TENON_INVALID: .*the input is not a frame: /s);
    }
    await call(empty.bytes);
    await instance.close();
  });
});

test('the frame that the hostile ones are made of is valid', async () => {
  const instance = await (await connectors().load('lines')).new();
  const answer = await instance.as(POSTPROCESSOR).process(fullFrame().bytes);
  expect(Buffer.from(answer).includes('one\ntwo\n\nfour\n')).toBe(true);
  await instance.close();
});
