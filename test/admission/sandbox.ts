/** Runs code in a Node process in which `process_vm_readv` is forbidden, as it is in some containers. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/index.js';

/** The URL of a module of the built package, as a JavaScript literal. */
export const built = (name: string): string =>
  JSON.stringify(pathToFileURL(join(root, 'build', 'modules', name)).href);

/**
 * The source of a classic BPF filter: one system call fails with EPERM, all others are allowed. An
 * instruction is `[code, jump if true, jump if false, operand]`.
 */
const FILTER = `import { addressOf, standardLibrary } from ${built('library/ffi.js')};
const number = { x64: 310, arm64: 270 }[process.arch];
const [load, jumpIfEqual, answer] = [0x20, 0x15, 0x06];
const [eperm, allow] = [0x50001, 0x7fff0000];
const filter = Buffer.allocUnsafeSlow(32);
[[load, 0, 0, 0], [jumpIfEqual, 0, 1, number], [answer, 0, 0, eperm], [answer, 0, 0, allow]].forEach(([code, yes, no, k], i) => {
  filter.writeUInt16LE(code, i * 8);
  filter.writeUInt8(yes, i * 8 + 2);
  filter.writeUInt8(no, i * 8 + 3);
  filter.writeUInt32LE(k, i * 8 + 4);
});
const program = Buffer.allocUnsafeSlow(16).fill(0);
program.writeUInt16LE(4, 0);
program.writeBigUInt64LE(addressOf(filter), 8);
const prctl = standardLibrary().func('prctl', 'int', ['int', 'uint64_t', 'uint64_t', 'uint64_t', 'uint64_t']);
const [PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER] = [38, 22, 2];
if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0 || prctl(PR_SET_SECCOMP, MODE_FILTER, addressOf(program), 0, 0) !== 0) {
  throw new Error('the filter was refused');
}
`;

/** Runs an ES module behind the filter. Returns its output, parsed as JSON. */
export function inSandbox(body: string): unknown {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', FILTER + body], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return JSON.parse(output);
}
