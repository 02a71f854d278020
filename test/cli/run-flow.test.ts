/** `tenon run`: the file, the end by itself, the drain by a signal, and mistakes. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { root, temporaryFolder } from '../support/index.js';
import { tenon } from './run.js';

const ENTRY = pathToFileURL(join(root, 'dist', 'flow', 'index.js')).href;

/** Writes a module with a flow from a counting source into a file. */
function flowFile(folder: string, total: number, extra = ''): string {
  const file = join(folder, 'flow.mjs');
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
import { FrameBuilder } from ${JSON.stringify(ENTRY)};
class Count {
  at = 0n;
  draining = false;
  connect(resume) { this.at = resume.get(0n) ?? 0n; return { replays: true }; }
  pull({ rows }) {
    const builder = new FrameBuilder();
    for (; builder.rows < Math.min(rows, 10) && this.at < ${total}n; this.at++)
      builder.add('line ' + (this.at + 1n), { position: this.at + 1n });
    return builder.build({ state: this.draining ? 'done' : builder.rows > 0 ? 'more' : ${extra === '' ? "'done'" : "'idle'"} });
  }
  contraflow(messages) { this.draining ||= messages.some(({ what }) => what === 'drain'); }
  constructor(_, { wake }) { ${extra} }
}
class Append {
  connect() { return { durable: true }; }
  write(frame) { appendFileSync(${JSON.stringify(join(folder, 'out.txt'))}, frame.strings().map((text) => text + '\\n').join('')); }
}
export default {
  state: 'state',
  connectors: { in: { plugin: Count }, out: { plugin: Append } },
  flow: { name: 'count', from: 'in', to: ['out'] },
};
`,
  );
  return file;
}

test('a flow runs to its end', async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await tenon(['run', flowFile(folder, 25)]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^count: ended\. 25 delivered, 0 dead letters, 0 filtered/);
  expect(code).toBe(0);
  expect(readFileSync(join(folder, 'out.txt'), 'utf8').split('\n')).toHaveLength(26);
  expect(existsSync(join(folder, 'state', 'count', 'in.checkpoint.json'))).toBe(true);
  const again = await tenon(['run', '--json', flowFile(folder, 27)]);
  expect(JSON.parse(again.stdout)).toMatchObject({
    name: 'count',
    in: 2,
    delivered: 2,
    state: 'ended',
    leftover: [],
  });
});

test('SIGTERM drains a flow, which shows its state in plain lines', async () => {
  const folder = temporaryFolder();
  const file = flowFile(folder, 5, 'setInterval(() => undefined, 1000);');
  const args = [join(root, 'dist', 'cli', 'main.js'), 'run', '--every', '10ms', file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (!text.includes('5 delivered') && (text + part).includes('5 delivered')) child.kill('SIGTERM');
    text += part;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(text).toMatch(/count: running, 5 delivered \(.*\/s\), 0 in flight/);
  expect(text).toMatch(/count: ended\. 5 delivered/);
  expect(code).toBe(0);
});

test('the metrics are served while it runs, and a page is written at the end', async () => {
  const folder = temporaryFolder();
  const file = flowFile(folder, 5, 'setInterval(() => undefined, 1000);');
  const report = join(folder, 'report.html');
  const args = [join(root, 'dist', 'cli', 'main.js'), 'run', '--metrics', '0', '--report', report, file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const url = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const found = /metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(text);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
  });
  let text = '';
  while (!text.includes('outcome="delivered"} 5\n')) text = await (await fetch(url)).text();
  expect(text).toContain('tenon_flow_events_total{flow="count",outcome="in"} 5\n');
  expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  const page = readFileSync(report, 'utf8');
  expect(page).toMatch(/<h1>Flow count<\/h1>[\s\S]*<polyline class="line"[\s\S]*<td>out<\/td><td>5<\/td>/);
});

test.each([['nowhere:x'], ['70000'], ['a:b:1'], ['']])('--metrics %j is refused', async (value) => {
  const { code, stderr } = await tenon(['run', '--metrics', value, flowFile(temporaryFolder(), 1)]);
  expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(/--metrics must be a port|needs a value/);
  expect(code).toBe(2);
});

test.each<[what: string, content: string, message: RegExp]>([
  [
    'a member that is unknown',
    '{"connector": {}}',
    /'connector' is not an option of a flow file.*Did you mean 'connectors'/s,
  ],
  ['no flow', '{"connectors": {}}', /'flow' must be an object/],
  ['no sinks', '{"connectors": {}, "flow": {"name": "a", "from": "b"}}', /'flow.to' is missing/],
  [
    'an unknown connector',
    '{"connectors": {}, "flow": {"name": "a", "from": "b", "to": "c"}}',
    /no connector 'b'/,
  ],
  ['another value than an object', '3', /describes no flow/],
])('%s is refused', async (_, content, message) => {
  const file = join(temporaryFolder(), 'flow.json');
  writeFileSync(file, content);
  const { code, stderr } = await tenon(['run', file]);
  expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(message);
  expect(code).toBeGreaterThan(0);
});
