/** The config of an instance, as bytes. */
import { invalidArgument } from '../base/errors.js';

/** Any JSON value; a string or bytes are taken as JSON text as they are; undefined is the empty config. */
export type Config = unknown;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT for what JSON cannot say */
export function encodeConfig(config: Config): Uint8Array {
  if (config === undefined) return new Uint8Array(0);
  if (typeof config === 'string') return Buffer.from(config, 'utf8');
  if (config instanceof Uint8Array) return config;
  let text: string | undefined;
  try {
    text = JSON.stringify(config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidArgument('config', `must be a JSON value: ${reason}`);
  }
  if (text === undefined) throw invalidArgument('config', `must be a JSON value, not a ${typeof config}`);
  return Buffer.from(text, 'utf8');
}
