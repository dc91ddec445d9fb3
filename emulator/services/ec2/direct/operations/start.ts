import type { StartSnapshotCommandInput } from '@aws-sdk/client-ebs'
import type { Tags } from '../../../../access/types.ts'
import { takeOver } from '../../../../crypto/material.ts'
import type { SecretBytes } from '../../../../crypto/types.ts'
import type { Keys } from '../../../../operation/define.ts'
import { BLOCK_SIZE, createContent, masterKey } from '../../blocks/contents.ts'
import { tagOnCreate } from '../../creation.ts'
import { newId } from '../../ids.ts'
import { EBS_MANAGED_KEY, keyFor } from '../../keys/choose.ts'
import { anySnapshot } from '../../resources.ts'
import { ownSnapshot } from '../../snapshots/find.ts'
import { snapshotPath, type Ec2Call, type SealedKey, type SnapshotRecord } from '../../state.ts'
import { putTags, readTags, requestTagKeys, resourceTagKeys, tagList, tagsFor } from '../../tags.ts'
import { later } from '../../background.ts'
import { keepToken, keptFor } from '../../tokens.ts'
import { START_KEYS, ask, decrypt } from '../dependency.ts'
import { invalidSnapshot, invalidValue, snapshotNotFound, tokenConflict } from '../errors.ts'
import { newSnapshotResource, resourceOf } from '../find.ts'
import { ebs } from '../service.ts'
import { giveUp } from '../timeout.ts'

type StartCall = Ec2Call<Keys<typeof START_KEYS>>

/** Minutes (EBS User Guide). */
const USUAL_TIMEOUT = 60
const GIVEN_UP_AFTER = 60_000

interface StartSubject {
  readonly id: string
  /** The caller's own; undefined when there is none such. */
  readonly snapshot: SnapshotRecord | undefined
  readonly tags: Tags
}

/** A data key, sealed and open. */
interface NewKey {
  readonly sealed: SealedKey | undefined
  readonly secret: SecretBytes
  readonly managed: boolean
}

const startSnapshot = ebs.row('StartSnapshot', {
  action: 'ebs:StartSnapshot',
  keyUse: START_KEYS,
  subject: (input, call): StartSubject => ({
    id: input.ParentSnapshotId ?? '',
    // A shared parent does not count (facts: captures 5.4).
    snapshot: input.ParentSnapshotId === undefined ? undefined : ownSnapshot(call, input.ParentSnapshotId),
    tags: readTags(input.Tags ?? []),
  }),
  resource: (input, call, subject) =>
    input.ParentSnapshotId === undefined ? newSnapshotResource(call) : resourceOf(input, call, subject),
  context: (input, _call, { tags }) => ({
    'ebs:Description': input.Description,
    'ebs:ParentSnapshot': input.ParentSnapshotId,
    'ebs:VolumeSize': input.VolumeSize === undefined ? undefined : String(input.VolumeSize),
    // Policies see the request's tags as if they were there already (facts: captures 5.1).
    ...resourceTagKeys(tags),
    ...requestTagKeys(tags),
  }),
  // Neither value of ec2:CreateAction that one would expect is there (facts: captures 5.1).
  also: (_input, call, { tags }) => tagOnCreate(anySnapshot(call), undefined, tags),
  async run(input, call, subject) {
    const known = repeated(input, call)
    if (known) return described(known, call)
    refuseCombinations(input)
    const parent = parentOf(input, subject)
    const id = newId('snap', call)
    const key = parent ? await keyOfChild(call, id, parent) : await freshKey(call, id, input)
    const snapshot = call.env.store.transaction(() => publish(input, call, subject, id, key, parent))
    call.state.writers.keep(snapshotPath(call.region, id), call, key.secret)
    return described(snapshot, call)
  },
  audit: (input, output) => ({
    requestParameters: {
      volumeSize: input.VolumeSize,
      ...(input.ParentSnapshotId !== undefined && { parentSnapshotId: input.ParentSnapshotId }),
      ...(input.Description !== undefined && { description: input.Description }),
      ...(input.Encrypted !== undefined && { encrypted: input.Encrypted }),
      ...(input.KmsKeyArn !== undefined && { kmsKeyArn: HIDDEN }),
    },
    responseElements: output
      ? {
          snapshotId: output.SnapshotId,
          ownerId: output.OwnerId,
          status: output.Status,
          volumeSize: output.VolumeSize,
          blockSize: output.BlockSize,
          ...(output.KmsKeyArn !== undefined && { kmsKeyArn: HIDDEN }),
        }
      : null,
  }),
})

/** As CloudTrail writes it (facts: captures 5.1). */
const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS'

function refuseCombinations({ Encrypted, KmsKeyArn, ParentSnapshotId }: StartSnapshotCommandInput): void {
  if (ParentSnapshotId !== undefined && KmsKeyArn !== undefined) {
    throw invalidValue('ParentSnapshotId and KmsKeyArn cannot be specified together')
  }
  if (ParentSnapshotId !== undefined && Encrypted !== undefined) {
    throw invalidValue('ParentSnapshotId and Encrypt cannot be specified together')
  }
  if (Encrypted === false && KmsKeyArn !== undefined) {
    throw invalidValue('Encrypt cannot be false when KmsKeyArn is specified')
  }
}

function parentOf(input: StartSnapshotCommandInput, { id, snapshot }: StartSubject): SnapshotRecord | undefined {
  if (input.ParentSnapshotId === undefined) return undefined
  if (!snapshot) throw snapshotNotFound(id)
  // Not recorded: both texts.
  if (snapshot.state !== 'completed') throw invalidSnapshot(`The snapshot '${id}' is not in the completed state`)
  if (input.VolumeSize !== undefined && input.VolumeSize < snapshot.volumeSize) {
    throw invalidValue('The volume size cannot be smaller than that of the parent snapshot')
  }
  return snapshot
}

