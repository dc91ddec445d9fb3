/** Whether every resource of a policy lies in this bucket: S3 refuses others (`Policy has invalid resource`). */
export function isAboutBucket(text: string, bucket: string): boolean {
  const { Statement } = JSON.parse(text) as { readonly Statement?: unknown }
  return listOf(Statement).every((statement) => {
    const { Resource, NotResource } = statement as { readonly Resource?: unknown; readonly NotResource?: unknown }
    return listOf(Resource ?? NotResource).every(
      (resource) => typeof resource === 'string' && isWithin(resource, bucket),
    )
  })
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value])

function isWithin(resource: string, bucket: string): boolean {
  const name = /^arn:aws[a-z-]*:s3:::([^/]*)/.exec(resource)?.[1]
  return name === bucket
}
