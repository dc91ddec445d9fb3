/** The role in which the hosts of EC2's instances act: every account has it, and it is none of the account's roles (facts: B4). */
export const INFRASTRUCTURE_ROLE = 'aws:ec2-infrastructure'

/** Who an instance's host is: a session of that role, named after the instance. */
export interface Infrastructure {
  readonly account: string
  readonly instanceId: string
}

/** `arn:aws:sts::<account>:assumed-role/aws:ec2-infrastructure/<instance id>` */
export const infrastructureArn = ({ account, instanceId }: Infrastructure): string =>
  `arn:aws:sts::${account}:assumed-role/${INFRASTRUCTURE_ROLE}/${instanceId}`

/** `<account>:aws:ec2-infrastructure:<instance id>`: the principal id that CloudTrail shows. */
export const infrastructureId = ({ account, instanceId }: Infrastructure): string =>
  `${account}:${INFRASTRUCTURE_ROLE}:${instanceId}`

const ARN = /^arn:aws:sts::(\d{12}):assumed-role\/aws:ec2-infrastructure\/(i-[0-9a-f]{8,17})$/
const ID = /^(\d{12}):aws:ec2-infrastructure:(i-[0-9a-f]{8,17})$/

/** Whom such an ARN or id names; undefined for any other. */
export function readInfrastructure(text: string): Infrastructure | undefined {
  const [, account, instanceId] = ARN.exec(text) ?? ID.exec(text) ?? []
  return account === undefined || instanceId === undefined ? undefined : { account, instanceId }
}
