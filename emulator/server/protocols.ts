import { awsJson } from '../wire/awsJson.ts'
import { awsQuery } from '../wire/awsQuery.ts'
import type { Protocol } from '../wire/protocol.ts'
import { restXml } from '../wire/restXml.ts'

/** The protocols by name; those of later services join here. */
export const PROTOCOLS: Readonly<Record<'awsJson' | 'awsQuery' | 'ec2Query' | 'restJson' | 'restXml', Protocol>> = {
  awsJson,
  awsQuery,
  restXml,
  // No service speaks these yet.
  ec2Query: awsQuery,
  restJson: awsJson,
}
