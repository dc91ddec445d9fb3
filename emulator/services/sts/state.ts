import type { Tags } from '../../access/types.ts'
import type { SessionRecord } from '../../operation/call.ts'
import type { Collection, CollectionSpec, Store } from '../../state/store.ts'

/** Temporary credentials, and what sessions begun with them inherit. */
export interface StsSession extends SessionRecord {
  /** The tags given to the session itself; `principal.tags` are the role's (or user's) overlaid with these. */
  readonly sessionTags: Tags
  /** Those of `sessionTags` that roles assumed from this session inherit. */
  readonly transitiveTagKeys: readonly string[]
}

/** Base64 of 32 random bytes. */
export interface SecretRecord {
  readonly key: string
}

/** An OIDC issuer of this machine, whose signatures are believed: what AWS would fetch from the issuer's jwks_uri. */
export interface IssuerRecord {
  /** `https://tokens.example.com`, as in `iss`. */
  readonly issuer: string
  /** A JSON Web Key Set: public keys. */
  readonly jwks: { readonly keys: readonly object[] }
}

export const collections = {
  /** By access key id. */
  sessions: { name: 'sts.sessions', scope: 'global', secret: true } satisfies CollectionSpec<StsSession>,
  /** What session tokens and authorization messages are sealed with, by purpose. */
  secrets: { name: 'sts.secrets', scope: 'global', secret: true } satisfies CollectionSpec<SecretRecord>,
  /** By issuer, without `https://`. */
  issuers: { name: 'sts.issuers', scope: 'global' } satisfies CollectionSpec<IssuerRecord>,
}

export interface StsState {
  readonly sessions: Collection<StsSession>
  readonly secrets: Collection<SecretRecord>
  readonly issuers: Collection<IssuerRecord>
}

export const stsState = (store: Store): StsState => ({
  sessions: store.collection<StsSession>(collections.sessions),
  secrets: store.collection<SecretRecord>(collections.secrets),
  issuers: store.collection<IssuerRecord>(collections.issuers),
})
