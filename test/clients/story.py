"""The main story with boto3; prints what it saw as JSON for boto3.test.ts."""
import json
import os

import boto3
from botocore.exceptions import ClientError


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


def policy(action, resource):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


kms, s3, iam = boto3.client("kms"), boto3.client("s3"), boto3.client("iam")
key = kms.create_key()["KeyMetadata"]["Arn"]
s3.create_bucket(Bucket="secrets")
s3.put_bucket_encryption(
    Bucket="secrets",
    ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]
    },
)
s3.put_object(Bucket="secrets", Key="report.txt", Body=b"the numbers")
s3.put_object(Bucket="secrets", Key="large.bin", Body=os.urandom(8))

iam.create_user(UserName="reader")
iam.put_user_policy(UserName="reader", PolicyName="Read", PolicyDocument=policy("s3:GetObject", "arn:aws:s3:::secrets/*"))
made = iam.create_access_key(UserName="reader")["AccessKey"]
reader = boto3.client("s3", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])

denied = refusal(lambda: reader.get_object(Bucket="secrets", Key="report.txt"))
iam.put_user_policy(UserName="reader", PolicyName="Key", PolicyDocument=policy("kms:Decrypt", key))
read = reader.get_object(Bucket="secrets", Key="report.txt")["Body"].read().decode()

path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "twokey-boto3-%d.bin" % os.getpid())
with open(path, "wb") as file:
    file.write(b"m" * (12 * 1024 * 1024))
try:
    s3.upload_file(path, "secrets", "parts.bin")
finally:
    os.remove(path)
multipart = len(s3.get_object(Bucket="secrets", Key="parts.bin")["Body"].read())

sealed = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
print(
    json.dumps(
        {
            "key": key,
            "denied": denied,
            "read": read,
            "multipart": multipart,
            "context": refusal(lambda: kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"a": "c"})),
            "validation": refusal(lambda: kms.encrypt(KeyId=key, Plaintext=b"x" * 4097)),
        }
    )
)
