import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { defineTask, later } from '../background.ts'
import { ATTACH, openOnHost } from '../keys/infrastructure.ts'
import { retire, RETIRE } from '../keys/service.ts'
import type { Ec2Call, HeldGrant, InstanceRecord, VolumeRecord } from '../state.ts'
import { dropTags } from '../tags.ts'
import { keysOf, MAKES, type VolumeKeys } from '../volumes/create.ts'
import { putVolume, volumeOf } from '../volumes/find.ts'
import { beginRemoval } from '../volumes/remove.ts'
import { attachmentTo, instanceOf, putInstance, volumesOf, withAttachment } from './find.ts'
import { failureOf } from './states.ts'

const STARTS = { ...MAKES, ...ATTACH } as const

type StartCall = Ec2Call<Keys<typeof STARTS>>

/** How long a terminated instance is still shown (EC2 User Guide: about an hour). */
const SHOWN = 3_600_000

interface Start {
  readonly instanceId: string
  /** The volumes that are made for it; undefined when it starts again with those it has. */
  readonly makes?: readonly VolumeKeys[] | undefined
}

/**
 * Brings an instance up: makes its volumes, and has its host decrypt the data key of each encrypted one. Where KMS refuses anything, a
 * new instance ends up terminated and another stopped again (facts: B7).
 */
export const startInstance = defineTask({
  kind: 'startInstance',
  keyUse: STARTS,
  async run(wanted: Start, call: StartCall) {
    const { instanceId } = wanted
    if (instanceOf(call, instanceId)?.state !== 'pending') return
    const held: HeldGrant[] = []
    let ready: Ready[] = []
    try {
      ready = await readyVolumes(wanted, held, call)
    } catch (error) {
      for (const grant of held) await retire(grant, call)
      if (error instanceof AwsError) failToStart(wanted, error, call)
      throw error
    }
    const kept = call.env.store.transaction(() => {
      const instance = instanceOf(call, instanceId)
      if (instance?.state !== 'pending') return false
      for (const { volumeId, made, grant } of ready) {
        const volume = volumeOf(call, volumeId)
        if (!volume) continue
        putVolume(call, withAttachment({ ...volume, ...made }, instanceId, { state: 'attached', grant }))
      }
      putInstance(call, { ...instance, state: 'running', stateReason: undefined, transitionReason: undefined })
      return true
    })
    // Terminated while KMS was asked.
    if (!kept) for (const grant of held) await retire(grant, call)
  },
})

interface Ready {
  readonly volumeId: string
  readonly made: Partial<VolumeRecord>
  readonly grant: HeldGrant | undefined
}

/** What becomes of the instance's volumes; every grant is in `held` as soon as it is made. */
async function readyVolumes({ instanceId, makes }: Start, held: HeldGrant[], call: StartCall): Promise<Ready[]> {
  const ready: Ready[] = []
  for (const { volume, attachment } of volumesOf(call, instanceId)) {
    if (attachment.state === 'detaching') continue
    const make = makes?.find(({ volumeId }) => volumeId === volume.id)
    const made = make?.keyId === undefined ? {} : await keysOf(make, make.keyId, call)
    if (made.grant) held.push(made.grant)
    const dataKey = made.dataKey ?? volume.dataKey
    const grant = dataKey && (await openOnHost(dataKey, instanceId, call))
    if (grant) held.push(grant)
    ready.push({ volumeId: volume.id, made, grant })
  }
  return ready
}

function failToStart({ instanceId, makes }: Start, error: AwsError, call: Ec2Call): void {
  call.env.store.transaction(() => {
    const instance = instanceOf(call, instanceId)
    if (instance?.state !== 'pending') return
    if (makes) endInstance({ ...instance, ...failureOf(error) }, call)
    else putInstance(call, { ...instance, ...failureOf(error), state: 'stopped' })
  })
}

