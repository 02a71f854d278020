/** Other ways to send a message to another process or thread, each with a peer that returns the message. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** @param {string} build */
export function peersOf(build) {
  const program = join(build, 'bench', 'pingpong');
  return /** @type {const} */ ([
    pingPong(program),
    forked('json'),
    forked('advanced'),
    posted(),
    socketed(program),
  ]);
}

/** @param {string} program */
function pingPong(program) {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  return {
    /** @param {'spin' | 'sleep'} way @param {number} ms @returns {Promise<number>} nanoseconds */
    async order(way, ms) {
      const answer = once(lines, 'line');
      child.stdin.write(`${way} ${Math.ceil(ms)}\n`);
      return Number((await answer)[0]);
    },
    end: () => child.stdin.end(),
  };
}

/** @param {'json' | 'advanced'} serialization */
function forked(serialization) {
  const child = fork(fileURLToPath(new URL('echo-child.mjs', import.meta.url)), { serialization });
  return {
    pass: (/** @type {any} */ message) =>
      new Promise((resolve) => {
        child.once('message', resolve);
        child.send(message);
      }),
    end: () => child.disconnect(),
  };
}

function posted() {
  const source = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (message) => parentPort.postMessage(message));`;
  const worker = new Worker(source, { eval: true });
  return {
    pass: (/** @type {Uint8Array} */ message) =>
      new Promise((resolve) => {
        worker.once('message', resolve);
        worker.postMessage(message);
      }),
    end: () => worker.terminate(),
  };
}

/** Starts a peer on a UNIX socket, which is what `spawn` uses for a pipe. @param {string} program */
function socketed(program) {
  const child = spawn(program, ['echo'], { stdio: ['pipe', 'pipe', 'inherit'] });
  return {
    pass: (/** @type {Buffer} */ message) =>
      new Promise((resolve) => {
        child.stdout.once('data', resolve);
        child.stdin.write(message);
      }),
    end: () => child.stdin.end(),
  };
}
