import type { AnyRow } from '../../operation/define.ts'
import { accessKeyRows } from './operations/accessKeys.ts'
import { accountRows } from './operations/account.ts'
import { attachmentRows } from './operations/attachments.ts'
import { authorizationDetailRows } from './operations/authorizationDetails.ts'
import { boundaryRows } from './operations/boundaries.ts'
import { contextKeyRows } from './operations/contextKeys.ts'
import { groupRows } from './operations/groups.ts'
import { inlinePolicyRows } from './operations/inlinePolicies.ts'
import { instanceProfileRows } from './operations/instanceProfiles.ts'
import { managedPolicyRows } from './operations/managedPolicies.ts'
import { oidcProviderRows } from './operations/oidcProviders.ts'
import { policyEntityRows } from './operations/policyEntities.ts'
import { roleRows } from './operations/roles.ts'
import { serviceLinkedRoleRows } from './operations/serviceLinkedRoles.ts'
import { simulationRows } from './operations/simulation.ts'
import { tagRows } from './operations/tagging.ts'
import { userRows } from './operations/users.ts'
import { recorded } from './recorded.ts'
import { iam } from './service.ts'

const rows: readonly (readonly AnyRow[])[] = [
  userRows,
  accessKeyRows,
  groupRows,
  roleRows,
  inlinePolicyRows,
  managedPolicyRows,
  policyEntityRows,
  attachmentRows,
  boundaryRows,
  tagRows,
  instanceProfileRows,
  oidcProviderRows,
  accountRows,
  authorizationDetailRows,
  serviceLinkedRoleRows,
  simulationRows,
  contextKeyRows,
]

export const iamService = iam.with(...rows.map((family) => family.map(recorded)))
