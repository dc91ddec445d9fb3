/** @import { Layer } from '../../../access/types.ts' */
import { ask } from './door.js'

/**
 * What the console and `twokey explain` say alike.
 * @typedef {{
 *   because: Readonly<Record<string, string>>,
 *   layers: Readonly<Record<Layer, string>>,
 *   failures: Readonly<Record<string, string>>,
 * }} Words
 */
const words = /** @type {Words} */ (await ask('console/words.json'))

/** Why something did not match. @param {string} because */
export const becauseText = (because) => words.because[because] ?? because.replaceAll('-', ' ')

/** @param {Layer} layer */
export const layerText = (layer) => words.layers[layer]

/** What to do about a key that would not work although it may be used. @param {string} code */
export const failureText = (code) => words.failures[code]
