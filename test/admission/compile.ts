/** Compiles small C plugins while a test runs, so that every admission fault is a real library. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';

/** The source of a plugin: the bodies of its three entry points, and code to put before them. */
export interface PluginParts {
  readonly prelude?: string;
  readonly version?: string;
  readonly name?: string;
  readonly plugin?: string;
  /** Source that replaces all three entry points. */
  readonly entries?: string;
  readonly flags?: readonly string[];
}

/** A plugin whose constructor runs `body`, which is when the library is opened. */
export const onOpen = (body: string): PluginParts => ({
  prelude: `__attribute__((constructor)) static void begin(void) { ${body} }`,
});

const HEADER = `#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tenon.h"

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t len, void **state, tenon_out *error) {
  return tenon_new_nothing(host, config, len, state, error);
}
static tenon_status work(void *state, const uint8_t *in, size_t len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, len);
}
static char *at_page_end(int next_is_readable) {
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(pages, 'x', 8192);
  if (!next_is_readable) mprotect(pages + 4096, 4096, PROT_NONE);
  return pages + 4096;
}
`;

function source(parts: PluginParts): string {
  const {
    prelude = '',
    version = 'return "1.0.0";',
    name = 'return "sample";',
    plugin = 'return &good;',
  } = parts;
  const entries = `
static tenon_plugin good = {sizeof(tenon_plugin), TENON_THREAD_SAFE, get_version, get_name, make, tenon_drop_nothing, work, NULL};
const tenon_plugin *get_plugin(void) { ${plugin} }
const char *get_version(void) { ${version} }
const char *get_name(void) { ${name} }`;
  return `${HEADER}${prelude}\n${parts.entries ?? entries}\n`;
}

/** Compiles a plugin into `folder`. Returns the path of the library. */
export function compilePlugin(folder: string, name: string, parts: PluginParts = {}): string {
  const file = join(folder, `${name}.c`);
  const library = join(folder, `${name}.so`);
  writeFileSync(file, source(parts));
  const options = [
    '-std=c11',
    '-O0',
    '-w',
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    `-I${join(root, 'include')}`,
  ];
  execFileSync(
    'cc',
    [...options, file, '-o', library, ...(parts.flags ?? []).map((flag) => flag.replace('$FOLDER', folder))],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return library;
}
