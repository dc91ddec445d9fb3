"""Every operation of S3 that data under a KMS key needs, once, through botocore; prints those whose answers were not as expected."""
import json
import sys

import boto3

s3, key = boto3.client("s3"), sys.argv[1]
B, K = {"Bucket": "operations"}, {"Bucket": "operations", "Key": "object"}
UNDER_KEY = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
wrong = []


def call(operation, expected=None, **params):
    """Calls it, if this botocore knows it, and compares some members of the answer."""
    if not hasattr(s3, operation):
        return None
    answer = getattr(s3, operation)(**params)
    for name, value in (expected or {}).items():
        if answer.get(name) != value:
            wrong.append([operation, name, str(answer.get(name))])
    return answer


RULE = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}, "BucketKeyEnabled": True}
BLOCK = {name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
OWNERSHIP = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::operations/secret"}
        ],
    }
)
TAGS = [{"Key": "team", "Value": "blue"}]

call("create_bucket", {"Location": "/operations"}, **B)
call("head_bucket", **B)
call("get_bucket_location", {"LocationConstraint": None}, **B)
if "operations" not in [bucket["Name"] for bucket in call("list_buckets")["Buckets"]]:
    wrong.append("list_buckets")

call("put_bucket_policy", Policy=POLICY, **B)
call("get_bucket_policy", {"Policy": POLICY}, **B)
call("get_bucket_policy_status", {"PolicyStatus": {"IsPublic": False}}, **B)
call("delete_bucket_policy", **B)
call("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [RULE]}, **B)
if call("get_bucket_encryption", **B)["ServerSideEncryptionConfiguration"]["Rules"][0]["BucketKeyEnabled"] is not True:
    wrong.append("get_bucket_encryption")
call("delete_bucket_encryption", **B)
call("put_public_access_block", PublicAccessBlockConfiguration=BLOCK, **B)
call("get_public_access_block", {"PublicAccessBlockConfiguration": BLOCK}, **B)
call("delete_public_access_block", **B)
call("put_bucket_ownership_controls", OwnershipControls=OWNERSHIP, **B)
call("get_bucket_ownership_controls", {"OwnershipControls": OWNERSHIP}, **B)
call("put_bucket_acl", ACL="private", **B)
owner = call("get_bucket_acl", **B)["Owner"]
call("put_bucket_tagging", Tagging={"TagSet": TAGS}, **B)
call("get_bucket_tagging", {"TagSet": TAGS}, **B)
call("delete_bucket_tagging", **B)
call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"}, **B)
call("get_bucket_versioning", {"Status": "Enabled"}, **B)

put = call("put_object", UNDER_KEY, Body=b"the numbers", Tagging="team=blue", **UNDER_KEY, **K)
call("head_object", {"ContentLength": 11, "SSEKMSKeyId": key, "VersionId": put["VersionId"]}, **K)
if call("get_object", {"ContentRange": "bytes 4-6/11"}, Range="bytes=4-6", **K)["Body"].read() != b"num":
    wrong.append("get_object")
call("get_object_attributes", {"ObjectSize": 11}, ObjectAttributes=["ETag", "ObjectSize"], **K)
call("get_object_tagging", {"TagSet": TAGS}, **K)
call("put_object_tagging", Tagging={"TagSet": TAGS}, **K)
call("delete_object_tagging", **K)
call("put_object_acl", ACL="bucket-owner-full-control", **K)
call("get_object_acl", {"Owner": owner}, **K)
copy = call("copy_object", UNDER_KEY, CopySource=K, Bucket="operations", Key="copy", **UNDER_KEY)
if call("list_objects", **B)["Contents"][0]["Key"] != "copy":
    wrong.append("list_objects")
call("list_objects_v2", {"KeyCount": 2}, **B)
if len(call("list_object_versions", **B)["Versions"]) != 2:
    wrong.append("list_object_versions")

upload = call("create_multipart_upload", UNDER_KEY, Bucket="operations", Key="parts", **UNDER_KEY)
parts = {"Bucket": "operations", "Key": "parts", "UploadId": upload["UploadId"]}
first = call("upload_part", UNDER_KEY, PartNumber=1, Body=b"p" * (5 << 20), **parts)["ETag"]
second = call("upload_part_copy", UNDER_KEY, PartNumber=2, CopySource=K, **parts)["CopyPartResult"]["ETag"]
if [part["ETag"] for part in call("list_parts", **parts)["Parts"]] != [first, second]:
    wrong.append("list_parts")
if [found["UploadId"] for found in call("list_multipart_uploads", **B)["Uploads"]] != [upload["UploadId"]]:
    wrong.append("list_multipart_uploads")
made = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
call("complete_multipart_upload", {"SSEKMSKeyId": key}, MultipartUpload={"Parts": made}, **parts)
given_up = call("create_multipart_upload", Bucket="operations", Key="given-up")
call("abort_multipart_upload", Bucket="operations", Key="given-up", UploadId=given_up["UploadId"])

encryption = {"SSEKMS": {"KMSKeyArn": key, "BucketKeyEnabled": True}}
call("update_object_encryption", ObjectEncryption=encryption, **K)
call("delete_object", {"DeleteMarker": True}, **K)
found = call("list_object_versions", **B)
doomed = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found["Versions"] + found["DeleteMarkers"]]
if len(call("delete_objects", {"Errors": None}, Delete={"Objects": doomed}, **B)["Deleted"]) != 4:
    wrong.append("delete_objects")
call("delete_bucket_ownership_controls", **B)
call("delete_bucket", **B)
print(json.dumps(wrong))
