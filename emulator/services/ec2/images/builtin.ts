import type { ImageRecord } from '../state.ts'

/**
 * Images that every account may launch in every Region without anybody having made them, so that an instance needs no preparation. The ids
 * are those of AWS's own examples. Their root device is a blank volume: nothing here boots.
 */
const BUILTIN: Readonly<Record<string, Pick<ImageRecord, 'name' | 'description' | 'architecture'>>> = {
  'ami-0abcdef1234567890': {
    name: 'al2023-ami-2023.0.20230301.0-kernel-6.1-x86_64',
    description: 'Amazon Linux 2023, as far as the emulator knows',
    architecture: 'x86_64',
  },
  'ami-0fedcba9876543210': {
    name: 'al2023-ami-2023.0.20230301.0-kernel-6.1-arm64',
    description: 'Amazon Linux 2023 for Arm, as far as the emulator knows',
    architecture: 'arm64',
  },
}

/** The account that Amazon's own images belong to. */
export const AMAZON = '137112412989'

export function builtinImage(region: string, id: string): ImageRecord | undefined {
  const facts = Object.hasOwn(BUILTIN, id) ? BUILTIN[id] : undefined
  return (
    facts && {
      ...facts,
      id,
      account: AMAZON,
      region,
      state: 'available',
      createdAt: Date.UTC(2023, 2, 1),
      rootDevice: '/dev/xvda',
      devices: [{ device: '/dev/xvda', size: 8, type: 'gp3', deleteOnTermination: true }],
      isPublic: true,
      enaSupport: true,
    }
  )
}

export const builtinIds: readonly string[] = Object.keys(BUILTIN)
