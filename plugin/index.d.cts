// The types of index.cjs: those of the ES module, which TypeScript's `node16` does not take from there into CommonJS.
type Main = typeof import('./index.js', { with: { 'resolution-mode': 'import' } })

export declare const createTwokey: Main['createTwokey']
export declare const connectTwokey: Main['connectTwokey']
export declare const startGateway: Main['startGateway']
export type * from './types.js' with { 'resolution-mode': 'import' }
