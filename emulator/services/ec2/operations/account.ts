import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue } from '../errors.ts'
import { ec2 } from '../service.ts'

/** What every account has; there are no networks here, so no default one. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  'supported-platforms': ['VPC'],
  'vpc-max-security-groups-per-interface': ['5'],
  'max-elastic-ips': ['5'],
  'max-instances': ['20'],
  'vpc-max-elastic-ips': ['5'],
  'default-vpc': ['none'],
}

const describeAccountAttributes = ec2.row('DescribeAccountAttributes', {
  action: 'ec2:DescribeAccountAttributes',
  readOnly: true,
  run(input) {
    endDryRun(input)
    const names: readonly string[] = input.AttributeNames ?? []
    for (const name of names) {
      if (!Object.hasOwn(ATTRIBUTES, name)) {
        throw invalidValue(`Value (${name}) for parameter attributeName is invalid. Unknown attribute.`)
      }
    }
    return {
      AccountAttributes: Object.entries(ATTRIBUTES)
        .filter(([name]) => names.length === 0 || names.includes(name))
        .map(([AttributeName, values]) => ({
          AttributeName,
          AttributeValues: values.map((AttributeValue) => ({ AttributeValue })),
        })),
    }
  },
  audit: readAudit,
})

export const accountRows = [describeAccountAttributes]
