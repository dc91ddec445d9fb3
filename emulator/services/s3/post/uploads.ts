import type { FormUploads } from '../../../operation/define.ts'
import type { OpenForm } from '../../../wire/formData.ts'
import type { WireRequest } from '../../../wire/protocol.ts'
import { splitPath } from '../../../wire/restRouter.ts'
import { entityTooLarge, entityTooSmall, LARGEST_UPLOAD } from '../body.ts'
import { preconditionFailed } from '../errors.ts'
import { answerTo } from './answer.ts'
import { fieldMissing, fieldsOf, headersOf, type FormFields } from './form.ts'
import { checkPolicy, type SizeRange } from './policy.ts'

/** Headers that are about the connection or its client, and hold for a form as for any request. */
const CONNECTION = ['host', 'user-agent', 'origin', 'referer', 'content-length', 'transfer-encoding', 'x-forwarded-for']

/** What a form may have around its file before its length alone refuses it. */
const FORM_ALLOWANCE = 64 * 1024

/** POST Object: PutObject by HTML form, admitted by a signed policy (facts: s3-ebs A1). */
export const formUploads: FormUploads = {
  operation: 'PutObject',
  accepts({ method, path, query, headers }) {
    if (method !== 'POST' || query !== '' || splitPath(path).level !== 'bucket') return false
    if (/^multipart\/form-data\s*(?:;|$)/i.test(headers['content-type'] ?? '')) return true
    throw preconditionFailed('Bucket POST must be of the enclosure-type multipart/form-data')
  },
  fields: fieldsOf,
  missing: fieldMissing,
  request(form, fields, sent, { policy, region, now }) {
    const bucket = decoded(splitPath(sent.path).bucket)
    const sizes = policy === undefined ? [] : checkPolicy(policy, conditioned(fields, bucket), now)
    refuseLong(sent)
    const key = fields.get('key') ?? ''
    return {
      wire: {
        method: 'PUT',
        path: `/${encodeURIComponent(bucket)}/${wellFormed(key)}`,
        query: '',
        headers: { ...connectionHeaders(sent), ...headersOf(fields) },
        body: sent.body,
      },
      body: within(form, sizes),
      answer: answerTo(fields, { bucket, key, region }),
    }
  },
}

/** The bucket is a field like any other to a policy, though no form says it. */
const conditioned = (fields: FormFields, bucket: string): FormFields => new Map([...fields, ['bucket', bucket]])

function decoded(bucket: string): string {
  try {
    return decodeURIComponent(bucket)
  } catch {
    // No bucket has such a name.
    return bucket
  }
}

/** Forms are read as UTF-8, so half a surrogate pair cannot be meant. */
const wellFormed = (key: string) => encodeURIComponent(key.replace(/\p{Surrogate}/gu, '\ufffd'))

function connectionHeaders({ headers }: WireRequest): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of CONNECTION) if (headers[name] !== undefined) kept[name] = headers[name]
  return kept
}

/** Refuses a body that cannot but hold too large a file, before it is read. */
function refuseLong({ headers }: WireRequest): void {
  const length = Number(headers['content-length'])
  if (length > LARGEST_UPLOAD + FORM_ALLOWANCE) throw entityTooLarge(length)
}

/** The file, whose size shows while it is read. What is too large is counted to its end, for the answer says its size. */
async function* within({ file }: OpenForm, sizes: readonly SizeRange[]): AsyncGenerator<Buffer, void, undefined> {
  const most = Math.min(LARGEST_UPLOAD, ...sizes.map((size) => size.most))
  const least = Math.max(0, ...sizes.map((size) => size.least))
  let size = 0
  for await (const chunk of file) {
    size += chunk.length
    if (size <= most) yield chunk
  }
  if (size > most) throw entityTooLarge(size, most)
  if (size < least) throw entityTooSmall(size, least)
}
