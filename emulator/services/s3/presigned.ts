import { headerName, headerValue } from './post/form.ts'

/**
 * Headers that S3 takes from the query of a presigned URL, where signers put them whose URLs are to be used without any headers: the
 * canned ACL (boto/boto3 issue 3335) and metadata (aws/aws-sdk-js-v3 issue 4694). Others it does not see there: tags
 * (aws/aws-sdk-go-v2 pull request 1017), encryption (aws/aws-sdk-js-v3 pull request 1701, aws/aws-sdk-go pull request 4949), checksums
 * (aws/aws-sdk issue 480; facts: captures 7.10). Of storage classes, grants and redirects nothing is recorded: not seen either.
 */
const isTaken = (name: string) => name === 'x-amz-acl' || name.startsWith('x-amz-meta-')

/** They by lower-case name; undefined when there are none. Throws InvalidArgument for what no header can say. */
export function queryHeaders(query: string): Record<string, string> | undefined {
  if (!/(?:^|&)x-amz-(?:acl|meta-)/i.test(query)) return undefined
  const headers: Record<string, string> = {}
  for (const [given, value] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    const name = given.toLowerCase()
    if (isTaken(name)) headers[headerName(name)] ??= headerValue(name, value)
  }
  return headers
}
