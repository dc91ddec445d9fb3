import { formatArn, parseArn } from '../../lib/arn.ts'
import { keyNotFound } from './errors.ts'
import type { TrailRecord } from './state.ts'

const KEY_ID = /^(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const ALIAS = /^alias\/[\w/-]{1,250}$/

/**
 * The ARN that names a trail's key: ids and aliases are those of its account and home Region (facts: integrations 14). Undefined for
 * none. Throws KmsKeyNotFoundException for what cannot be a key (facts: captures-ebs-s3 7.11).
 */
export function keyReference(
  text: string,
  { account, homeRegion }: Pick<TrailRecord, 'account' | 'homeRegion'>,
): string | undefined {
  if (text === '') return undefined
  if (KEY_ID.test(text)) return formatArn('kms', homeRegion, account, `key/${text}`)
  if (ALIAS.test(text)) return formatArn('kms', homeRegion, account, text)
  const arn = parseArn(text)
  const resource = arn?.service === 'kms' ? arn.resource : ''
  const isKey = resource.startsWith('key/') && KEY_ID.test(resource.slice('key/'.length))
  if (!isKey && !ALIAS.test(resource)) throw keyNotFound(text)
  return text
}
