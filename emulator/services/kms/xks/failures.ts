import type { ConnectionErrorCodeType } from '@aws-sdk/client-kms'
import { AwsError } from '../../../lib/awsError.ts'

/** What can go wrong between KMS and an external key store proxy. */
export type XksFault =
  | 'unreachable'
  | 'tls'
  | 'timedOut'
  | 'malformed'
  | 'unhealthy'
  | 'validation'
  | 'invalidState'
  | 'invalidCiphertext'
  | 'returnedInvalidCiphertext'
  | 'invalidKeyUsage'
  | 'authenticationFailed'
  | 'accessDenied'
  | 'keyNotFound'
  | 'invalidUriPath'
  | 'throttled'
  | 'unsupported'
  | 'dependencyTimeout'
  | 'internal'

/** A request to a proxy that did not succeed; each operation of KMS words it its own way. */
export class XksFailure extends Error {
  readonly fault: XksFault

  constructor(fault: XksFault) {
    super(fault)
    this.fault = fault
  }
}

interface FaultFacts {
  /** AWS's message. */
  readonly text: string
  /** The exception of CreateCustomKeyStore and UpdateCustomKeyStore. */
  readonly management: string
  /** Of CreateKey, where it is not CustomKeyStoreInvalidStateException. */
  readonly createKey?: string
  /** Why a connection failed. */
  readonly connection: ConnectionErrorCodeType
}

const UNREADABLE =
  'AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report it to your external key store proxy administrator.'

/*
 * Texts and exceptions as the KMS Developer Guide has them (Troubleshooting external key stores); what it leaves out follows the table of
 * the proxy API specification (Error codes). Where only the specification gives a text, it is older than the guide. Which connection
 * error code belongs to a fault is documented for credentials, access, path, TLS, reachability and time; the others are those whose
 * description fits best.
 */
const FAULTS: Readonly<Record<XksFault, FaultFacts>> = {
  unreachable: {
    text: 'AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue. If you see this error repeatedly, verify that your external key store proxy is active and is connected to the network, and that its endpoint URI is correct in your external key store.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_NOT_REACHABLE',
  },
  tls: {
    text: 'AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, including its certificate.',
    // The guide lists the text under this exception, the older specification under XksProxyUriUnreachableException.
    management: 'XksProxyInvalidConfigurationException',
    connection: 'XKS_PROXY_INVALID_TLS_CONFIGURATION',
  },
  timedOut: {
    text: 'AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_TIMED_OUT',
  },
  malformed: {
    text: UNREADABLE,
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  unhealthy: {
    text: 'The external key store proxy is in an unhealthy state. If you see this message repeatedly, notify your external key store proxy administrator.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_NOT_REACHABLE',
  },
  validation: {
    text: UNREADABLE,
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  invalidState: {
    text: 'The external key store proxy rejected the request because the external key is not enabled in the external key manager.',
    management: 'XksProxyInvalidResponseException',
    createKey: 'XksKeyInvalidConfigurationException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  invalidCiphertext: {
    text: 'The external key store proxy rejected the request because the specified ciphertext or additional authenticated data is corrupted, missing, or otherwise invalid.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  returnedInvalidCiphertext: {
    text: 'The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is corrupted, missing, or otherwise invalid.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  invalidKeyUsage: {
    text: 'The external key store proxy rejected the request because the external key does not support the requested operation.',
    management: 'XksProxyInvalidResponseException',
    createKey: 'XksKeyInvalidConfigurationException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  authenticationFailed: {
    text: 'The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the credentials for your external key store and update if necessary.',
    management: 'XksProxyIncorrectAuthenticationCredentialException',
    connection: 'INVALID_CREDENTIALS',
  },
  accessDenied: {
    text: 'The external key store proxy denied access to the operation. Verify that the user and the external key are both authorized for this operation, and try the request again.',
    management: 'XksProxyInvalidConfigurationException',
    connection: 'XKS_PROXY_ACCESS_DENIED',
  },
  keyNotFound: {
    text: 'The external key store proxy rejected the request because it could not find the external key.',
    management: 'XksProxyInvalidResponseException',
    createKey: 'XksKeyNotFoundException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  invalidUriPath: {
    text: 'The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your external key store and update if necessary.',
    management: 'XksProxyInvalidConfigurationException',
    connection: 'XKS_PROXY_INVALID_CONFIGURATION',
  },
  throttled: {
    text: 'The external key store proxy rejected the request due to a very high request rate. Reduce the frequency of your calls using KMS keys in this external key store.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_NOT_REACHABLE',
  },
  unsupported: {
    text: 'The external key store proxy rejected the request because it does not support the requested cryptographic operation.',
    management: 'UnsupportedOperationException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
  dependencyTimeout: {
    text: 'The external key store proxy did not respond to the request in the time allotted. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_TIMED_OUT',
  },
  internal: {
    text: 'The external key store proxy rejected the request because it cannot communicate with the external key manager. Verify that the external key store proxy configuration is correct and that the external key manager is available.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
  },
}

/** What the proxy calls its refusals (proxy API specification, Error codes). */
export const PROXY_ERRORS: Readonly<Record<string, XksFault>> = {
  ValidationException: 'validation',
  InvalidStateException: 'invalidState',
  InvalidCiphertextException: 'invalidCiphertext',
  InvalidKeyUsageException: 'invalidKeyUsage',
  AuthenticationFailedException: 'authenticationFailed',
  AccessDeniedException: 'accessDenied',
  KeyNotFoundException: 'keyNotFound',
  InvalidUriPathException: 'invalidUriPath',
  ThrottlingException: 'throttled',
  UnsupportedOperationException: 'unsupported',
  DependencyTimeoutException: 'dependencyTimeout',
  InternalException: 'internal',
}

/** A status request failed while a key store was made or changed. */
export const managementFailure = ({ fault }: XksFailure) =>
  new AwsError(FAULTS[fault].management, 400, FAULTS[fault].text)

/** Looking at the external key failed while a KMS key was made. */
export const createKeyFailure = ({ fault }: XksFailure) =>
  new AwsError(FAULTS[fault].createKey ?? 'CustomKeyStoreInvalidStateException', 400, FAULTS[fault].text)

/** Every failure of a cryptographic operation is this one exception; the text tells which. */
export const useFailure = ({ fault }: XksFailure) => new AwsError('KMSInvalidStateException', 400, FAULTS[fault].text)

export const connectionError = ({ fault }: XksFailure): ConnectionErrorCodeType => FAULTS[fault].connection

/** The result of a request to a proxy, its failure worded by `wording`; anything else that is thrown passes. */
export async function worded<T>(request: Promise<T>, wording: (failure: XksFailure) => AwsError): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw error instanceof XksFailure ? wording(error) : error
  }
}
