import { CreateAliasCommand, CreateGrantCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { ACCOUNT, REGION } from '../support/emulator.ts'

export const BUCKET = 'crash'

export interface Clients {
  readonly kms: KMSClient
  readonly s3: S3Client
  readonly iam: IAMClient
  destroy(): void
}

export function clientsOf(endpoint: string): Clients {
  const credentials = { accessKeyId: ACCOUNT, secretAccessKey: 'test' }
  const options = { endpoint, region: REGION, credentials, forcePathStyle: true, maxAttempts: 1 }
  const clients = { kms: new KMSClient(options), s3: new S3Client(options), iam: new IAMClient(options) }
  return {
    ...clients,
    destroy() {
      for (const client of Object.values(clients)) client.destroy()
    },
  }
}

/** A thing that is written again and again: the last version acknowledged, and the last one asked for. 0 = not there. */
export interface Versions {
  acknowledged: number
  asked: number
}

/** What the server has promised to keep. */
export interface Ledger {
  /** The key of the bucket and of the grants; set by `prepare`. */
  keyArn: string
  readonly keys: Set<string>
  /** Alias name to key id. */
  readonly aliases: Map<string, string>
  readonly grants: Set<string>
  readonly objects: Map<string, Versions>
  /** By user name; version 0: the user without a policy. */
  readonly policies: Map<string, Versions>
  acknowledged: number
  next: number
}

export const newLedger = (): Ledger => ({
  keyArn: '',
  keys: new Set(),
  aliases: new Map(),
  grants: new Set(),
  objects: new Map(),
  policies: new Map(),
  acknowledged: 0,
  next: 1,
})

/** The bytes of a version of an object: no other version has them. Now and then more than one segment of the object cipher. */
export const bodyOf = (name: string, version: number) =>
  Buffer.alloc(version % 11 === 0 ? 300_000 : (version * 97) % 20_000, `${name} ${String(version)} `)

export const policyOf = (version: number) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Sid: `V${String(version)}`, Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
  })

export async function prepare({ kms, s3 }: Clients, ledger: Ledger): Promise<void> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  ledger.keyArn = KeyMetadata!.Arn!
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: BUCKET,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ledger.keyArn } }],
      },
    }),
  )
}

/** Asks for one change after the other until the server dies, and notes each acknowledgement. */
export async function work(clients: Clients, ledger: Ledger, worker: number, dead: () => boolean): Promise<void> {
  for (let turn = worker; !dead(); turn++) {
    const change = CHANGES[turn % CHANGES.length]!
    try {
      await change(clients, ledger, ledger.next++, worker)
    } catch (error) {
      // A refusal is a fault of the server; a broken connection is what was to happen.
      if (!dead() || (error instanceof Error && '$fault' in error)) throw error
      return
    }
    ledger.acknowledged++
  }
}

type Change = (clients: Clients, ledger: Ledger, n: number, worker: number) => Promise<void>

const createKey: Change = async ({ kms }, { keys }, n) => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: `key ${String(n)}` }))
  keys.add(KeyMetadata!.KeyId!)
}

const createAlias: Change = async ({ kms }, { keys, aliases }, n) => {
  const key = [...keys].at(-1)
  if (key === undefined) return
  await kms.send(new CreateAliasCommand({ AliasName: `alias/n${String(n)}`, TargetKeyId: key }))
  aliases.set(`alias/n${String(n)}`, key)
}

const createGrant: Change = async ({ kms }, { keyArn, grants }, n) => {
  const { GrantId } = await kms.send(
    new CreateGrantCommand({
      KeyId: keyArn,
      GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
      Operations: ['Decrypt'],
      Name: `grant-${String(n)}`,
    }),
  )
  grants.add(GrantId!)
}

const createUser: Change = async ({ iam }, { policies }, n) => {
  await iam.send(new CreateUserCommand({ UserName: `user-${String(n)}` }))
  policies.set(`user-${String(n)}`, { acknowledged: 0, asked: 0 })
}

const putPolicy: Change = async ({ iam }, { policies }, n) => {
  // The newest user that no other worker has taken for this turn.
  const [user, versions] = [...policies].reverse().find(([, { acknowledged, asked }]) => acknowledged === asked) ?? []
  if (user === undefined || !versions) return
  versions.asked = n
  await iam.send(new PutUserPolicyCommand({ UserName: user, PolicyName: 'only', PolicyDocument: policyOf(n) }))
  versions.acknowledged = n
}

async function put({ s3 }: Clients, { objects }: Ledger, Key: string, version: number): Promise<void> {
  const versions = objects.get(Key) ?? { acknowledged: 0, asked: 0 }
  objects.set(Key, versions)
  versions.asked = version
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: bodyOf(Key, version) }))
  versions.acknowledged = version
}

const putObject: Change = (clients, ledger, n) => put(clients, ledger, `new/${String(n)}`, n)
/** Each worker has one object that it writes over and over. */
const overwrite: Change = (clients, ledger, n, worker) => put(clients, ledger, `again/${String(worker)}`, n)

const deleteObject: Change = async ({ s3 }, { objects }, _n, worker) => {
  const Key = `again/${String(worker)}`
  const versions = objects.get(Key)
  if (!versions) return
  versions.asked = 0
  await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }))
  versions.acknowledged = 0
}

const CHANGES: readonly Change[] = [
  putObject,
  createKey,
  overwrite,
  createAlias,
  putObject,
  createGrant,
  overwrite,
  createUser,
  putObject,
  putPolicy,
  deleteObject,
  overwrite,
  putPolicy,
]
