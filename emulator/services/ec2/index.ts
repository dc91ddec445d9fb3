import { regionRows } from './operations/regions.ts'
import { ec2 } from './service.ts'

export const ec2Service = ec2.with(regionRows)
