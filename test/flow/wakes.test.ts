/** Wakes that come at any time, among them the moment in which a source says that it has nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameBuilder, type SourceConnector } from '../../src/flow/index.js';
import { Pauses } from '../../src/flow/pauses.js';
import { ClassSource } from '../../src/flow/ports.js';
import { SourceManager } from '../../src/flow/source-manager.js';

const numRuns = Number(process.env['TENON_INTERLEAVINGS'] ?? 10_000) / 10;

test('no order of wakes, pulls and ends of events leaves an event behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(3), { maxLength: 6 }), async (scheduler, arrivals) => {
      let waiting = 0;
      let at = 0n;
      let total = 0;
      let wake = (): void => undefined;
      const source = (): SourceConnector => ({
        connect: () => ({}),
        async pull({ rows }) {
          const builder = new FrameBuilder();
          for (let taken = 0; taken < rows && waiting > 0; taken++, waiting--) {
            at += 1n;
            builder.add('x', { position: at, ingestNs: 1n });
          }
          const state = waiting > 0 ? 'more' : finished ? 'done' : 'idle';
          // Events and wakes may come between the source's look and its answer.
          await scheduler.schedule(Promise.resolve(), 'answer');
          return builder.build({ state });
        },
      });
      let finished = arrivals.length === 0;
      let room = 2;
      let taken = 0;
      const port = await new ClassSource('in', (call) => {
        wake = call;
        return source();
      }).open();
      const owner = {
        connected: () => undefined,
        name: 'in',
        room: () => (room > 0 ? { rows: room, bytes: 1 } : null),
        take: async ({ rows }: { rows: number }) => {
          taken += rows;
          room -= rows;
          void scheduler.schedule(Promise.resolve(), 'ended').then(() => {
            room += rows;
            manager.roomy();
          });
        },
      };
      const manager = new SourceManager(port, new Pauses(), owner, new Map());
      await manager.connect();
      let seen = 0;
      arrivals.forEach((count) => {
        void scheduler.schedule(Promise.resolve(), 'arrival').then(() => {
          const wasEmpty = waiting === 0;
          waiting += count;
          total += count;
          seen += 1;
          finished = seen === arrivals.length;
          // A source wakes its host when it has something again, and when it ends.
          if ((wasEmpty && count > 0) || finished) wake();
        });
      });
      const run = manager.run();
      await scheduler.waitFor(run);
      expect(taken).toBe(total);
    }),
    { numRuns },
  );
});
