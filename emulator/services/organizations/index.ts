import type { ServiceDefinition } from '../../operation/define.ts'
import { accountRows } from './operations/accounts.ts'
import { attachmentRows } from './operations/attachments.ts'
import { handshakeRows } from './operations/handshakes.ts'
import { hierarchyRows } from './operations/hierarchy.ts'
import { organizationRows } from './operations/organization.ts'
import { policyRows } from './operations/policies.ts'
import { taggingRows } from './operations/tagging.ts'
import { unitRows } from './operations/units.ts'
import { organizations } from './service.ts'

export const organizationsService: ServiceDefinition = organizations.with(
  organizationRows,
  unitRows,
  accountRows,
  hierarchyRows,
  handshakeRows,
  policyRows,
  attachmentRows,
  taggingRows,
)
