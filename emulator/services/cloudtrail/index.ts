import type { ServiceDefinition } from '../../operation/define.ts'
import { describeRows } from './operations/describe.ts'
import { loggingRows } from './operations/logging.ts'
import { lookupRows } from './operations/lookupEvents.ts'
import { publicKeyRows } from './operations/publicKeys.ts'
import { selectorRows } from './operations/selectors.ts'
import { taggingRows } from './operations/tagging.ts'
import { trailRows } from './operations/trails.ts'
import { cloudtrail } from './service.ts'

export const cloudtrailService: ServiceDefinition = cloudtrail.with(
  lookupRows,
  trailRows,
  describeRows,
  loggingRows,
  selectorRows,
  taggingRows,
  publicKeyRows,
)
