import type { AttestationFault } from '../../crypto/attestation/fault.ts'
import { AwsError } from '../../lib/awsError.ts'
import {
  conflict,
  incorrectKeyMaterial,
  invalidGrantToken,
  invalidState,
  keyStoreInvalidState,
  keyStoreMissing,
  limitExceeded,
  notFound,
  unsupported,
  validation,
} from './errors.ts'

/*
 * Words that nobody has recorded from AWS. Codes follow AWS's model and documentation; the sentences are ours, in AWS's manner.
 * Each names what is known (facts: Z). When a recording turns up, the text moves to where it is used.
 */

/** An ARN that names no KMS key or alias. Recorded is only the form for another Region: `Invalid arn us-west-2`. */
export const notAKeyArn = (text: string) => notFound(`Invalid arn ${text}`)

/** Known: KMSInvalidStateException (facts: B4 note 4). */
export const notPendingDeletion = (arn: string) => invalidState(`${arn} is not pending deletion.`)

/** Known: 7 to 30, ValidationException (facts: B14). */
export const pendingWindowOutOfRange = () => validation('PendingWindowInDays must be between 7 and 30')

/** Known: ConflictException while an automatic rotation is under way or due within 20 minutes (facts: B11). */
export const imminentRotation = (arn: string) =>
  conflict(`An automatic rotation of ${arn} is in progress or scheduled to begin within the next 20 minutes.`)

/** Known: UnsupportedOperationException is among UpdatePrimaryRegion's errors (facts: B1); the sentence is ReplicateKey's. */
export const notMultiRegion = (arn: string) => unsupported(`${arn} is not a multi-region primary key.`)

/** Known: `alias/aws/` is reserved; another emulator's tests against AWS saw this code without a text (facts: B9). */
export const reservedAlias = () => new AwsError('NotAuthorizedException', 400, '', { unmodelled: true })

/** Known: an alias moves only between keys of one kind and usage, ValidationException (facts: B9). */
export const aliasKindDiffers = (oldArn: string, newArn: string) =>
  validation(`Alias cannot be changed from key ${oldArn} to key ${newArn}: key type and key usage must be the same.`)

/** Known: LimitExceededException at 50 aliases per key (facts: B9). */
export const tooManyAliases = (arn: string) => limitExceeded(`Alias limit exceeded for key ${arn}`)

/** Known: LimitExceededException at 100,000 customer managed keys of an account in a Region (facts: G). */
export const tooManyKeys = () =>
  limitExceeded('The limit of customer managed KMS keys in this account and Region has been reached.')

/** Known: LimitExceededException at 50,000 grants per key (facts: E1). */
export const tooManyGrants = (arn: string) => limitExceeded(`Grant limit exceeded for key ${arn}`)

/** Known: LimitExceededException above 32 KiB (facts: C11). */
export const policyTooLong = () => limitExceeded('The policy document exceeds the maximum size of 32768 bytes.')

/** Known from another emulator only (facts: B15). */
export const noSuchPolicy = () => notFound('No such policy exists')

/** Known from other emulators only (facts: B6). */
export const oneOfSizeOrSpec = () => validation('Please specify either number of bytes or key spec.')

/** Known from another emulator only (facts: B8). */
export const bothKeySpecs = () =>
  validation(
    'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
  )

/** Known: SM2 is offered in China Regions only, ML-KEM everywhere else (facts: B5); the sentence from one public report of us-east-1. */
export const specNotOffered = (spec: string) => unsupported(`KeySpec ${spec} is not supported in this Region`)

/** Known: SM2 is offered in China Regions only (facts: B6). As for key specs. */
export const pairSpecNotOffered = (spec: string) => unsupported(`KeyPairSpec ${spec} is not supported in this Region`)

/** Known: the member may be missing only in a dry run with IGNORE_CIPHERTEXT (facts: B6). The sentence is the validator's. */
export const ciphertextMissing = () =>
  validation(
    "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
  )

/** Known: IGNORE_CIPHERTEXT belongs to dry runs (facts: B6). */
export const modifiersNeedDryRun = () => validation('DryRunModifiers can be specified only when DryRun is true.')

