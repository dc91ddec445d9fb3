import { readRows } from './operations/read.ts'
import { startRows } from './operations/start.ts'
import { writeRows } from './operations/write.ts'
import { ebs } from './service.ts'

export const ebsService = ebs.with(startRows, writeRows, readRows)
