import type { OpenIDConnectProviderListEntry } from '@aws-sdk/client-iam'
import { parseArn } from '../../../lib/arn.ts'
import { alreadyExists, invalidInput, limitExceeded, noSuchEntity, validationError } from '../errors.ts'
import { ACCOUNT, given, iamResource, wholeSecond, type IamCall } from '../names.ts'
import { iam } from '../service.ts'
import type { OidcProviderRecord } from '../state.ts'
import { refuseEmpty, requestTagKeys, requestTags, tagPage, tagList, withTags, withoutTags } from '../tags.ts'
import { tagCheck } from './users.ts'

const MOST_CLIENT_IDS = 100
const MOST_THUMBPRINTS = 5

interface NamedProvider {
  readonly arn: string
  readonly record: OidcProviderRecord | undefined
}

function providerNamed(input: { readonly OpenIDConnectProviderArn: string | undefined }, call: IamCall): NamedProvider {
  const arn = given(input.OpenIDConnectProviderArn)
  const record = call.state.oidcProviders.in(call.account).get(urlIn(arn))
  return { arn, record: record?.arn === arn ? record : undefined }
}

const urlIn = (arn: string): string => parseArn(arn)?.resource.replace(/^oidc-provider\//, '') ?? ''

const resource = (_input: unknown, call: IamCall, { arn, record }: NamedProvider) =>
  iamResource(arn, call, record?.tags)

function existingProvider({ arn, record }: NamedProvider): OidcProviderRecord {
  if (!record) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`)
  return record
}

const putProvider = (provider: OidcProviderRecord, call: IamCall): void => {
  call.state.oidcProviders.in(call.account).put(provider.url, provider)
}

/** The issuer without its scheme, as the provider's ARN names it. */
function urlOf(input: { readonly Url: string | undefined }): string {
  const url = given(input.Url)
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw validationError('Invalid Open ID Connect Provider URL')
  }
  if (parsed.protocol !== 'https:' || parsed.search !== '' || parsed.hash !== '' || parsed.username !== '') {
    throw validationError('Invalid Open ID Connect Provider URL')
  }
  return url.slice('https://'.length).replace(/\/$/, '')
}

const arnOf = (url: string, call: IamCall): string => `arn:aws:iam::${call.account}:oidc-provider/${url}`

const createOpenIDConnectProvider = iam.row('CreateOpenIDConnectProvider', {
  action: 'iam:CreateOpenIDConnectProvider',
  resource: (input, call) => iamResource(arnOf(looseUrl(input), call), call),
  context: ({ Tags }) => requestTags(Tags),
  also: (input, call) =>
    tagCheck('iam:TagOpenIDConnectProvider', input.Tags, iamResource(arnOf(looseUrl(input), call), call)),
  run: (input, call) =>
    call.env.store.transaction(() => {
      const url = urlOf(input)
      const provider: OidcProviderRecord = {
        arn: arnOf(url, call),
        url,
        clientIds: checkedClientIds(input.ClientIDList ?? []),
        thumbprints: checkedThumbprints(input.ThumbprintList ?? []),
        createdAt: wholeSecond(call.time),
        tags: withTags({}, input.Tags, 'kept'),
      }
      if (call.state.oidcProviders.in(call.account).has(url)) {
        throw alreadyExists(`Provider with url https://${url} already exists.`)
      }
      putProvider(provider, call)
      return { OpenIDConnectProviderArn: provider.arn, Tags: tagList(provider.tags) }
    }),
})

/** For the check, which comes before the URL is looked at. */
const looseUrl = (input: { readonly Url: string | undefined }): string =>
  given(input.Url)
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '')

function checkedClientIds(ids: readonly string[]): string[] {
  const unique = [...new Set(ids)]
  if (unique.length > MOST_CLIENT_IDS) {
    throw limitExceeded(`Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${String(MOST_CLIENT_IDS)}`)
  }
  return unique
}

function checkedThumbprints(thumbprints: readonly string[]): string[] {
  if (thumbprints.length > MOST_THUMBPRINTS) throw invalidInput('Thumbprint list must contain fewer than 5 entries.')
  return thumbprints.map((thumbprint) => thumbprint.toLowerCase())
}

const getOpenIDConnectProvider = iam.row('GetOpenIDConnectProvider', {
  action: 'iam:GetOpenIDConnectProvider',
  readOnly: true,
  subject: providerNamed,
  resource,
  run(_input, _call, named) {
    const { url, clientIds, thumbprints, createdAt, tags } = existingProvider(named)
    return {
      Url: url,
      ClientIDList: [...clientIds],
      ThumbprintList: [...thumbprints],
      CreateDate: new Date(createdAt),
      Tags: tagList(tags),
    }
  },
})

