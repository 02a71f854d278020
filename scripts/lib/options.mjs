/** The option that `npm start` and `npm test` share. */

/**
 * Removes `--no-install` from the arguments. With it, missing tools are reported and not installed.
 *
 * @param {readonly string[]} args
 */
export const takeNoInstall = (args) => ({
  args: args.filter((arg) => arg !== '--no-install'),
  install: !args.includes('--no-install'),
});