/** Terminated: its volumes go, or become free. Gives the grants that the host does not need any more. Within a transaction. */
function endInstance(instance: InstanceRecord, call: Ec2Call): HeldGrant[] {
  const { id } = instance
  const grants = volumesOf(call, id).flatMap(({ volume, attachment }) => {
    const free = withAttachment(volume, id, undefined)
    // One that was still being made is of no use to anybody.
    const goes = attachment.deleteOnTermination || volume.state === 'creating'
    if (goes && free.state === 'available') beginRemoval(free, call)
    else putVolume(call, free)
    return attachment.grant ?? []
  })
  putInstance(call, { ...instance, state: 'terminated' })
  later(forgetInstance, id, { instanceId: id }, call, SHOWN)
  return grants
}

const forgetInstance = defineTask({
  kind: 'forgetInstance',
  keyUse: {},
  run({ instanceId }: { readonly instanceId: string }, call) {
    call.env.store.transaction(() => {
      if (instanceOf(call, instanceId)?.state !== 'terminated') return
      call.state.instances.in(call.account, call.region).delete(instanceId)
      dropTags(call, call.account, instanceId)
    })
  },
})

/** Stopping is over: the host gives up the keys, the volumes stay (facts: B4, "Lifetimes"). */
export const stopInstance = defineTask({
  kind: 'stopInstance',
  keyUse: RETIRE,
  async run({ instanceId }: { readonly instanceId: string }, call) {
    const grants = call.env.store.transaction(() => {
      const instance = instanceOf(call, instanceId)
      if (instance?.state !== 'stopping') return []
      putInstance(call, { ...instance, state: 'stopped' })
      return volumesOf(call, instanceId).flatMap(({ volume, attachment: { grant } }) => {
        if (!grant) return []
        putVolume(call, withAttachment(volume, instanceId, { grant: undefined }))
        return [grant]
      })
    })
    for (const grant of grants) await retire(grant, call)
  },
})

export const terminateInstance = defineTask({
  kind: 'terminateInstance',
  keyUse: RETIRE,
  async run({ instanceId }: { readonly instanceId: string }, call) {
    const grants = call.env.store.transaction(() => {
      const instance = instanceOf(call, instanceId)
      return instance?.state === 'shutting-down' ? endInstance(instance, call) : []
    })
    for (const grant of grants) await retire(grant, call)
  },
})

interface Place {
  readonly volumeId: string
  readonly instanceId: string
}

/** Attaches a volume; where KMS refuses, it is available again (facts: B7). */
export const attachVolume = defineTask({
  kind: 'attachVolume',
  keyUse: ATTACH,
  async run({ volumeId, instanceId }: Place, call: Ec2Call<Keys<typeof ATTACH>>) {
    const attaching = () => {
      const volume = volumeOf(call, volumeId)
      return volume && attachmentTo(volume, instanceId)?.state === 'attaching' ? volume : undefined
    }
    const { dataKey } = attaching() ?? {}
    // A stopped instance has no host: the key is asked for when it starts.
    const isUp = ['pending', 'running'].includes(instanceOf(call, instanceId)?.state ?? '')
    let grant: HeldGrant | undefined
    try {
      grant = dataKey && isUp ? await openOnHost(dataKey, instanceId, call) : undefined
    } catch (error) {
      if (error instanceof AwsError) settle(undefined)
      throw error
    }
    if (!settle({ state: 'attached', grant }) && grant) await retire(grant, call)

    function settle(change: Parameters<typeof withAttachment>[2]): boolean {
      return call.env.store.transaction(() => {
        const volume = attaching()
        if (volume) putVolume(call, withAttachment(volume, instanceId, change))
        return volume !== undefined
      })
    }
  },
})

export const detachVolume = defineTask({
  kind: 'detachVolume',
  keyUse: RETIRE,
  async run({ volumeId, instanceId }: Place, call) {
    const grant = call.env.store.transaction(() => {
      const volume = volumeOf(call, volumeId)
      const attachment = volume && attachmentTo(volume, instanceId)
      if (!volume || attachment?.state !== 'detaching') return undefined
      putVolume(call, withAttachment(volume, instanceId, undefined))
      return attachment.grant
    })
    if (grant) await retire(grant, call)
  },
})