const listOpenIDConnectProviders = iam.row('ListOpenIDConnectProviders', {
  action: 'iam:ListOpenIDConnectProviders',
  readOnly: true,
  resource: () => ACCOUNT,
  run(_input, call) {
    const providers = [...call.state.oidcProviders.in(call.account).entries()]
    return {
      OpenIDConnectProviderList: providers.map(([, { arn }]): OpenIDConnectProviderListEntry => ({ Arn: arn })),
    }
  },
})

/** Deleting what is not there succeeds (AWS: DeleteOpenIDConnectProvider). */
const deleteOpenIDConnectProvider = iam.row('DeleteOpenIDConnectProvider', {
  action: 'iam:DeleteOpenIDConnectProvider',
  subject: providerNamed,
  resource,
  run(_input, call, { record }) {
    if (record) {
      call.env.store.transaction(() => {
        call.state.oidcProviders.in(call.account).delete(record.url)
      })
    }
    return {}
  },
})

/** Adding what is there already succeeds (AWS: AddClientIDToOpenIDConnectProvider). */
const addClientId = iam.row('AddClientIDToOpenIDConnectProvider', {
  action: 'iam:AddClientIDToOpenIDConnectProvider',
  subject: providerNamed,
  resource,
  run(input, call, named) {
    call.env.store.transaction(() => {
      const provider = existingProvider(named)
      putProvider({ ...provider, clientIds: checkedClientIds([...provider.clientIds, given(input.ClientID)]) }, call)
    })
    return {}
  },
})

const removeClientId = iam.row('RemoveClientIDFromOpenIDConnectProvider', {
  action: 'iam:RemoveClientIDFromOpenIDConnectProvider',
  subject: providerNamed,
  resource,
  run(input, call, named) {
    call.env.store.transaction(() => {
      const provider = existingProvider(named)
      putProvider({ ...provider, clientIds: provider.clientIds.filter((id) => id !== input.ClientID) }, call)
    })
    return {}
  },
})

const updateThumbprint = iam.row('UpdateOpenIDConnectProviderThumbprint', {
  action: 'iam:UpdateOpenIDConnectProviderThumbprint',
  subject: providerNamed,
  resource,
  run(input, call, named) {
    call.env.store.transaction(() => {
      const thumbprints = checkedThumbprints(given(input.ThumbprintList))
      putProvider({ ...existingProvider(named), thumbprints }, call)
    })
    return {}
  },
})

const tagProvider = iam.row('TagOpenIDConnectProvider', {
  action: 'iam:TagOpenIDConnectProvider',
  subject: providerNamed,
  resource,
  context: ({ Tags }) => requestTags(Tags),
  run(input, call, named) {
    call.env.store.transaction(() => {
      refuseEmpty(input.Tags)
      const provider = existingProvider(named)
      putProvider({ ...provider, tags: withTags(provider.tags, input.Tags, 'kept') }, call)
    })
    return {}
  },
})

const untagProvider = iam.row('UntagOpenIDConnectProvider', {
  action: 'iam:UntagOpenIDConnectProvider',
  subject: providerNamed,
  resource,
  context: ({ TagKeys }) => requestTagKeys(TagKeys),
  run(input, call, named) {
    call.env.store.transaction(() => {
      refuseEmpty(given(input.TagKeys).map((Key) => ({ Key, Value: '' })))
      const provider = existingProvider(named)
      putProvider({ ...provider, tags: withoutTags(provider.tags, given(input.TagKeys), 'kept') }, call)
    })
    return {}
  },
})

const listProviderTags = iam.row('ListOpenIDConnectProviderTags', {
  action: 'iam:ListOpenIDConnectProviderTags',
  readOnly: true,
  subject: providerNamed,
  resource,
  run(input, _call, named) {
    const { items, ...more } = tagPage(existingProvider(named).tags, input)
    return { Tags: items, ...more }
  },
})

export const oidcProviderRows = [
  createOpenIDConnectProvider,
  getOpenIDConnectProvider,
  listOpenIDConnectProviders,
  deleteOpenIDConnectProvider,
  addClientId,
  removeClientId,
  updateThumbprint,
  tagProvider,
  untagProvider,
  listProviderTags,
]
