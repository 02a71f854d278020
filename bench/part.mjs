/** Runs one measurement in a process of its own: `node bench/part.mjs FILE FUNCTION OPTIONS`. Prints the result as JSON. */
const [file = '', name = '', options = '{}'] = process.argv.slice(2);
const measure = (await import(`./${file}`))[name];
const found = await measure(JSON.parse(options));
process.stdout.write(JSON.stringify(found), () => process.exit());
