import { invalidValue, noSuchImage, refused } from '../errors.ts'
import { formOf, IMAGE_ID } from '../ids.ts'
import { imagePath, type Ec2Call, type ImageRecord } from '../state.ts'
import { builtinImage } from './builtin.ts'

/** An image of a Region that the caller's account may see: its own, shared with it, or public. */
export function visibleImage(call: Ec2Call, id: string, region = call.region): ImageRecord | undefined {
  const image = call.state.images.in().get(imagePath(region, id)) ?? builtinImage(region, id)
  return image && mayLaunch(image, call) ? image : undefined
}

export const mayLaunch = ({ account, sharedWith, isPublic }: ImageRecord, call: Ec2Call): boolean =>
  account === call.account || isPublic === true || (sharedWith?.includes(call.account) ?? false)

/** An image id in a request. Throws InvalidAMIID.Malformed (seen widely, e.g. terraform-provider-aws issue 4594). */
export function requireImageId(id: string | undefined): string {
  if (id === undefined) throw refused('MissingParameter', 'The request must contain the parameter ImageId')
  if (formOf('ami', id) === 'ok') return id
  const expected = id.startsWith('ami-') ? '' : ' (expecting "ami-...")'
  throw refused(IMAGE_ID.malformed, `Invalid id: "${id}"${expected}`)
}

/** An image that the caller sees. Throws InvalidAMIID.Malformed, InvalidAMIID.NotFound. */
export function requireVisibleImage(call: Ec2Call, id: string | undefined): ImageRecord {
  const image = visibleImage(call, requireImageId(id))
  if (!image) throw noSuchImage(id ?? '')
  return image
}

/** An image of the caller's own. Throws InvalidAMIID.NotFound, AuthFailure for somebody else's. */
export function requireOwnImage(call: Ec2Call, id: string | undefined): ImageRecord {
  const image = requireVisibleImage(call, id)
  if (image.account !== call.account) throw refused('AuthFailure', `Not authorized for image:${image.id}`)
  return image
}

/** Throws InvalidAMIName.Malformed, InvalidAMIName.Duplicate. Within the transaction that makes the image. */
export function requireFreeName(call: Ec2Call, name: string): void {
  if (!/^[\w()[\] ./'@-]{3,128}$/.test(name)) {
    throw refused(
      'InvalidAMIName.Malformed',
      `AMI names must be between 3 and 128 characters long, and may contain letters, numbers, and only the following characters: ( ) [ ] . / - ' @ _ and spaces`,
    )
  }
  for (const [, { id }] of call.state.images.in().find('name', `${call.account}/${call.region}/${name}`)) {
    throw refused('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${id}`)
  }
}

/** Stores a changed image. Within a transaction. */
export function putImage(call: Pick<Ec2Call, 'state'>, image: ImageRecord): void {
  call.state.images.in().put(imagePath(image.region, image.id), image)
}

/** Throws for a text that is no architecture. */
export function requireArchitecture(name: string | undefined): string {
  const given = name ?? 'i386'
  if (['i386', 'x86_64', 'arm64', 'x86_64_mac', 'arm64_mac'].includes(given)) return given
  throw invalidValue(`Value (${given}) for parameter architecture is invalid.`)
}
