import type { Ec2Call, SettingsRecord } from './state.ts'

const ID = 'settings'
const NONE: SettingsRecord = Object.freeze({})

/** What the caller's account has chosen for the call's Region. */
export const settingsOf = (call: Ec2Call): SettingsRecord => settingsFor(call, call.account, call.region)

/** What any account has chosen for a Region. */
export const settingsFor = ({ state }: Pick<Ec2Call, 'state'>, account: string, region: string): SettingsRecord =>
  (account === '' ? undefined : state.settings.in(account, region).get(ID)) ?? NONE

/** Changes it. */
export function changeSettings(call: Ec2Call, change: Partial<SettingsRecord>): void {
  call.env.store.transaction(() => {
    call.state.settings.in(call.account, call.region).put(ID, { ...settingsOf(call), ...change })
  })
}
