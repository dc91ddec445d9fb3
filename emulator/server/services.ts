import type { ServiceDefinition } from '../operation/define.ts'
import { cloudtrailService } from '../services/cloudtrail/index.ts'
import { ebsService } from '../services/ec2/direct/index.ts'
import { ec2Service } from '../services/ec2/index.ts'
import { iamService } from '../services/iam/index.ts'
import { kmsService } from '../services/kms/index.ts'
import { organizationsService } from '../services/organizations/index.ts'
import { s3Service } from '../services/s3/index.ts'
import { stsService } from '../services/sts/index.ts'

/** The services of this emulator. A new one joins here. */
export const SERVICES: readonly ServiceDefinition[] = [
  kmsService,
  s3Service,
  iamService,
  stsService,
  organizationsService,
  ec2Service,
  ebsService,
  cloudtrailService,
]
