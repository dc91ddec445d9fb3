import { randomBytes } from 'node:crypto'
import type { AccessKeyMetadata } from '@aws-sdk/client-iam'
import { rootArn } from '../../../lib/arn.ts'
import { invalidInput, noSuchEntity, overQuota } from '../errors.ts'
import { identityById } from '../directory.ts'
import { existing, given, iamResource, wholeSecond, type IamCall, type Named } from '../names.ts'
import { listPage } from '../pages.ts'
import { camel } from '../recorded.ts'
import { iam } from '../service.ts'
import type { AccessKeyRecord, UserRecord } from '../state.ts'
import { userOrCaller, userResource } from './users.ts'

type Owner = Named<UserRecord> | 'root'

const KEYS_PER_USER = 2

/** Whose keys: the user's unique id and name, or the account id and no name for the root user. */
const ownerOf = (owner: Owner, call: IamCall): { readonly id: string; readonly name: string | undefined } => {
  if (owner === 'root') return { id: call.account, name: undefined }
  const user = existing(owner)
  return { id: user.id, name: user.name }
}

const statusOf = (key: AccessKeyRecord) => (key.active ? 'Active' : 'Inactive')

/** 40 characters. Not from `ids`: those can be seeded, a secret must not be guessed. */
const newSecret = () => randomBytes(30).toString('base64')

const createAccessKey = iam.row('CreateAccessKey', {
  action: 'iam:CreateAccessKey',
  subject: (input, call) => userOrCaller(input.UserName, call),
  resource: (_input, call, owner) => userResource(owner, call),
  run: (_input, call, subject) =>
    call.env.store.transaction(() => {
      const owner = ownerOf(subject, call)
      const keys = call.state.accessKeys.in()
      if (keys.count('user', owner.id) >= KEYS_PER_USER) throw overQuota('AccessKeysPerUser', KEYS_PER_USER)
      const AccessKeyId = `AKIA${call.env.ids.base32(16)}`
      const key: AccessKeyRecord = {
        account: call.account,
        userId: owner.id,
        secret: newSecret(),
        active: true,
        createdAt: wholeSecond(call.time),
      }
      keys.put(AccessKeyId, key)
      return {
        AccessKey: {
          UserName: owner.name,
          AccessKeyId,
          Status: statusOf(key),
          SecretAccessKey: key.secret,
          CreateDate: new Date(key.createdAt),
        },
      }
    }),
  // A secret is nothing for the trail.
  audit: (input, output) => ({
    requestParameters: camel(input),
    responseElements: output ? camel({ AccessKey: { ...output.AccessKey, SecretAccessKey: undefined } }) : null,
  }),
})

const listAccessKeys = iam.row('ListAccessKeys', {
  action: 'iam:ListAccessKeys',
  readOnly: true,
  subject: (input, call) => userOrCaller(input.UserName, call),
  resource: (_input, call, owner) => userResource(owner, call),
  run(input, call, subject) {
    const owner = ownerOf(subject, call)
    const keys = [...call.state.accessKeys.in().find('user', owner.id)]
    const { items, ...more } = listPage(keys, input, ([id]) => id)
    return {
      AccessKeyMetadata: items.map(([AccessKeyId, key]): AccessKeyMetadata => ({
        UserName: owner.name,
        AccessKeyId,
        Status: statusOf(key),
        CreateDate: new Date(key.createdAt),
      })),
      ...more,
    }
  },
})

/** The key, if it is the owner's. */
function ownKey(AccessKeyId: string | undefined, subject: Owner, call: IamCall): AccessKeyRecord {
  const owner = ownerOf(subject, call)
  const key = call.state.accessKeys.in().get(given(AccessKeyId))
  if (key?.userId !== owner.id) throw noSuchEntity(`The Access Key with id ${given(AccessKeyId)} cannot be found.`)
  return key
}

const updateAccessKey = iam.row('UpdateAccessKey', {
  action: 'iam:UpdateAccessKey',
  subject: (input, call) => userOrCaller(input.UserName, call),
  resource: (_input, call, owner) => userResource(owner, call),
  run(input, call, owner) {
    call.env.store.transaction(() => {
      // The model knows `Expired` as well; only AWS sets it (captures 12.4).
      if (input.Status === 'Expired') throw invalidInput('Status Expired is not valid for this operation.')
      const key = ownKey(input.AccessKeyId, owner, call)
      call.state.accessKeys.in().put(given(input.AccessKeyId), { ...key, active: input.Status === 'Active' })
    })
    return {}
  },
})

const deleteAccessKey = iam.row('DeleteAccessKey', {
  action: 'iam:DeleteAccessKey',
  subject: (input, call) => userOrCaller(input.UserName, call),
  resource: (_input, call, owner) => userResource(owner, call),
  run(input, call, owner) {
    call.env.store.transaction(() => {
      ownKey(input.AccessKeyId, owner, call)
      call.state.accessKeys.in().delete(given(input.AccessKeyId))
      call.state.lastUsed.delete(given(input.AccessKeyId))
    })
    return {}
  },
})

const getAccessKeyLastUsed = iam.row('GetAccessKeyLastUsed', {
  action: 'iam:GetAccessKeyLastUsed',
  readOnly: true,
  subject(input, call) {
    const key = call.state.accessKeys.in().get(given(input.AccessKeyId))
    if (key?.account !== call.account) return undefined
    return { key, user: identityById(call.state, key.userId)?.record }
  },
  // Checked against the user who owns the key (captures 9.3).
  resource: (_input, call, found) =>
    found ? iamResource(found.user?.arn ?? rootArn(call.account), call, found.user?.tags) : { arn: '*', guard: 'none' },
  run(input, call, found) {
    const id = given(input.AccessKeyId)
    if (!found) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`)
    const use = call.state.lastUsed.get(id)
    return {
      UserName: found.user?.name,
      AccessKeyLastUsed: {
        // A key that was never used has no date, and `N/A` for the rest (AWS: GetAccessKeyLastUsed).
        LastUsedDate: use && new Date(wholeSecond(use.at)),
        ServiceName: use?.service ?? 'N/A',
        Region: use?.region ?? 'N/A',
      },
    }
  },
})

export const accessKeyRows = [createAccessKey, listAccessKeys, updateAccessKey, deleteAccessKey, getAccessKeyLastUsed]