/** Recorded for asymmetric algorithms; assumed for IGNORE_CIPHERTEXT without a key. */
export const keyIdMissing = () => validation('KeyId must not be null')

/** Known: InvalidGrantTokenException (facts: B17). */
export const badGrantToken = () => invalidGrantToken('Invalid grant token')

/** Known: NotFoundException (facts: B17, E4). */
export const grantMissing = (id: string) => notFound(`Grant ID ${id} not found`)

/** Known: a token, or a key ARN with a grant id (facts: E4). */
export const grantNotNamed = () => validation('Specify either a grant token, or a key ARN and a grant ID.')

/** Known: one of the two (facts: E1). */
export const oneGrantee = () => validation('Specify exactly one of GranteePrincipal and GranteeServicePrincipal.')

/** Known: one of the two at most (AWS's API reference, CreateGrant). */
export const oneRetiring = () => validation('Specify only one of RetiringPrincipal and RetiringServicePrincipal.')

/** Known: at most one of the two members, and the service one is for callers that are services (AWS's API reference, ListGrants). */
export const oneGranteeFilter = () => validation('Specify only one of GranteePrincipal and GranteeServicePrincipal.')

/** Known: exactly one of the two members (AWS's API reference, ListRetirableGrants). */
export const oneRetiringFilter = () =>
  validation('Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.')

/** Known: "only usable by callers in a service principal" (AWS's API reference, ListGrants and ListRetirableGrants). */
export const filterForServices = (member: string) => validation(`${member} can be used by service principals only.`)

/** Known: the service form needs both (facts: E1). */
export const serviceGrantIncomplete = () =>
  validation('A grant to a service principal requires a source ARN constraint and a retiring principal.')

/** Known: at most one of the two (facts: E1). */
export const bothConstraints = () =>
  validation('Specify only one of EncryptionContextEquals and EncryptionContextSubset.')

/** Known: 1 to 8 pairs, values of at most 384 characters (facts: B1, E1). */
export const constraintTooLarge = () =>
  validation('A grant constraint can have up to 8 encryption context pairs, with values of up to 384 characters.')

/** Known: KMS verifies the document (AWS: "Cryptographic attestation support"); operations list no error of their own for a bad one. */
export const badAttestation = (because: AttestationFault) =>
  validation(`The attestation document in Recipient is not valid: it ${because}.`)

/** Known: both are needed, though the model requires neither (AWS's API reference, RecipientInfo). */
export const recipientIncomplete = () =>
  validation('Recipient must have both AttestationDocument and KeyEncryptionAlgorithm.')

/** Known: ExpiredImportTokenException (facts: B12). Its sibling InvalidImportTokenException is recorded without a text. */
export const expiredImportToken = () => new AwsError('ExpiredImportTokenException', 400, '')

/** Known: nothing. Recorded are only keys that have material which the bytes, or the id, do not match (facts: B12). */
export const nothingToReimport = (arn: string) =>
  incorrectKeyMaterial(`No key material has been imported into KMS key ${arn}.`)
/*
 * Custom key stores: AWS documents which exception is thrown when, and for faults of a proxy the text as well (xks/failures.ts). Nobody
 * has recorded the texts of the others.
 */

const refusal = (code: string, text: string) => new AwsError(code, 400, text)

/** Known: CustomKeyStoreNotFoundException. */
export const noSuchKeyStore = (idOrName: string) => keyStoreMissing(`Custom key store '${idOrName}' does not exist.`)

/** Known: CustomKeyStoreInvalidStateException, and which states admit which operation. */
export const keyStoreState = (id: string, state: string, operation: string) =>
  keyStoreInvalidState(`Custom key store ${id} is ${state}, which is not valid for ${operation}.`)

/** Known: CustomKeyStoreNameInUseException. */
export const keyStoreNameInUse = (name: string) =>
  refusal('CustomKeyStoreNameInUseException', `A custom key store with the name '${name}' already exists.`)

/** Known: CustomKeyStoreHasCMKsException, keys that are pending deletion included. */
export const keyStoreHasKeys = (id: string) =>
  refusal('CustomKeyStoreHasCMKsException', `Custom key store ${id} contains KMS keys.`)

