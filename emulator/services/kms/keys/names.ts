import { formatArn } from '../../../lib/arn.ts'

export const keyArn = (region: string, account: string, id: string): string =>
  formatArn('kms', region, account, `key/${id}`)

/** @param name with its prefix: `alias/x` */
export const aliasArn = (region: string, account: string, name: string): string =>
  formatArn('kms', region, account, name)

export const ALIAS_PREFIX = 'alias/'
export const KEY_PREFIX = 'key/'

const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i

/** A UUID, or the id of a multi-Region key. */
export const isKeyId = (text: string): boolean => KEY_ID.test(text)
