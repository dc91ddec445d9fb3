import type { CustomKeyStoresListEntry } from '@aws-sdk/client-kms'
import type { KeyStoreRecord, ProxyConfiguration } from './state.ts'

/** A key store as DescribeCustomKeyStores lists it, in the order of AWS's model. Never a secret. */
export function entryOf(store: KeyStoreRecord): CustomKeyStoresListEntry {
  const { connection } = store
  const hsm = store.type === 'AWS_CLOUDHSM' ? store : undefined
  return {
    CustomKeyStoreId: store.id,
    CustomKeyStoreName: store.name,
    CloudHsmClusterId: hsm?.clusterId,
    TrustAnchorCertificate: hsm?.trustAnchor,
    ConnectionState: connection.state,
    ConnectionErrorCode: connection.state === 'FAILED' ? connection.error : undefined,
    CreationDate: new Date(store.createdAt),
    CustomKeyStoreType: store.type,
    XksProxyConfiguration: store.type === 'EXTERNAL_KEY_STORE' ? proxyEntry(store.proxy) : undefined,
  }
}

const proxyEntry = ({ connectivity, accessKeyId, endpoint, path, vpcService }: ProxyConfiguration) => ({
  Connectivity: connectivity,
  AccessKeyId: accessKeyId,
  UriEndpoint: endpoint,
  UriPath: path,
  VpcEndpointServiceName: vpcService?.name,
  VpcEndpointServiceOwner: vpcService?.owner,
})
