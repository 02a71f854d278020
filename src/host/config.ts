/** The config of an instance, encoded as bytes. */
import { types } from 'node:util';
import { requireBytes } from '../base/bytes.js';
import { invalidArgument, messageOf } from '../base/errors.js';

/**
 * The config of an instance: the argument of {@link Plugin.new}. A JSON value is encoded as JSON text. A
 * string and a Uint8Array are passed to the plugin unchanged, so they should contain JSON text. `undefined`
 * is the empty config, 0 bytes.
 */
export type Config = unknown;

/** Encodes a config. @throws TenonError ERR_TENON_INVALID_ARGUMENT if JSON cannot represent it */
export function encodeConfig(config: Config): Uint8Array {
  if (config === undefined) return new Uint8Array(0);
  if (typeof config === 'string') return Buffer.from(config, 'utf8');
  if (types.isUint8Array(config)) {
    requireBytes('config', config);
    return config;
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(config);
  } catch (error) {
    throw invalidArgument('config', `must be a JSON value: ${messageOf(error)}`);
  }
  if (text === undefined) throw invalidArgument('config', `must be a JSON value, not a ${typeof config}`);
  return Buffer.from(text, 'utf8');
}
