/** The inputs of crashed calls: they are kept on request, and the command of the report repeats the call. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  Batch,
  type CrashReport,
  defineKind,
  type LoadOptions,
  method,
  type Plugin,
  PluginHost,
  type TenonError,
} from '../../src/index.js';
import { compile, root, temporaryFolder, withAddon, withRunner } from '../support/index.js';

const FIXTURE = readFileSync(join(root, 'native/test/fixture.c'), 'utf8');
const TRANSPORTS = withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const);

/** The fixture, in a folder whose name needs quoting. */
function fixtureIn(folder: string): string {
  const own = join(folder, "it's $(here) & there");
  mkdirSync(own, { recursive: true });
  return compile(own, 'fixture', FIXTURE, ['-pthread', '-D_DEFAULT_SOURCE', '-O1']);
}

/** A plugin with one typed method, which crashes if the second member is 0. */
const TYPED = `#include "tenon.h"
TENON_KIND(risky_1, tenon_method divide;);
static tenon_status divide(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  int32_t pair[2], result;
  (void)state;
  if (in_len != sizeof pair) return tenon_fail(out, TENON_INVALID, "two numbers");
  memcpy(pair, in, sizeof pair);
  if (pair[1] == 0) *(volatile int *)8 = 1;
  result = pair[0] / pair[1];
  return tenon_write(out, &result, sizeof result);
}
static const void *extension(const char *id) {
  static const risky_1 table = {TENON_KIND_HEADER(risky_1), divide};
  return strcmp(id, "risky/1") == 0 ? &table : NULL;
}
TENON_PLUGIN_WITH("typed", "1.0.0", "risky/1.0.0", 0, tenon_new_nothing, tenon_drop_nothing, divide, extension);
`;

interface Scene {
  readonly folder: string;
  /** The folder for inputs. */
  readonly inputs: string;
  readonly file: string;
}

function scene(): Scene {
  const folder = temporaryFolder();
  return { folder, inputs: join(folder, 'kept', 'inputs'), file: fixtureIn(folder) };
}

/** Returns the report of the crash that `work` causes. */
async function crashOf(
  { file, inputs }: Pick<Scene, 'file' | 'inputs'>,
  options: LoadOptions,
  work: (plugin: Plugin) => Promise<unknown>,
): Promise<CrashReport> {
  await using host = new PluginHost();
  const plugin = await host.load(file, {
    isolation: 'process',
    restart: false,
    crashInputs: inputs,
    ...options,
  });
  const error = await work(plugin).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED' });
  return (error as TenonError).report as CrashReport;
}

const call = (input: Uint8Array | string, config?: unknown) => async (plugin: Plugin) =>
  (await plugin.new(config)).call(Buffer.from(input));

