/** Functions of the C library that keep state of the whole process. */
import { inspectLoading } from '../inspect/index.js';
import type { Subject } from './subject.js';

/**
 * Functions whose result or state is shared by all threads, with the ones to use instead. They are marked MT-Unsafe
 * in the manual of the GNU C library because of a static buffer or a static state.
 */
const INSTEAD: Readonly<Record<string, string>> = {
  strtok: 'strtok_r',
  localtime: 'localtime_r',
  gmtime: 'gmtime_r',
  ctime: 'strftime',
  asctime: 'strftime',
  strerror: 'strerror_r',
  setlocale: 'newlocale and uselocale',
  rand: 'a generator in the instance',
  srand: 'a generator in the instance',
  random: 'a generator in the instance',
  srandom: 'a generator in the instance',
  drand48: 'erand48',
  lrand48: 'nrand48',
  mrand48: 'jrand48',
  srand48: 'erand48',
  inet_ntoa: 'inet_ntop',
  gethostbyname: 'getaddrinfo',
  getpwnam: 'getpwnam_r',
  getpwuid: 'getpwuid_r',
  getgrnam: 'getgrnam_r',
  ecvt: 'snprintf',
  fcvt: 'snprintf',
  tmpnam: 'mkstemp',
  hcreate: 'hcreate_r',
  hsearch: 'hsearch_r',
  crypt: 'crypt_r',
};

/** Returns a sentence about such functions that the plugin calls, or null if it calls none. */
export function nonReentrantHint({ path }: Subject): string | null {
  const imports = inspectLoading(path)?.imports ?? [];
  const called = imports.filter((name) => Object.hasOwn(INSTEAD, name));
  if (called.length === 0) return null;
  const list = called.map((name) => `${name} (use ${INSTEAD[name]})`).join(', ');
  return `Possible causes are functions whose state all threads share: ${list}`;
}
