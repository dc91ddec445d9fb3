import {
  AcceptHandshakeCommand,
  AttachPolicyCommand,
  CreateOrganizationCommand,
  CreateOrganizationalUnitCommand,
  CreatePolicyCommand,
  EnablePolicyTypeCommand,
  InviteAccountToOrganizationCommand,
  ListRootsCommand,
  MoveAccountCommand,
  OrganizationsClient,
  type PolicyType,
} from '@aws-sdk/client-organizations'
import type { Layer } from '../../../emulator/access/types.ts'
import { ACCOUNT, rootOf, startEmulator, type Credentials, type TestEmulator } from '../../support/emulator.ts'

export { OTHER_ACCOUNT as MEMBER, ACCOUNT as MANAGEMENT, rootOf, type Credentials } from '../../support/emulator.ts'
export const OUTSIDER = '333333333333'

export const document = (...statements: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })

/** A service control policy that forbids. */
export const forbid = (Action: string | string[], more: object = {}): string =>
  document({ Effect: 'Deny', Action, Resource: '*', ...more })

/** A resource control policy that forbids everybody. */
export const forbidAll = (Action: string | string[], more: object = {}): string =>
  document({ Effect: 'Deny', Principal: '*', Action, Resource: '*', ...more })

/** What a refusal was: status, code and text in one line, so that a test asserts all of it. */
export async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
  } catch (error) {
    if (!(error instanceof Error) || !('$metadata' in error)) throw error
    const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: number }
    return `${String(httpStatusCode)} ${error.name}: ${error.message}`
  }
  return 'allowed'
}

/** The reason code of a refusal. */
export async function reason(answer: Promise<unknown>): Promise<string | undefined> {
  try {
    await answer
    return undefined
  } catch (error) {
    return (error as { readonly Reason?: string }).Reason
  }
}

export const NO_PERMISSION = "400 AccessDeniedException: You don't have permissions to access this resource."
export const NOT_IN_USE = '400 AWSOrganizationsNotInUseException: Your account is not a member of an organization.'

/** An emulator with an organization of MANAGEMENT. */
export class OrganizationWorld {
  readonly test: TestEmulator
  rootId = ''

  constructor(test: TestEmulator) {
    this.test = test
  }

  static async start(): Promise<OrganizationWorld> {
    return new OrganizationWorld(await startEmulator())
  }

  /** Empties everything and founds the organization anew. */
  async found(): Promise<void> {
    this.test.emulator.reset()
    await this.as().send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }))
    const { Roots } = await this.as().send(new ListRootsCommand({}))
    this.rootId = Roots?.[0]?.Id ?? ''
  }

  as(account: string | Credentials = ACCOUNT): OrganizationsClient {
    const credentials = typeof account === 'string' ? rootOf(account) : account
    return this.test.client(OrganizationsClient, { credentials })
  }

  async join(account: string): Promise<void> {
    const { Handshake } = await this.as().send(
      new InviteAccountToOrganizationCommand({ Target: { Id: account, Type: 'ACCOUNT' } }),
    )
    await this.as(account).send(new AcceptHandshakeCommand({ HandshakeId: Handshake?.Id }))
  }

  async enable(PolicyType: PolicyType): Promise<void> {
    await this.as().send(new EnablePolicyTypeCommand({ RootId: this.rootId, PolicyType }))
  }

  async unit(Name: string, ParentId = this.rootId): Promise<string> {
    const made = await this.as().send(new CreateOrganizationalUnitCommand({ Name, ParentId }))
    return made.OrganizationalUnit?.Id ?? ''
  }

  async move(AccountId: string, DestinationParentId: string, SourceParentId = this.rootId): Promise<void> {
    await this.as().send(new MoveAccountCommand({ AccountId, SourceParentId, DestinationParentId }))
  }

  async policy(Name: string, Content: string, Type: PolicyType = 'SERVICE_CONTROL_POLICY'): Promise<string> {
    const made = await this.as().send(new CreatePolicyCommand({ Name, Content, Type, Description: Name }))
    return made.Policy?.PolicySummary?.Id ?? ''
  }

  async attach(PolicyId: string, TargetId: string): Promise<void> {
    await this.as().send(new AttachPolicyCommand({ PolicyId, TargetId }))
  }

  /** The layer that refused the latest denied request. */
  denyingLayer(): Layer | undefined {
    const [latest] = this.test.emulator.decisions.list({ limit: 1, deniedOnly: true })
    return latest && this.test.emulator.decisions.refusal(latest.requestId)?.layer
  }
}