/** Known: LimitExceededException; ten for each account and Region (resource quotas). */
export const tooManyKeyStores = () => limitExceeded('The quota for custom key stores has been reached.')

/** Known: which members belong to which type of key store, and that others are not valid. ValidationException is assumed. */
export const keyStoreMembers = (type: string, problem: 'requires' | 'does not allow', member: string) =>
  validation(`A custom key store of type ${type} ${problem} ${member}.`)

/** Known: one of the two. ValidationException is assumed. */
export const idAndName = () => validation('Specify either CustomKeyStoreId or CustomKeyStoreName, but not both.')

/** Known: CloudHsmClusterNotFoundException. */
export const clusterMissing = (id: string) =>
  refusal('CloudHsmClusterNotFoundException', `AWS KMS cannot find the AWS CloudHSM cluster ${id}.`)

/** Known: CloudHsmClusterInUseException; clusters with one certificate count as one. */
export const clusterInUse = (id: string) =>
  refusal(
    'CloudHsmClusterInUseException',
    `The AWS CloudHSM cluster ${id}, or one that shares a backup history with it, is already associated with a custom key store.`,
  )

/** Known: CloudHsmClusterNotActiveException. */
export const clusterNotActive = (id: string) =>
  refusal('CloudHsmClusterNotActiveException', `The AWS CloudHSM cluster ${id} is not active.`)

/** Known: CloudHsmClusterInvalidConfigurationException; two active HSMs to create, one to connect. */
export const clusterTooSmall = (id: string, needed: number) =>
  refusal(
    'CloudHsmClusterInvalidConfigurationException',
    `The AWS CloudHSM cluster ${id} must contain at least ${needed} active HSM${needed === 1 ? '' : 's'}.`,
  )

/** Known: CloudHsmClusterNotRelatedException. */
export const clusterNotRelated = (id: string) =>
  refusal(
    'CloudHsmClusterNotRelatedException',
    `The AWS CloudHSM cluster ${id} does not share a backup history with the cluster of the custom key store.`,
  )

/** Known: IncorrectTrustAnchorException. */
export const incorrectTrustAnchor = (id: string) =>
  refusal(
    'IncorrectTrustAnchorException',
    `The trust anchor certificate is not the trust anchor certificate of the AWS CloudHSM cluster ${id}.`,
  )

/** Known: XksProxyUriInUseException. */
export const proxyUriInUse = (uri: string) =>
  refusal('XksProxyUriInUseException', `The proxy URI ${uri} is already associated with an external key store.`)

/** Known: XksProxyUriEndpointInUseException. */
export const proxyEndpointInUse = (endpoint: string) =>
  refusal(
    'XksProxyUriEndpointInUseException',
    `The proxy URI endpoint ${endpoint} is already associated with an external key store.`,
  )

/** Known: XksProxyVpcEndpointServiceInUseException. */
export const vpcServiceInUse = (name: string) =>
  refusal(
    'XksProxyVpcEndpointServiceInUseException',
    `The VPC endpoint service ${name} is already associated with an external key store.`,
  )

/** Known: XksProxyVpcEndpointServiceNotFoundException. */
export const vpcServiceMissing = (name: string) =>
  refusal('XksProxyVpcEndpointServiceNotFoundException', `AWS KMS cannot find the VPC endpoint service ${name}.`)

/** Known: XksKeyAlreadyInUseException. */
export const externalKeyInUse = (id: string) =>
  refusal(
    'XksKeyAlreadyInUseException',
    `The external key ${id} is already associated with another KMS key in this external key store.`,
  )

/** Known: which members of CreateKey go together. ValidationException is assumed. */
export const keyStoreChoice = (text: string) => validation(text)

/** Known: only symmetric encryption keys of a single Region can be in a custom key store. UnsupportedOperationException fits its description. */
export const notInKeyStores = (what: string) => unsupported(`${what} cannot be created in a custom key store.`)

/** Known: UnsupportedOperationException fits its description; only a CloudHSM cluster makes random bytes. */
export const noRandomBytes = (id: string) =>
  unsupported(`Custom key store ${id} is an external key store, which is not valid for GenerateRandom.`)
