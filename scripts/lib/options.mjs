/** The option that `npm start` and `npm test` have in common. */

/**
 * Takes `--no-install` out of the arguments: with it nothing is installed on the system, what is missing is only named.
 *
 * @param {readonly string[]} args
 */
export const takeNoInstall = (args) => ({
  args: args.filter((arg) => arg !== '--no-install'),
  install: !args.includes('--no-install'),
});
