/** Text for people, as the commands print it. */
export { count, paragraph, printable, table, wrapped } from '../base/text.js';
