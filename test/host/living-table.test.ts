/** The hard cases of living plugins, and the test that proves each of them in each tier. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/index.js';

const TIERS = ['inline', 'thread', 'process', 'pipe'] as const;
type Tier = (typeof TIERS)[number];
/** A test, or the reason why the case does not exist in the tier. */
type Cell = { readonly file: string; readonly test: string } | { readonly never: string };

const RELOAD = 'host/reload.test.ts';
const HOSTILE = 'host/reload-hostile.test.ts';
const MOMENTS = 'host/reload-moments.test.ts';
const WATCH = 'host/watch.test.ts';

const by = (file: string, test: string): Cell => ({ file, test });
const never = (why: string): Cell => ({ never: why });
const everywhere = (cell: Cell): Record<Tier, Cell> => ({
  inline: cell,
  thread: cell,
  process: cell,
  pipe: cell,
});
const processes = (cell: Cell, why: string): Record<Tier, Cell> => ({
  ...everywhere(cell),
  inline: never(why),
  thread: never(why),
});

const NO_CRASH = 'a crash of the plugin ends the host';
const BLOCKED = 'new and calls run on the thread of the host, which nothing can interrupt';

const CASES: Readonly<Record<string, Readonly<Record<Tier, Cell>>>> = {
  'the new version fails a gate': everywhere(by(RELOAD, 'the old version is kept: %s')),
  'the new version fails the safety suite': {
    ...everywhere(by(RELOAD, 'the new version must pass the level of the suite')),
    inline: never('the suite runs in a process of its own, before the tier matters'),
    thread: never('the suite runs in a process of its own, before the tier matters'),
  },
  'restore refuses the state': everywhere(by(RELOAD, 'the old version is kept: %s')),
  'a refused state is discarded': everywhere(
    by(RELOAD, 'a state that is not restored is discarded if the user allows it'),
  ),
  'a call hangs in the drain': {
    inline: never(BLOCKED),
    thread: by(RELOAD, 'a call that hangs keeps the old version in the thread tier'),
    process: by(RELOAD, 'a call that hangs ends with its process (onState: %s)'),
    pipe: by(RELOAD, 'a call that hangs ends with its process (onState: %s)'),
  },
  'new of the new version hangs': {
    ...everywhere(by(MOMENTS, 'a new that hangs keeps the old version, and the next one is tried')),
    inline: never(BLOCKED),
  },
  'drop of the old version hangs': {
    inline: never(BLOCKED),
    thread: by(MOMENTS, 'a drop that hangs does not keep the reload from ending in the thread tier'),
    process: never('the process is ended after grace, as at every close'),
    pipe: never('the process is ended after grace, as at every close'),
  },
  'another plugin, or another major or layout of a kind': everywhere(
    by(RELOAD, 'the old version is kept: %s'),
  ),
  'the same bytes': everywhere(by(RELOAD, 'nothing happens if the bytes are the same')),
  'a third build during a reload': everywhere(
    by(RELOAD, 'reloads that are asked for meanwhile become one, of the newest file'),
  ),
  'a singleton': everywhere(
    by(RELOAD, 'a singleton is dropped first, and made again from its state if that fails'),
  ),
  'a singleton is called while it has no instance': everywhere(
    by(MOMENTS, 'a singleton has no instance for a moment, and a call that blocks then says so'),
  ),
  'a plugin becomes a singleton': everywhere(
    by(MOMENTS, 'a plugin that becomes a singleton needs at most one instance, and keeps its place'),
  ),
  'calls in flight, of all ways': everywhere(
    by(RELOAD, 'calls of all ways go on during reloads: none is lost, and counts never go back'),
  ),
  'bindings whose instance was collected': everywhere(
    by(MOMENTS, 'bindings and typed methods go on working although their instance was garbage collected'),
  ),
  'the order of calls': everywhere(
    by(MOMENTS, 'calls begin in the order in which they were made, before, during and after it'),
  ),
  'held calls have a signal or a timeout': {
    ...everywhere(
      by(HOSTILE, 'held calls refuse what other calls refuse, and honour their signal and timeout'),
    ),
  },
  'held calls have the timeout of the plugin': {
    inline: never('the tier has no timeouts'),
    thread: by(MOMENTS, 'a held call has the timeout of its plugin, and long timeouts do not end at once'),
    process: by(MOMENTS, 'a held call has the timeout of its plugin, and long timeouts do not end at once'),
    pipe: by(MOMENTS, 'a held call has the timeout of its plugin, and long timeouts do not end at once'),
  },
  'a reload while the file is loaded': everywhere(
    by(MOMENTS, 'while the same file is loaded as another plugin'),
  ),
  'a reload while an instance is made': everywhere(
    by(MOMENTS, 'while an instance is made, which then belongs to the new version'),
  ),
  'a reload after a crash': processes(
    by(MOMENTS, 'a version that crashed is replaced while it is %s, without its state'),
    NO_CRASH,
  ),
  'a reload during a restart': processes(
    by(MOMENTS, 'while it is restarted, and while calls wait for that'),
    NO_CRASH,
  ),
  'a reload during the close': everywhere(
    by(MOMENTS, 'while it is closed: nothing of either version runs after that'),
  ),
  'an open cursor': everywhere(by(HOSTILE, 'an open cursor goes on in the old version, %s')),
  'many plugins at the same time': everywhere(by(MOMENTS, 'of several plugins at the same time')),
  'a crash before the new version is in use': processes(
    by(MOMENTS, 'a new version that crashes before it is in use is never used'),
    NO_CRASH,
  ),
  'a crash in the probation': processes(
    by(RELOAD, 'a crash within the probation brings the old version back, with its state'),
    NO_CRASH,
  ),
  'a crash of a singleton in the probation': processes(
    by(MOMENTS, 'a singleton is rolled back although its process was started again'),
    NO_CRASH,
  ),
  'what is left: copies': processes(
    by(RELOAD, 'copies that nothing runs are removed (probation: %d)'),
    'the code stays mapped, and debuggers read its file',
  ),
  'what is left: copies of refused versions': processes(
    by(MOMENTS, 'versions that are refused leave no copy'),
    'the code stays mapped, and debuggers read its file',
  ),
  'what is left: mapped code': {
    inline: by(RELOAD, 'the report says what stays mapped, and 20 versions are the limit'),
    thread: by(MOMENTS, 'a drop that hangs does not keep the reload from ending in the thread tier'),
    process: never('the code is mapped in the process of the plugin, which ends'),
    pipe: never('the code is mapped in the process of the plugin, which ends'),
  },
  'the end of the program': processes(
    by(MOMENTS, 'the program ends although the probation and an old version are not over'),
    'nothing of a reload is referenced by the event loop, since there is neither a probation nor a process',
  ),
  'a listener that throws': processes(
    by(HOSTILE, 'a listener that throws does not disturb the reload'),
    'the event has no tier',
  ),
};

