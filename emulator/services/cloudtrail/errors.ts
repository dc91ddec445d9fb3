import { AwsError } from '../../lib/awsError.ts'
import { UNSOURCED } from './unsourced.ts'

/** Every exception of CloudTrail's model is a client's fault with status 400. */
export const refusal = (code: string, text: string): AwsError => new AwsError(code, 400, text)

export const invalidName = (text: string): AwsError => refusal('InvalidTrailNameException', text)
export const invalidArn = (arn: string): AwsError => refusal('CloudTrailARNInvalidException', UNSOURCED.arnInvalid(arn))

/** Quoted in public threads (aws-sdk-go-v2 issue 1957, s3tk issue 18). */
export const unknownTrail = (arn: string, account: string): AwsError =>
  refusal('TrailNotFoundException', `Unknown trail: ${arn} for the user: ${account}`)

export const trailExists = (name: string, account: string): AwsError =>
  refusal('TrailAlreadyExistsException', `Trail ${name} already exists for customer: ${account}`)

/** Quoted in linz/geostore issue 1450. */
export const tooManyTrails = (account: string, region: string, most: number): AwsError =>
  refusal('MaximumNumberOfTrailsExceededException', `User: ${account} already has ${most} trails in ${region}.`)

export const wrongHome = (name: string, region: string): AwsError =>
  refusal('InvalidHomeRegionException', UNSOURCED.homeRegion(name, region))

/** Quoted in hashicorp/terraform issue 4723. */
export const needsGlobalEvents = (): AwsError =>
  refusal('InvalidParameterCombinationException', 'Multi-Region trail must include global service events.')

export const noBucket = (bucket: string): AwsError =>
  refusal('S3BucketDoesNotExistException', `S3 bucket ${bucket} does not exist!`)

/** Quoted in boto3 issue 1766, aws-cdk issue 11602. */
export const bucketPolicy = (bucket: string): AwsError =>
  refusal('InsufficientS3BucketPolicyException', `Incorrect S3 bucket policy is detected for bucket: ${bucket}`)

/** facts: integrations section 2, denials row 15. */
export const keyPolicy = (bucket: string, key: string): AwsError =>
  refusal(
    'InsufficientEncryptionPolicyException',
    `Insufficient permissions to access S3 bucket ${bucket} or KMS key ${key}.`,
  )

export const keyNotFound = (key: string): AwsError => refusal('KmsKeyNotFoundException', UNSOURCED.keyNotFound(key))

/** What KMS itself says of a key that is there and cannot be used (facts: captures-ebs-s3 7.11). */
export const keyUnusable = (text: string): AwsError => refusal('KmsException', text)

export const invalidSelectors = (text: string): AwsError => refusal('InvalidEventSelectorsException', text)

/** Quoted in aws-samples/aws-security-reference-architecture-examples issue 335. */
export const invalidDataValue = (value: string): AwsError =>
  invalidSelectors(`Value ${value} for DataResources.Values is invalid.`)

/** Honest: AWS does it, this emulator does not. */
export const notEmulated = (what: string): AwsError =>
  new AwsError('NotImplemented', 501, `twokey does not emulate ${what}`)
