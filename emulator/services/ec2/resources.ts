import type { ContextValue } from '../../access/types.ts'
import { parseArn } from '../../lib/arn.ts'
import type { Resource } from '../../operation/define.ts'
import { snapshotArn, volumeArn } from './arns.ts'
import type { Ec2Call, SnapshotRecord, VolumeRecord } from './state.ts'
import { resourceTagKeys, tagsFor } from './tags.ts'
import { zonesOf } from './zones.ts'

type Keys = Record<string, ContextValue | undefined>

/*
 * Resources as policies see them (facts: captures 2.5; Service Authorization Reference, "Amazon EC2"). EC2's have no policies of their
 * own: the caller's decide, also about what another account shares.
 */

/**
 * One of EC2's resources. Besides what it says of itself, its ARN is taken apart into condition keys, which no policy asks for and
 * which decoded authorization messages show (facts: captures 2.5).
 * @param account its owner's, which the ARN of a snapshot does not name
 */
export const resourceOf = (arn: string, account: string, keys: () => Keys): Resource => ({
  arn,
  account,
  guard: 'none',
  context: () => ({ ...keys(), ...arnKeys(arn, account) }),
})

function arnKeys(arn: string, account: string): Keys {
  const { region, resource } = parseArn(arn) ?? { region: '', resource: '' }
  return {
    'aws:Resource': resource,
    'aws:Account': account,
    'aws:Region': region,
    'aws:Service': 'ec2',
    'aws:Type': resource.slice(0, resource.indexOf('/')),
    'aws:ARN': arn,
  }
}

/** An existing volume. */
export const volumeResource = (volume: VolumeRecord, call: Ec2Call): Resource =>
  resourceOf(volumeArn(volume.region, volume.account, volume.id), volume.account, () => ({
    ...volumeKeys(volume, call.region),
    ...resourceTagKeys(tagsFor(call, volume.id)),
  }))

/** A volume that may not exist: what AWS authorizes for ids that it has not looked up yet. */
export const anyVolume = (call: Ec2Call, id = '*'): Resource =>
  resourceOf(volumeArn(call.region, call.account, id), call.account, () => ({
    'ec2:Region': call.region,
    'ec2:VolumeID': id,
  }))

/** What there is to ask about a volume, existing or to be. */
export function volumeKeys(
  volume: Pick<
    VolumeRecord,
    'zone' | 'encrypted' | 'type' | 'size' | 'iops' | 'throughput' | 'snapshotId' | 'kmsKeyId'
  > & {
    readonly id?: string
  },
  region: string,
): Keys {
  return {
    'ec2:Region': region,
    'ec2:AvailabilityZone': volume.zone,
    'ec2:AvailabilityZoneId': zonesOf(region).find(({ name }) => name === volume.zone)?.id,
    'ec2:Encrypted': String(volume.encrypted),
    'ec2:VolumeType': volume.type,
    'ec2:VolumeSize': String(volume.size),
    'ec2:VolumeIops': volume.iops === undefined ? undefined : String(volume.iops),
    'ec2:VolumeThroughput': volume.throughput === undefined ? undefined : String(volume.throughput),
    'ec2:VolumeID': volume.id ?? '*',
    'ec2:ParentSnapshot': volume.snapshotId === '' ? undefined : snapshotArn(region, volume.snapshotId),
    'ec2:KmsKeyId': volume.kmsKeyId,
  }
}

/** An existing snapshot, the caller's or one shared with it: the tags are the caller's own (facts: captures 2.5). */
export const snapshotResource = (snapshot: SnapshotRecord, call: Ec2Call): Resource =>
  resourceOf(snapshotArn(snapshot.region, snapshot.id), snapshot.account, () => ({
    'ec2:Region': snapshot.region,
    'ec2:SnapshotID': snapshot.id,
    'ec2:ParentVolume': volumeArn(snapshot.region, snapshot.account, snapshot.volumeId),
    'ec2:Encrypted': String(snapshot.encrypted),
    'ec2:VolumeSize': String(snapshot.volumeSize),
    'ec2:Owner': snapshot.account,
    'ec2:SnapshotTime': new Date(snapshot.startTime).toISOString(),
    ...resourceTagKeys(tagsFor(call, snapshot.id)),
  }))

/** A snapshot that may not exist, or is still to be (`*`). */
export const anySnapshot = (call: Ec2Call, id = '*'): Resource =>
  resourceOf(snapshotArn(call.region, id), call.account, () => ({ 'ec2:Region': call.region, 'ec2:SnapshotID': id }))

/** The Describe operations are about nothing in particular. */
export const inRegion = (_input: unknown, call: Ec2Call): Keys => ({ 'ec2:Region': call.region })
