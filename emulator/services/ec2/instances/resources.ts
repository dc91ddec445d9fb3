import type { Resource } from '../../../operation/define.ts'
import { ec2Arn, imageArn } from '../arns.ts'
import { resourceOf } from '../resources.ts'
import { builtinImage } from '../images/builtin.ts'
import type { Ec2Call, ImageRecord, InstanceRecord } from '../state.ts'
import { resourceTagKeys, tagsFor } from '../tags.ts'

const instanceArn = (call: Ec2Call, id: string) => ec2Arn(call.region, call.account, 'instance', id)

/** What there is to ask about an instance, existing or to be. */
export const instanceKeys = (
  instance: Pick<InstanceRecord, 'zone' | 'type' | 'ebsOptimized' | 'profile'> & { readonly id?: string },
  region: string,
) => ({
  'ec2:Region': region,
  'ec2:InstanceID': instance.id ?? '*',
  'ec2:InstanceType': instance.type,
  'ec2:AvailabilityZone': instance.zone,
  'ec2:EbsOptimized': String(instance.ebsOptimized ?? false),
  'ec2:InstanceProfile': instance.profile,
  'ec2:RootDeviceType': 'ebs',
  'ec2:Tenancy': 'default',
})

/** An existing instance. */
export const instanceResource = (instance: InstanceRecord, call: Ec2Call): Resource =>
  resourceOf(instanceArn(call, instance.id), instance.account, () => ({
    ...instanceKeys(instance, call.region),
    ...resourceTagKeys(tagsFor(call, instance.id)),
  }))

/** An instance that may not exist. */
export const anyInstance = (call: Ec2Call, id = '*'): Resource =>
  resourceOf(instanceArn(call, id), call.account, () => ({ 'ec2:Region': call.region, 'ec2:InstanceID': id }))

/** An existing image, the caller's or one it may use: the tags are the caller's own. */
export const imageResource = (image: ImageRecord, call: Ec2Call): Resource =>
  resourceOf(imageArn(image.region, image.id), image.account, () => ({
    'ec2:Region': image.region,
    'ec2:ImageID': image.id,
    'ec2:ImageType': 'machine',
    'ec2:Owner': builtinImage(image.region, image.id) ? 'amazon' : image.account,
    'ec2:Public': String(image.isPublic ?? false),
    'ec2:RootDeviceType': 'ebs',
    ...resourceTagKeys(tagsFor(call, image.id)),
  }))

/** An image that may not exist, or is still to be (`*`). */
export const anyImage = (call: Ec2Call, id = '*'): Resource =>
  resourceOf(imageArn(call.region, id), call.account, () => ({ 'ec2:Region': call.region, 'ec2:ImageID': id }))

/** Networks, groups and key pairs, which are not looked up. */
export const namedOnly = (call: Ec2Call, kind: string, id: string): Resource =>
  resourceOf(ec2Arn(call.region, call.account, kind, id), call.account, () => ({ 'ec2:Region': call.region }))
