/*
 * What AWS says in these cases has not been recorded by anybody we know of; the codes are AWS's own, of its model. The sentences about
 * names and buckets in errors.ts are quoted in public threads; these are not.
 */
export const UNSOURCED = {
  adjacent: 'Trail name cannot have adjacent periods, underscores, or dashes.',
  ipAddress: 'Trail name cannot be formatted as an IP address.',
  bucketBlank: 'Bucket name cannot be blank!',
  prefixTooLong: 'S3 prefix is longer than maximum length of 200 characters.',
  arnInvalid: (arn: string) => `Trail ARN ${arn} is not valid.`,
  homeRegion: (name: string, region: string) => `Trail ${name} can only be changed in its home Region: ${region}.`,
  otherRegion: (name: string, region: string) =>
    `A trail named ${name} applies to all Regions already; its home Region is ${region}.`,
  keyNotFound: (key: string) => `KMS key ${key} does not exist, or it is not in the Region of the S3 bucket.`,
  noSelectors: 'At least one event selector must be specified.',
  tooManySelectors: 'A trail can have at most 5 event selectors.',
  tooManyValues: 'A trail can have at most 250 data resources across its event selectors.',
  nothingSelected: 'An event selector must include management events or data resources.',
  readWriteType: (value: string) => `ReadWriteType ${value} is not valid. Specify All, ReadOnly, or WriteOnly.`,
  dataType: (value: string) => `Type ${value} for DataResources is not valid.`,
  excludedSource: (value: string) => `Event source ${value} cannot be excluded.`,
  maxResults: 'MaxResults must be between 1 and 50.',
  oneAttribute: 'You can specify only one lookup attribute.',
  attributeKey: (key: string) => `${key} is not a valid lookup attribute.`,
  attributeValue: 'A lookup attribute must have a value of 1 to 2000 characters.',
  timeRange: 'The start time must not be after the end time.',
  nextToken: 'The token is not valid, or the parameters of the request have changed.',
  eventCategory: (value: string) => `Event category ${value} is not valid.`,
  pageToken: 'The token is not valid.',
  tagMissing: 'A tag must have a key of 1 to 128 characters.',
  tagValue: 'The value of a tag can have at most 256 characters.',
  tagDuplicate: (key: string) => `The tag key ${key} is specified more than once.`,
  tagReserved: 'Tag keys must not begin with aws:.',
  tagsTooMany: 'A trail can have at most 50 tags.',
  tagResource: (arn: string) => `${arn} is not a resource that CloudTrail tags.`,
} as const
