import type { RoutingRule, WebsiteConfiguration } from '@aws-sdk/client-s3'
import { invalidArgument, invalidRequest, malformedXml, notConfigured } from '../errors.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const MOST_ROUTING_RULES = 50

const getWebsite = s3.row('GetBucketWebsite', {
  ...readsBucket,
  action: 's3:GetBucketWebsite',
  run(_input, _call, { name, website }) {
    if (!website) {
      throw notConfigured(
        'NoSuchWebsiteConfiguration',
        'The specified bucket does not have a website configuration',
        name,
      )
    }
    return website
  },
})

const putWebsite = s3.row('PutBucketWebsite', {
  ...onBucket,
  action: 's3:PutBucketWebsite',
  run({ WebsiteConfiguration: website }, call, bucket) {
    if (!website) throw malformedXml()
    validateWebsite(website)
    changeBucket(call, bucket, { website })
    return {}
  },
})

const deleteWebsite = s3.row('DeleteBucketWebsite', {
  ...onBucket,
  action: 's3:DeleteBucketWebsite',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { website: undefined })
    return {}
  },
})

/** What S3 demands of it (AWS: PutBucketWebsite). No document of AWS holds the sentences; they are as tools report them. */
function validateWebsite(website: WebsiteConfiguration): void {
  const { RedirectAllRequestsTo, IndexDocument, ErrorDocument, RoutingRules } = website
  if (RedirectAllRequestsTo) {
    if (IndexDocument ?? ErrorDocument ?? RoutingRules) {
      throw invalidArgument(
        'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.',
        'RedirectAllRequestsTo',
        'not null',
      )
    }
    requireProtocol(RedirectAllRequestsTo.Protocol)
    return
  }
  if (!IndexDocument) {
    throw invalidArgument(
      'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty',
      'IndexDocument',
      'null',
    )
  }
  const { Suffix = '' } = IndexDocument
  if (Suffix === '' || Suffix.includes('/')) {
    throw invalidArgument('The IndexDocument Suffix is not well formed', 'IndexDocument', Suffix)
  }
  if (ErrorDocument?.Key === '') {
    throw invalidArgument('The ErrorDocument Key is not well formed', 'ErrorDocument', '')
  }
  if (RoutingRules?.length === 0) throw malformedXml()
  if (RoutingRules && RoutingRules.length > MOST_ROUTING_RULES) {
    throw invalidRequest(
      `${String(RoutingRules.length)} routing rules provided, the number of routing rules in a website configuration is limited to ${String(MOST_ROUTING_RULES)}.`,
    )
  }
  RoutingRules?.forEach(validateRoutingRule)
}

function validateRoutingRule({ Condition: condition, Redirect: redirect }: RoutingRule): void {
  if (!redirect) throw malformedXml()
  if (condition && condition.HttpErrorCodeReturnedEquals === undefined && condition.KeyPrefixEquals === undefined) {
    throw invalidRequest(
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    )
  }
  const failed = condition?.HttpErrorCodeReturnedEquals
  if (failed !== undefined && !/^[45]\d\d$/.test(failed)) {
    throw invalidRequest(`The provided HTTP error code (${failed}) is not valid. Valid codes are 4XX or 5XX.`)
  }
  requireProtocol(redirect.Protocol)
  if (redirect.ReplaceKeyWith !== undefined && redirect.ReplaceKeyPrefixWith !== undefined) {
    throw invalidRequest('You can only define ReplaceKeyPrefix or ReplaceKey but not both.')
  }
  const code = redirect.HttpRedirectCode
  if (code !== undefined && (code === '300' || !/^3\d\d$/.test(code))) {
    throw invalidRequest(`The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`)
  }
}

function requireProtocol(protocol: string | undefined): void {
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return
  throw invalidRequest(
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
  )
}

export const bucketWebsiteRows = [getWebsite, putWebsite, deleteWebsite]
