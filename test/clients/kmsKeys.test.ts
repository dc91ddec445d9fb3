import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { builtProgram } from '../support/built.ts'
import { canRun, needs } from '../support/commands.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { openShell, type Shell } from '../support/shell.ts'

/** The life of keys, with the AWS CLI and the emulator's own command for the clock. */
const test = needs(canRun('aws', '--version'), 'the AWS CLI')
const MINUTES = 120_000

let twokey: TestEmulator
let client: KMSClient
let sh: Shell
beforeAll(async () => {
  twokey = await startEmulator()
  client = twokey.client(KMSClient)
  sh = await openShell(twokey)
  await sh.write('message.txt', 'a message of no importance')
})
afterAll(async () => {
  await twokey.stop()
  await sh.leave()
})

const arnOf = (id: string, region = 'us-east-1') => `arn:aws:kms:${region}:${ACCOUNT}:key/${id}`

describe('keys', () => {
  const clock = (duration: string) => sh.ok(process.execPath, builtProgram(), 'clock', 'advance', duration)

  test(
    'decrypt in the Region that they were replicated to',
    async () => {
      const id = await sh.text('KeyMetadata.KeyId', 'create-key', '--multi-region')
      expect(id).toMatch(/^mrk-[0-9a-f]{32}$/)
      await sh.blob('sealed.bin', 'CiphertextBlob', 'encrypt', '--key-id', id, '--plaintext', 'fileb://message.txt')
      const decrypt = ['decrypt', '--ciphertext-blob', 'fileb://sealed.bin', '--region', 'eu-west-1']
      expect(await sh.refusal(...decrypt)).toContain('(AccessDeniedException)')
      const replicate = ['replicate-key', '--key-id', id, '--replica-region', 'eu-west-1']
      expect(await sh.text('ReplicaKeyMetadata.Arn', ...replicate)).toBe(arnOf(id, 'eu-west-1'))
      await clock('PT10S')
      const state = ['describe-key', '--key-id', id, '--region', 'eu-west-1']
      expect(await sh.text('KeyMetadata.[KeyState, MultiRegionConfiguration.MultiRegionKeyType]', ...state)).toBe(
        'Enabled\tREPLICA',
      )
      await sh.blob('back.txt', 'Plaintext', ...decrypt)
      expect(await sh.read('back.txt')).toEqual(await sh.read('message.txt'))
      expect(await sh.text('KeyId', ...decrypt, '--key-id', id)).toBe(arnOf(id, 'eu-west-1'))
      expect(await sh.refusal(...decrypt, '--key-id', arnOf(id))).toBe(
        'An error occurred (IncorrectKeyException) when calling the Decrypt operation: The key ID in the request does not identify a CMK that can perform this operation.',
      )
      expect(await sh.refusal(...replicate)).toContain('(AlreadyExistsException)')
    },
    MINUTES,
  )

  test(
    'are gone when their time has come, and their ciphertexts are lost',
    async () => {
      const id = await sh.text('KeyMetadata.KeyId', 'create-key')
      await sh.kms('create-alias', '--alias-name', 'alias/doomed', '--target-key-id', id)
      await sh.blob('sealed.bin', 'CiphertextBlob', 'encrypt', '--key-id', id, '--plaintext', 'fileb://message.txt')
      expect(await sh.text('KeyLastUsage.Operation', 'get-key-last-usage', '--key-id', id)).toBe('Encrypt')
      const schedule = ['schedule-key-deletion', '--key-id', id, '--pending-window-in-days', '7']
      expect(await sh.kms(...schedule)).toMatchObject({ KeyId: arnOf(id), KeyState: 'PendingDeletion' })
      const decrypt = ['decrypt', '--ciphertext-blob', 'fileb://sealed.bin']
      expect(await sh.refusal(...decrypt)).toBe(
        `An error occurred (KMSInvalidStateException) when calling the Decrypt operation: ${arnOf(id)} is pending deletion.`,
      )
      expect(await clock('P6D')).toContain('6 days')
      expect(await sh.text('KeyMetadata.KeyState', 'describe-key', '--key-id', 'alias/doomed')).toBe('PendingDeletion')
      await clock('P2D')
      expect(await sh.refusal('describe-key', '--key-id', id)).toBe(
        `An error occurred (NotFoundException) when calling the DescribeKey operation: Key '${arnOf(id)}' does not exist`,
      )
      expect(await sh.refusal('describe-key', '--key-id', 'alias/doomed')).toBe(
        `An error occurred (NotFoundException) when calling the DescribeKey operation: Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/doomed is not found.`,
      )
      expect(await sh.refusal(...decrypt)).toContain('(AccessDeniedException)')
    },
    MINUTES,
  )

  test(
    'are listed page by page',
    async () => {
      for (let made = 0; made < 7; made++) await client.send(new CreateKeyCommand({}))
      const all = (await sh.text('Keys[].KeyId', 'list-keys')).split('\t')
      expect(all.length).toBeGreaterThan(6)
      const pages = await sh.text('Keys[].KeyId', 'list-keys', '--page-size', '3')
      expect(pages.split(/\s+/)).toEqual(all)
      const first = (await sh.kms('list-keys', '--max-items', '2')) as { Keys: unknown[]; NextToken: string }
      expect(first.Keys).toHaveLength(2)
      const rest = await sh.text('length(Keys)', 'list-keys', '--starting-token', first.NextToken)
      expect(rest).toBe(String(all.length - 2))
      expect(await sh.refusal('list-keys', '--limit', '1001')).toBe(
        "An error occurred (ValidationException) when calling the ListKeys operation: 1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
      )
    },
    MINUTES,
  )
})