/** The cases of a watched folder, which is the same for all tiers. */
const WATCHED: Readonly<Record<string, string>> = {
  'a file is removed, changed or refused': 'added, changed, removed and refused files',
  'a file is written slowly': 'a file that is written slowly is reported once, when it is complete',
  'the same bytes, and temporary files of editors':
    'the same bytes again, a touched file and temporary files are not reported',
  'a folder is removed and made again':
    'a folder that is removed and made again, and one that did not exist at first',
  'a folder is removed and made again quickly': 'a folder that is removed and made again many times, quickly',
  'a link to a folder is switched over': 'a folder that is exchanged by a link to another version',
  'a file is a link': 'a file that is a link: its target is rewritten, or another folder takes its place',
  'another case of a name': 'another case of the name is another file',
  'many files, and quick replacements': 'a folder with 1 000 files, of which one is replaced twice quickly',
  'the watch has an error': 'a folder %s is looked at regularly',
  'a file is hidden by another one': 'a file is not gone because another one of its name comes first',
  'the end of the program': 'an open watch keeps the program running until it is closed or unreferenced',
};

const sources = new Map<string, string>();
function sourceOf(file: string): string {
  const source = sources.get(file) ?? readFileSync(join(root, 'test', file), 'utf8');
  sources.set(file, source);
  return source;
}

/** Returns the tiers in which a test runs, as the block around it says. */
function tiersOf(file: string, title: string): readonly Tier[] {
  const source = sourceOf(file);
  const at = source.indexOf(`'${title}'`);
  if (at < 0) return [];
  const block = source.slice(source.lastIndexOf('\ndescribe', at), at);
  if (block.startsWith('\ndescribe.each(PLACES)')) return TIERS;
  if (block.startsWith('\ndescribe.each(PROCESSES)')) return ['process', 'pipe'];
  const end = source.indexOf('\n  });', at);
  return TIERS.filter((tier) => source.slice(at, end).includes(`'${tier}'`));
}

const cells = Object.entries(CASES).flatMap(([what, row]) =>
  TIERS.map((tier) => ({ what, tier, cell: row[tier] })),
);

test.each(cells)('$what, $tier', ({ tier, cell }) => {
  if ('never' in cell) expect(cell.never).not.toBe('');
  else expect(tiersOf(cell.file, cell.test)).toContain(tier);
});

test.each(Object.entries(WATCHED))('watching: %s', (_what, title) => {
  expect(sourceOf(WATCH)).toContain(`'${title}'`);
});
