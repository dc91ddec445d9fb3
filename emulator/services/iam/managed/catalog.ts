import { createHash } from 'node:crypto'
import type { ManagedPolicyRecord } from '../state.ts'
import { AWS_POLICIES, type AwsPolicy } from './documents.ts'

/** AWS's own managed policies, by ARN, in the order of their names. Every account sees them; nobody can change them. */
const catalog: ReadonlyMap<string, ManagedPolicyRecord> = new Map(
  AWS_POLICIES.map(recordOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((record) => [record.arn, record]),
)

/** The record of an AWS managed policy, or undefined when this emulator does not know it. */
export const awsManagedPolicy = (arn: string): ManagedPolicyRecord | undefined => catalog.get(arn)

export const awsManagedPolicies = (): Iterable<ManagedPolicyRecord> => catalog.values()

export const isAwsManaged = (arn: string): boolean => arn.startsWith('arn:aws:iam::aws:')

function recordOf(policy: AwsPolicy): ManagedPolicyRecord {
  const path = policy.path ?? '/'
  const text = JSON.stringify({ Version: '2012-10-17', Statement: policy.statements })
  const updatedAt = Date.parse(policy.updatedAt)
  return {
    name: policy.name,
    path,
    id: policy.id ?? derivedId(policy.name),
    arn: `arn:aws:iam::aws:policy${path}${policy.name}`,
    createdAt: Date.parse(policy.createdAt),
    updatedAt,
    description: policy.description,
    defaultVersion: policy.version,
    // Older versions of AWS's policies are not kept here.
    versions: [{ id: policy.version, text, createdAt: updatedAt }],
    nextVersion: Number(policy.version.slice(1)) + 1,
    tags: {},
  }
}

/** A stable id for policies whose real one is not known here. */
function derivedId(name: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bytes = createHash('sha256').update(name).digest().subarray(0, 17)
  return `ANPA${Array.from(bytes, (byte) => letters[byte & 31] ?? '').join('')}`
}
