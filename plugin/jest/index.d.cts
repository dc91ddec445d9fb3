// The types of index.cjs; see ../index.d.cts.
type Main = typeof import('./index.js', { with: { 'resolution-mode': 'import' } })

export declare const twokey: Main['twokey']
export declare const account: Main['account']
export type * from './index.js' with { 'resolution-mode': 'import' }
