import type { FormRequest } from '../../../operation/define.ts'
import { escapeXml } from '../../../wire/xmlEncode.ts'
import type { FormFields } from './form.ts'

interface Uploaded {
  readonly bucket: string
  readonly key: string
  readonly region: string
}

/**
 * How a form that was accepted is answered (S3 API Reference, "POST Object"): a redirection to the address it names, or the status it
 * names: 200, 201 with a document, or else 204. The other headers are PutObject's.
 */
export function answerTo(fields: FormFields, uploaded: Uploaded): FormRequest['answer'] {
  return ({ headers: ofPut }) => {
    const headers: Record<string, string> = { ...ofPut }
    delete headers['content-type']
    const etag = headers['etag'] ?? ''
    const target = redirection(fields.get('success_action_redirect') ?? fields.get('redirect'), uploaded, etag)
    if (target !== undefined) return { status: 303, headers: { ...headers, location: target }, body: '' }
    headers['location'] = locationOf(uploaded)
    switch (fields.get('success_action_status')) {
      case '200':
        return { status: 200, headers, body: '' }
      case '201':
        headers['content-type'] = 'application/xml'
        return { status: 201, headers, body: document(uploaded, etag) }
      default:
        return { status: 204, headers, body: '' }
    }
  }
}

/** The key is one segment, as in the answer to CompleteMultipartUpload. */
const locationOf = ({ bucket, key, region }: Uploaded) =>
  `https://${bucket}.s3.${region}.amazonaws.com/${encodeURIComponent(key)}`

/** With bucket, key and ETag in its query. An address that is none counts as not given. */
function redirection(address: string | undefined, { bucket, key }: Uploaded, etag: string): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const told = Object.entries({ bucket, key, etag }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  url.search = [url.search.replace(/^\?/, ''), ...told].filter((part) => part !== '').join('&')
  return url.href
}

function document(uploaded: Uploaded, etag: string): string {
  const members = { Location: locationOf(uploaded), Bucket: uploaded.bucket, Key: uploaded.key, ETag: etag }
  const content = Object.entries(members).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${content.join('')}</PostResponse>`
}
