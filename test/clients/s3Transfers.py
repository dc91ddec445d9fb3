"""Transfers with boto3 under a KMS key; prints what it saw as JSON for s3Boto3.test.ts."""
import base64
import io
import json
import os
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

s3, key = boto3.client("s3"), sys.argv[1]
PARTS = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
UNDER_KEY = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
DATA = os.urandom(11 << 20)
seen = {}


def fetch(url, **request):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **request)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def form(fields, content):
    boundary = "boundary"
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = "".join(parts).encode() + file.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return {"data": body, "headers": {"content-type": f"multipart/form-data; boundary={boundary}"}, "method": "POST"}


def stored(name, **config):
    client = boto3.client("s3", config=Config(**config)) if config else s3
    body = io.BytesIO()
    client.download_fileobj("boto", name, body, Config=PARTS)
    return body.getvalue() == DATA


s3.create_bucket(Bucket="boto")
with open("data", "wb") as file:
    file.write(DATA)
s3.upload_file("data", "boto", "file", ExtraArgs=UNDER_KEY, Config=PARTS)
s3.download_file("boto", "file", "again", Config=PARTS)
with open("again", "rb") as file:
    seen["file"] = file.read() == DATA
s3.copy({"Bucket": "boto", "Key": "file"}, "boto", "copy", ExtraArgs=UNDER_KEY, Config=PARTS)
seen["copy"] = stored("copy") and s3.head_object(Bucket="boto", Key="copy")["SSEKMSKeyId"] == key
context = base64.b64encode(json.dumps({"team": "blue"}).encode()).decode()
s3.upload_fileobj(io.BytesIO(DATA), "boto", "fileobj", ExtraArgs={**UNDER_KEY, "SSEKMSEncryptionContext": context})
seen["fileobj"] = stored("fileobj")

seen["checksums"] = {}
for algorithm in ["CRC32", "SHA1", "SHA256"]:
    s3.upload_file("data", "boto", algorithm, ExtraArgs={**UNDER_KEY, "ChecksumAlgorithm": algorithm}, Config=PARTS)
    head = s3.head_object(Bucket="boto", Key=algorithm, ChecksumMode="ENABLED")
    seen["checksums"][algorithm] = [head["Checksum" + algorithm].endswith("-3"), stored(algorithm)]
for mode in ["when_required", "when_supported"]:
    modes = {"request_checksum_calculation": mode, "response_checksum_validation": mode}
    if not hasattr(Config(), "request_checksum_calculation"):
        modes = {}  # before 1.36 there is no choice
    boto3.client("s3", config=Config(**modes)).upload_file("data", "boto", mode, Config=PARTS)
    seen[mode] = stored(mode, **modes)

v4 = boto3.client("s3", config=Config(signature_version="s3v4"))
url = v4.generate_presigned_url("put_object", Params={"Bucket": "boto", "Key": "presigned", **UNDER_KEY})
sse = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
seen["presigned put"] = fetch(url, data=b"presigned", method="PUT", headers={**sse, "content-type": ""})[0]
seen["without its headers"] = fetch(url, data=b"presigned", method="PUT", headers={"content-type": ""})[0]
url = v4.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": "presigned"})
seen["presigned get"] = fetch(url)[1].decode()

fields = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
conditions = [{name: value} for name, value in fields.items()] + [["content-length-range", 1, 10]]
post = v4.generate_presigned_post("boto", "posted", Fields=dict(fields), Conditions=conditions)
seen["post"] = fetch(post["url"], **form(post["fields"], b"posted"))[0]
seen["too long a post"] = fetch(post["url"], **form(post["fields"], b"x" * 11))[0]
posted = s3.get_object(Bucket="boto", Key="posted")
seen["posted"] = [posted["Body"].read().decode(), posted["SSEKMSKeyId"] == key]

s3.put_bucket_versioning(Bucket="boto", VersioningConfiguration={"Status": "Enabled"})
versions = [s3.put_object(Bucket="boto", Key="v", Body=body, **UNDER_KEY)["VersionId"] for body in (b"first", b"second")]
s3.delete_object(Bucket="boto", Key="v")
seen["versions"] = [s3.get_object(Bucket="boto", Key="v", VersionId=v)["Body"].read().decode() for v in versions]
try:
    s3.get_object(Bucket="boto", Key="v")
except ClientError as error:
    seen["deleted"] = error.response["Error"]["Code"]

bucket = boto3.resource("s3").Bucket("boto")
bucket.object_versions.delete()
bucket.delete()
s3.get_waiter("bucket_not_exists").wait(Bucket="boto")
print(json.dumps(seen))
