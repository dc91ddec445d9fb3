import type { Tag } from '@aws-sdk/client-sts'
import type { ContextValue } from '../../../access/types.ts'
import { UNSOURCED } from '../unsourced.ts'
import { rejectedClaim } from './errors.ts'
import type { Identity } from './token.ts'

const TAGS = 'https://aws.amazon.com/tags'
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity'

/** The condition keys of the issuer: `tokens.example.com:sub`, `:aud`, … (AWS: keys for OIDC federation). */
export function issuerContext({
  issuer,
  subject,
  audience,
  claims,
}: Identity): Record<string, ContextValue | undefined> {
  const { aud, amr } = claims
  return {
    [`${issuer}:sub`]: subject,
    [`${issuer}:aud`]: audience,
    // The audience as written, where `azp` stands for it.
    [`${issuer}:oaud`]: typeof claims['azp'] === 'string' && typeof aud === 'string' ? aud : undefined,
    [`${issuer}:amr`]: Array.isArray(amr) ? amr.filter((value) => typeof value === 'string') : undefined,
  }
}

/** What a token says about the session that it begins. */
export interface SessionClaims {
  readonly tags: readonly Tag[]
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity: string | undefined
}

/** @throws AwsError IDPRejectedClaim when a claim is there but not of AWS's form */
export function sessionClaims({ claims }: Identity): SessionClaims {
  const sourceIdentity = claims[SOURCE_IDENTITY]
  if (
    sourceIdentity !== undefined &&
    !(typeof sourceIdentity === 'string' && /^[\w+=,.@-]{2,64}$/.test(sourceIdentity))
  ) {
    throw rejectedClaim(UNSOURCED.badSourceIdentity)
  }
  return { ...tagClaims(claims[TAGS]), sourceIdentity }
}

function tagClaims(claim: unknown): Pick<SessionClaims, 'tags' | 'transitiveTagKeys'> {
  if (claim === undefined) return { tags: [], transitiveTagKeys: [] }
  const { principal_tags: principalTags = {}, transitive_tag_keys: transitive = [] } = objectOr(claim)
  // `{ "Project": ["Automation"] }`: each key has a list of one value.
  const tags = Object.entries(objectOr(principalTags)).map(([Key, values]) => {
    const [Value] = Array.isArray(values) ? (values as unknown[]) : [values]
    if (typeof Value !== 'string') throw rejectedClaim(UNSOURCED.badTagClaim)
    return { Key, Value }
  })
  if (!Array.isArray(transitive) || !transitive.every((key) => typeof key === 'string')) {
    throw rejectedClaim(UNSOURCED.badTagClaim)
  }
  return { tags, transitiveTagKeys: transitive }
}

function objectOr(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw rejectedClaim(UNSOURCED.badTagClaim)
  return value as Readonly<Record<string, unknown>>
}
