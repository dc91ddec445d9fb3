import type { ConstraintTable } from '../../operation/constraints.ts'

export const constraints: ConstraintTable = { operations: {} }
