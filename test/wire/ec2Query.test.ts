import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import { ec2Query } from '../../emulator/wire/ec2Query.ts'
import type { WireRequest } from '../../emulator/wire/protocol.ts'
import { anyText, inputOf, outputOf, type Limits } from './arbitrary.ts'
import { answering, ec2, request } from './clients.ts'
import { bare, refusal } from './helpers.ts'

const limits: Limits = { nonEmpty: true, text: anyText, binding: anyText }

/** Those that this emulator is about: EC2 has hundreds. */
const OPERATIONS = [...ec2.model.operations.keys()].filter((name) =>
  /Volume|Snapshot|EbsEncryption|EbsDefault|^(Run|Start|Stop|Terminate|Describe)Instances$|Image|Tags|Regions|Zones/.test(
    name,
  ),
)

describe('EC2 and its official client', () => {
  it.each(OPERATIONS)('%s: input and output survive the wire', async (name) => {
    const operation = ec2.operation(name)
    await fc.assert(
      fc.asyncProperty(inputOf(operation, limits), outputOf(operation, limits), async (input, output) => {
        let seen: WireRequest | undefined
        const answer = await ec2.send(name, input as object, (wire) => {
          seen = wire
          return ec2Query.encode(output as object, operation, answering(wire))
        })
        expect(ec2Query.operationOf(seen!, ec2.model)).toBe(name)
        // What the client makes up by itself: idempotency tokens, CopySnapshot's presigned URL.
        expect(bare(ec2Query.decode(seen!, operation))).toMatchObject(bare(input) as object)
        const { $metadata, ...got } = answer
        expect($metadata).toMatchObject({ httpStatusCode: 200, requestId: answering().requestId })
        expect(bare(got)).toEqual(bare(output))
      }),
      { numRuns: 2 },
    )
  })
})

const decode = (operation: string, body: string) => ec2Query.decode(request({ body }), ec2.operation(operation))

describe('requests', () => {
  it('want an action of the model and its version', () => {
    const of = (query: string) => ec2Query.operationOf(request({ query }), ec2.model)
    expect(of('Action=CreateVolume&Version=2016-11-15')).toBe('CreateVolume')
    expect(of('Action=CreateVolume&Version=2014-06-15')).toBeUndefined()
    expect(of('Action=CreateVolume')).toBeUndefined()
    expect(of('Action=__proto__&Version=2016-11-15')).toBeUndefined()
  })

  it('name list elements with numbers, in order of the numbers, whatever is missing between', () => {
    expect(decode('DescribeSnapshots', 'SnapshotId.2=b&SnapshotId.1=a&SnapshotId.5=c&Owner.1=self')).toEqual({
      SnapshotIds: ['a', 'b', 'c'],
      OwnerIds: ['self'],
    })
    expect(decode('DescribeSnapshots', 'SnapshotId=')).toEqual({ SnapshotIds: [] })
    expect(decode('DescribeSnapshots', 'Filter.1.Name=owner-id&Filter.1.Value.1=1&Filter.1.Value.2=2')).toEqual({
      Filters: [{ Name: 'owner-id', Values: ['1', '2'] }],
    })
  })

  it('name nested members with dots', () => {
    expect(
      decode('ModifySnapshotAttribute', 'SnapshotId=s&CreateVolumePermission.Add.1.UserId=222222222222&DryRun=true'),
    ).toEqual({ SnapshotId: 's', CreateVolumePermission: { Add: [{ UserId: '222222222222' }] }, DryRun: true })
    expect(
      decode('CreateVolume', 'TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=k&Encrypted=true'),
    ).toEqual({ TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'k' }] }], Encrypted: true })
  })

  it.each(['Size=large', 'Size=1.5', 'Encrypted=perhaps', 'TagSpecification.0.ResourceType=volume'])(
    'with %s are refused',
    (body) => {
      const { code, status } = refusal(() => decode('CreateVolume', body))
      expect({ code, status }).toEqual({ code: 'InvalidParameterValue', status: 400 })
    },
  )
})

describe('answers', () => {
  it('stand right under the root, with the request id first and milliseconds as they are', () => {
    const output = { Snapshots: [{ SnapshotId: 'snap-1', StartTime: new Date(1_790_000_000_570), Tags: [] }] }
    const { status, headers, body } = ec2Query.encode(output, ec2.operation('DescribeSnapshots'), answering())
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'text/xml;charset=UTF-8', 'cache-control': 'no-cache, no-store' })
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        `<DescribeSnapshotsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${answering().requestId}</requestId>` +
        '<snapshotSet><item><tagSet/><snapshotId>snap-1</snapshotId><startTime>2026-09-21T14:13:20.570Z</startTime></item></snapshotSet>' +
        '</DescribeSnapshotsResponse>',
    )
  })

  it('say that it is done where there is nothing else to say', () => {
    const { body } = ec2Query.encode({}, ec2.operation('DeleteVolume'), answering())
    expect(body).toContain(
      `<requestId>${answering().requestId}</requestId><return>true</return></DeleteVolumeResponse>`,
    )
  })

  it('refuse in EC2’s own form', () => {
    const error = new AwsError('InvalidSnapshot.NotFound', 400, "The snapshot 'a<b' does not exist.")
    const { status, body } = ec2Query.fail(error, ec2.model, answering())
    expect(status).toBe(400)
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        "<Response><Errors><Error><Code>InvalidSnapshot.NotFound</Code><Message>The snapshot 'a&lt;b' does not exist.</Message></Error></Errors>" +
        `<RequestID>${answering().requestId}</RequestID></Response>`,
    )
  })
})