/** Runs the command of a report with this checkout's `tenon`. */
function replay(report: CrashReport): { readonly status: number | null; readonly stderr: string } {
  const command = report.reproduce?.command.replace(
    /^npx tenon /,
    `'${process.execPath}' '${join(root, 'dist/cli/main.js')}' `,
  );
  const { status, stderr } = spawnSync('sh', ['-c', command ?? 'false'], { encoding: 'utf8' });
  return { status, stderr };
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe.runIf(withRunner && process.platform === 'linux').each(TRANSPORTS)('over %s', (transport) => {
  test('the input of a call is kept privately, and the command of the report repeats the call', async () => {
    const at = scene();
    const input = Buffer.concat([Buffer.from('ds'), Buffer.from([0, 255, 10, 39]), Buffer.from('more')]);
    const report = await crashOf(at, { transport }, call(input));
    const { file = null, config } = report.reproduce ?? {};
    expect(config).toBeNull();
    expect(readFileSync(file ?? '')).toEqual(input);
    expect(basename(file ?? '')).toMatch(/^fixture-[0-9a-f]{16}\.bin$/);
    expect([modeOf(file ?? ''), modeOf(at.inputs)]).toEqual([0o600, 0o700]);
    const line = String(report)
      .split('\n')
      .find((one) => one.startsWith('  again:'));
    expect(line).toBe(`  again:      ${report.reproduce?.command}`);
    expect(line).toContain(`--input @${file}`);
    const { status, stderr } = replay(report);
    expect(stderr).toContain('SIGSEGV');
    expect(status).toBe(1);
  });

  test('the input of a blocking call is kept with the config of its instance', async () => {
    const at = scene();
    const report = await crashOf(at, { transport }, async (plugin) => {
      await plugin.new({ other: true });
      const instance = await plugin.new('{"name": "it\'s"}');
      return instance.callSync(Buffer.from('ds'));
    });
    const { config = null, command } = report.reproduce ?? {};
    expect(readFileSync(config ?? '', 'utf8')).toBe('{"name": "it\'s"}');
    expect(modeOf(config ?? '')).toBe(0o600);
    expect(command).toContain(`--config @${config}`);
    expect(replay(report).stderr).toContain('SIGSEGV');
  });

  test('the command names the method of a kind', async () => {
    const report = await crashOf(scene(), { transport }, async (plugin) =>
      (await plugin.new()).method('fixture/1', 1).call(Buffer.from('ds')),
    );
    expect(report.reproduce?.command).toContain("--method 'fixture/1#1'");
    expect(replay(report).stderr).toMatch(/SIGSEGV/);
  });

  test('the input of a batch is the message that crashed', async () => {
    const batch = Batch.of(['ea', 'eb', 'ds and the rest', 'ec'].map((text) => Buffer.from(text)));
    for (const work of [
      async (plugin: Plugin) => (await plugin.new()).callMany(batch),
      async (plugin: Plugin) => (await plugin.new()).callManySync(batch),
    ]) {
      const report = await crashOf(scene(), { transport }, work);
      expect(report.call).toMatchObject({ message: 2, inputSize: 15, number: 1 });
      expect(readFileSync(report.reproduce?.file ?? '', 'utf8')).toBe('ds and the rest');
    }
  });

  test('the input of `new` is the config', async () => {
    const report = await crashOf(scene(), { transport }, (plugin) => plugin.new('crash'));
    expect(report.reproduce).toMatchObject({ file: null });
    expect(readFileSync(report.reproduce?.config ?? '', 'utf8')).toBe('crash');
    expect(replay(report)).toMatchObject({ status: 1, stderr: expect.stringContaining('SIGABRT') });
  });

  test('the input of a call that timed out is kept', async () => {
    const at = scene();
    await using host = new PluginHost();
    const options = { isolation: 'process', restart: false, crashInputs: at.inputs, transport } as const;
    const plugin = await host.load(at.file, options);
    const reported = new Promise<CrashReport>((resolve) => plugin.on('exit', resolve));
    const late = (await plugin.new()).call(Buffer.from('dh'), { timeout: 300 });
    await expect(late).rejects.toMatchObject({ code: 'ERR_TENON_TIMEOUT' });
    expect(readFileSync((await reported).reproduce?.file ?? '', 'utf8')).toBe('dh');
  });

  test('an input above the limit is not kept', async () => {
    const at = scene();
    const crashInputs = { folder: at.inputs, bytes: 100 };
    const large = await crashOf(at, { transport, crashInputs }, call(`ds${'x'.repeat(99)}`));
    expect(large.reproduce).toBeNull();
    expect(String(large)).not.toContain('again:');
    const most = await crashOf(at, { transport, crashInputs }, call(`ds${'x'.repeat(98)}`));
    expect(readFileSync(most.reproduce?.file ?? '').length).toBe(100);
  });

  test('a large input is kept completely', async () => {
    const input = Buffer.alloc(9 << 20, 'x');
    input.write('ds');
    const report = await crashOf(scene(), { transport }, call(input));
    expect(report.call).toMatchObject({ inputSize: input.length, inputDigest: null });
    expect(readFileSync(report.reproduce?.file ?? '').equals(input)).toBe(true);
  });

  test('no input is kept by default, or after an orderly end', async () => {
    const at = scene();
    await using host = new PluginHost();
    const plugin = await host.load(at.file, { isolation: 'process', restart: false, transport });
    const error = await (await plugin.new()).call(Buffer.from('ds')).catch((reason: unknown) => reason);
    expect(((error as TenonError).report as CrashReport).reproduce).toBeNull();
    await plugin.close();
    await using second = new PluginHost();
    const options = { isolation: 'process', transport, crashInputs: at.inputs } as const;
    const orderly = await second.load(at.file, options);
    await orderly.new();
    await orderly.close();
    expect(readdirSync(at.inputs)).toEqual([]);
  });

  test('the input of a typed method is its record', async () => {
    const folder = temporaryFolder();
    const file = compile(folder, 'typed', TYPED, ['-O1']);
    const risky = defineKind({
      name: 'risky',
      version: '1.0.0',
      methods: { divide: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
    });
    for (const divide of [
      async (plugin: Plugin) => (await plugin.new()).asSync(risky).divide({ a: 5, b: 0 }),
      async (plugin: Plugin) => (await plugin.new()).as(risky).divide({ a: 5, b: 0 }),
    ]) {
      const report = await crashOf({ file, inputs: join(folder, 'inputs') }, { transport }, divide);
      const bytes = readFileSync(report.reproduce?.file ?? '');
      expect([bytes.length, bytes.readInt32LE(0), bytes.readInt32LE(4)]).toEqual([8, 5, 0]);
      expect(report.reproduce?.command).toContain("--method 'risky/1#0'");
      expect(replay(report).stderr).toContain('SIGSEGV');
    }
  });
});

describe.runIf(withRunner && process.platform === 'linux')('the folder', () => {
  test('has the latest inputs of a plugin, each once, and other files are not changed', async () => {
    const at = scene();
    mkdirSync(at.inputs, { recursive: true, mode: 0o700 });
    const strangers = ['fixture-notes.txt', 'fixture-0123456789abcdef.bin.bak', 'other-0123456789abcdef.bin'];
    for (const name of strangers) writeFileSync(join(at.inputs, name), 'mine');
    const crashInputs = { folder: at.inputs, files: 2 };
    const kept: string[] = [];
    for (const text of ['ds1', 'ds1', 'ds2', 'ds3']) {
      const { reproduce } = await crashOf(at, { crashInputs }, call(text, { of: text }));
      kept.push(reproduce?.file ?? '');
      const age = new Date(Date.now() - 100_000 + 1000 * kept.length);
      for (const path of [reproduce?.file ?? '', reproduce?.config ?? '']) utimesSync(path, age, age);
    }
    expect(kept[0]).toBe(kept[1]);
    const own = readdirSync(at.inputs).filter((name) => !strangers.includes(name));
    expect(own.sort()).toEqual(
      [kept[2], kept[3]]
        .flatMap((path = '') => [basename(path), basename(path).replace('.bin', '.config.json')])
        .sort(),
    );
    expect(readdirSync(at.inputs).filter((name) => strangers.includes(name)).length).toBe(3);
  });

  test.each([0o755, 0o770, 0o701])('is refused at load if others can enter it (mode %o)', async (mode) => {
    const at = scene();
    mkdirSync(at.inputs, { recursive: true });
    chmodSync(at.inputs, mode);
    await using host = new PluginHost();
    const loading = host.load(at.file, { isolation: 'process', crashInputs: at.inputs });
    await expect(loading).rejects.toMatchObject({
      code: 'ERR_TENON_UNTRUSTED',
      message: expect.stringContaining('chmod 700'),
    });
  });

  test('is refused at load if it cannot be created', async () => {
    const at = scene();
    await using host = new PluginHost();
    const loading = host.load(at.file, { isolation: 'process', crashInputs: join(at.file, 'inputs') });
    await expect(loading).rejects.toMatchObject({
      code: 'ERR_TENON_UNREADABLE',
      message: expect.stringContaining('crashInputs'),
    });
  });

  test('causes only a warning if it is not private at the crash', async () => {
    const at = scene();
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      const report = await crashOf(at, {}, async (plugin) => {
        chmodSync(at.inputs, 0o777);
        return (await plugin.new()).call(Buffer.from('ds'));
      });
      expect(report).toMatchObject({ signal: 'SIGSEGV', reproduce: null });
      expect(warn).toHaveBeenCalledWith(expect.stringContaining('could not be kept'), {
        type: 'TenonWarning',
        code: 'TENON_INPUT_NOT_KEPT',
      });
      expect(readdirSync(at.inputs)).toEqual([]);
    } finally {
      warn.mockRestore();
    }
  });

  test('symbolic links in it are replaced, not followed', async () => {
    const at = scene();
    const first = await crashOf(at, {}, call('ds'));
    const target = join(at.folder, 'target');
    writeFileSync(target, 'precious');
    execFileSync('rm', [first.reproduce?.file ?? '']);
    symlinkSync(target, first.reproduce?.file ?? '');
    const again = await crashOf(at, {}, call('ds'));
    expect(again.reproduce?.file).toBe(first.reproduce?.file);
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(readFileSync(again.reproduce?.file ?? '', 'utf8')).toBe('ds');
  });

  test('refuses unknown options and invalid bounds', async () => {
    await using host = new PluginHost();
    const load = (crashInputs: unknown) =>
      host.load('/x.so', { isolation: 'process', crashInputs } as LoadOptions);
    await expect(load(5)).rejects.toMatchObject({ argument: 'crashInputs' });
    await expect(load({ folder: 5 })).rejects.toMatchObject({ argument: 'crashInputs.folder' });
    await expect(load({ folder: '/x', size: 5 })).rejects.toMatchObject({
      argument: expect.stringContaining('size'),
    });
    await expect(load({ folder: '/x', bytes: -1 })).rejects.toMatchObject({ argument: 'crashInputs.bytes' });
  });
});
