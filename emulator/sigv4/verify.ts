import { BoundedMap } from '../lib/boundedMap.ts'
import { canonicalRequest } from './canonical.ts'
import { mayBeUnsigned } from './payload.ts'
import { credentialScope, sameSignature, signatureOf, signingKey, stringToSign } from './signature.ts'
import type { HeaderClaim, QueryClaim, Seed, SignedRequest } from './types.ts'
import { SignatureProblem } from './types.ts'

export interface Verifier {
  /**
   * Compares the claimed signature with our own. Everything else about the claim has been checked by `parseClaim`.
   *
   * @param payloadHash the last line of the canonical request (`payloadHash(payload, body)`)
   * @returns what signs the chunks of the body, if it has such
   * @throws SignatureProblem `mismatch`
   */
  verify(claim: HeaderClaim | QueryClaim, request: SignedRequest, secret: string, payloadHash: string): Seed
}

/**
 * A verifier that remembers signing keys: deriving one costs four HMACs, and a client uses the same one all day.
 *
 * @param options.remember how many keys are kept
 */
export function createVerifier(options: { readonly remember?: number } = {}): Verifier {
  const keys = new BoundedMap<Buffer>(options.remember ?? 1000)
  return {
    verify(claim, request, secret, payloadHash) {
      const scope = credentialScope(claim.scope)
      const name = nameOf(secret, scope)
      const known = keys.get(name)
      const key = known ?? signingKey(secret, claim.scope)
      const canonical = canonicalRequest(request, claim.scope.service, claim.signedHeaders, payloadHash)
      const text = stringToSign(claim.date, scope, canonical)
      const matches =
        sameSignature(signatureOf(key, text), claim.signature) || matchesUnsigned(claim, request, key, scope)
      if (!matches) throw mismatch(claim, canonical, text)
      // Only a key that has proved itself is kept: guesses must not push out the keys in use.
      if (!known) keys.put(name, key)
      return { accessKeyId: claim.accessKeyId, signature: claim.signature, signingKey: key, date: claim.date, scope }
    },
  }
}

/** Over HTTPS some clients leave the body out of the signature without a header that says so, where the model allows it. */
function matchesUnsigned(claim: HeaderClaim | QueryClaim, request: SignedRequest, key: Buffer, scope: string): boolean {
  if (!mayBeUnsigned(claim.scope.service, request.method)) return false
  const canonical = canonicalRequest(request, claim.scope.service, claim.signedHeaders, 'UNSIGNED-PAYLOAD')
  return sameSignature(signatureOf(key, stringToSign(claim.date, scope, canonical)), claim.signature)
}

function mismatch(claim: HeaderClaim | QueryClaim, canonical: string, text: string): SignatureProblem {
  return new SignatureProblem({
    code: 'mismatch',
    accessKeyId: claim.accessKeyId,
    canonicalRequest: canonical,
    stringToSign: text,
    provided: claim.signature,
  })
}

const nameOf = (secret: string, scope: string) => `${scope}\n${secret}`
