import { AwsError } from '../lib/awsError.ts'

/** What S3 says to requests it cannot read (facts: s3-ebs A1). */

export const malformedXml = () =>
  new AwsError(
    'MalformedXML',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  )

/** A required body that is empty (S3 error responses: MissingRequestBodyError). */
export const missingBody = () => new AwsError('MissingRequestBodyError', 400, 'Request body is empty.')

/** A path that is not percent-encoded UTF-8 (S3 error responses: InvalidURI). */
export const invalidUri = (uri: string) =>
  new AwsError('InvalidURI', 400, "Couldn't parse the specified URI.", { fields: { URI: uri } })

export const invalidArgument = (name: string, value: string, text = 'Invalid Argument') =>
  new AwsError('InvalidArgument', 400, text, { fields: { ArgumentName: name, ArgumentValue: value } })

export const notAnInteger = (name: string, value: string) =>
  invalidArgument(name, value, `Provided ${name} not an integer or within integer range`)
