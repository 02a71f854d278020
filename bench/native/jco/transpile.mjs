/**
 * Makes a component of `find.wasm` in the current folder, and JavaScript of the component. It runs in the folder in
 * which the packages are installed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed, componentNew, transpile } from '@bytecodealliance/jco';

const core = await componentEmbed({
  binary: readFileSync('find.wasm'),
  witSource: readFileSync('find.wit', 'utf8'),
  worldName: 'finder',
  stringEncoding: 'utf8',
});
const { files } = await transpile(await componentNew(core, []), { name: 'find' });
writeFileSync('find.js', files['find.js']);
