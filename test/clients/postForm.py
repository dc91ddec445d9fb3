"""Prints the fields of forms that boto3 signs, as JSON."""

import json
import boto3
from botocore.config import Config

# Left alone, boto3 still signs forms with version 2, which S3 takes for buckets of before 2020 only.
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
print(
    json.dumps(
        {
            "simple": s3.generate_presigned_post("forms", "from-boto3/${filename}", ExpiresIn=60),
            "conditions": s3.generate_presigned_post(
                "forms",
                "bounded.txt",
                Fields={"acl": "bucket-owner-full-control", "Content-Type": "text/plain", "success_action_status": "201"},
                Conditions=[
                    {"acl": "bucket-owner-full-control"},
                    ["starts-with", "$Content-Type", "text/"],
                    {"success_action_status": "201"},
                    ["content-length-range", 1, 20],
                ],
                ExpiresIn=60,
            ),
        }
    )
)
