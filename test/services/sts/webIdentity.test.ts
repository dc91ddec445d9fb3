import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CreateOpenIDConnectProviderCommand, IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type AssumeRoleWithWebIdentityCommandInput,
} from '@aws-sdk/client-sts'
import { SignJWT, exportJWK, generateKeyPair, type GenerateKeyPairResult, type JWTPayload } from 'jose'
import { registerIssuer } from '../../../emulator/services/sts/webIdentity/issuers.ts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  StsWorld,
  allow,
  policy,
  refusal,
  roleArn,
  signedBy,
  type Statement,
} from './support.ts'

const HOST = 'tokens.example.com/id/7'
const ISSUER = `https://${HOST}`
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${HOST}`
const DENIED = '403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity'

let world: StsWorld
let keys: Record<'rsa' | 'ec' | 'stranger', GenerateKeyPairResult>
let jwks: { readonly keys: readonly object[] }

beforeAll(async () => {
  keys = {
    rsa: await generateKeyPair('RS256', { extractable: true }),
    ec: await generateKeyPair('ES256', { extractable: true }),
    stranger: await generateKeyPair('RS256'),
  }
  jwks = {
    keys: [
      { ...(await exportJWK(keys.rsa.publicKey)), kid: 'rsa', alg: 'RS256' },
      { ...(await exportJWK(keys.ec.publicKey)), kid: 'ec', alg: 'ES256' },
    ],
  }
})

const seconds = () => Math.floor(world.test.emulator.clock.now() / 1000)

interface Signing {
  readonly key?: keyof typeof keys
  readonly kid?: string
  readonly alg?: string
}

function token(
  claims: JWTPayload = {},
  { key = 'rsa', kid = key, alg = key === 'ec' ? 'ES256' : 'RS256' }: Signing = {},
) {
  const whole = {
    iss: ISSUER,
    aud: 'sts.amazonaws.com',
    sub: 'repo:acme/app',
    iat: seconds(),
    exp: seconds() + 600,
    ...claims,
  }
  return new SignJWT(whole).setProtectedHeader({ alg, kid }).sign(keys[key].privateKey)
}

const trust = (more: Partial<Statement> = {}) =>
  policy({ Principal: { Federated: PROVIDER }, Action: 'sts:AssumeRoleWithWebIdentity', ...more })

/** Without any credentials, as the SDKs call it, and with the Host header of AWS's endpoint. */
async function assume(WebIdentityToken: string, more: Partial<AssumeRoleWithWebIdentityCommandInput> = {}) {
  const client = new STSClient({ endpoint: world.test.url, region: 'us-east-1', maxAttempts: 1 })
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> }
      request.headers['host'] = 'sts.us-east-1.amazonaws.com'
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  return client.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleArn('ci'),
      RoleSessionName: 'build',
      WebIdentityToken,
      ...more,
    }),
  )
}

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(async () => {
  world.test.emulator.reset()
  await world.iam().send(
    new CreateOpenIDConnectProviderCommand({
      Url: ISSUER,
      ClientIDList: ['sts.amazonaws.com', 'other-client'],
      ThumbprintList: ['0'.repeat(40)],
    }),
  )
  registerIssuer(world.state, { issuer: ISSUER, jwks })
})
afterAll(() => world.test.stop())

describe('AssumeRoleWithWebIdentity', () => {
  it.each(['rsa', 'ec'] as const)('takes a token signed with the issuer’s %s key, unsigned itself', async (key) => {
    await world.role('ci', trust(), { policy: allow('iam:ListUsers') })
    const answer = await assume(await token({}, { key }))
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: 'repo:acme/app',
      Audience: 'sts.amazonaws.com',
      Provider: PROVIDER,
      AssumedRoleUser: { Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/ci/build` },
    })
    const credentials = signedBy(answer.Credentials)
    expect((await world.sts(credentials).send(new GetCallerIdentityCommand({}))).Arn).toBe(
      `arn:aws:sts::${ACCOUNT}:assumed-role/ci/build`,
    )
    expect(await refusal(world.test.client(IAMClient, { credentials }).send(new ListUsersCommand({})))).toBe('allowed')
    expect(JSON.stringify(world.test.emulator.trail.list(10))).not.toContain('eyJ')
  })

  it('the trust policy may name the provider, the subject and the audience', async () => {
    const StringEquals = { [`${HOST}:aud`]: 'sts.amazonaws.com', [`${HOST}:sub`]: 'repo:acme/app' }
    await world.role('ci', trust({ Condition: { StringEquals } }))
    expect(await refusal(assume(await token()))).toBe('allowed')
    expect(await refusal(assume(await token({ sub: 'repo:acme/other' })))).toBe(DENIED)
    expect(await refusal(assume(await token({ aud: 'other-client' })))).toBe(DENIED)
    expect(world.denyingLayer()).toBe('trust')
  })

  it('refuses a role that trusts others, or does not exist, alike', async () => {
    await world.role('ci', policy({ Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRoleWithWebIdentity' }))
    expect(await refusal(assume(await token()))).toBe(DENIED)
    expect(await refusal(assume(await token(), { RoleArn: roleArn('missing') }))).toBe(DENIED)
  })

  it('refuses a role whose account has no such provider', async () => {
    await world.role('ci', trust(), { account: OTHER_ACCOUNT })
    expect(await refusal(assume(await token(), { RoleArn: roleArn('ci', OTHER_ACCOUNT) }))).toBe(
      `400 InvalidIdentityTokenException: No OpenIDConnect provider found in your account for ${ISSUER}`,
    )
  })

  it('is limited by the role’s duration and by session policies', async () => {
    await world.role('ci', trust(), { policy: allow('*') })
    expect(await refusal(assume(await token(), { DurationSeconds: 3601 }))).toBe(
      '400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
    const credentials = signedBy((await assume(await token(), { Policy: allow('s3:*') })).Credentials)
    expect(await refusal(world.test.client(IAMClient, { credentials }).send(new ListUsersCommand({})))).toBe(
      `403 AccessDenied: User: arn:aws:sts::${ACCOUNT}:assumed-role/ci/build is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ because no session policy allows the iam:ListUsers action`,
    )
  })

  it('takes tags and source identity from the token', async () => {
    const tags = { principal_tags: { team: ['red'] }, transitive_tag_keys: ['team'] }
    const claims = { 'https://aws.amazon.com/tags': tags, 'https://aws.amazon.com/source_identity': 'anna' }
    const document = policy({
      Action: 'iam:ListUsers',
      Resource: '*',
      Condition: {
        StringEquals: {
          'aws:PrincipalTag/team': 'red',
          'aws:SourceIdentity': 'anna',
          'aws:FederatedProvider': PROVIDER,
        },
      },
    })
    await world.role('ci', trust(), { policy: document })
    expect(await refusal(assume(await token(claims)))).toBe(
      '403 AccessDenied: Not authorized to perform sts:TagSession',
    )
    const Action = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity']
    await world.role('open', trust({ Action }), { policy: document })
    const answer = await assume(await token(claims), { RoleArn: roleArn('open') })
    expect(answer.SourceIdentity).toBe('anna')
    const credentials = signedBy(answer.Credentials)
    expect(await refusal(world.test.client(IAMClient, { credentials }).send(new ListUsersCommand({})))).toBe('allowed')
  })
})

describe('tokens that are refused', () => {
  beforeEach(async () => {
    await world.role('ci', trust())
  })
  const invalid = (text: string) => `400 InvalidIdentityTokenException: ${text}`
  const NO_KEY = invalid(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  )
  const BAD = invalid('The token signature is not valid.')

  it('no JWT', async () => {
    const text = invalid(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
    for (const what of ['opaque', 'a.b.c', `${'x'.repeat(20)}.${'y'.repeat(20)}.`]) {
      expect(await refusal(assume(what))).toBe(text)
    }
  })

  it('another’s signature', async () => {
    expect(await refusal(assume(await token({}, { key: 'stranger', kid: 'rsa' })))).toBe(BAD)
  })

  it('changed claims under the issuer’s signature', async () => {
    const [header, payload, signature] = (await token()).split('.')
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'repo:acme/admin' })).toString('base64url')
    expect(await refusal(assume([header, forged, signature].join('.')))).toBe(BAD)
  })

  it('no signature at all', async () => {
    const [, payload] = (await token()).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
    expect(await refusal(assume(`${header}.${payload ?? ''}.`))).toBe(BAD)
  })

  it('a signature with the public key as a shared secret', async () => {
    const secret = Buffer.from(JSON.stringify(jwks.keys[0]))
    const forged = await new SignJWT({ iss: ISSUER, aud: 'sts.amazonaws.com', sub: 'x', exp: seconds() + 600 })
      .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
      .sign(secret)
    expect(await refusal(assume(forged))).toBe(BAD)
  })

  it('a key that the issuer does not have', async () => {
    expect(await refusal(assume(await token({}, { key: 'stranger', kid: 'unknown' })))).toBe(NO_KEY)
  })

  it('an issuer whose keys are not known', async () => {
    world.state.issuers.in().delete(HOST)
    expect(await refusal(assume(await token()))).toBe(NO_KEY)
  })

  it('an issuer without a provider', async () => {
    expect(await refusal(assume(await token({ iss: 'https://elsewhere.example.com' })))).toBe(
      invalid('No OpenIDConnect provider found in your account for https://elsewhere.example.com'),
    )
  })

  it('the wrong audience; azp counts before aud', async () => {
    const wrong = invalid('Incorrect token audience')
    expect(await refusal(assume(await token({ aud: 'someone-else' })))).toBe(wrong)
    expect(await refusal(assume(await token({ aud: ['someone-else', 'other-client'] })))).toBe('allowed')
    expect(await refusal(assume(await token({ aud: 'someone-else', azp: 'other-client' })))).toBe('allowed')
    expect(await refusal(assume(await token({ azp: 'someone-else' })))).toBe(wrong)
  })

  it('expired, by the emulator’s clock', async () => {
    const exp = seconds() - 1
    const answer = await refusal(assume(await token({ exp })))
    expect(answer).toMatch(/^400 ExpiredTokenException: Token expired: current date\/time \d+ must be before /)
    expect(answer).toMatch(new RegExp(`the expiration date/time ${String(exp)}$`))
  })

  it('not valid yet', async () => {
    const nbf = seconds() + 3600
    expect(await refusal(assume(await token({ nbf })))).toMatch(
      /^403 IDPRejectedClaimException: Token is not valid yet: /,
    )
    expect(await refusal(assume(await token({ nbf: seconds() + 60 })))).toBe('allowed')
  })

  it.each(['sub', 'exp', 'aud', 'iss'])('without `%s`', async (claim) => {
    expect(await refusal(assume(await token({ [claim]: undefined })))).toBe(
      invalid(`Missing a required claim: ${claim}`),
    )
  })

  it('tags that are not of the form', async () => {
    const claims = { 'https://aws.amazon.com/tags': { principal_tags: { team: [7] } } }
    expect(await refusal(assume(await token(claims)))).toBe(
      '403 IDPRejectedClaimException: The session tags in the token are not valid.',
    )
  })
})

describe('registerIssuer', () => {
  it('takes https and public keys only', async () => {
    expect(() => {
      registerIssuer(world.state, { issuer: 'http://tokens.example.com', jwks })
    }).toThrow('issuer `http://tokens.example.com` is not an https URL')
    const secret = { keys: [await exportJWK(keys.rsa.privateKey)] }
    expect(() => {
      registerIssuer(world.state, { issuer: ISSUER, jwks: secret })
    }).toThrow('a key of issuer `https://tokens.example.com/id/7` has `d`; give public keys only')
  })
})
