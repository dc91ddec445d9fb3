"""Volumes and snapshots with boto3, of two accounts and in two Regions; prints what it saw as JSON for ebsBoto3.test.ts."""
import base64
import hashlib
import json
import time

import boto3
from botocore.exceptions import ClientError, WaiterError

QUICK = {"Delay": 1, "MaxAttempts": 20}


def refusal(call):
    try:
        call()
    except ClientError as error:
        found = error.response
        return {
            "Code": found["Error"]["Code"],
            "Status": found["ResponseMetadata"]["HTTPStatusCode"],
            "Message": found["Error"].get("Message", ""),
        }
    return None


def of(account, region="us-east-1"):
    return boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=region)


a, west, b = of("111111111111"), of("111111111111", "us-west-2"), of("222222222222")
ec2, client = a.resource("ec2"), a.client("ec2")

# The resource interface.
key = a.client("kms").create_key()["KeyMetadata"]["Arn"]
volume = ec2.create_volume(
    AvailabilityZone="us-east-1b",
    Size=2,
    Encrypted=True,
    KmsKeyId=key,
    TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "blue"}]}],
)
creating = volume.state
asked = time.monotonic()
while volume.state == "creating":
    time.sleep(0.02)
    volume.reload()
waited = time.monotonic() - asked
snapshot = volume.create_snapshot(Description="of the volume")
created = {"state": snapshot.state, "progress": snapshot.progress}
snapshot.wait_until_completed(WaiterConfig=QUICK)
snapshot.reload()
of_volume = [found.id for found in volume.snapshots.all()]
snapshot.create_tags(Tags=[{"Key": "team", "Value": "red"}])
by_tag = [found.id for found in ec2.snapshots.filter(Filters=[{"Name": "tag:team", "Values": ["red"]}])]
snapshot.modify_attribute(
    Attribute="createVolumePermission", OperationType="add", UserIds=["222222222222"]
)
permissions = snapshot.describe_attribute(Attribute="createVolumePermission")["CreateVolumePermissions"]

# Copies: botocore puts a PresignedUrl into each, whichever Region the copy goes to.
sent = []
west_client = west.client("ec2")
west_client.meta.events.register("before-call.ec2.CopySnapshot", lambda params, **_: sent.append(params["body"]))
west_key = west.client("kms").create_key()["KeyMetadata"]["Arn"]
copied = west_client.copy_snapshot(
    SourceRegion="us-east-1", SourceSnapshotId=snapshot.id, Encrypted=True, KmsKeyId=west_key
)["SnapshotId"]
west_client.get_waiter("snapshot_completed").wait(SnapshotIds=[copied], WaiterConfig=QUICK)
[there] = west_client.describe_snapshots(SnapshotIds=[copied])["Snapshots"]
# Account B has the snapshot, not the key.
other = b.client("ec2")
lost = other.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot.id)["SnapshotId"]
try:
    other.get_waiter("snapshot_completed").wait(SnapshotIds=[lost], WaiterConfig=QUICK)
    reason = None
except WaiterError as error:
    reason = error.last_response["Snapshots"][0]["StateMessage"]
gone = b.resource("ec2").create_volume(AvailabilityZone="us-east-1a", SnapshotId=snapshot.id)
time.sleep(1)
vanished = refusal(gone.reload)

# Blocks: a child of a snapshot, and what changed.
direct = a.client("ebs")


def put(snapshot_id, index, data):
    checksum = hashlib.sha256(data).digest()
    direct.put_snapshot_block(
        SnapshotId=snapshot_id,
        BlockIndex=index,
        BlockData=data,
        DataLength=len(data),
        Checksum=base64.b64encode(checksum).decode(),
        ChecksumAlgorithm="SHA256",
    )


def written(blocks, **options):
    made = direct.start_snapshot(VolumeSize=1, **options)["SnapshotId"]
    for index, data in blocks.items():
        put(made, index, data)
    direct.complete_snapshot(SnapshotId=made, ChangedBlocksCount=len(blocks))
    client.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig=QUICK)
    return made


first = written({0: b"a" * 524288, 5: b"b" * 524288}, KmsKeyArn=key)
second = written({5: b"c" * 524288, 9: b"d" * 524288}, ParentSnapshotId=first)
changed = direct.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=second)["ChangedBlocks"]
blocks = direct.list_snapshot_blocks(SnapshotId=second)["Blocks"]
read = [
    direct.get_snapshot_block(SnapshotId=second, BlockIndex=found["BlockIndex"], BlockToken=found["BlockToken"])[
        "BlockData"
    ].read()[:1].decode()
    for found in blocks
]

# Paginators.
for size in range(1, 8):
    client.create_volume(AvailabilityZone="us-east-1a", Size=size)
pages = [
    len(page["Volumes"])
    for page in client.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5})
]
every = [found.id for found in ec2.volumes.all()]

print(
    json.dumps(
        {
            "key": key,
            "volume": {"id": volume.id, "creating": creating, "state": volume.state, "key": volume.kms_key_id, "tags": volume.tags, "waited": waited},
            "snapshot": {"id": snapshot.id, "created": created, "state": snapshot.state, "ofVolume": of_volume, "byTag": by_tag, "permissions": permissions},
            "copy": {"presigned": sent[0].get("PresignedUrl", ""), "state": there["State"], "westKey": there["KmsKeyId"] == west_key},
            "lost": reason,
            "vanished": {"id": gone.id, "refusal": vanished},
            "blocks": {"changed": [found["BlockIndex"] for found in changed], "listed": [found["BlockIndex"] for found in blocks], "read": read},
            "pages": pages,
            "every": len(every),
            "public": refusal(lambda: snapshot.modify_attribute(Attribute="createVolumePermission", OperationType="add", GroupNames=["all"])),
        }
    )
)
