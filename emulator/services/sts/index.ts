import type { ServiceDefinition } from '../../operation/define.ts'
import { assumeRoleRows } from './operations/assumeRole.ts'
import { callerIdentityRows } from './operations/callerIdentity.ts'
import { sts } from './service.ts'

export const stsService: ServiceDefinition = sts.with(assumeRoleRows, callerIdentityRows)
