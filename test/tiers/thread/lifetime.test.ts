import { describe, expect, test } from 'vitest';
import { pluginFile, withAddon } from '../../support/index.js';
import { runSleepers, sleeperPrelude } from './sleeper.js';

const fine = { code: 0, signal: null, stderr: '' };
/**
 * The time after which a process that does not end is killed. It is long, so that a slow machine does not
 * matter.
 */
const quick = { timeout: 20_000 };

describe.runIf(withAddon)('the end of a process with plugins on threads', () => {
  test.each([
    [
      'by itself, with a timeout',
      `const { say } = await make({ timeout: 150 });
      await say('f').catch((error) => console.log(error.code));`,
    ],
    [
      'by itself, during a new that exceeded its timeout',
      `await make({ timeout: 150 }, 'forever').catch((error) => console.log(error.code));`,
    ],
    [
      'by itself, with an aborted call',
      `const { act } = await make();
      await act.call(bytes('f'), { signal: AbortSignal.timeout(20) }).catch(() => console.log('ERR_TENON_TIMEOUT'));`,
    ],
    [
      'by process.exit during a call',
      `const { say } = await make(); void say('f');
      setTimeout(() => { console.log('ERR_TENON_TIMEOUT'); process.exit(0); }, 20);`,
    ],
    [
      'by process.exit after a callSync that exceeded its timeout',
      `const { act } = await make({ timeout: 150 });
      try { act.callSync(bytes('f')); } catch (error) { console.log(error.code); } process.exit(0);`,
    ],
    [
      'by process.exit during a drop',
      `const { say, tier } = await make(); await say('D'); void tier.close();
      setTimeout(() => { console.log('ERR_TENON_TIMEOUT'); process.exit(0); }, 20);`,
    ],
    [
      'by process.exit with a full queue',
      `const { act } = await make(); act.call(bytes('f')).catch(() => {});
      for (let i = 0; i < 1000; i++) act.call(bytes('n')).catch(() => {});
      setTimeout(() => { console.log('ERR_TENON_TIMEOUT'); process.exit(0); }, 20);`,
    ],
  ])('is not delayed by a call that does not return: %s', async (_, body) => {
    const ended = await runSleepers(body, quick);
    expect(ended).toMatchObject({ ...fine, stdout: 'ERR_TENON_TIMEOUT\n' });
  });

  test('is not delayed by open instances', async () => {
    const ended = await runSleepers(
      `globalThis.kept = await Promise.all(Array.from({ length: 10 }, () => make()));
       const counting = await make();
       process.on('exit', () => {
         const end = Date.now() + 10000;
         console.log('exit');
       });`,
      quick,
    );
    expect(ended).toMatchObject({ ...fine, stdout: 'exit\n' });
  });

  test('waits for pending calls, and not for idle instances', async () => {
    const ended = await runSleepers(
      `globalThis.idle = await make();
       const { say } = await make();
       void say('z100').then((answer) => console.log(answer));`,
      quick,
    );
    expect(ended).toMatchObject({ ...fine, stdout: '100\n' });
  });

  test('waits while an instance with a listener is open', async () => {
    const ended = await runSleepers(
      `const file = ${JSON.stringify(pluginFile('metronome'))};
       const metronome = openLibrary(file, inspectFileSync(file));
       const inside = { ...context, path: file, isPluginCode: (address) => metronome.isCode(address) };
       let ticks = 0;
       const events = { message: () => { if (++ticks === 20) instance.close().then(() => console.log('closed')); }, log() {} };
       const config = bytes('{"interval":1}');
       const instance = await createThreadInstance(metronome.vtable(), inside, config, events);
       instance.ref();`,
      quick,
    );
    expect(ended).toMatchObject({ ...fine, stdout: 'closed\n' });
  });
});

describe.runIf(withAddon)('workers with plugins on threads', () => {
  const worker = (body: string) => `
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const source = ${JSON.stringify(`import('node:worker_threads').then(async ({ parentPort }) => {
      ${sleeperPrelude()}
      ${body}
    });`)};
    const start = () => new Worker(source, { eval: true });`;

  test.each([
    ['during a call', `const { say } = await make(); void say('f'); parentPort.postMessage('up');`],
    [
      'during a call that exceeded its timeout',
      `const { act } = await make();
      await act.call(bytes('f'), { timeout: 10 }).catch(() => {}); parentPort.postMessage('up'); await new Promise(() => setInterval(() => {}, 1000));`,
    ],
    [
      'with many pending calls',
      `const { act } = await make();
      for (let i = 0; i < 500; i++) act.call(bytes('z1')).catch(() => {}); parentPort.postMessage('up');`,
    ],
    [
      'with an idle instance',
      `globalThis.kept = await make(); parentPort.postMessage('up'); setInterval(() => {}, 1000);`,
    ],
  ])('a worker that is terminated %s does not affect other instances', async (_, body) => {
    const ended = await runSleepers(
      `${worker(body)}
       const { say } = await make();
       for (let i = 0; i < 3; i++) {
         const one = start();
         await once(one, 'message');
         console.log(await one.terminate(), await say('e' + i));
       }
       await say('r');
       await sleep(20);
       console.log(JSON.parse(await say('#')).overlapping);`,
      quick,
    );
    expect(ended).toMatchObject({ ...fine, stdout: '1 0\n1 1\n1 2\n0\n' });
  });

  test('four workers can use instances at the same time', async () => {
    const ended = await runSleepers(
      `${worker(`const some = await Promise.all([make(), make(), make()]);
         let sum = 0;
         for (let i = 0; i < 200; i++) {
           const all = await Promise.all(some.map(({ act }) => act.call(bytes('n'))));
           sum += all[0].readUInt32LE();
         }
         await Promise.all(some.map(({ tier }) => tier.close()));
         parentPort.postMessage(sum);`)}
       const answers = await Promise.all([start(), start(), start(), start()].map((one) => once(one, 'message')));
       console.log(answers.flat().join());`,
      quick,
    );
    expect(ended).toMatchObject({ ...fine, stdout: '19900,19900,19900,19900\n' });
  });
});

describe.runIf(withAddon)('collected instances on threads', () => {
  const gc = { args: ['--expose-gc'], ...quick };

  test('are each dropped once, with one warning in total', async () => {
    const ended = await runSleepers(
      `let warnings = 0;
       process.on('warning', (warning) => { if (/close/.test(warning.message)) warnings++; });
       for (let i = 0; i < 100; i++) await (await make()).say('e');
       const kept = await make();
       let counters;
       do { gc(); await sleep(5); counters = JSON.parse(await kept.say('#')); } while (counters.dropped < 100);
       await sleep(20);
       const { made, dropped, foreign } = JSON.parse(await kept.say('#'));
       console.log(JSON.stringify({ warnings, made, dropped, foreign }));`,
      gc,
    );
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(ended.stdout)).toEqual({ warnings: 1, made: 101, dropped: 100, foreign: 0 });
  });

  test('are not dropped during a call, and results stay valid after a collection', async () => {
    const ended = await runSleepers(
      `const calls = [];
       for (let i = 0; i < 60; i++) {
         const { act } = await make();
         const text = String(i).repeat(1 + i * 300);
         calls.push(act.call(bytes('z5')).then(() => act.call(bytes('e' + text))).then((bytes) => String(bytes) === text));
         if (i % 5 === 0) gc();
       }
       gc();
       const same = await Promise.all(calls);
       console.log(same.every(Boolean), same.length);`,
      gc,
    );
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true 60\n' });
  });
});
