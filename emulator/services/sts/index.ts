import type { ServiceDefinition } from '../../operation/define.ts'
import { assumeRoleRows } from './operations/assumeRole.ts'
import { webIdentityRows } from './operations/assumeRoleWithWebIdentity.ts'
import { authorizationMessageRows } from './operations/authorizationMessages.ts'
import { callerIdentityRows } from './operations/callerIdentity.ts'
import { userSessionRows } from './operations/userSessions.ts'
import { sts } from './service.ts'

export const stsService: ServiceDefinition = sts.with(
  assumeRoleRows,
  webIdentityRows,
  userSessionRows,
  callerIdentityRows,
  authorizationMessageRows,
)
