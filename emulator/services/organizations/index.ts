import type { ServiceDefinition } from '../../operation/define.ts'
import { organizations } from './service.ts'

export const organizationsService: ServiceDefinition = organizations.with([])
