import type { CreateCustomKeyStoreRequest, UpdateCustomKeyStoreRequest } from '@aws-sdk/client-kms'
import { keyStoreMembers } from '../unsourced.ts'
import type { KeyStoreRecord, ProxyConfiguration } from './state.ts'

/** Members that only one type of key store has. */
const MEMBERS = {
  AWS_CLOUDHSM: ['CloudHsmClusterId', 'KeyStorePassword', 'TrustAnchorCertificate'],
  EXTERNAL_KEY_STORE: [
    'XksProxyUriEndpoint',
    'XksProxyUriPath',
    'XksProxyAuthenticationCredential',
    'XksProxyConnectivity',
    'XksProxyVpcEndpointServiceName',
    'XksProxyVpcEndpointServiceOwner',
  ],
} as const

type Type = keyof typeof MEMBERS
type Input = Partial<CreateCustomKeyStoreRequest & UpdateCustomKeyStoreRequest>

/** Throws when a request has members of the other type of key store. */
export function refuseForeignMembers(input: Input, type: Type): void {
  for (const member of MEMBERS[type === 'AWS_CLOUDHSM' ? 'EXTERNAL_KEY_STORE' : 'AWS_CLOUDHSM']) {
    if (input[member] !== undefined) throw keyStoreMembers(type, 'does not allow', member)
  }
}

/** A member that a type of key store cannot do without. */
export function needed<T>(value: T | undefined, type: Type, member: string): T {
  if (value === undefined) throw keyStoreMembers(type, 'requires', member)
  return value
}

/** How a new external key store's proxy is reached. */
export function newProxy(input: CreateCustomKeyStoreRequest, account: string): ProxyConfiguration {
  const need = <T>(value: T | undefined, member: string) => needed(value, 'EXTERNAL_KEY_STORE', member)
  const credential = need(input.XksProxyAuthenticationCredential, 'XksProxyAuthenticationCredential')
  return completeProxy({
    connectivity: need(input.XksProxyConnectivity, 'XksProxyConnectivity'),
    endpoint: need(input.XksProxyUriEndpoint, 'XksProxyUriEndpoint'),
    path: need(input.XksProxyUriPath, 'XksProxyUriPath'),
    accessKeyId: credential.AccessKeyId ?? '',
    serviceName: input.XksProxyVpcEndpointServiceName,
    serviceOwner: input.XksProxyVpcEndpointServiceOwner ?? account,
  })
}

/** A proxy's configuration with what an update changes. */
export function changedProxy(input: UpdateCustomKeyStoreRequest, proxy: ProxyConfiguration): ProxyConfiguration {
  const connectivity = input.XksProxyConnectivity ?? proxy.connectivity
  const leavesVpc = connectivity === 'PUBLIC_ENDPOINT' && input.XksProxyConnectivity !== undefined
  return completeProxy({
    connectivity,
    endpoint: input.XksProxyUriEndpoint ?? proxy.endpoint,
    path: input.XksProxyUriPath ?? proxy.path,
    accessKeyId: input.XksProxyAuthenticationCredential?.AccessKeyId ?? proxy.accessKeyId,
    serviceName: input.XksProxyVpcEndpointServiceName ?? (leavesVpc ? undefined : proxy.vpcService?.name),
    serviceOwner: input.XksProxyVpcEndpointServiceOwner ?? proxy.vpcService?.owner ?? '',
  })
}

/** A VPC endpoint service goes with that connectivity, and with no other. */
function completeProxy(
  chosen: Omit<ProxyConfiguration, 'vpcService'> & {
    readonly serviceName: string | undefined
    readonly serviceOwner: string
  },
): ProxyConfiguration {
  const { serviceName, serviceOwner, ...proxy } = chosen
  const member = 'XksProxyVpcEndpointServiceName'
  if (proxy.connectivity === 'VPC_ENDPOINT_SERVICE') {
    const name = needed(serviceName, 'EXTERNAL_KEY_STORE', member)
    return { ...proxy, vpcService: { name, owner: serviceOwner } }
  }
  if (serviceName !== undefined) throw keyStoreMembers('EXTERNAL_KEY_STORE', 'does not allow', member)
  return proxy
}

/** What an update may change only while the key store is disconnected: all but names, URI paths and proxy credentials. */
export function needsDisconnection(input: UpdateCustomKeyStoreRequest, store: KeyStoreRecord): boolean {
  if (store.type === 'AWS_CLOUDHSM')
    return input.CloudHsmClusterId !== undefined || input.KeyStorePassword !== undefined
  return MEMBERS.EXTERNAL_KEY_STORE.some(
    (member) =>
      member !== 'XksProxyUriPath' && member !== 'XksProxyAuthenticationCredential' && input[member] !== undefined,
  )
}
