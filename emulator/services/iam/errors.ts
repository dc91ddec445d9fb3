import { AwsError } from '../../lib/awsError.ts'

// Codes and statuses of AWS's model; texts are given where they are used, each once.

export const noSuchEntity = (text: string): AwsError => new AwsError('NoSuchEntity', 404, text)
export const alreadyExists = (text: string): AwsError => new AwsError('EntityAlreadyExists', 409, text)
export const deleteConflict = (text: string): AwsError => new AwsError('DeleteConflict', 409, text)
export const limitExceeded = (text: string): AwsError => new AwsError('LimitExceeded', 409, text)
export const invalidInput = (text: string): AwsError => new AwsError('InvalidInput', 400, text)
export const validationError = (text: string): AwsError => new AwsError('ValidationError', 400, text)
export const malformedPolicy = (text: string): AwsError => new AwsError('MalformedPolicyDocument', 400, text)

/** A quota of AWS's, by its own name: `Cannot exceed quota for AccessKeysPerUser: 2`. */
export const overQuota = (quota: string, limit: number): AwsError =>
  limitExceeded(`Cannot exceed quota for ${quota}: ${String(limit)}`)
