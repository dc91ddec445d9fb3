import type { Ec2Call, SettingsRecord } from './state.ts'

const ID = 'settings'
const NONE: SettingsRecord = Object.freeze({})

/** What the caller's account has chosen for the call's Region. */
export const settingsOf = ({ state, account, region }: Ec2Call): SettingsRecord =>
  (account === '' ? undefined : state.settings.in(account, region).get(ID)) ?? NONE

/** Changes it. */
export function changeSettings(call: Ec2Call, change: Partial<SettingsRecord>): void {
  call.env.store.transaction(() => {
    call.state.settings.in(call.account, call.region).put(ID, { ...settingsOf(call), ...change })
  })
}
