import { awsJson } from '../wire/awsJson.ts'
import { awsQuery } from '../wire/awsQuery.ts'
import { ec2Query } from '../wire/ec2Query.ts'
import type { Protocol } from '../wire/protocol.ts'
import { restJson } from '../wire/restJson.ts'
import { restXml } from '../wire/restXml.ts'

/** The protocols by name; those of later services join here. */
export const PROTOCOLS: Readonly<Record<'awsJson' | 'awsQuery' | 'ec2Query' | 'restJson' | 'restXml', Protocol>> = {
  awsJson,
  awsQuery,
  ec2Query,
  restJson,
  restXml,
}
