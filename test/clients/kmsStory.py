"""KMS's newer operations with boto3, right and wrong; prints what it saw as JSON for kmsBoto3.test.ts."""
import hashlib
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

kms = boto3.client("kms")
# Lets through what the client's own model would refuse.
careless = boto3.client("kms", config=Config(parameter_validation=False))


def refusal(call, **members):
    try:
        call(**members)
    except ClientError as error:
        found = error.response
        return [found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"], found["Error"].get("Message", "")]
    return None


def create(spec, usage, **members):
    return kms.create_key(KeySpec=spec, KeyUsage=usage, **members)["KeyMetadata"]


told = {}
sign = create("RSA_2048", "SIGN_VERIFY")
mac = create("HMAC_512", "GENERATE_VERIFY_MAC")["KeyId"]
agree = create("ECC_NIST_P256", "KEY_AGREEMENT")["KeyId"]
plain = kms.create_key()["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/boto3-sign", TargetKeyId=sign["KeyId"])
told["sign"], told["plain"] = sign["Arn"], plain
told["metadata"] = {name: sign.get(name) for name in ("KeySpec", "CustomerMasterKeySpec", "KeyUsage", "SigningAlgorithms")}

message = b"a message of no importance"
pss = {"KeyId": "alias/boto3-sign", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
signature = kms.sign(Message=message, **pss)["Signature"]
digest = hashlib.sha256(message).digest()
told["verified"] = kms.verify(Message=digest, MessageType="DIGEST", Signature=signature, **pss)["SignatureValid"]
made = kms.generate_mac(KeyId=mac, Message=message, MacAlgorithm="HMAC_SHA_512")["Mac"]
told["mac"] = [len(made), kms.verify_mac(KeyId=mac, Message=message, MacAlgorithm="HMAC_SHA_512", Mac=made)["MacValid"]]
own = kms.get_public_key(KeyId=agree)["PublicKey"]
derive = {"KeyId": agree, "KeyAgreementAlgorithm": "ECDH"}
shared = kms.derive_shared_secret(PublicKey=own, **derive)
told["shared"] = [len(shared["SharedSecret"]), shared["KeyOrigin"]]
pair = kms.generate_data_key_pair_without_plaintext(KeyId=plain, KeyPairSpec="ECC_NIST_EDWARDS25519")
told["pair"] = sorted(set(pair) - {"ResponseMetadata"})

told["refusals"] = {
    "other signature": refusal(kms.verify, Message=b"other", Signature=signature, **pss),
    "not a digest": refusal(kms.sign, Message=message, MessageType="DIGEST", **pss),
    "empty message": refusal(careless.sign, Message=b"", **pss),
    "huge message": refusal(kms.sign, Message=b"x" * 1_000_000, **pss),
    "message left out": refusal(careless.sign, **pss),
    "number for a name": refusal(careless.sign, KeyId=7, Message=message, SigningAlgorithm="RSASSA_PSS_SHA_256"),
    "unknown algorithm": refusal(kms.generate_mac, KeyId=mac, Message=message, MacAlgorithm="HMAC_MD5"),
    "other usage": refusal(kms.sign, KeyId=plain, Message=message, SigningAlgorithm="RSASSA_PSS_SHA_256"),
    "other Region": refusal(kms.get_public_key, KeyId=sign["Arn"].replace("us-east-1", "eu-west-1")),
    "no public key": refusal(kms.get_public_key, KeyId=plain),
    "not a key to agree with": refusal(kms.derive_shared_secret, PublicKey=message, **derive),
    "no alias here": refusal(kms.get_key_last_usage, KeyId="alias/boto3-sign"),
    "pair under a key pair": refusal(kms.generate_data_key_pair, KeyId=sign["KeyId"], KeyPairSpec="ECC_NIST_P256"),
    "usage left out": refusal(kms.create_key, KeySpec="ECC_NIST_P256"),
    "China's alone": refusal(kms.create_key, KeySpec="SM2", KeyUsage="SIGN_VERIFY"),
}

for number in range(7):
    kms.create_alias(AliasName=f"alias/page-{number}", TargetKeyId=plain)
    kms.tag_resource(KeyId=plain, Tags=[{"TagKey": f"tag-{number}", "TagValue": str(number)}])
    kms.create_grant(KeyId=plain, GranteePrincipal="arn:aws:iam::111111111111:root", Operations=["Decrypt"], Name=f"g-{number}")


def paged(operation, member, **members):
    pages = list(kms.get_paginator(operation).paginate(PaginationConfig={"PageSize": 3}, **members))
    return [[len(page[member]) for page in pages], [page["Truncated"] for page in pages]]


told["pages"] = {
    "aliases": paged("list_aliases", "Aliases", KeyId=plain),
    "tags": paged("list_resource_tags", "Tags", KeyId=plain),
    "grants": paged("list_grants", "Grants", KeyId=plain),
}
print(json.dumps(told))
