import { AwsError } from '../../lib/awsError.ts'

/** EC2's refusals, each in its own words (facts: B6, captures 1.1, 1.2). Nearly all are 400. */
export const refused = (code: string, text: string): AwsError => new AwsError(code, 400, text)

export const invalidValue = (text: string): AwsError => refused('InvalidParameterValue', text)
export const invalidCombination = (text: string): AwsError => refused('InvalidParameterCombination', text)
export const missingParameter = (text: string): AwsError => refused('MissingParameter', text)

/** `The request must contain the parameter size/snapshot` */
export const mustContain = (parameter: string): AwsError =>
  missingParameter(`The request must contain the parameter ${parameter}`)

export const incorrectState = (text: string): AwsError => refused('IncorrectState', text)

export const noSuchVolume = (id: string): AwsError =>
  refused('InvalidVolume.NotFound', `The volume '${id}' does not exist.`)

export const noSuchSnapshot = (id: string): AwsError =>
  refused('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`)

export const internalError = (): AwsError => new AwsError('InternalError', 500, 'An internal error has occurred')

/** Honest: AWS does it, this emulator does not. */
export const notEmulated = (what: string): AwsError =>
  new AwsError('NotImplemented', 501, `twokey does not emulate ${what}`)

export const noSuchInstance = (id: string): AwsError =>
  refused('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`)

export const noSuchImage = (id: string): AwsError =>
  refused('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`)
