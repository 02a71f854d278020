/**
 * The program that `npm run test:platforms` runs on each platform, in a project where tenon is installed. It calls
 * plugins in every tier and compares the outcomes with those of the inline tier, and loads faulty plugins.
 *
 * Usage: node platform-trial.mjs CONFIG RESULTS. Each line of RESULTS is JSON: a case that begins, its outcome, or the
 * capabilities. The last line has `end`. So a crash or a hang is reported with its case.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [configFile, resultFile] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configFile, 'utf8'));
const report = (line) => appendFileSync(resultFile, `${JSON.stringify(line)}\n`);

/** Case names contain this many characters of a problem at most. */
const LONGEST = 500;
const CASE_TIMEOUT = 120_000;

/** Runs a case. A problem is reported, and the next case runs. */
async function attempt(group, name, work) {
  report({ begins: `${group}: ${name}`, group });
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), CASE_TIMEOUT);
  });
  try {
    await Promise.race([work(), late]);
    report({ group, name, ok: true });
  } catch (error) {
    report({ group, name, ok: false, problem: String(error?.message ?? error).slice(0, LONGEST) });
  } finally {
    clearTimeout(timer);
  }
}

function equal(found, expected, what = 'the outcome') {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} is ${a?.slice(0, 200)}, expected ${b?.slice(0, 200)}`);
}

/** Returns the result of a step, or the code and the status of its error. */
async function outcome(step) {
  try {
    const result = await step();
    return result instanceof Uint8Array ? Buffer.from(result).toString('latin1') : result;
  } catch (error) {
    if (typeof error?.code !== 'string') throw error;
    return { code: error.code, status: error.status };
  }
}

report({ begins: 'importing tenon', group: 'import' });
const warnings = [];
process.on('warning', (warning) => warnings.push(`${warning.code ?? warning.name}: ${warning.message}`));
const { Batch, PluginHost, defineKind, inspectFileSync, method } = await import('tenon');
const math = defineKind({
  name: 'math',
  version: '1.0.0',
  methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
});
const plugin = (name) => join(config.plugins, `${name}${config.extension}`);
const fault = (name) => join(config.faults, `${name}${config.extension}`);
const host = new PluginHost({ kinds: [math], probe: { timeout: config.probeTimeout } });
const { capabilities } = host;
report({ capabilities });

/** Creates an instance, passes it to `use`, and closes both. Without an instance, the outcome is the error of `new`. */
async function withInstance(file, tier, settings, use) {
  const loaded = await host.load(file, { ...tier, restart: false });
  try {
    const instance = await loaded
      .new(settings)
      .catch((error) => ({ refused: { code: error.code, status: error.status } }));
    if (instance.refused !== undefined) return instance.refused;
    const result = await use(instance);
    await instance.close();
    return result;
  } finally {
    await loaded.close();
  }
}

/** Returns the outcomes of an asynchronous call, a synchronous call and a batch. */
const everyWay = async (instance, input) => [
  await outcome(() => instance.call(input)),
  await outcome(() => instance.callSync(input)),
  await outcome(async () => {
    const { statuses, offsets, data } = await instance.callMany(Batch.of([input, input]));
    return [[...statuses], [...offsets], Buffer.from(data).toString('latin1')];
  }),
];

const text = Buffer.from('one two three\nTODO: four\n'.repeat(100));
const calls = (file, settings, input) => (tier) =>
  withInstance(file, tier, settings, (instance) => everyWay(instance, input));
const size = (bytes) => (tier) =>
  withInstance(plugin('echo'), tier, undefined, async (instance) => {
    const input = Buffer.alloc(bytes, 'tenon ');
    for (const answer of [await instance.call(input), instance.callSync(input)])
      if (!input.equals(answer)) throw new Error(`${bytes} bytes come back changed`);
    return bytes;
  });

const CALLS = ['wordcount', 'echo', 'shout', 'math', 'text'].map((name) => [
  name,
  calls(plugin(name), undefined, text),
]);
const SIZES = [0, 1, 63, 64, 65, 4095, 4096, 16_385, 65_536, 1_000_003].map((bytes) => [
  `${bytes} bytes`,
  size(bytes),
]);
const FAULTS = [
  ...['failed', 'invalid', 'unsupported', 'busy', 'no-memory', 'panic', 'poisoned', 'closed', '42'].map(
    (status) => `returns-${status}`,
  ),
  ...['new-fails', 'new-returns-99', 'throws-in-new', 'throws-in-something', 'throws-an-integer'],
  ...['len-over-capacity', 'message-not-utf8', 'writes-past-capacity', 'moves-data'],
];
const faulty = () => FAULTS.map((name) => [name, calls(fault(name), undefined, Buffer.from('x'))]);

const records = (tier) =>
  withInstance(plugin('math'), tier, undefined, async (instance) => {
    const { min } = instance.asSync(math);
    equal(min({ a: 2, b: -3 }), { result: -3 });
    return [min({ a: 1, b: 2 }), await outcome(() => min({ a: 2 ** 31, b: 0 }))];
  });

const closed = (tier) =>
  withInstance(plugin('echo'), tier, undefined, async (instance) => {
    await instance.close();
    return everyWay(instance, text);
  });

const CASES = [
  ...CALLS,
  ['a config that is refused', calls(plugin('wordcount'), { minLength: 'x' }, text)],
  ...SIZES,
  ...faulty(),
  ['typed records', records],
  ['a closed instance', closed],
];

/** Messages from a thread of the plugin arrive in order. */
const events = (tier) =>
  withInstance(plugin('metronome'), tier, { interval: 1, count: 20 }, async (instance) => {
    const ticks = [];
    await new Promise((resolve) => {
      instance.on('message', (data) => {
        ticks.push(Number(data.readBigUInt64LE(0)));
        if (ticks.length === 20) resolve();
      });
    });
    equal(
      ticks,
      Array.from({ length: 20 }, (_, index) => index + 1),
      'the order',
    );
  });

function* tiersHere() {
  for (const isolation of capabilities.isolation)
    if (isolation !== 'process') yield [isolation, { isolation }];
    else
      for (const transport of capabilities.transports)
        yield [`process over ${transport}`, { isolation, transport }];
}

const inline = new Map();
for (const [group, tier] of tiersHere()) {
  for (const [name, run] of CASES)
    await attempt(group, name, async () => {
      const found = await run(tier);
      if (group === 'inline') inline.set(name, found);
      equal(found, inline.get(name));
    });
  if (capabilities.events || tier.isolation === 'process')
    await attempt(group, 'messages', () => events(tier));
  if (tier.isolation !== 'process') continue;
  // A host quarantines a plugin that crashed, so each transport has its own.
  const fragile = new PluginHost();
  for (const { library, isolated } of config.crashes)
    await attempt(group, library, async () => {
      const loaded = await fragile.load(fault(library), { ...tier, restart: false });
      const instance = await loaded.new();
      const found = await outcome(() => instance.call(Buffer.from('x')));
      equal(found.code, isolated, 'the code');
      await loaded.close();
    });
  await fragile.close();
}

const refuse = ({ library, code, gate }) =>
  attempt('load faults', library, async () => {
    const refused = await host.load(fault(library)).then(
      () => ({}),
      (error) => error,
    );
    equal([refused.code, refused.gate], [code, gate], 'the error');
  });
for (const row of config.loadFaults.filter(({ death }) => death !== 'hangs')) await refuse(row);
await Promise.all(config.loadFaults.filter(({ death }) => death === 'hangs').map(refuse));

await attempt('inspection', 'a file of each system', async () => {
  for (const file of config.files)
    equal(inspectFileSync(file.path, { arch: file.arch }).os, file.os, file.path);
});
if (config.check)
  await attempt('check', 'echo', async () => {
    const { check } = await import('tenon/check');
    equal((await check([plugin('echo')], { filter: ['abi/load'] })).outcome, 'clean');
  });
await attempt('end', 'closing the host', () => host.close());
report({ warnings, end: true });