/** A key of the snapshot's own (facts: captures 5.3: GenerateDataKey, 64 bytes). */
async function freshKey(
  call: StartCall,
  id: string,
  { Encrypted, KmsKeyArn }: StartSnapshotCommandInput,
): Promise<NewKey> {
  const request = { Encrypted: KmsKeyArn === undefined ? Encrypted : true, KmsKeyId: KmsKeyArn }
  const choice = keyFor(request, undefined, call, false)
  if (!choice.encrypted) return { sealed: undefined, secret: masterKey(call), managed: false }
  const { Plaintext, CiphertextBlob, KeyId } = await ask(call, 'GenerateDataKey', () =>
    call.keys.generate({ KeyId: choice.keyId, NumberOfBytes: 64, EncryptionContext: { 'aws:ebs:id': id } }),
  )
  if (!Plaintext || !CiphertextBlob || KeyId === undefined) throw new Error('KMS gave no data key')
  return {
    sealed: { keyArn: KeyId, ciphertext: Buffer.from(CiphertextBlob).toString('base64'), context: id },
    secret: takeOver(Plaintext),
    managed: choice.keyId === EBS_MANAGED_KEY,
  }
}

/** A child goes on with its parent's data key, sealed for itself (facts: captures 5.3). */
async function keyOfChild(call: StartCall, id: string, parent: SnapshotRecord): Promise<NewKey> {
  const { dataKey } = parent
  if (!dataKey) return { sealed: undefined, secret: masterKey(call), managed: false }
  const { CiphertextBlob, KeyId } = await ask(call, 'ReEncrypt', () =>
    call.keys.reEncrypt({
      CiphertextBlob: Buffer.from(dataKey.ciphertext, 'base64'),
      SourceKeyId: dataKey.keyArn,
      SourceEncryptionContext: { 'aws:ebs:id': dataKey.context },
      DestinationKeyId: dataKey.keyArn,
      DestinationEncryptionContext: { 'aws:ebs:id': id },
    }),
  )
  if (!CiphertextBlob || KeyId === undefined) throw new Error('KMS gave no ciphertext')
  const sealed = { keyArn: KeyId, ciphertext: Buffer.from(CiphertextBlob).toString('base64'), context: id }
  return { sealed, secret: await decrypt(call, sealed), managed: parent.defaultKey === true }
}

function publish(
  input: StartSnapshotCommandInput,
  call: StartCall,
  { tags }: StartSubject,
  id: string,
  { sealed, managed }: NewKey,
  parent: SnapshotRecord | undefined,
): SnapshotRecord {
  // While KMS was asked, the parent may have gone, or somebody else have come with the same token.
  if (parent && ownSnapshot(call, parent.id)?.content !== parent.content) throw snapshotNotFound(parent.id)
  if (repeated(input, call)) throw tokenConflict()
  const timeout = input.Timeout ?? USUAL_TIMEOUT
  const snapshot: SnapshotRecord = {
    id,
    account: call.account,
    region: call.region,
    volumeId: 'vol-ffffffff',
    volumeSize: input.VolumeSize ?? 0,
    state: 'pending',
    progress: '0%',
    startTime: call.time,
    description: input.Description ?? '',
    encrypted: sealed !== undefined,
    content: createContent(call, parent?.content),
    direct: { timeout, ...(parent && { parent: parent.id }) },
    ...(sealed && { kmsKeyId: sealed.keyArn, dataKey: sealed }),
    ...(managed && { defaultKey: true as const }),
  }
  call.state.snapshots.in().put(snapshotPath(call.region, id), snapshot)
  putTags(call, id, 'snapshot', tags)
  keepToken(call, input.ClientToken, fingerprint(input), id)
  later(giveUp, snapshotPath(call.region, id), { path: snapshotPath(call.region, id) }, call, timeout * GIVEN_UP_AFTER)
  return snapshot
}

const fingerprint = ({
  VolumeSize,
  ParentSnapshotId,
  Tags,
  Description,
  Encrypted,
  KmsKeyArn,
  Timeout,
}: StartSnapshotCommandInput) =>
  JSON.stringify([VolumeSize, ParentSnapshotId, Tags, Description, Encrypted, KmsKeyArn, Timeout])

/** What the same request began before. Throws ConflictException when it was not the same. */
function repeated(input: StartSnapshotCommandInput, call: Ec2Call): SnapshotRecord | undefined {
  const record = keptFor(call, input.ClientToken)
  if (!record) return undefined
  const snapshot = ownSnapshot(call, record.resourceId)
  if (!snapshot || record.fingerprint !== fingerprint(input)) throw tokenConflict()
  return snapshot
}

function described(snapshot: SnapshotRecord, call: Ec2Call) {
  const tags = tagList(tagsFor(call, snapshot.id))
  return {
    SnapshotId: snapshot.id,
    OwnerId: snapshot.account,
    Status: snapshot.state === 'completed' || snapshot.state === 'error' ? snapshot.state : ('pending' as const),
    StartTime: new Date(snapshot.startTime),
    VolumeSize: snapshot.volumeSize,
    BlockSize: BLOCK_SIZE,
    SseType: snapshot.encrypted ? ('sse-kms' as const) : ('sse-ebs' as const),
    ...(snapshot.description !== '' && { Description: snapshot.description }),
    ...(tags.length > 0 && { Tags: tags }),
    ...(snapshot.direct?.parent !== undefined && { ParentSnapshotId: snapshot.direct.parent }),
    ...(snapshot.kmsKeyId !== undefined && { KmsKeyArn: snapshot.kmsKeyId }),
  }
}

export const startRows = [startSnapshot]
